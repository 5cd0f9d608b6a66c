"""Frames of the public streams to market events, straight from the bytes; COIN-M, other symbols and diffs are left out.

What is late or out of order is counted and passed on: the core judges it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from vibe_quant.binance.frame_counts import more
from vibe_quant.binance.frame_numbers import LEAST, MOST, ZERO, amount_of, positive, size
from vibe_quant.binance.frames import Complain, FrameReader, Seen
from vibe_quant.binance.market_frames import (
    AggTrade,
    AnyMarketFrame,
    BookTicker,
    ContractInfo,
    DepthUpdate,
    Kline,
    MarkPriceUpdate,
    WrappedMarketFrame,
)
from vibe_quant.domain.events import Candle, ContractNews, Depth, Event, Level, Mark, Quote, Trade

USDM = 1
GLANCE_MS = 1000
LATE_MS = 1500
INTERVAL = "1m"
Events = tuple[Event, ...]


class Names(Protocol):
    """Which unified name belongs to which of the exchange's own."""

    def unified(self, raw: str) -> str | None:
        """None: not known, or not of our concern."""
        ...


class MarketCodec(FrameReader[Event]):
    """Of each frame: a Quote (time and order by ``T`` and ``u``), Trade, Mark, Depth, Candle (1m) or ContractNews.

    Names that ``names`` knows are remembered here; those it does not are asked for again each time.
    """

    what = "market streams"
    advice = "If it repeats, a message has changed: strategies that need it see old data and wait."

    def __init__(
        self,
        names: Names,
        late_ms: int = LATE_MS,
        server_ms: Callable[[int], int] | None = None,
        complain: Complain | None = None,
        glance_ms: int = GLANCE_MS,
    ) -> None:
        """``late_ms``: older than this on arrival is counted as late; without ``server_ms`` nothing is."""
        super().__init__(
            msgspec.json.Decoder(WrappedMarketFrame).decode,
            msgspec.json.Decoder[AnyMarketFrame](AnyMarketFrame).decode,
            {
                BookTicker: self._quote,
                AggTrade: self._trade,
                MarkPriceUpdate: self._mark,
                DepthUpdate: self._depth,
                Kline: self._candle,
                ContractInfo: self._contract,
            },
            late_ms,
            server_ms,
            complain,
            glance_ms,
        )
        self._symbols = names
        self._quotes: dict[str, Seen] = {}
        self._trades: dict[str, Seen] = {}
        self._marks: dict[str, Seen] = {}
        self._depths: dict[str, Seen] = {}
        self._candles: dict[str, Seen] = {}

    def reconnected(self) -> None:
        """A new connection starts an order of its own: what comes next is compared with nothing before it."""
        for table in (self._quotes, self._trades, self._marks, self._depths, self._candles):
            table.clear()

    def _quote(self, told: BookTicker, recv_ms: int, stream: str) -> Events:  # noqa: ARG002
        bid, bid_qty, ask, ask_qty = told.b, told.B, told.a, told.A
        if not (
            LEAST <= bid <= MOST and LEAST <= bid_qty <= MOST and LEAST <= ask <= MOST and LEAST <= ask_qty <= MOST
        ):
            return self._one_sided(told)
        if told.st != USDM:
            return self._ignore("not USDⓈ-M")
        seen = self._quotes.get(told.s) or self._first(self._quotes, told.s)
        if seen is None:
            return ()
        exch_ms, number = told.T, told.u
        # Inlined from _judge: nine of ten frames come this way.
        if exch_ms < seen.exch_ms or number < seen.number or exch_ms < recv_ms + self._late_before:
            self._judge("bookTicker", seen, exch_ms, number, recv_ms)
        else:
            seen.exch_ms, seen.number = exch_ms, number
        return (Quote(seen.symbol, exch_ms, recv_ms, bid, bid_qty, ask, ask_qty, number),)

    def _one_sided(self, told: BookTicker) -> Events:
        """A side without a price is no touch to trade on; anything else out of range is malformed."""
        for value in (told.b, told.B, told.a, told.A):
            size(value)
        return self._ignore("one-sided book")

    def _trade(self, told: AggTrade, recv_ms: int, stream: str) -> Events:  # noqa: ARG002
        price, qty = positive(told.p), positive(told.q)
        seen = self._of(self._trades, told.s, told.st)
        if seen is None:
            return ()
        self._judge("aggTrade", seen, told.T, told.a, recv_ms)
        return (Trade(seen.symbol, told.T, recv_ms, price, qty, told.m, told.a),)

    def _mark(self, told: MarkPriceUpdate, recv_ms: int, stream: str) -> Events:  # noqa: ARG002
        price, rate = positive(told.p), amount_of(told.r)
        index = size(amount_of(told.i) or ZERO) or None
        seen = self._of(self._marks, told.s, told.st)
        if seen is None:
            return ()
        self._judge("markPriceUpdate", seen, told.E, 0, recv_ms)
        return (Mark(seen.symbol, told.E, recv_ms, price, index, rate),)

    def _depth(self, told: DepthUpdate, recv_ms: int, stream: str) -> Events:
        if stream and not _is_partial(stream):
            return self._ignore("changes of a book")
        bids, asks = _levels(told.b), _levels(told.a)
        seen = self._of(self._depths, told.s, told.st)
        if seen is None:
            return ()
        self._judge("depthUpdate", seen, told.T, told.u, recv_ms)
        return (Depth(seen.symbol, told.T, recv_ms, bids, asks),)

    def _candle(self, told: Kline, recv_ms: int, stream: str) -> Events:  # noqa: ARG002
        body = told.k
        if body.i != INTERVAL:
            return self._ignore("a candle of another interval")
        first, high, low, last = positive(body.o), positive(body.h), positive(body.l), positive(body.c)
        volume = size(body.v)
        seen = self._of(self._candles, told.s, told.st)
        if seen is None:
            return ()
        self._judge("kline", seen, told.E, body.t, recv_ms)
        return (Candle(seen.symbol, told.E, recv_ms, body.t, first, high, low, last, volume, body.x),)

    def _contract(self, told: ContractInfo, recv_ms: int, stream: str) -> Events:  # noqa: ARG002
        symbol = self._symbols.unified(told.s) if told.st == USDM else None
        if symbol is None:
            return self._ignore("unknown symbol" if told.st == USDM else "not USDⓈ-M")
        return (ContractNews(symbol, told.cs, recv_ms),)

    def _of(self, table: dict[str, Seen], raw: str, st: int) -> Seen | None:
        """Where the symbol's stream stands; None, counted, where it is none of ours."""
        if st != USDM:
            self._ignore("not USDⓈ-M")
            return None
        return table.get(raw) or self._first(table, raw)

    def _first(self, table: dict[str, Seen], raw: str) -> Seen | None:
        symbol = self._symbols.unified(raw)
        if symbol is None:
            self._ignore("unknown symbol")
            return None
        seen = table[raw] = Seen(symbol)
        return seen

    def _ignore(self, reason: str) -> Events:
        more(self.tally.ignored, reason)
        return ()


def _is_partial(stream: str) -> bool:
    """``btcusdt@depth5@100ms`` is, ``btcusdt@depth@100ms`` is not."""
    return stream.partition("@depth")[2][:1].isdecimal()


def _levels(told: tuple[Level, ...]) -> tuple[Level, ...]:
    for price, qty in told:
        positive(price)
        positive(qty)
    return told

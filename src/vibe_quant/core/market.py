"""One symbol's market as it is known now: book, last trades, mark, candles, and whether it may be relied upon."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final

from vibe_quant.core.candles import CandleSeries
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Candle, Depth, Level, Mark, Quote, Trade
from vibe_quant.domain.market import MarketState

NEVER: Final = -(1 << 60)
TRADES_KEPT: Final = 10_000
ACCEL_WINDOW_MS: Final = 2000


class MarketView:
    """Mutable, updated in place by the engine; strategies and pricing read its attributes.

    News older than what is known (exchange time, then the exchange's id) is ignored, so that the book never moves
    backwards; a new connection starts an order of its own.  News that lags server time by more than ``stale_ms`` is
    taken, being the newest known, but refreshes nothing.  ``offset_ms``: server time = now + offset_ms; while it is
    None no lag can be told.  ``quotes_seen`` counts the quotes taken.  Times are monotonic milliseconds, ``*_exch_ms``
    the exchange's clock.
    """

    __slots__ = (
        "_book_up",
        "_market_up",
        "_trade_id",
        "_trades",
        "_update_id",
        "_window_ms",
        "ask",
        "ask_qty",
        "asks",
        "bid",
        "bid_qty",
        "bids",
        "candles",
        "depth_exch_ms",
        "funding_rate",
        "index",
        "last",
        "mark",
        "mark_exch_ms",
        "mark_recv_ms",
        "offset_ms",
        "prev",
        "quote_exch_ms",
        "quote_fresh_ms",
        "quotes_seen",
        "stale_ms",
        "symbol",
        "trade_exch_ms",
        "trade_fresh_ms",
    )

    def __init__(self, symbol: str, stale_ms: int) -> None:
        self.symbol = symbol
        self.stale_ms = stale_ms
        self.offset_ms: int | None = None
        self.bid: Decimal | None = None
        self.bid_qty: Decimal | None = None
        self.ask: Decimal | None = None
        self.ask_qty: Decimal | None = None
        self.bids: tuple[Level, ...] = ()
        self.asks: tuple[Level, ...] = ()
        self.last: Decimal | None = None
        self.prev: Decimal | None = None
        self.mark: Decimal | None = None
        self.index: Decimal | None = None
        self.funding_rate: Decimal | None = None
        self.candles: dict[int, CandleSeries] = {}
        self.quotes_seen = 0
        self.quote_exch_ms = self.quote_fresh_ms = NEVER
        self.trade_exch_ms = self.trade_fresh_ms = NEVER
        self.mark_exch_ms = self.mark_recv_ms = NEVER
        self.depth_exch_ms = NEVER
        self._update_id = self._trade_id = 0
        self._trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self._window_ms = ACCEL_WINDOW_MS
        self._book_up = self._market_up = False

    def on_quote(self, q: Quote, now: int) -> None:
        """Take a best bid and ask."""
        exch = q.exch_ms
        if exch <= self.quote_exch_ms and (exch < self.quote_exch_ms or 0 < q.update_id <= self._update_id):
            return
        self.quote_exch_ms = exch
        self._update_id = q.update_id
        self.bid = q.bid
        self.bid_qty = q.bid_qty
        self.ask = q.ask
        self.ask_qty = q.ask_qty
        self.quotes_seen += 1
        offset = self.offset_ms
        if offset is None or now + offset - exch <= self.stale_ms:
            self.quote_fresh_ms = now

    def on_trade(self, t: Trade, now: int) -> None:
        """Take an aggregate trade."""
        exch = t.exch_ms
        if exch <= self.trade_exch_ms and (exch < self.trade_exch_ms or 0 < t.trade_id <= self._trade_id):
            return
        self.trade_exch_ms = exch
        known = self._trade_id
        self._trade_id = t.trade_id
        # Aggregate trades are numbered without gaps: one that was missed may have been the one before.
        self.prev = self.last if t.trade_id == known + 1 or not known or not t.trade_id else None
        self.last = t.price
        trades = self._trades
        trades.append(t)
        cutoff = now - self._window_ms
        # One trade at or before the window's start stays: it is the price that the window began with.
        while len(trades) > 1 and trades[1].recv_ms <= cutoff:
            trades.popleft()
        offset = self.offset_ms
        if offset is None or now + offset - exch <= self.stale_ms:
            self.trade_fresh_ms = now

    def on_mark(self, m: Mark, now: int) -> None:
        """Take a mark price, of the stream or of REST; index and funding stay where the source lacks them."""
        if m.exch_ms < self.mark_exch_ms:
            return
        self.mark_exch_ms = m.exch_ms
        self.mark_recv_ms = now
        self.mark = m.price
        if m.index is not None:
            self.index = m.index
        if m.funding_rate is not None:
            self.funding_rate = m.funding_rate

    def on_depth(self, d: Depth, now: int) -> None:  # noqa: ARG002 - the shape of every on_*
        """Take the first levels of the book."""
        if d.exch_ms < self.depth_exch_ms:
            return
        self.depth_exch_ms = d.exch_ms
        self.bids = d.bids
        self.asks = d.asks

    def on_candle(self, c: Candle, now: int) -> None:  # noqa: ARG002 - the shape of every on_*
        """Take a one-minute candle into every timeframe that somebody wants."""
        for series in self.candles.values():
            series.add(c)

    def want_candles(self, minutes: int) -> CandleSeries:
        """The series of that timeframe; from the first call on it is kept up."""
        return self.candles.setdefault(minutes, CandleSeries(minutes))

    def stream_up(self, stream: Stream) -> None:
        """A socket delivers."""
        if stream is Stream.BOOK:
            self._book_up = True
        elif stream is Stream.MARKET:
            self._market_up = True

    def stream_down(self, stream: Stream) -> None:
        """A socket is gone: its news is fresh again only with the first that comes after it."""
        if stream is Stream.BOOK:
            self._book_up = False
            self.quote_exch_ms = self.quote_fresh_ms = self.depth_exch_ms = NEVER
            self.bids = self.asks = ()
        elif stream is Stream.MARKET:
            self._market_up = False
            self.trade_exch_ms = self.trade_fresh_ms = NEVER
            self.last = self.prev = None
            self._trades.clear()

    def stale(self, now: int) -> Blocked | None:
        """None where book and trades may be traded on; else why not."""
        if not self._book_up:
            return Blocked.BOOK_DOWN
        if not self._market_up:
            return Blocked.TRADES_DOWN
        newest = max(self.quote_fresh_ms, self.trade_fresh_ms)
        if newest == NEVER:
            return Blocked.NO_FRESH
        if now - newest >= self.stale_ms:
            return Blocked.STALE
        if self.trade_exch_ms - self.quote_exch_ms > self.stale_ms:
            return Blocked.BOOK_BEHIND
        return None

    def stale_at(self) -> int:
        """First moment at which it is stale unless news comes; long past where no fresh news is known."""
        return max(self.quote_fresh_ms, self.trade_fresh_ms) + self.stale_ms

    @property
    def mid(self) -> Decimal | None:
        """Middle of the book, quote asset."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    def reference_price(self, now: int, window_ms: int) -> Decimal | None:
        """Price of the last trade received at or before now - window_ms; the oldest known if none; None without trades.

        A window longer than any asked for before is remembered from then on.
        """
        self._window_ms = max(self._window_ms, window_ms)
        cutoff = now - window_ms
        found: Trade | None = None
        for trade in self._trades:
            if found is not None and trade.recv_ms > cutoff:
                break
            found = trade
        return None if found is None else found.price

    def state(self) -> MarketState:
        """A frozen copy for the record of a decision."""
        return MarketState(
            symbol=self.symbol,
            bid=self.bid,
            bid_qty=self.bid_qty,
            ask=self.ask,
            ask_qty=self.ask_qty,
            last=self.last,
            prev=self.prev,
            mark=self.mark,
            quote_exch_ms=_known(self.quote_exch_ms),
            trade_exch_ms=_known(self.trade_exch_ms),
            mark_exch_ms=_known(self.mark_exch_ms),
        )


def _known(exch_ms: int) -> int | None:
    return None if exch_ms == NEVER else exch_ms

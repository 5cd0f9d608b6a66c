"""The layouts of the exchange's public archive files (data.binance.vision, futures): what their columns mean.

The files come with a header or without, with times in milliseconds or (newer ones) microseconds, and with trailing
columns that do not matter here.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.decimals import Numbers, positive

MICROSECONDS_FROM = 10**14
MAKER = {"true": True, "false": False, "1": True, "0": False}


class ArchiveKind(StrEnum):
    """The archive's own folder names."""

    AGG_TRADES = "aggTrades"
    TRADES = "trades"
    BOOK_TICKER = "bookTicker"
    MARK_KLINES = "markPriceKlines"


COLUMNS: dict[ArchiveKind, str] = {
    ArchiveKind.AGG_TRADES: "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    ArchiveKind.TRADES: "id,price,qty,quote_qty,time,is_buyer_maker",
    ArchiveKind.BOOK_TICKER: (
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
    ),
    ArchiveKind.MARK_KLINES: (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
        "taker_buy_volume,taker_buy_quote_volume,ignore"
    ),
}
"""Columns of a file without a header, in their order."""

USED: dict[ArchiveKind, tuple[str, ...]] = {
    ArchiveKind.AGG_TRADES: ("transact_time", "price", "quantity", "is_buyer_maker", "agg_trade_id"),
    ArchiveKind.TRADES: ("time", "price", "qty", "is_buyer_maker", "id"),
    ArchiveKind.BOOK_TICKER: (
        "transaction_time",
        "best_bid_price",
        "best_bid_qty",
        "best_ask_price",
        "best_ask_qty",
        "update_id",
    ),
    ArchiveKind.MARK_KLINES: ("open_time", "open", "close_time", "close"),
}


def header_kind(line: str) -> ArchiveKind | None:
    """Which archive file has this header; None for a row of numbers, and for klines, whose header is shared."""
    names = set(line.strip().split(","))
    for kind in (ArchiveKind.AGG_TRADES, ArchiveKind.TRADES, ArchiveKind.BOOK_TICKER):
        if names.issuperset(USED[kind]):
            return kind
    return None


class ArchiveLayout:
    """One kind of archive file.  Mark klines give two marks a minute: open at open_time, close at close_time.

    The archive has no receive clock and marks no trade as extraordinary: ``recv_ms`` is ``exch_ms``.
    """

    extraordinary = 0

    def __init__(self, symbol: str, kind: ArchiveKind) -> None:
        self.symbol = symbol
        self.kind = kind
        self.prices = Numbers()
        self.qtys = Numbers()
        names = COLUMNS[kind].split(",")
        self.width = len(names)
        self._columns = [names.index(name) for name in USED[kind]]
        makers: dict[ArchiveKind, Callable[[list[str]], tuple[MarketEvent, ...]]] = {
            ArchiveKind.AGG_TRADES: self._trade,
            ArchiveKind.TRADES: self._trade,
            ArchiveKind.BOOK_TICKER: self._quote,
            ArchiveKind.MARK_KLINES: self._kline,
        }
        self._make = makers[kind]

    def is_header(self, line: str) -> bool:
        """Whether the first line names columns; raises ValueError that lists what this kind of file lacks."""
        names = line.strip().split(",")
        self.width = len(names)
        if names[0].isdigit():
            if self.width <= max(self._columns):
                raise ValueError(f"{self.width} fields where a {self.kind} file has {COLUMNS[self.kind]}")
            return False
        missing = [name for name in USED[self.kind] if name not in names]
        if missing:
            raise ValueError(f"the header lacks the columns {', '.join(missing)} of a {self.kind} file")
        self._columns = [names.index(name) for name in USED[self.kind]]
        return True

    def may_be_zero(self, fields: list[str]) -> bool:  # noqa: ARG002 (the layout's interface)
        """Only a quote can lack a side."""
        return self.kind is ArchiveKind.BOOK_TICKER

    def build(self, fields: list[str]) -> tuple[MarketEvent, ...]:
        """The row's events."""
        fields[-1] = fields[-1].rstrip()
        return self._make([fields[index] for index in self._columns])

    def _trade(self, used: list[str]) -> tuple[MarketEvent, ...]:
        time, price, qty, maker, trade_id = used
        buyer_is_maker = MAKER.get(maker.lower())
        if buyer_is_maker is None:
            raise ValueError(f"is_buyer_maker is {maker!r}, neither true nor false")
        ms = _ms(time)
        return (Trade(self.symbol, ms, ms, self.prices[price], self.qtys[qty], buyer_is_maker, int(trade_id)),)

    def _quote(self, used: list[str]) -> tuple[MarketEvent, ...]:
        time, bid, bid_qty, ask, ask_qty, update_id = used
        ms, prices, qtys = _ms(time), self.prices, self.qtys
        return (Quote(self.symbol, ms, ms, prices[bid], qtys[bid_qty], prices[ask], qtys[ask_qty], int(update_id)),)

    def _kline(self, used: list[str]) -> tuple[MarketEvent, ...]:
        open_time, first, close_time, last = used
        opened, closed = _ms(open_time), _ms(close_time)
        return (
            Mark(self.symbol, opened, opened, positive(first)),
            Mark(self.symbol, closed, closed, positive(last)),
        )


def _ms(text: str) -> int:
    value = int(text)
    return value if value < MICROSECONDS_FROM else value // 1000

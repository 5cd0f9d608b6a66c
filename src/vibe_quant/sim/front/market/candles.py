"""What a candle is, which intervals there are, and how trades and shorter candles become longer ones."""

from __future__ import annotations

from calendar import timegm
from dataclasses import dataclass
from decimal import Decimal
from time import gmtime

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = "1M"
MONDAY = 4 * DAY
"""The first Monday after the epoch: weeks begin there."""
ZERO = Decimal(0)

SPANS: dict[str, int] = {
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": WEEK,
    MONTH: 30 * DAY,
}
"""Milliseconds by interval; those of a month are only its usual length."""


def open_time(at_ms: int, interval: str) -> int:
    """When the candle begins in which ``at_ms`` lies: UTC; weeks on Mondays, months on their first."""
    if interval == MONTH:
        year, month, *_ = gmtime(at_ms // 1000)
        return timegm((year, month, 1, 0, 0, 0)) * 1000
    shift = MONDAY if interval == "1w" else 0
    span = SPANS[interval]
    return (at_ms - shift) // span * span + shift


def next_open(open_ms: int, interval: str) -> int:
    """When the candle after the one that begins at ``open_ms`` begins."""
    if interval == MONTH:
        return open_time(open_ms + 32 * DAY, interval)
    return open_ms + SPANS[interval]


def previous_open(open_ms: int, interval: str) -> int:
    """When the candle before the one that begins at ``open_ms`` began."""
    return open_time(open_ms - 1, interval)


@dataclass(slots=True, eq=False)
class Kline:
    """Prices and sums from ``open_ms`` on; ids are -1 while nobody has traded.

    ``volume`` and ``taker_volume`` (bought by takers) in the base asset, ``quote`` and ``taker_quote`` in the quote's.
    """

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote: Decimal = ZERO
    taker_volume: Decimal = ZERO
    taker_quote: Decimal = ZERO
    count: int = 0
    first_id: int = -1
    last_id: int = -1

    def trade(self, price: Decimal, qty: Decimal, taker_buys: bool, trade_id: int) -> None:
        """One more trade; the first one sets the open."""
        if self.count == 0:
            self.open = self.high = self.low = price
            self.first_id = trade_id
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.last_id = trade_id
        self.count += 1
        value = price * qty
        self.volume += qty
        self.quote += value
        if taker_buys:
            self.taker_volume += qty
            self.taker_quote += value

    def absorb(self, later: Kline) -> None:
        """Go on with a later candle, which may be without trades."""
        if later.count == 0:
            return
        if self.count == 0:
            self.open, self.high, self.low, self.first_id = later.open, later.high, later.low, later.first_id
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close, self.last_id = later.close, later.last_id
        self.count += later.count
        self.volume += later.volume
        self.quote += later.quote
        self.taker_volume += later.taker_volume
        self.taker_quote += later.taker_quote


def flat(open_ms: int, price: Decimal) -> Kline:
    """A candle in which nobody traded."""
    return Kline(open_ms, price, price, price, price)

"""A symbol's candles of every interval: those of trades seen here, and before them the invented past."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.sim.front.market.candles import DAY, MINUTE, SPANS, Kline, flat, next_open, open_time
from vibe_quant.sim.front.market.kline_past import KEPT, Past, merged
from vibe_quant.sim.front.market.prints import Print
from vibe_quant.sim.instruments import Instrument


@dataclass(slots=True, eq=False)
class Series:
    """One interval: the closed candles of trades seen here, and of the open one the minutes that are closed."""

    interval: str
    current: Kline
    closed: deque[Kline] = field(default_factory=lambda: deque(maxlen=KEPT))

    def add_minute(self, minute: Kline) -> None:
        """Take a closed minute; those of longer intervals close when a later minute comes."""
        begin = open_time(minute.open_ms, self.interval)
        oldest = open_time(begin - KEPT * SPANS[self.interval], self.interval)
        while self.current.open_ms < begin:
            self.closed.append(self.current)
            following = max(oldest, next_open(self.current.open_ms, self.interval))
            self.current = flat(following, self.current.close)
        self.current.absorb(minute)


class Klines:
    """Candles from the first price on; ``roll`` moves them on while nobody trades.

    At most ``KEPT`` closed candles are held an interval.  A jump of the clock is filled with flat minutes, at most
    ``KEPT`` of them.
    """

    def __init__(self, instrument: Instrument, start_ms: int, price: Decimal, seed: str) -> None:
        begin = open_time(start_ms, "1m")
        self.past = Past(instrument, begin, price, seed)
        self.minute = flat(begin, price)
        self._series = {name: Series(name, flat(open_time(begin, name), price)) for name in SPANS}
        self._day_before: tuple[int, Kline] | None = None

    def add(self, trade: Print) -> None:
        """A trade; one older than the open minute counts for that minute."""
        if trade.exch_ms >= self.minute.open_ms + MINUTE:
            self.roll(trade.exch_ms)
        self.minute.trade(trade.price, trade.qty, not trade.buyer_is_maker, trade.trade_id)

    def roll(self, now: int) -> None:
        """Close the minutes that have ended by ``now``."""
        begin = open_time(now, "1m")
        if begin - self.minute.open_ms > KEPT * MINUTE:
            self._close(begin - KEPT * MINUTE)
        while self.minute.open_ms < begin:
            self._close(self.minute.open_ms + MINUTE)

    def _close(self, next_ms: int) -> None:
        for series in self._series.values():
            series.add_minute(self.minute)
        self.minute = flat(next_ms, self.minute.close)

    def current(self, interval: str) -> Kline:
        """The open candle."""
        series = self._series[interval]
        begin = open_time(self.minute.open_ms, interval)
        if series.current.open_ms < begin:
            return self._with_head(merged([self.minute], begin) or self.minute, interval)
        whole = copy(series.current)
        whole.absorb(self.minute)
        return self._with_head(whole, interval)

    def closed(self, interval: str, most: int = KEPT) -> list[Kline]:
        """The last ``most`` closed candles, oldest first."""
        series = self._series[interval]
        live = list(series.closed)
        if series.current.open_ms < open_time(self.minute.open_ms, interval):
            live.append(series.current)
        if live and live[0].open_ms <= self.past.start_ms:
            live[0] = self._with_head(live[0], interval)
        live = live[-most:]
        missing = most - len(live)
        past = self.past.before(interval) if missing and len(series.closed) < KEPT else []
        return past[len(past) - missing :] + live if missing < len(past) else past + live

    def day(self) -> Kline:
        """The rolling last 24 hours, minutes being the smallest part of it."""
        if self._day_before is None or self._day_before[0] != self.minute.open_ms:
            begin = self.minute.open_ms + MINUTE - DAY
            minutes = [minute for minute in self.closed("1m") if minute.open_ms >= begin]
            self._day_before = self.minute.open_ms, merged(minutes, begin) or flat(begin, self.minute.open)
        whole = copy(self._day_before[1])
        whole.absorb(self.minute)
        return whole

    def _with_head(self, kline: Kline, interval: str) -> Kline:
        if interval == "1m" or not kline.open_ms <= self.past.start_ms < next_open(kline.open_ms, interval):
            return kline
        head = self.past.head(interval)
        return kline if head is None else merged([head, kline], kline.open_ms) or kline

"""Candles from before the exchange began, so that a client may ask for them: invented from the seed, and no market's.

A price walks back from the first quote at a volatility of about 0.05 % a minute; volumes are lognormal.  The minutes
are one walk, of which longer candles are made as far as it reaches; before it each interval walks on by itself, at most
to the day on which the instrument was listed.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from math import exp, sqrt
from random import Random

from vibe_quant.sim.front.market.candles import MINUTE, Kline, open_time, previous_open
from vibe_quant.sim.front.market.prints import FIRST_TRADE
from vibe_quant.sim.instruments import Instrument

KEPT = 1500
SIGMA = 0.0005
TRADES_A_MINUTE = 60
ORDINARY_VALUE = 150_000
"""What an invented minute turns over, in the quote asset."""


class Past:
    """The past of one symbol as of its beginning: ``start_ms`` in whole minutes, ``price`` the first known."""

    def __init__(self, instrument: Instrument, start_ms: int, price: Decimal, seed: str) -> None:
        self._rules = instrument.rules
        self._onboard_ms = instrument.onboard_ms
        self._seed = seed
        self.start_ms = start_ms
        self._price = price
        self._made: dict[str, list[Kline]] = {}

    @cached_property
    def minutes(self) -> list[Kline]:
        """The last ``KEPT`` minutes before the start, oldest first."""
        return self._walk("1m", self.start_ms, self._price, KEPT)

    def before(self, interval: str) -> list[Kline]:
        """Closed candles before the one in which the exchange began, ``KEPT`` of them, oldest first."""
        if interval == "1m":
            return self.minutes
        if interval not in self._made:
            self._made[interval] = self._longer(interval)
        return self._made[interval]

    def head(self, interval: str) -> Kline | None:
        """The part before the start of the candle in which the exchange began; None where it began with it."""
        begin = open_time(self.start_ms, interval)
        return merged([minute for minute in self.minutes if minute.open_ms >= begin], begin)

    def _longer(self, interval: str) -> list[Kline]:
        end = open_time(self.start_ms, interval)
        buckets: dict[int, list[Kline]] = {}
        for minute in self.minutes:
            if minute.open_ms < end:
                buckets.setdefault(open_time(minute.open_ms, interval), []).append(minute)
        first = self.minutes[0].open_ms
        whole = [merged(rows, begin) for begin, rows in buckets.items() if begin >= first]
        near = [kline for kline in whole if kline is not None][-KEPT:]
        edge, price = (near[0].open_ms, near[0].open) if near else (end, self.minutes[0].open)
        return self._walk(interval, edge, price, KEPT - len(near)) + near

    def _walk(self, interval: str, end_ms: int, price: Decimal, count: int) -> list[Kline]:
        """At most ``count`` candles that end at ``end_ms`` with a close of ``price``, walked backwards."""
        rng = Random(f"{self._seed}/past/{interval}")
        made: list[Kline] = []
        while len(made) < count and end_ms > self._onboard_ms:
            begin = previous_open(end_ms, interval)
            made.append(self._invent(rng, begin, end_ms, price))
            end_ms, price = begin, made[-1].open
        return made[::-1]

    def _invent(self, rng: Random, open_ms: int, end_ms: int, close: Decimal) -> Kline:
        minutes = (end_ms - open_ms) / MINUTE
        sigma = SIGMA * sqrt(minutes)
        step = self._rules.step
        opened = self._on_grid(close, exp(-max(-0.2, min(0.2, rng.gauss(0.0, sigma)))))
        high = self._on_grid(max(opened, close), exp(min(0.1, abs(rng.gauss(0.0, sigma / 2)))))
        low = self._on_grid(min(opened, close), exp(-min(0.1, abs(rng.gauss(0.0, sigma / 2)))))
        steps = max(1, int(ORDINARY_VALUE * minutes * exp(rng.gauss(0.0, 0.7)) / float(close * step)))
        volume, bought = steps * step, int(steps * rng.uniform(0.3, 0.7)) * step
        first, last = self._trade_id(open_ms), self._trade_id(end_ms) - 1
        return Kline(
            open_ms,
            opened,
            max(high, close),
            min(low, close),
            close,
            volume,
            volume * close,
            bought,
            bought * close,
            last - first + 1,
            first,
            last,
        )

    def _trade_id(self, at_ms: int) -> int:
        return max(0, FIRST_TRADE + 1 - (self.start_ms - at_ms) // MINUTE * TRADES_A_MINUTE)

    def _on_grid(self, price: Decimal, factor: float) -> Decimal:
        tick = self._rules.tick
        return max(1, round(float(price / tick) * factor)) * tick


def merged(klines: list[Kline], open_ms: int) -> Kline | None:
    """One candle from ``open_ms`` on out of shorter ones; None of none."""
    if not klines:
        return None
    first = klines[0]
    whole = Kline(open_ms, first.open, first.high, first.low, first.close)
    for kline in klines:
        whole.absorb(kline)
    return whole

"""Generates a market from a seed: a book's touch on the tick grid, trades that eat it, and a mark each second.

A latent price (a led path plus noise) pulls the book; the touch thins and refills; takers come in clusters, mostly on
the side of their predecessor, and never take more than is displayed.  Rough realism: sizes, rates and spreads are those
of recorded markets, depth behind the touch does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import exp, log
from random import Random

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.sim.market_flow import Flow, Latent, Wire
from vibe_quant.sim.market_scenarios import MarketParams, scenario_params

START_MS = 1_735_689_600_000
MARK_EVERY_MS = 1000
FUNDING = Decimal("0.0001")
MOST_PRINTS = 40
TILT = 0.25
ADD_SHARE = 0.15
FOLLOW_MS = 3
MARK_GRID = 1000
INDEX_S = 2.0
BASIS_S = 60.0


def generate(
    scenario: str,
    seed: int,
    symbol: str,
    duration_s: int,
    *,
    side: PositionSide | None = None,
    move: float | None = None,
    start_ms: int = START_MS,
) -> Iterator[MarketEvent]:
    """The events of a named scenario in tape order; the same arguments give the same events.

    ``side`` is the leg that the scenario's move hurts, ``move`` its size as a ratio of the first price.

    Raises:
        ValueError: as ``scenario_params``; or the duration is not positive.
    """
    params = scenario_params(scenario, side, move)
    return Generator(params, Random(f"{scenario}/{seed}"), symbol, duration_s, start_ms).events()


class Multiples(dict[int, Decimal]):
    """n -> n x unit, remembered."""

    def __init__(self, unit: Decimal) -> None:
        super().__init__()
        self.unit = unit

    def __missing__(self, count: int) -> Decimal:
        """The product."""
        product = self[count] = count * self.unit
        return product


class Generator:
    """One run of one market; every arrival has a millisecond of its own."""

    def __init__(self, params: MarketParams, rng: Random, symbol: str, duration_s: int, start_ms: int) -> None:
        if duration_s <= 0:
            raise ValueError(f"a duration of {duration_s} s is not positive")
        self.params = params
        self.symbol = symbol
        self._rng = rng
        self._start_ms = start_ms
        self._end_ms = start_ms + duration_s * 1000
        self._prices = Multiples(params.tick)
        self._qtys = Multiples(params.step)
        self._latent = Latent(params, rng, duration_s)
        self._flow = Flow(params, rng)
        self._book_wire = Wire(params.book_lag_ms, params.lag_sigma, rng)
        self._market_wire = Wire(params.market_lag_ms, params.lag_sigma, rng)
        self._bid = int(self._latent.start)
        self._ask = self._bid + self._spread()
        self._bid_qty, self._ask_qty = self._touch(), self._touch()
        self._value = self._latent.start
        self._threshold = self._next_threshold()
        self._open = False  # a side was taken away and the book has not closed yet
        self._buys = False
        self._ids = 0
        self._trade_ids = 0
        self._index = self._value
        self._basis = 0.0
        self._mark_grid = Multiples(params.tick / MARK_GRID)

    def events(self) -> Iterator[MarketEvent]:
        """All events, in tape order."""
        now = last = self._start_ms
        mark_ms = now + MARK_EVERY_MS
        yield self._quote(now)
        while (now := self._next_ms(last)) < self._end_ms:
            while mark_ms < now:
                yield self._mark(mark_ms)
                mark_ms += MARK_EVERY_MS
            self._value = self._latent.at((now - self._start_ms) / 1000, (now - last) / 1000)
            yield from self._arrival(now)
            yield self._quote(now)
            last = now
        while mark_ms <= self._end_ms:
            yield self._mark(mark_ms)
            mark_ms += MARK_EVERY_MS

    def _next_ms(self, last: int) -> int:
        if self._open:
            return last + self._rng.randint(1, FOLLOW_MS)
        return last + max(1, round(1000 * self._flow.gap_s((last - self._start_ms) / 1000)))

    def _arrival(self, now: int) -> list[MarketEvent]:
        if self._open:
            self._close_up()
            return []
        off = self._value - (self._bid + self._ask) / 2
        if abs(off) > self._threshold:
            return self._move(now, up=off > 0)
        if self._flow.is_taker():
            return self._take(now, off)
        self._requote()
        return []

    def _move(self, now: int, *, up: bool) -> list[MarketEvent]:
        """The book leaves its level for the latent price, in most cases because its touch is traded away."""
        trades: list[MarketEvent] = []
        if self._rng.random() < self.params.sweep_share:
            self._buys = up
            trades = self._prints(now, self._ask_qty if up else self._bid_qty)
        half = self._spread() / 2
        if up:
            self._ask, self._ask_qty = max(self._ask + 1, round(self._value + half)), self._touch()
        else:
            self._bid, self._bid_qty = max(1, min(self._bid - 1, round(self._value - half))), self._touch()
        self._threshold = self._next_threshold()
        self._open = True
        return trades

    def _close_up(self) -> None:
        """The side that lags follows, so that the spread is ordinary again."""
        spread = self._spread()
        if self._value > (self._bid + self._ask) / 2:
            bid = max(self._bid, self._ask - spread)
            self._bid_qty = self._touch() if bid != self._bid else self._bid_qty
            self._bid = bid
        else:
            ask = min(self._ask, self._bid + spread)
            self._ask_qty = self._touch() if ask != self._ask else self._ask_qty
            self._ask = ask
        self._open = False

    def _take(self, now: int, off: float) -> list[MarketEvent]:
        """A taker's order of ordinary size; one that eats the whole touch opens the spread by a tick."""
        if self._rng.random() >= self.params.sign_persistence:
            self._buys = self._rng.random() < 0.5 + TILT * off / self._threshold
        shown = self._ask_qty if self._buys else self._bid_qty
        wanted = 1 + int(self._rng.lognormvariate(log(self.params.taker_median), self.params.taker_sigma))
        qty = min(wanted, shown)
        trades = self._prints(now, qty)
        if qty == shown:
            self._open = True
        if self._buys:
            self._ask += qty == shown
            self._ask_qty = self._touch() if qty == shown else shown - qty
        else:
            self._bid = max(1, self._bid - (qty == shown))
            self._bid_qty = self._touch() if qty == shown else shown - qty
        return trades

    def _prints(self, now: int, qty: int) -> list[MarketEvent]:
        """Trades at the touch in force that add up to ``qty`` steps."""
        price = self._prices[self._ask if self._buys else self._bid]
        count = min(qty, MOST_PRINTS, 1 + int(self._rng.expovariate(1 / max(0.01, self.params.prints - 1))))
        cuts = sorted(self._rng.sample(range(1, qty), count - 1))
        trades: list[MarketEvent] = []
        for begin, end in zip([0, *cuts], [*cuts, qty], strict=True):
            self._trade_ids += 1
            recv = self._market_wire.recv(now)
            amount = self._qtys[end - begin]
            trades.append(Trade(self.symbol, now, recv, price, amount, not self._buys, self._trade_ids))
        return trades

    def _requote(self) -> None:
        """Someone adds to or withdraws from a side of the touch, or reshapes the spread."""
        bid_side = self._rng.random() < 0.5
        if self._rng.random() < self.params.reshape:
            self._reshape(bid_side)
            return
        qty = self._bid_qty if bid_side else self._ask_qty
        median = self.params.touch_median
        lot = 1 + int(self._rng.lognormvariate(log(median * ADD_SHARE), self.params.touch_sigma))
        adds = self._rng.random() * (median + qty) < median
        qty = qty + lot if adds else max(1, qty - lot)
        if bid_side:
            self._bid_qty = qty
        else:
            self._ask_qty = qty

    def _reshape(self, bid_side: bool) -> None:
        spread = self._spread()
        if bid_side:
            self._bid, self._bid_qty = max(1, self._ask - spread), self._touch()
        else:
            self._ask, self._ask_qty = self._bid + spread, self._touch()

    def _quote(self, now: int) -> Quote:
        self._ids += 1
        prices, qtys, recv = self._prices, self._qtys, self._book_wire.recv(now)
        bid, ask, bid_qty, ask_qty = prices[self._bid], prices[self._ask], qtys[self._bid_qty], qtys[self._ask_qty]
        return Quote(self.symbol, now, recv, bid, bid_qty, ask, ask_qty, self._ids)

    def _mark(self, now: int) -> Mark:
        """The index follows the mid in seconds, the mark is the index plus the basis averaged over a minute."""
        mid = (self._bid + self._ask) / 2
        self._index += (mid - self._index) * (1 - exp(-1 / INDEX_S))
        self._basis += (mid - self._index - self._basis) * (1 - exp(-1 / BASIS_S))
        grid, recv = self._mark_grid, self._market_wire.recv(now)
        mark, index = grid[round((self._index + self._basis) * MARK_GRID)], grid[round(self._index * MARK_GRID)]
        return Mark(self.symbol, now, recv, mark, index, FUNDING)

    def _touch(self) -> int:
        return 1 + int(self._rng.lognormvariate(log(self.params.touch_median), self.params.touch_sigma))

    def _spread(self) -> int:
        if not self.params.spread_extra:
            return 1
        return 1 + int(self._rng.lognormvariate(log(self.params.spread_extra), self.params.spread_sigma))

    def _next_threshold(self) -> float:
        """How far the latent price must leave the mid before the book moves: half the spread and a random rest."""
        rest = self._rng.expovariate(1 / (self.params.sticky * self._value))
        return (self._ask - self._bid) / 2 + max(1.0, rest)

"""When something happens in a generated market, and which side takes: bursts that cause each other, larger orders."""

from __future__ import annotations

from math import exp, log, sqrt
from random import Random

from vibe_quant.sim.market.params import MarketParams

REDRAW_S = 0.25
QUIET = 0.2
PARENTS = 2
PARENT_TAIL = 1.35
MOST_CHILDREN = 10_000


class Flow:
    """Arrivals of quotes and of takers' orders.

    Both have a base density that wanders (``activity``, mean 1, never below ``QUIET``).  What they draw after them
    waits as a count, each of it to come at an exponential time: a self-exciting process without its history.
    """

    def __init__(self, params: MarketParams, rng: Random) -> None:
        self._rng = rng
        self._params = params
        self._log = rng.gauss(0.0, 1.0)
        self._echoes = 0
        self._followers = 0
        self._left_s = 0.0
        self.takes = False
        """Whether the latest arrival is a taker's order."""
        self._redraw()

    def gap_s(self) -> float:
        """Seconds to the next arrival."""
        params, rng, gap = self._params, self._rng, 0.0
        while True:
            rate = self._base + self._echoes / params.echo_s + self._followers / params.follow_s
            wait = rng.expovariate(rate)
            if wait < self._left_s:
                break
            gap += self._left_s
            self._redraw()
        self._left_s -= wait
        self._choose(rng.random() * rate)
        return gap + wait

    def _choose(self, mark: float) -> None:
        params = self._params
        mark -= self._quotes
        self.takes = False
        if mark < 0:
            return
        mark -= self._echoes / params.echo_s
        if mark < 0:
            self._echoes -= 1
            return
        self.takes = True
        mark -= self._followers / params.follow_s
        if mark < 0:
            self._followers -= 1

    def _redraw(self) -> None:
        params, kept = self._params, exp(-REDRAW_S / self._params.activity_s)
        self._log = self._log * kept + sqrt(1 - kept * kept) * self._rng.gauss(0.0, 1.0)
        sigma = params.activity_sigma
        self.activity = QUIET + (1 - QUIET) * exp(sigma * self._log - sigma * sigma / 2)
        self._quotes = params.quotes_per_s * self.activity
        self._base = self._quotes + params.orders_per_s * self.activity
        self._left_s = REDRAW_S

    def ordered(self) -> None:
        """A taker's order came: it draws others, and quotes."""
        self._echoes += self._some(self._params.echoes)
        self._followers += self._rng.random() < self._params.followers

    def moved(self) -> None:
        """The touch moved: it draws quotes."""
        self._echoes += self._some(self._params.move_echoes)

    def _some(self, mean: float) -> int:
        return int(self._rng.expovariate(1 / (mean + 0.5))) if mean else 0


class Sides:
    """The sides of takers' orders: parts of a few large orders of Pareto length, and others of no memory.

    The autocorrelation of such signs falls like a power of the lag (Lillo, Mike, Farmer 2005).
    """

    def __init__(self, share: float, rng: Random) -> None:
        self._share = share
        self._rng = rng
        self._parents = [self._parent() for _ in range(PARENTS)]
        self.latest = False

    def next(self, bias: float) -> bool:
        """Whether the next order buys; ``bias`` from -0.5 to 0.5 leans those of no memory to buying."""
        rng = self._rng
        if rng.random() >= self._share:
            self.latest = rng.random() < 0.5 + bias
            return self.latest
        index = int(rng.random() * PARENTS)
        buys, left = self._parents[index]
        self._parents[index] = (buys, left - 1) if left > 1 else self._parent()
        self.latest = buys
        return buys

    def _parent(self) -> tuple[bool, int]:
        return self._rng.random() < 0.5, min(MOST_CHILDREN, int(self._rng.paretovariate(PARENT_TAIL)))


class Wire:
    """Receive times of one socket: exchange time plus a lognormal lag, never falling."""

    def __init__(self, median_ms: float, sigma: float, rng: Random) -> None:
        self._mu = log(median_ms)
        self._sigma = sigma
        self._rng = rng
        self._last = 0

    def recv(self, exch_ms: int) -> int:
        """When news of ``exch_ms`` arrives."""
        self._last = max(self._last, exch_ms + int(self._rng.lognormvariate(self._mu, self._sigma)))
        return self._last

"""The prices behind the book of a generated market: the latent price that leads it, and the mark that follows it."""

from __future__ import annotations

from bisect import bisect_right
from math import exp, sqrt
from random import Random

from vibe_quant.sim.market.params import MarketParams

VOLATILITY_SPAN_S = 480
INDEX_S = 2.0
BASIS_S = 60.0


class Latent:
    """The price that the book is pulled to, in ticks: the path plus noise in proportion to the price."""

    def __init__(self, params: MarketParams, rng: Random, duration_s: float) -> None:
        self.start = float(params.price / params.tick)
        self._rng = rng
        self._path = params.path
        self._move = params.move
        self._reversion_s = params.reversion_s
        self._duration_s = duration_s
        self._sigma = params.volatility / sqrt(VOLATILITY_SPAN_S)
        self._impact = params.impact
        self._impact_s = params.impact_s
        self._pressure = 0.0
        self._noise = 0.0
        self._last_s = 0.0

    def at(self, elapsed_s: float, activity: float) -> float:
        """Its value after ``elapsed_s``, not before the moment last asked for; the noise grows with ``activity``."""
        dt_s, self._last_s = elapsed_s - self._last_s, elapsed_s
        if self._reversion_s:
            self._noise *= exp(-dt_s / self._reversion_s)
        self._noise += self._sigma * sqrt(dt_s * activity) * self._rng.gauss(0.0, 1.0)
        self._pressure *= exp(-dt_s / self._impact_s)
        value = self.start * exp(self._noise + self._pressure)
        return value * (1.0 + self._move * self._led(elapsed_s / self._duration_s)[0]) if self._path else value

    def push(self, *, buys: bool) -> None:
        """A taker's order moves the price a little, for a while."""
        self._pressure += self._impact if buys else -self._impact

    def runs(self) -> bool:
        """Whether the path goes the way of its move now."""
        return bool(self._path) and self._led(self._last_s / self._duration_s)[1] > 0

    def settle(self) -> None:
        """The path ends here: from now on there is noise alone, from where the price stands."""
        if self._path:
            self.start *= 1.0 + self._move * self._led(self._last_s / self._duration_s)[0]
        self._path, self._reversion_s = (), 0.0

    def _led(self, share: float) -> tuple[float, float]:
        """(share of the move, slope)."""
        path = self._path
        if share >= path[-1][0]:
            return path[-1][1], 0.0
        index = min(max(1, bisect_right(path, (share, float("inf")))), len(path) - 1)
        (x0, y0), (x1, y1) = path[index - 1], path[index]
        slope = (y1 - y0) / (x1 - x0)
        return y0 + slope * (share - x0), slope


class Index:
    """Asked each second: the index follows the mid in seconds, the mark is the index plus the basis of a minute."""

    def __init__(self, value: float) -> None:
        self.value = value
        self._basis = 0.0

    def follow(self, price: float, *, trading: bool) -> tuple[float, float]:
        """(mark, index) a second later; while nothing trades ``price`` is that of other venues, and the basis stays."""
        self.value += (price - self.value) * (1 - exp(-1 / INDEX_S))
        if trading:
            self._basis += (price - self.value - self._basis) * (1 - exp(-1 / BASIS_S))
        return self.value + self._basis, self.value

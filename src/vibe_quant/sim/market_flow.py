"""The moving parts of a generated market: the latent price, the arrivals, and the lag of a socket."""

from __future__ import annotations

from bisect import bisect_right
from math import exp, log, sqrt
from random import Random

from vibe_quant.sim.market_scenarios import MarketParams

VOLATILITY_SPAN_S = 480


class Latent:
    """The price that the book is pulled to, in ticks: the path plus noise in proportion to the price."""

    def __init__(self, params: MarketParams, rng: Random, duration_s: int) -> None:
        self.start = float(params.price / params.tick)
        self._rng = rng
        self._params = params
        self._duration_s = duration_s
        self._sigma = params.volatility / sqrt(VOLATILITY_SPAN_S)
        self._noise = 0.0

    def at(self, elapsed_s: float, dt_s: float) -> float:
        """Its value after ``elapsed_s``, ``dt_s`` after the last one asked for."""
        if self._params.reversion_s:
            self._noise *= exp(-dt_s / self._params.reversion_s)
        self._noise += self._sigma * sqrt(dt_s) * self._rng.gauss(0.0, 1.0)
        led = self._params.move * self._led(elapsed_s / self._duration_s)
        return self.start * (1.0 + led) * exp(self._noise)

    def _led(self, share: float) -> float:
        path = self._params.path
        if not path:
            return 0.0
        index = min(max(1, bisect_right(path, (share, float("inf")))), len(path) - 1)
        (x0, y0), (x1, y1) = path[index - 1], path[index]
        return y0 + (y1 - y0) * min(1.0, (share - x0) / (x1 - x0))


class Flow:
    """When something happens next, and how dense takers are: two regimes, quiet and burst."""

    def __init__(self, params: MarketParams, rng: Random) -> None:
        burst_share = params.burst_s / (params.burst_every_s + params.burst_s)
        takers = params.trades_per_s / params.prints
        self._rng = rng
        self._params = params
        self._quiet = takers / (1 + burst_share * (params.burst_factor - 1))
        self._quotes = max(1.0, params.quotes_per_s - takers)
        self._burst = False
        self._until_s = rng.expovariate(1 / params.burst_every_s)

    def gap_s(self, now_s: float) -> float:
        """Seconds to the next arrival."""
        if now_s >= self._until_s:
            self._burst = not self._burst
            span = self._params.burst_s if self._burst else self._params.burst_every_s
            self._until_s = now_s + self._rng.expovariate(1 / span)
        return self._rng.expovariate(self._quotes + self._takers)

    def is_taker(self) -> bool:
        """Whether the arrival takes."""
        return self._rng.random() * (self._quotes + self._takers) < self._takers

    @property
    def _takers(self) -> float:
        return self._quiet * (self._params.burst_factor if self._burst else 1.0)


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

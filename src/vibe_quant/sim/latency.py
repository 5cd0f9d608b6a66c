"""How long a request, its answer and a stream event travel: seeded models, whole milliseconds."""

from __future__ import annotations

import math
from collections import deque
from random import Random
from typing import Protocol


class LatencyModel(Protocol):
    """One draw a journey; the user stream's order is kept by the gateway, not here."""

    def entry(self) -> int:
        """Program to exchange, ms."""
        ...

    def response(self) -> int:
        """Exchange to program over REST, ms."""
        ...

    def stream(self) -> int:
        """Exchange to program over the user stream, ms."""
        ...


class ConstantLatency:
    """The same every time."""

    def __init__(self, entry_ms: int = 10, response_ms: int = 10, stream_ms: int = 10) -> None:
        """One-way times, ms."""
        self._times = (entry_ms, response_ms, stream_ms)

    def entry(self) -> int:
        """Constant."""
        return self._times[0]

    def response(self) -> int:
        """Constant."""
        return self._times[1]

    def stream(self) -> int:
        """Constant."""
        return self._times[2]


class LognormalLatency:
    """Independent lognormal draws above a floor: most near the median, a long tail."""

    def __init__(self, seed: int, median_ms: float = 12.0, sigma: float = 0.6, floor_ms: int = 1) -> None:
        """``sigma`` is that of the logarithm; 0.6 puts one draw in twenty above 2.7 medians."""
        self._draw = Random(seed).lognormvariate
        self._mu = math.log(median_ms)
        self._sigma = sigma
        self._floor = floor_ms

    def entry(self) -> int:
        """A draw."""
        return max(self._floor, round(self._draw(self._mu, self._sigma)))

    response = entry
    stream = entry


class TapeLatency:
    """Draws from the receive lags last seen on the tape, so that our requests are late when the market data was."""

    def __init__(self, seed: int, window: int = 256, floor_ms: int = 2) -> None:
        """``window`` lags are kept; before the first one the floor holds."""
        self._choice = Random(seed).choice
        self._lags: deque[int] = deque(maxlen=window)
        self._floor = floor_ms

    def saw(self, lag_ms: int) -> None:
        """Take in one event's receive lag, ms."""
        self._lags.append(lag_ms)

    def entry(self) -> int:
        """A draw, never under the floor."""
        return max(self._floor, self._choice(self._lags)) if self._lags else self._floor

    response = entry
    stream = entry

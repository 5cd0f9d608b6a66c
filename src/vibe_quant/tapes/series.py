"""Series in one pass: counts in windows of time, returns by horizon, autocorrelation of signs by lag."""

from __future__ import annotations

from math import log, sqrt

from vibe_quant.tapes.histogram import Histogram

GRID_MS = 100
HORIZONS = (1, 10, 50, 100, 600)
LAGS = (1, 2, 5, 10, 50)
BPS = 10_000


class Counts:
    """How many fall into each window of ``ms`` from time 0 on, empty windows included."""

    def __init__(self, ms: int) -> None:
        self.ms = ms
        self.counts = Histogram()
        self._squares = 0
        self._index = 0
        self._count = 0

    def add(self, at_ms: int) -> None:
        """One more, not before the one before."""
        index = at_ms // self.ms
        if index != self._index:
            self._turn(index)
        self._count += 1

    def close(self, span_ms: int) -> None:
        """Nothing comes before ``span_ms`` any more; the window that it lies in is left out."""
        self._turn(span_ms // self.ms)

    def _turn(self, index: int) -> None:
        if index > self._index:
            self.counts.add(self._count)
            self._squares += self._count**2
            if empty := index - self._index - 1:
                self.counts.add(0, empty)
            self._index, self._count = index, 0

    @property
    def mean(self) -> float | None:
        """Mean count of a window."""
        return self.counts.mean

    @property
    def std(self) -> float | None:
        """Standard deviation of the counts."""
        mean = self.mean
        return None if mean is None else sqrt(max(0.0, self._squares / self.counts.total - mean**2))

    @property
    def fano(self) -> float | None:
        """Variance over mean: 1 for arrivals that know nothing of each other."""
        mean, std = self.mean, self.std
        return std**2 / mean if mean and std is not None else None


class Returns:
    """Root mean square of log returns of the mid, over windows that begin every ``GRID_MS`` and overlap."""

    def __init__(self) -> None:
        self._ring = [0.0] * (HORIZONS[-1] + 1)
        self._seen = 0
        self._mid = 0.0
        self._squares = dict.fromkeys(HORIZONS, 0.0)

    def add(self, at_ms: int, mid: float) -> None:
        """The mid is ``mid`` from ``at_ms`` on; at a moment of the grid itself the news counts."""
        while self._mid and self._seen * GRID_MS < at_ms:
            self._sample(log(self._mid))
        self._mid = mid

    def _sample(self, value: float) -> None:
        ring, seen = self._ring, self._seen
        ring[seen % len(ring)] = value
        for horizon in HORIZONS:
            if horizon > seen:
                break
            self._squares[horizon] += (value - ring[(seen - horizon) % len(ring)]) ** 2
        self._seen = seen + 1

    def figures(self, name: str) -> dict[str, float | None]:
        """By horizon, in bps."""
        return {f"{name}.{horizon * GRID_MS / 1000:g}s": self._rms(horizon) for horizon in HORIZONS}

    def _rms(self, horizon: int) -> float | None:
        count = self._seen - horizon
        return BPS * sqrt(self._squares[horizon] / count) if count > 0 else None


class Signs:
    """Autocorrelation of a series of +1 and -1 by lag."""

    def __init__(self) -> None:
        self._ring = [0] * (LAGS[-1] + 1)
        self._seen = 0
        self._sum = 0
        self._products = dict.fromkeys(LAGS, 0)

    def add(self, sign: int) -> None:
        """The next one."""
        ring, seen = self._ring, self._seen
        ring[seen % len(ring)] = sign
        self._sum += sign
        for lag in LAGS:
            if lag > seen:
                break
            self._products[lag] += sign * ring[(seen - lag) % len(ring)]
        self._seen = seen + 1

    def figures(self, name: str) -> dict[str, float | None]:
        """By lag; None where there are no pairs, or all signs are the same."""
        return {f"{name}.lag{lag}": self._correlation(lag) for lag in LAGS}

    def _correlation(self, lag: int) -> float | None:
        pairs = self._seen - lag
        mean = self._sum / self._seen if self._seen else 1.0
        return (self._products[lag] / pairs - mean**2) / (1 - mean**2) if pairs > 0 and mean**2 < 1 else None

"""Random spread of times and quantities, drawn from the injected source."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from vibe_quant.core.strategies.port import ONE, RandomSource

RESOLUTION = 1000
SPARE_POINTS = 5


def jittered_ms(base_ms: int, share: Decimal, random: RandomSource) -> int:
    """``base_ms`` x (1 + u x share), u uniform in [-1, 1]; rounded down, at least 1 ms where the base is not nil."""
    unit = int(random.random() * (2 * RESOLUTION + 1)) - RESOLUTION
    return max(min(base_ms, 1), int(base_ms * (RESOLUTION + unit * share) / RESOLUTION))


def between_ms(least_ms: int, most_ms: int, random: RandomSource) -> int:
    """Uniform in [least, most]; ``least_ms`` where the two are the wrong way round."""
    return least_ms + int(random.random() * (max(most_ms - least_ms, 0) + 1))


class QtyJitter:
    """Factors on lookback + 5 even points of [1 - share, 1 + share], never one of the last ``lookback`` used.

    Quantities differ as far as the step lets the factor show: a slice of one lot stays one lot.
    """

    __slots__ = ("_points", "_random", "_recent", "_share")

    def __init__(self, share: Decimal, lookback: int, random: RandomSource) -> None:
        self._share = share
        self._random = random
        self._points = lookback + SPARE_POINTS
        self._recent: deque[Decimal] = deque(maxlen=lookback)

    def draw(self) -> Decimal | None:
        """A factor for the next quantity; None where there is no jitter."""
        if not self._share:
            return None
        factors = (ONE - self._share + 2 * self._share * i / (self._points - 1) for i in range(self._points))
        free = [factor for factor in factors if factor not in self._recent]
        return free[int(self._random.random() * len(free))]

    def used(self, factor: Decimal | None) -> None:
        """An order has left with that factor."""
        if factor is not None:
            self._recent.append(factor)

"""Counts values into cells of bounded number: exact where values are small, within a percent where they are large."""

from __future__ import annotations

from collections import Counter
from math import exp, log

EXACT = 128
CELL = 0.01
CELL_LOG = log(1 + CELL)
FIRST = EXACT - round(log(EXACT) / CELL_LOG)


class Histogram:
    """Weights by value: below ``EXACT`` by the whole number at or below it, larger values in cells 1 % wide.

    A thousand cells reach from 128 to a million, whatever the count of values.
    """

    def __init__(self) -> None:
        self.total = 0
        self._cells: Counter[int] = Counter()
        self._sum = 0.0

    def add(self, value: float, weight: int = 1) -> None:
        """Count ``value``, not below zero, ``weight`` times."""
        cell = int(value) if value < EXACT else FIRST + round(log(value) / CELL_LOG)
        self._cells[cell] += weight
        self.total += weight
        self._sum += value * weight

    @property
    def mean(self) -> float | None:
        """Exact; None if nothing was counted."""
        return self._sum / self.total if self.total else None

    def share(self, least: int, most: float) -> float | None:
        """The part of the weight at values from ``least`` to ``most``, both below ``EXACT`` (or ``most`` infinite)."""
        if not self.total:
            return None
        return sum(weight for cell, weight in self._cells.items() if least <= cell <= most) / self.total

    def quantile(self, share: float) -> float | None:
        """The least value with at least ``share`` of the weight at or below it, of a wide cell its middle."""
        if not self.total:
            return None
        due = share * self.total
        cell = 0
        for cell in sorted(self._cells):
            due -= self._cells[cell]
            if due <= 1e-9 * self.total:
                break
        return float(cell) if cell < EXACT else exp((cell - FIRST) * CELL_LOG)

"""A symbol's mark price, index and funding as they are published: the last told ones, and means over half a minute."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

from vibe_quant.domain.events import Mark

PLACES = Decimal("1E-8")
POINTS = 30
"""Marks in a mean: one a second over the exchange's window of 30 s."""


class PriceMarks:
    """``mark`` None: none was told yet.  Where the source has no index, the mark stands in for it."""

    def __init__(self) -> None:
        self.mark: Decimal | None = None
        self.index: Decimal | None = None
        self.exch_ms = 0
        self._marks: deque[Decimal] = deque(maxlen=POINTS)
        self._indices: deque[Decimal] = deque(maxlen=POINTS)

    def on_mark(self, mark: Mark) -> None:
        """Take the news over."""
        self.mark = mark.price
        self.index = mark.price if mark.index is None else mark.index
        self.exch_ms = mark.exch_ms
        self._marks.append(self.mark)
        self._indices.append(self.index)

    @property
    def mean(self) -> Decimal:
        """Moving average of the mark, ``ap``."""
        return _mean(self._marks)

    @property
    def settle(self) -> Decimal:
        """Estimated settlement price, ``P``: the index averaged."""
        return _mean(self._indices)


def _mean(values: deque[Decimal]) -> Decimal:
    return (sum(values, Decimal(0)) / max(1, len(values))).quantize(PLACES)

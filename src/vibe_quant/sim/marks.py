"""A mark price where the tape has none: an exponential average of the mid, told once a second and flagged DERIVED."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import Source
from vibe_quant.domain.events import Mark, Quote

PLACES = Decimal("1E-8")


class MarkDeriver:
    """One symbol each; the average moves by ``share`` of its distance to the mid at every step of the grid."""

    def __init__(self, grid_ms: int = 1000, share: Decimal = Decimal("0.2")) -> None:
        """``share`` 0.2 on a grid of 1 s averages over about five seconds."""
        self._grid = grid_ms
        self._share = share
        self._next: dict[str, int] = {}
        self._mean: dict[str, Decimal] = {}

    def on_quote(self, quote: Quote) -> Mark | None:
        """The mark that travels with this quote; None inside a grid step, and while a side of the book is empty."""
        if quote.exch_ms < self._next.get(quote.symbol, 0) or not quote.bid or not quote.ask:
            return None
        self._next[quote.symbol] = (quote.exch_ms // self._grid + 1) * self._grid
        mid = (quote.bid + quote.ask) / 2
        mean = self._mean.get(quote.symbol, mid)
        mean = (mean + (mid - mean) * self._share).quantize(PLACES)
        self._mean[quote.symbol] = mean
        return Mark(quote.symbol, quote.exch_ms, quote.recv_ms, mean, source=Source.DERIVED)

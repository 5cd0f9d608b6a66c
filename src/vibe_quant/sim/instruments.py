"""What an instrument is to the exchange: its rules, its brackets, and what exchangeInfo says besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.rules import Brackets, SymbolRules


@dataclass(frozen=True, slots=True)
class Instrument:
    """One perpetual; ``rules.symbol`` is the exchange's own name (``BTCUSDT``).

    ``price_places`` and ``qty_places`` are pricePrecision and quantityPrecision.  Changes of status or tick make a new
    rules object: read ``rules`` from the exchange's market where they may have changed, not from here.
    """

    rules: SymbolRules
    brackets: Brackets
    base: str
    quote: str
    price_places: int
    qty_places: int
    price: Decimal
    """A price of the right order, where a generated market may start."""
    max_orders: int = 200
    trigger_protect: Decimal = Decimal("0.05")
    market_take_bound: Decimal = Decimal("0.05")
    underlying_subtypes: tuple[str, ...] = field(default=())

    @property
    def symbol(self) -> str:
        """Its name."""
        return self.rules.symbol

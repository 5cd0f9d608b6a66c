"""Liquidations as they are published: of each 1000 ms that begin with one, a symbol's largest and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide
from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.market.market_wire import SymbolWire

WINDOW_MS = 1000


@dataclass(frozen=True, slots=True)
class ForcedOrder:
    """``price`` is that of the order, ``avg`` what it was done at."""

    symbol: str
    side: OrderSide
    qty: Decimal
    price: Decimal
    avg: Decimal
    exch_ms: int


class ForcedOrders:
    """The windows that stand open, by symbol."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[int, ForcedOrder]] = {}

    def add(self, order: ForcedOrder) -> None:
        """Count a liquidation; of equal ones the first is told."""
        end, largest = self._open.get(order.symbol, (order.exch_ms + WINDOW_MS, order))
        self._open[order.symbol] = end, order if order.qty > largest.qty else largest

    def due(self, now: int) -> Iterator[ForcedOrder]:
        """The largest of each window that has ended."""
        for symbol, (end, largest) in list(self._open.items()):
            if end <= now:
                del self._open[symbol]
                yield largest


def force_order(wire: SymbolWire, order: ForcedOrder, now: int) -> bytes:
    """The payload, the same in ``<s>@forceOrder`` and ``!forceOrder@arr``."""
    qty = wire.qtys[order.qty]
    return encode(
        {
            "e": "forceOrder",
            "E": now,
            "o": {
                "s": order.symbol,
                "S": order.side.value,
                "o": "LIMIT",
                "f": "IOC",
                "q": qty,
                "p": wire.prices[order.price],
                "ap": wire.prices[order.avg],
                "X": "FILLED",
                "l": qty,
                "z": qty,
                "T": order.exch_ms,
                "ps": order.symbol,
                "st": 1,
            },
        }
    )

"""The user's own orders, as far as they matter to us: closers that claim quantity, and whether any rests at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import OrderUpdate

ZERO = Decimal(0)


@dataclass(slots=True)
class ForeignOrders:
    """Live orders without our prefix, by symbol and client id; never sent, only remembered."""

    _orders: dict[str, dict[str, OrderUpdate]] = field(default_factory=dict)

    def report(self, update: OrderUpdate) -> None:
        """Any report about a foreign order."""
        orders = self._orders.setdefault(update.symbol, {})
        known = orders.get(update.client_id)
        if update.status.is_final:
            orders.pop(update.client_id, None)
        elif known is None or update.exch_ms >= known.exch_ms:
            orders[update.client_id] = update

    def listed(self, symbol: str, orders: tuple[OrderUpdate, ...]) -> None:
        """All foreign open orders of a symbol, as just read."""
        self._orders[symbol] = {order.client_id: order for order in orders}

    def any_rests(self, symbol: str) -> bool:
        """True where some foreign order of the symbol is live."""
        return bool(self._orders.get(symbol))

    def closers(self, symbol: str, side: PositionSide) -> tuple[OrderUpdate, ...]:
        """Live foreign orders that close the leg."""
        orders = self._orders.get(symbol, {}).values()
        return tuple(o for o in orders if o.position_side is side and o.side is side.exit_side)

    def claimed(self, symbol: str, side: PositionSide) -> Decimal:
        """Quantity that foreign closers of the leg may still fill, base asset."""
        return sum((order.remaining for order in self.closers(symbol, side)), ZERO)

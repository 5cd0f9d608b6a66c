"""The user's own orders, as far as they matter to us: closers that claim quantity, and how many rest at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import OrderUpdate

ZERO = Decimal(0)
SYSTEM_PREFIXES = ("autoclose-", "adl_autoclose", "settlement_autoclose-")
"""Orders of the exchange itself: told as NEW while they execute, so that no end of them may ever be heard."""
KEPT = 500  # ended orders of a symbol remembered, so that older news does not revive them


@dataclass(slots=True)
class ForeignOrders:
    """Live orders without our prefix, by symbol and client id; never sent, only remembered."""

    _orders: dict[str, dict[str, OrderUpdate]] = field(default_factory=dict)
    _ended: dict[str, dict[str, OrderUpdate]] = field(default_factory=dict)

    def report(self, update: OrderUpdate) -> None:
        """Any report about a foreign order; orders of the exchange itself rest nowhere and are left out."""
        if update.client_id.startswith(SYSTEM_PREFIXES):
            return
        orders = self._orders.setdefault(update.symbol, {})
        if update.status.is_final:
            orders.pop(update.client_id, None)
            self._bury(update)
        elif self._is_news(update):
            orders[update.client_id] = update

    def listed(self, symbol: str, orders: tuple[OrderUpdate, ...], request_ms: int | None = None) -> None:
        """All foreign open orders of a symbol, as just read; what was heard since ``request_ms`` outlives the list."""
        known = self._orders.get(symbol, {})
        kept = {o.client_id: o for o in known.values() if request_ms is not None and o.recv_ms >= request_ms}
        self._orders[symbol] = kept
        for order in orders:
            if order.client_id not in kept:
                self.report(order)

    def _is_news(self, update: OrderUpdate) -> bool:
        known = self._orders[update.symbol].get(update.client_id)
        if known is not None:
            return update.exch_ms >= known.exch_ms
        end = self._ended.get(update.symbol, {}).get(update.client_id)
        return end is None or update.exch_ms > end.exch_ms

    def _bury(self, update: OrderUpdate) -> None:
        ended = self._ended.setdefault(update.symbol, {})
        ended[update.client_id] = update
        if len(ended) > KEPT:
            del ended[next(iter(ended))]

    def count(self, symbol: str) -> int:
        """How many foreign orders of the symbol are live."""
        return len(self._orders.get(symbol, {}))

    def closers(self, symbol: str, side: PositionSide) -> tuple[OrderUpdate, ...]:
        """Live foreign orders that close the leg."""
        orders = self._orders.get(symbol, {}).values()
        return tuple(o for o in orders if o.position_side is side and o.side is side.exit_side)

    def claimed(self, symbol: str, side: PositionSide) -> Decimal:
        """Quantity that foreign closers of the leg may still fill, base asset."""
        return sum((order.remaining for order in self.closers(symbol, side)), ZERO)

"""The independent counter: what was sold and is open, against what there was and was added.

It reads the raw events and intents that pass by and nothing of the ledgers that sizing trusts, so that an error there
cannot hide from it (behaviour 13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import AmendOrder, OrderIntent

ZERO = Decimal(0)


@dataclass(slots=True)
class ExitCounter:
    """One leg's counter; all quantities in the base asset.

    ``bound`` is start + adds, computed as the greatest row + sold up to that row's exchange time, so that an
    enlargement between two rows is seen although own fills fell between them too.
    """

    bound: Decimal = ZERO
    sold: Decimal = ZERO
    _row: Decimal = ZERO
    _row_ms: int = -1
    _newer: list[tuple[int, Decimal]] = field(default_factory=list)
    """Own fills newer than the last row: (exchange time, quantity)."""
    _filled: dict[str, Decimal] = field(default_factory=dict)
    """client id -> cumulative fill."""
    _open: dict[str, Decimal] = field(default_factory=dict)
    """client id -> what may still fill."""

    @property
    def open(self) -> Decimal:
        """What own orders may still fill."""
        return sum(self._open.values(), ZERO)

    @property
    def room(self) -> Decimal:
        """start + adds - sold - open; a new order may not be larger."""
        return self.bound - self.sold - self.open

    def leaving(self, intent: OrderIntent | AmendOrder) -> None:
        """An order, or an amendment, is about to leave."""
        left = intent.qty - self._filled.get(intent.client_id, ZERO)
        self._open[intent.client_id] = max(left, self._open.get(intent.client_id, ZERO))

    def adopt(self, update: OrderUpdate) -> None:
        """An order of an earlier run: its past fills are in the row already."""
        self._filled[update.client_id] = update.filled_qty
        self._open[update.client_id] = update.remaining

    def report(self, update: OrderUpdate) -> None:
        """Any report about an own order."""
        known = self._filled.get(update.client_id, ZERO)
        if update.filled_qty > known:
            self._filled[update.client_id] = update.filled_qty
            self.sold += update.filled_qty - known
            if update.exch_ms > self._row_ms:
                self._newer.append((update.exch_ms, update.filled_qty - known))
        if update.status.is_final:
            self._open.pop(update.client_id, None)
        elif update.client_id in self._open:
            self._open[update.client_id] = update.qty - self._filled.get(update.client_id, ZERO)
        self._raise_bound()

    def gone(self, client_id: str) -> None:
        """The order was refused, never left, or is written off."""
        self._open.pop(client_id, None)

    def row(self, qty: Decimal, exch_ms: int) -> None:
        """The leg's quantity (absolute) as the exchange told it at ``exch_ms``; older rows are ignored."""
        if exch_ms < self._row_ms:
            return
        self._row, self._row_ms = qty, exch_ms
        self._newer = [fill for fill in self._newer if fill[0] > exch_ms]
        self._raise_bound()

    def _raise_bound(self) -> None:
        sold_by_row = self.sold - sum((qty for _, qty in self._newer), ZERO)
        self.bound = max(self.bound, self._row + sold_by_row)

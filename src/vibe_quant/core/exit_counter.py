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
UNTOLD = Decimal("Infinity")  # the fall of a first row: any own fill of its millisecond may be in it
KEPT = 2000  # ended orders remembered for late reports


@dataclass(slots=True)
class _Counted:
    """One own order; ``ended``: reported final; ``gone``: refused, never left or written off, which a report undoes."""

    qty: Decimal = ZERO
    amend_qty: Decimal = ZERO
    filled: Decimal = ZERO
    exch_ms: int = -1
    ended: bool = False
    gone: bool = False

    @property
    def remaining(self) -> Decimal:
        return max(ZERO, self.qty - self.filled, self.amend_qty - self.filled)


@dataclass(slots=True)
class ExitCounter:
    """One leg's counter; all quantities in the base asset.

    ``bound`` is start + adds, computed as the greatest row + sold up to that row, so that an enlargement between two
    rows is seen although own fills fell between them too.  Of the fills of a row's own millisecond, as much counts as
    sold up to it as the rows of that millisecond have fallen.
    """

    bound: Decimal = ZERO
    sold: Decimal = ZERO
    _row: Decimal = ZERO
    _row_ms: int = -1
    _fallen: Decimal = ZERO
    """What the rows of ``_row_ms`` have fallen by."""
    _newer: list[tuple[int, Decimal]] = field(default_factory=list)
    """Own fills not older than the last row: (exchange time, quantity)."""
    _orders: dict[str, _Counted] = field(default_factory=dict)
    _live: dict[str, None] = field(default_factory=dict)
    _over: dict[str, None] = field(default_factory=dict)

    @property
    def open(self) -> Decimal:
        """What own orders may still fill."""
        return sum((self._orders[client_id].remaining for client_id in self._live), ZERO)

    @property
    def room(self) -> Decimal:
        """start + adds - sold - open; a new order may not be larger."""
        return self.bound - self.sold - self.open

    def leaving(self, intent: OrderIntent | AmendOrder) -> None:
        """An order, or an amendment, is about to leave."""
        order = self._orders.setdefault(intent.client_id, _Counted())
        if isinstance(intent, AmendOrder):
            order.amend_qty = intent.qty
        else:
            order.qty = intent.qty
        self._sort(intent.client_id)

    def adopt(self, update: OrderUpdate) -> None:
        """An order of an earlier run, before this report of it is counted: its past fills are in the row already."""
        filled = update.filled_qty - update.last_qty
        self._orders[update.client_id] = _Counted(update.qty, filled=filled, gone=update.status.is_final)
        self._sort(update.client_id)

    def report(self, update: OrderUpdate) -> None:
        """Any report about an own order."""
        order = self._orders.setdefault(update.client_id, _Counted())
        if update.filled_qty > order.filled:
            self._sell(update.filled_qty - order.filled, update.exch_ms)
            order.filled = update.filled_qty
        if update.status.is_final:
            order.ended = True
        elif update.exch_ms >= order.exch_ms:
            order.gone, order.exch_ms = False, update.exch_ms
            if update.amended:
                order.qty, order.amend_qty = update.qty, ZERO
            order.qty = max(order.qty, update.qty)
        self._sort(update.client_id)

    def unamended(self, client_id: str) -> None:
        """The amendment was refused, or never left."""
        if client_id in self._orders:
            self._orders[client_id].amend_qty = ZERO

    def gone(self, client_id: str) -> None:
        """The order was refused, never left, or is written off."""
        if client_id in self._orders:
            self._orders[client_id].gone = True
            self._sort(client_id)

    def row(self, qty: Decimal, exch_ms: int) -> None:
        """The leg's quantity (absolute) as the exchange told it at ``exch_ms``; older rows are ignored."""
        if exch_ms < self._row_ms:
            return
        if exch_ms > self._row_ms:
            first = self._row_ms < 0
            between = sum((fill for ms, fill in self._newer if self._row_ms < ms < exch_ms), ZERO)
            self._newer = [fill for fill in self._newer if fill[0] >= exch_ms]
            self._fallen = UNTOLD if first else max(ZERO, self._row - between - qty)
        else:
            self._fallen += max(ZERO, self._row - qty)
        self._row, self._row_ms = qty, exch_ms
        self._raise_bound()

    def read(self, qty: Decimal, exch_ms: int) -> None:
        """The leg's quantity as a REST read that counts has it: it left after every fill known here, and has it in."""
        if exch_ms < self._row_ms or self._row_ms < 0:
            return self.row(qty, exch_ms)
        unseen = sum((fill for ms, fill in self._newer if ms > self._row_ms), ZERO)
        same = sum((fill for ms, fill in self._newer if ms == self._row_ms), ZERO)
        unheard = max(ZERO, self._fallen - same) if exch_ms == self._row_ms else ZERO
        self._fallen = unheard + max(ZERO, self._row - unseen - qty)
        self._newer.clear()
        self._row, self._row_ms = qty, exch_ms
        return self._raise_bound()

    def _sell(self, qty: Decimal, exch_ms: int) -> None:
        self.sold += qty
        if exch_ms >= self._row_ms:
            self._newer.append((exch_ms, qty))
        self._raise_bound()

    def _raise_bound(self) -> None:
        """Raise it to what the row says: a fill newer than that, or of its moment and not in it, is not sold yet."""
        newer = sum((qty for ms, qty in self._newer if ms > self._row_ms), ZERO)
        same = sum((qty for ms, qty in self._newer if ms == self._row_ms), ZERO)
        self.bound = max(self.bound, self._row + self.sold - newer - max(ZERO, same - self._fallen))

    def _sort(self, client_id: str) -> None:
        """Keep live and ended orders apart, and forget the oldest of the ended."""
        order = self._orders[client_id]
        if not (order.ended or order.gone):
            self._over.pop(client_id, None)
            self._live[client_id] = None
            return
        self._live.pop(client_id, None)
        self._over[client_id] = None
        if len(self._over) > KEPT:
            oldest = next(iter(self._over))
            del self._over[oldest], self._orders[oldest]

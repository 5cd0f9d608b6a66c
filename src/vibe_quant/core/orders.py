"""The ledger of own orders: recorded before the request leaves, merged by rule from REST and stream alike.

Filled never falls, a final state is final, an older exchange time loses.  An order that was written off keeps its
entry, so that a late report is still booked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from vibe_quant.domain.enums import ExecutionMode, OrderStatus, OrderType, PositionSide, SignalReason
from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import OrderIntent

ZERO = Decimal(0)
KEPT = 2000  # ended orders remembered for late reports
Changes = dict[str, Any]
"""Fields of an order and their new values: one copy of it with all of them costs a quarter of one copy for each."""


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """One own closing order as far as it is known.

    ``status`` None: the request left and nothing was heard yet.  ``written_off``: ended by an answer or by silence, not
    by a report; a report that the order lives undoes it.  ``amend_qty``: the total of an amendment under way.
    ``heard_ms`` is when the newest report of it came, monotonic ms.
    ``notional`` is the quote value of ``priced_qty``: of the known trades, and of what a report told the average of
    (``averaged_qty``, the first so much that filled).  ``fees`` is what each asset was charged for the known trades.
    """

    client_id: str
    symbol: str
    side: PositionSide
    order_type: OrderType
    qty: Decimal
    price: Decimal | None
    mode: ExecutionMode | None
    reason: SignalReason | None
    sent_ms: int
    timestamp_ms: int
    status: OrderStatus | None = None
    filled: Decimal = ZERO
    exch_ms: int = 0
    heard_ms: int = 0
    order_id: int = 0
    written_off: bool = False
    amend_qty: Decimal | None = None
    amendable: bool = True
    notional: Decimal = ZERO
    priced_qty: Decimal = ZERO
    averaged_qty: Decimal = ZERO
    fees: tuple[tuple[str, Decimal], ...] = ()
    realized_pnl: Decimal = ZERO
    maker_qty: Decimal = ZERO
    trades_qty: Decimal = ZERO

    @property
    def is_final(self) -> bool:
        """True where nothing more can fill."""
        return self.written_off or (self.status is not None and self.status.is_final)

    @property
    def remaining(self) -> Decimal:
        """What may still fill: nothing once final, else the quantity (or the larger one under amendment) less fills."""
        if self.is_final:
            return ZERO
        return max(ZERO, max(self.qty, self.amend_qty or ZERO) - self.filled)

    def since(self, told: OwnOrder) -> OwnOrder:
        """The same with the sums of only what has come since ``told``, an earlier state of it."""
        before = dict(told.fees)
        return replace(
            self,
            filled=self.filled - told.filled,
            notional=self.notional - told.notional,
            priced_qty=self.priced_qty - told.priced_qty,
            fees=tuple((asset, fee - before.get(asset, ZERO)) for asset, fee in self.fees if fee != before.get(asset)),
            realized_pnl=self.realized_pnl - told.realized_pnl,
            maker_qty=self.maker_qty - told.maker_qty,
            trades_qty=self.trades_qty - told.trades_qty,
        )

    @property
    def fee_asset(self) -> str:
        """The asset of the first fee; empty without any."""
        return self.fees[0][0] if self.fees else ""

    @property
    def fee(self) -> Decimal:
        """What was charged in ``fee_asset``; ``fees`` has the others, where the asset changed between two trades."""
        return self.fees[0][1] if self.fees else ZERO

    @property
    def avg_price(self) -> Decimal | None:
        """Average price of the fills whose price is known; None without any."""
        return self.notional / self.priced_qty if self.priced_qty > 0 else None


@dataclass(frozen=True, slots=True)
class Merge:
    """What one report changed: the order before and after, and the quantity newly known to be filled."""

    before: OwnOrder
    after: OwnOrder
    filled: Decimal


def from_intent(intent: OrderIntent, now: int) -> OwnOrder:
    """The ledger's entry of an order that is about to leave."""
    return OwnOrder(
        client_id=intent.client_id,
        symbol=intent.symbol,
        side=intent.position_side,
        order_type=intent.order_type,
        qty=intent.qty,
        price=intent.price,
        mode=intent.mode,
        reason=intent.reason,
        sent_ms=now,
        timestamp_ms=intent.timestamp_ms,
    )


def from_report(update: OrderUpdate, now: int) -> OwnOrder:
    """An entry for an own order of an earlier run, adopted from the exchange's report before that is merged.

    What had filled before counts as known; the trade that this report brings, if any, is still to be merged.
    """
    return OwnOrder(
        client_id=update.client_id,
        symbol=update.symbol,
        side=update.position_side,
        order_type=update.order_type,
        qty=update.qty,
        price=update.price,
        mode=None,
        reason=None,
        sent_ms=now,
        timestamp_ms=update.exch_ms,
        filled=update.filled_qty - update.last_qty,
    )


def merge(order: OwnOrder, update: OrderUpdate, *, new_trade: bool) -> OwnOrder:
    """The order after a report; ``new_trade`` says that the report's trade has not been booked before.

    A final report is believed whatever its time (an order cannot come back to life), a live one only if none was
    final and it is not older than what is known.  A quantity above the known one is believed even if the amendment
    was thought to have failed: law 4 counts with the larger.
    """
    news: Changes = {
        "filled": max(order.filled, update.filled_qty),
        "order_id": order.order_id or update.order_id,
        "heard_ms": max(order.heard_ms, update.recv_ms),
        **_standing(order, update),
    }
    if new_trade:
        news |= _trade(order, update)
    priced = news.get("priced_qty", order.priced_qty)
    return replace(order, **(news | _averaged(news["filled"], priced, update)))


def _standing(order: OwnOrder, update: OrderUpdate) -> Changes:
    """Status, time, price and quantity, where the report is believed."""
    if order.is_final and not order.written_off:
        return {}
    if update.status.is_final:
        return {"status": update.status, "exch_ms": max(order.exch_ms, update.exch_ms), "written_off": False}
    if order.status is not None and update.exch_ms < order.exch_ms:
        return {}
    news: Changes = {"status": update.status, "exch_ms": update.exch_ms, "written_off": False}
    if update.price > 0:
        news["price"] = update.price
    if update.amended:
        return news | {"qty": update.qty, "amend_qty": None}
    return news | {"qty": max(order.qty, update.qty)}


def _averaged(filled: Decimal, priced: Decimal, update: OrderUpdate) -> Changes:
    """The average price of all that has filled, where some trade of it was not heard; an older average is not taken."""
    if not update.avg_price or update.filled_qty < filled or priced >= filled:
        return {}
    return {"notional": filled * update.avg_price, "priced_qty": filled, "averaged_qty": filled}


def _trade(order: OwnOrder, update: OrderUpdate) -> Changes:
    priced = ZERO if update.filled_qty <= order.averaged_qty else update.last_qty
    return {
        "notional": order.notional + priced * update.last_price,
        "priced_qty": order.priced_qty + priced,
        "trades_qty": order.trades_qty + update.last_qty,
        "maker_qty": order.maker_qty + (update.last_qty if update.is_maker else ZERO),
        "fees": _charge(order.fees, update),
        "realized_pnl": order.realized_pnl + update.realized_pnl,
    }


def _charge(fees: tuple[tuple[str, Decimal], ...], update: OrderUpdate) -> tuple[tuple[str, Decimal], ...]:
    if update.fee == 0:
        return fees
    sums = dict(fees)
    sums[update.fee_asset] = sums.get(update.fee_asset, ZERO) + update.fee
    return tuple(sums.items())


class OrderLedger:
    """All own orders of the account by client id."""

    def __init__(self) -> None:
        self._orders: dict[str, OwnOrder] = {}
        self._live: dict[str, dict[str, None]] = {}  # by symbol: each is asked about after every report
        self._ended: dict[str, None] = {}
        self._trades: dict[str, set[int]] = {}

    def record(self, order: OwnOrder) -> None:
        """Remember an order before its request leaves.

        Raises:
            ValueError: the client id was used before.
        """
        if order.client_id in self._orders:
            raise ValueError(f"client id {order.client_id} was used before")
        self._store(order)

    def get(self, client_id: str) -> OwnOrder | None:
        """The order of a client id, ended ones included."""
        return self._orders.get(client_id)

    def live(self, symbol: str, side: PositionSide) -> Iterator[OwnOrder]:
        """Orders of a side that may still fill, in the order in which they were sent."""
        orders = (self._orders[client_id] for client_id in tuple(self._live.get(symbol, ())))
        yield from (order for order in orders if order.side is side)

    def count(self, symbol: str) -> int:
        """How many orders of a symbol may still fill."""
        return len(self._live.get(symbol, ()))

    def remaining(self, symbol: str, side: PositionSide) -> Decimal:
        """Sum of what own live and doubtful orders of a side may still fill."""
        return sum((order.remaining for order in self.live(symbol, side)), ZERO)

    def merge(self, update: OrderUpdate) -> Merge | None:
        """Book a report; None where the order is not known here."""
        before = self._orders.get(update.client_id)
        if before is None:
            return None
        new_trade = update.last_qty > 0 and self._first_sight(update)
        after = merge(before, update, new_trade=new_trade)
        self._store(after)
        return Merge(before, after, after.filled - before.filled)

    def refuse(self, client_id: str) -> OwnOrder | None:
        """The exchange refused the order, or it never left: nothing of it can fill."""
        return self._finish(client_id, OrderStatus.REJECTED)

    def write_off(self, client_id: str) -> OwnOrder | None:
        """The exchange says, late enough, that it has no such order."""
        return self._finish(client_id)

    def amending(self, client_id: str, qty: Decimal) -> None:
        """An amendment to ``qty`` is under way, until a report says that it was done."""
        self._store(replace(self._orders[client_id], amend_qty=qty))

    def unamended(self, client_id: str, *, for_good: bool = False) -> None:
        """The amendment came to nothing; ``for_good``: so would any other of this order."""
        order = self._orders[client_id]
        self._store(replace(order, amend_qty=None, amendable=order.amendable and not for_good))

    def _finish(self, client_id: str, status: OrderStatus | None = None) -> OwnOrder | None:
        order = self._orders.get(client_id)
        if order is None or order.is_final:
            return order
        order = replace(order, status=status or order.status, written_off=True)
        self._store(order)
        return order

    def _first_sight(self, update: OrderUpdate) -> bool:
        seen = self._trades.setdefault(update.client_id, set())
        if update.trade_id in seen:
            return False
        seen.add(update.trade_id)
        return True

    def _store(self, order: OwnOrder) -> None:
        self._orders[order.client_id] = order
        live = self._live.setdefault(order.symbol, {})
        if not order.is_final:
            self._ended.pop(order.client_id, None)
            live[order.client_id] = None
            return
        live.pop(order.client_id, None)
        self._ended[order.client_id] = None
        if len(self._ended) > KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest], self._orders[oldest]
            self._trades.pop(oldest, None)

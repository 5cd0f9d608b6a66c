"""Looks after the discretionary order that rests: what may end it before its time, and when it is amended."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core.order_plan import OrderPlan
from vibe_quant.core.orders import OwnOrder
from vibe_quant.core.pricing import Priced
from vibe_quant.core.strategies.port import WorkingOrder
from vibe_quant.domain.enums import ExecutionMode, PositionSide
from vibe_quant.domain.intents import AmendOrder, Intent

if TYPE_CHECKING:
    from vibe_quant.core.side import Side


class Upkeep:
    """One a side."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._seen: tuple[OwnOrder, WorkingOrder] | None = None

    def tend(self, now: int) -> list[Intent]:
        """A closed gate, soft risk or its strategy may end the resting order; a maker order may be amended."""
        side = self._side
        order = side.execution.waiting
        plan = None if order is None else side.plans.get(order.client_id)
        if order is None or plan is None or plan.urgent:
            return []
        reason = self._unwanted(order, plan, now)
        if reason is None:
            amend = plan.mode is ExecutionMode.MAKER_ONLY and side.settings.execution.amend
            return self._amended(order, plan, now) if amend else []
        held_back = side.house.pacing.may_cancel(now)
        if held_back is not None:
            side.gate.note(held_back, now)
            return []
        return side.withdraw(reason, now)

    def is_out_of_place(self, plan: OrderPlan) -> bool:
        """By new settings it would close what is to be kept, or its strategy is gone and it has no end of life."""
        side = self._side
        left = side.leg.qty - side.house.orders.remaining(side.symbol, side.side)
        return left < side.target or (plan.outdated and plan.ttl_ms is None)

    def _unwanted(self, order: OwnOrder, plan: OrderPlan, now: int) -> str | None:
        side = self._side
        reason = side.gate.closed(now)
        if reason is not None:
            return side.gate.words(reason)
        if plan.mode is ExecutionMode.MAKER_ONLY and side.is_soft:
            return "soft risk: at least aggressive"
        if side.ctx is None or plan.signal is None:
            return None
        side.ctx.open_qty = side.leg.qty - side.target
        return side.signal.keep(side.ctx, self._as_seen(order, plan), now)

    def _as_seen(self, order: OwnOrder, plan: OrderPlan) -> WorkingOrder:
        """The order for its strategy; made anew only where a report has replaced the ledger's entry."""
        if self._seen is None or self._seen[0] is not order:
            seen = WorkingOrder(order.price, order.qty, order.filled, order.sent_ms, plan.mode, plan.reason)
            self._seen = (order, seen)
        return self._seen[1]

    def _amended(self, order: OwnOrder, plan: OrderPlan, now: int) -> list[Intent]:
        """An amendment where the touch has left a maker order whose price its mode would choose otherwise now."""
        side = self._side
        fixed = plan.signal is not None and plan.signal.price is not None
        if order.amend_qty is not None or not order.amendable or side.discretion is None or fixed:
            return []
        if order.price is None or not self._touch_left(order.price) or side.patience.held(now) is not None:
            return []
        at_touch = plan.signal is not None and plan.signal.at_touch
        priced = side.discretion.priced(side.circumstances(ExecutionMode.MAKER_ONLY), at_touch=at_touch)
        if not isinstance(priced, Priced) or priced.price == order.price:
            return []
        intent = AmendOrder(side.symbol, side.side, order.client_id, order.qty, priced.price)
        return side.settle(side.release.amend(intent, now), now)

    def _touch_left(self, price: Decimal) -> bool:
        """Our side's touch is better than ``price``."""
        view = self._side.desk.view
        if self._side.side is PositionSide.LONG:
            return view.ask is not None and view.ask < price
        return view.bid is not None and view.bid > price

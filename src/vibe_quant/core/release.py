"""The last line before an order leaves the core: law 4, the independent counter, the budgets, the record."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.core.execution import ExecutionEngine, Out
from vibe_quant.core.house import House
from vibe_quant.core.order_plan import NoPlan, OrderPlan
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import AmendOrder, Halt, Notify, OrderIntent

LAW_4 = "law 4"


class Release:
    """One a side.  A plan that breaks law 4 or the counter is a defect of this program: discretion halts."""

    def __init__(self, house: House, symbol: str, side: PositionSide, execution: ExecutionEngine) -> None:
        self._house = house
        self._symbol = symbol
        self._side = side
        self._execution = execution

    @property
    def room(self) -> Decimal:
        """|position| less what own live and doubtful orders may still fill; base asset."""
        leg = self._house.account.leg(self._symbol, self._side)
        return leg.qty - self._house.orders.remaining(self._symbol, self._side)

    def submit(self, plan: OrderPlan, now: int) -> list[Out] | NoPlan:
        """Let the order leave; NoPlan where a budget holds it back for now."""
        held = self._house.pacing.may_order(now, plan.urgent)
        if held is not None:
            return NoPlan(held)
        broken = self._broken(plan)
        if broken is not None:
            return broken
        intent = OrderIntent(
            symbol=self._symbol,
            position_side=self._side,
            client_id=self._house.new_order_id(),
            order_type=plan.order_type,
            qty=plan.qty,
            price=plan.price,
            time_in_force=plan.time_in_force,
            mode=plan.mode,
            reason=plan.reason,
            timestamp_ms=self._house.server_ms(now),
            price_match=plan.match,
        )
        out = self._execution.submit(intent, plan.ttl_ms, plan.cooldown_ms, now)
        self._house.counter(self._symbol, self._side).leaving(intent)
        self._house.pacing.ordered(now, plan.urgent)
        return out

    def amend(self, intent: AmendOrder, now: int) -> list[Out]:
        """Let an amendment leave; nothing where a budget holds it back."""
        if self._house.pacing.may_order(now) is not None:
            return []
        self._house.orders.amending(intent.client_id, intent.qty)
        self._house.counter(self._symbol, self._side).leaving(intent)
        self._house.pacing.ordered(now)
        return [intent]

    def _broken(self, plan: OrderPlan) -> list[Out] | None:
        """The halt where a law would be broken; the counter does not hold back what is urgent, law 4 does."""
        if plan.qty <= 0 or plan.qty > self.room:
            return self._halt(LAW_4, plan, self.room)
        room = self._house.counter(self._symbol, self._side).room
        if plan.qty > room and not plan.urgent:
            return self._halt("the independent counter", plan, room)
        return None

    def _halt(self, law: str, plan: OrderPlan, room: Decimal) -> list[Out]:
        reason = f"{law}: an order of {plan.qty} was to leave where {room} may"
        text = (
            f"{self._symbol} {self._side}: {reason}. It was not sent; discretionary orders of this side have stopped, "
            "panic and the protective stop go on. Compare position and orders with the exchange, then resume."
        )
        facts = (("qty", str(plan.qty)), ("room", str(room)), ("reason", plan.reason.value))
        return [
            Notify(NoticeKind.HALT, Severity.ALARM, text, self._symbol, self._side, facts),
            Halt(self._symbol, self._side, reason),
        ]

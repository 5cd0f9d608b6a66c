"""Why a side does what it does: the gate that holds it back, or the order it acted on last, with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.core.order_plan import Acted
from vibe_quant.core.order_states import Cooldown
from vibe_quant.core.why_gates import GATES
from vibe_quant.core.why_orders import ORDERS
from vibe_quant.domain.advice import ACTED, ADVICE
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.side_view import WhyView
from vibe_quant.domain.status import Facts

if TYPE_CHECKING:
    from vibe_quant.core.side import Side

INPUTS = {**GATES, **ORDERS}
"""Reason -> what decided; every reason has its row."""


def why(side: Side, now: int) -> WhyView:
    """Looked at when somebody asks, never on the way to an order."""
    acted = side.acted
    blocked, since = _blocked(side, now)
    counts = tuple((reason.value, count) for reason, count in side.gate.counts.items())
    last, last_ms = (None, None) if acted is None else (acted.plan.reason.value, acted.at_ms)
    if blocked is None and acted is not None:
        reason = acted.plan.reason
        return WhyView(True, reason.value, _of(acted), acted.at_ms, counts, last, last_ms, ACTED[reason])
    gate = blocked or Blocked.NOT_LOOKED
    facts = INPUTS[gate](side, now)
    return WhyView(False, side.gate.words(gate), facts, since, counts, last, last_ms, ADVICE[gate])


def _blocked(side: Side, now: int) -> tuple[Blocked | None, int | None]:
    """What holds it back, and since when."""
    reason = side.gate.reason
    if not side.is_active:
        noted = side.gate.since_ms
        found = Blocked.FLAT if side.leg.known else side.gate.closed(now) or Blocked.UNKNOWN
        return found, noted if found is reason else None
    state = side.execution.state
    if reason is None and isinstance(state, Cooldown) and now < state.until_ms:
        began = None if side.acted is None else state.until_ms - side.acted.plan.cooldown_ms
        return Blocked.COOLDOWN, began
    return reason, side.gate.since_ms


def _of(acted: Acted) -> Facts:
    """The newest order, and what it was decided by."""
    plan, flag = acted.plan, acted.flag
    price = plan.match or plan.price or plan.order_type
    facts = [
        ("order", acted.client_id),
        ("qty", str(plan.qty)),
        ("price", str(price)),
        ("mode", plan.mode.value),
        ("bid", str(acted.bid)),
        ("ask", str(acted.ask)),
    ]
    if plan.signal is not None:
        facts.append(("strategies", ", ".join(plan.signal.strategies)))
    if flag.dist is not None:
        facts.append(("dist", f"{flag.dist:.4f}"))
    if flag.tier is not None:
        facts.append(("panic_tier", str(flag.tier + 1)))
    return tuple(facts)

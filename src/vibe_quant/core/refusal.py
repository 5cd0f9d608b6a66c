"""What a refused order's code asks of its side beyond counting it: wait, read, leave room, say, or halt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.core.execution import Ended
from vibe_quant.core.order_plan import OrderPlan
from vibe_quant.core.patience import is_momentary
from vibe_quant.core.tally import QUEUE_REFUSED
from vibe_quant.core.urgent import TRIES
from vibe_quant.domain.codes import Reaction, meaning_of, reaction_of
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import CancelOrder, Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.side import Side

OF_RULES = frozenset({Reaction.REROUND, Reaction.RESIZE, Reaction.DUST, Reaction.RELOAD})


def defect(code: int) -> str:
    """Why a path stops that sends what the exchange calls malformed."""
    return f"a request was malformed ({code}: {meaning_of(code)}), which is a defect of this program: report it"


class Refusal:
    """One a side."""

    def __init__(self, side: Side) -> None:
        self._side = side

    def react(self, ended: Ended, plan: OrderPlan | None, now: int) -> list[Intent]:
        """The exchange did not take the order; what the key and the account must answer for is seen to elsewhere."""
        side, code = self._side, ended.code
        if code == QUEUE_REFUSED and plan is not None and plan.match is not None:
            return self._unmatched(plan)
        if is_momentary(code):
            return self._later(code, plan, now)
        side.patience.passed()
        reaction = reaction_of(code)
        if reaction in OF_RULES:
            if plan is not None and plan.urgent and side.rescue.backoff.too_small > TRIES:
                return []  # neither way is taken: rules that are a megabyte were read for that already
            return side.desk.rulebook.doubt(f"an order was refused with {code}", now)
        if reaction in (Reaction.FIX, Reaction.HALT_SIDE):
            return self._halted(reaction, code)
        if reaction in (Reaction.RESYNC, Reaction.CLEAR, Reaction.OVER_CLOSE):
            side.house.sync.surprise(now, f"an order was refused with {code}")
        if reaction is Reaction.CLEAR:
            return [self._crowded(code)]
        return self._over_closed(code, plan) if reaction is Reaction.OVER_CLOSE else []

    def _unmatched(self, plan: OrderPlan) -> list[Intent]:
        """QUEUE with post-only may not exist; a match that is urgent is followed by a price of ours."""
        side = self._side
        if plan.urgent:
            return []
        text = f"{side.symbol} {side.side}: QUEUE pricing is refused for post-only; at_touch is used instead."
        return [Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text, side.symbol, side.side)]

    def _later(self, code: int, plan: OrderPlan | None, now: int) -> list[Intent]:
        """No refusal: discretion waits, panic has its own pace."""
        side = self._side
        if plan is not None and not plan.urgent:
            side.patience.failed(now, f"{meaning_of(code)} ({code})")
        return [*side.house.troubles.met(code, now)]

    def _halted(self, reaction: Reaction, code: int) -> list[Intent]:
        side = self._side
        if side.gate.halted is not None:
            return []
        return side.aftermath.halt(defect(code) if reaction is Reaction.FIX else f"{meaning_of(code)} ({code})")

    def _crowded(self, code: int) -> Notify:
        side = self._side
        text = (
            f"{side.symbol} {side.side}: an order was refused, {meaning_of(code)} ({code}). The account is read and "
            "whatever an earlier run of ours has left is cancelled; cancel orders of your own if it goes on."
        )
        return Notify(NoticeKind.MISMATCH, Severity.ALARM, text, side.symbol, side.side)

    def _over_closed(self, code: int, plan: OrderPlan | None) -> list[Intent]:
        side = self._side
        side.tally.claimed = True
        foreign = side.house.foreign.closers(side.symbol, side.side)
        if not foreign:
            return []
        if plan is not None and plan.urgent and side.settings.risk.panic_close.may_cancel_foreign:
            return [CancelOrder(side.symbol, order.client_id, "panic needs its quantity") for order in foreign]
        return self._claimed(code)

    def _claimed(self, code: int) -> list[Intent]:
        side = self._side
        if side.tally.claim_said:
            return []
        side.tally.claim_said = True
        claimed = side.house.foreign.claimed(side.symbol, side.side)
        text = (
            f"{side.symbol} {side.side}: the exchange refused an order ({code}); orders that are not ours claim "
            f"{claimed} of {side.leg.qty}. They are left alone; only what they leave is worked. Cancel them to free it."
        )
        facts = (("claimed", str(claimed)), ("qty", str(side.leg.qty)))
        return [Notify(NoticeKind.MISMATCH, Severity.ALARM, text, side.symbol, side.side, facts)]

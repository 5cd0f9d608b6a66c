"""Works a leg that is in danger: panic, a stop gone through, what a fired stop has left; discretion rests meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.core.order_plan import NoPlan
from vibe_quant.core.order_states import Doubtful
from vibe_quant.core.urgent import Asked, Backoff, from_panic, gone_through, urgent_plan
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.rules import SymbolRules

if TYPE_CHECKING:
    from vibe_quant.core.side import Side


class Rescue:
    """One a side."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self.backoff = Backoff()

    def work(self, now: int) -> list[Intent]:
        """Act on the most urgent wish: clear the way of discretionary orders and of the other leg, then send."""
        side = self._side
        held = self._held(now)
        if held is not None:
            side.gate.note(held, now)
            return []
        plan, state = side.plan, side.execution.state
        if plan is not None and not plan.urgent and not isinstance(state, Doubtful):
            side.gate.note(None, now)
            return side.withdraw("panic", now)
        rules = side.desk.rulebook.rules
        if not side.execution.panic_may_submit or rules is None:
            side.gate.note(Blocked.NO_RULES if rules is None else self._under_way(), now)
            return []
        asked = self._asked(now)
        side.context(rules, now)
        return side.desk.pair.clear_other_leg(side.side, now) + self._sent(self.backoff.priced(asked), rules, now)

    def _held(self, now: int) -> Blocked | None:
        """Why not even an urgent wish is acted on now."""
        side = self._side
        if side.house.stopping or side.gate.retired:
            return Blocked.STOPPING if side.house.stopping else Blocked.RETIRED
        if side.leg.qty <= 0:
            return Blocked.FLAT
        if side.stop.firing(now):
            return Blocked.FIRING
        if side.house.paused(side.symbol, now, panic=True):
            return Blocked.PANIC_PAUSED
        return Blocked.PANIC_BACKOFF if now < self.backoff.ready_ms else None

    def _under_way(self) -> Blocked | None:
        """An order lives and is waited for; of two that may, one at least is in doubt."""
        return Blocked.DOUBT if self._side.execution.is_doubtful else None

    def _asked(self, now: int) -> Asked:
        """The most urgent wish there is."""
        side = self._side
        if side.stop.exit_now:
            return gone_through(side.leg.qty, side.panic.ttl_ms)
        fresh = side.desk.view.stale(now) is None
        plan = side.panic.plan(now, book_fresh=fresh)
        if plan is None:
            plan = side.panic.remainder_plan(side.leg.qty, book_fresh=fresh)
        return from_panic(plan, side.leg.qty)

    def _sent(self, asked: Asked, rules: SymbolRules, now: int) -> list[Intent]:
        """What law 4 and foreign closers leave; all that law 4 leaves, where they are said to leave nothing."""
        side = self._side
        room = side.release.room
        wanted = urgent_plan(asked, side.leg, side.desk.view, rules, room - side.claimed)
        if isinstance(wanted, NoPlan):  # what we know of foreign orders may be outdated: try all the same
            wanted = urgent_plan(asked, side.leg, side.desk.view, rules, room)
        if isinstance(wanted, NoPlan):
            side.gate.note(wanted.reason, now)
            return []
        return side.send(wanted, now)

"""One look at a leg's stops: what rests against what should, the next request, and what the side has to know.

What is wanted: core/stop_course.py.  Which step leads there: the table of core/stop_plan.py.  What rests:
core/stop_ledger.py.  The request under way: core/stop_desk.py.  The user's own stops: core/takeover.py.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import assert_never

from vibe_quant.core.stop_alarm import StopAlarm
from vibe_quant.core.stop_course import StopCourse, Through
from vibe_quant.core.stop_desk import Backoff, StopDesk
from vibe_quant.core.stop_ledger import OwnStop
from vibe_quant.core.stop_plan import Cancel, Keep, Place, Step, Wait
from vibe_quant.core.takeover import Takeover
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import FetchSnapshot, Intent
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.rules import SymbolRules

QUIET_MS = 2000
FIRST_READ_MS = 5000
RETRY_MS = 1000
ZERO = Decimal(0)


class StopWork:
    """State of one (symbol, side).

    For the side: ``exit_now`` (the price is going through: exit at once, priceMatch OPPONENT_5), ``remainder`` (what a
    fired stop has left is worked as in the last panic tier), ``standing`` and ``firing(now)``.
    """

    def __init__(
        self,
        symbol: str,
        side: PositionSide,
        settings: ProtectiveStopSettings,
        rules: SymbolRules | None,
        new_id: Callable[[str, PositionSide], str],
        is_own: Callable[[str], bool],
    ) -> None:
        self.symbol = symbol
        self.side = side
        self.exit_now = False
        self.remainder = False
        self.is_own = is_own
        self.course = StopCourse(side, settings, rules)
        self.desk = StopDesk(symbol, side, new_id, is_own)
        self.takeover = Takeover(side, settings.external_takeover, is_own)
        self.alarm = StopAlarm(symbol, side)
        self.stream_up = True
        self.since_ms = 0
        self.firing_ms: int | None = None
        self.finished_ms: int | None = None
        self.ask_leg_ms: int | None = None
        self.leg_asked = False
        self.wake_ms: int | None = None

    def firing(self, now: int) -> bool:
        """Within 2 s of TRIGGERING or TRIGGERED: the side cancels its order and sends nothing."""
        return self.firing_ms is not None and now < self.firing_ms

    @property
    def standing(self) -> bool:
        """Whether a stop that closes the whole leg is read back, ours or the user's."""
        if self.takeover.held is not None:
            return True
        need = self.course.qty or ZERO
        return any(s.settled and (s.qty is None or s.qty >= need) for s in self.desk.ledger.stops)

    def gone_through(self, now: int) -> list[Intent]:
        """Even half the distance would trigger at once: the side exits, a stop is tried again a second later."""
        self.exit_now = True
        self.desk.pause = Backoff(self.desk.pause.failures, now + RETRY_MS)
        return self.alarm.through()

    def not_through(self) -> None:
        """The price is not going through the stop's place, or need not be feared any more: no exit for it."""
        self.exit_now = False
        self.alarm.forget("through")

    def finished(self, now: int) -> None:
        """A stop of ours has fired and ended, filled or cancelled: the leg is read before anything is placed."""
        self.finished_ms = self.ask_leg_ms = now

    def lost(self, stop: OwnStop, how: str, now: int) -> list[Intent]:
        """An own stop is over without having finished; said where it stood and we did not cancel it."""
        if stop.status is not None and stop.status.is_firing:
            self.finished(now)
            return []
        if stop.canceling_ms is not None or stop.status is None:
            return []
        self.ask_leg_ms = now
        return self.alarm.lost(stop.trigger, how)

    def act(self, now: int) -> list[Intent]:
        """The look: notices that are due and at most one request."""
        self.desk.expire(now)
        if self.firing_ms is not None and now >= self.firing_ms:
            self.firing_ms = None
            self.desk.want_read(now)
        self.takeover.review(self.course.need, now)
        if not self.course.at_stake or self.takeover.held is not None:
            self.not_through()
        out: list[Intent] = []
        if self.ask_leg_ms is not None and now >= self.ask_leg_ms:
            self.ask_leg_ms = now + RETRY_MS if self.finished_ms is not None else None
            self.leg_asked = True
            out.append(FetchSnapshot(self.symbol, "a protective stop has ended"))
        step = self._step(now)
        out += self._tell(step, now)
        if self.desk.flight is None:
            if self.desk.read_due(now):
                out.append(self.desk.read(now))
            elif now >= self.desk.pause.ready_ms:
                out += self._send(step, now)
        self._sleep(step, now)
        return out

    def _step(self, now: int) -> Step | Through:
        first_read = self.desk.ledger.read_ms is not None or now >= self.since_ms + FIRST_READ_MS
        ended = self.finished_ms is not None and now < self.finished_ms + QUIET_MS
        if self.course.holds and (not first_read or ended or self.firing(now)):
            return Wait()
        return self.course.step(self.desk.ledger.stops, self.takeover, now)

    def _tell(self, step: Step | Through, now: int) -> list[Intent]:
        wanted = self.course.wanted and self.takeover.held is None and not self.firing(now)
        pending = wanted and not isinstance(step, Keep)
        out = self.alarm.judge(pending=pending, standing=pending and self.standing, now=now)
        if wanted and isinstance(step, Keep) and self.course.aim is not None:
            self.not_through()
            out += self.alarm.stands(self.course.aim.price)
        return out

    def _send(self, step: Step | Through, now: int) -> list[Intent]:
        match step:
            case Place(trigger, qty):
                return self._place(trigger, qty, now)
            case Cancel(client_id, reason):
                return [self.desk.cancel(client_id, reason, now)]
            case Through():
                return self.gone_through(now)
            case Keep() | Wait():
                return []
        assert_never(step)

    def _place(self, trigger: Decimal, qty: Decimal | None, now: int) -> list[Intent]:
        aim = self.course.aim
        reason = "protective stop" if qty is None else "bridge while the protective stop is replaced"
        said = self.alarm.halved(trigger) if aim is not None and aim.half else []
        return [*said, self.desk.place(trigger, qty, reason, now)]

    def _sleep(self, step: Step | Through, now: int) -> None:
        """Sets the next moment after ``now`` that is not an answer's."""
        if not self.course.wanted and not self.desk.ledger.stops and self.desk.flight is None:
            self.desk.read_at = None
        held_back = not isinstance(step, Keep | Wait)
        times = [
            self.desk.pause.ready_ms if held_back else None,
            self.firing_ms,
            self.ask_leg_ms,
            None if self.finished_ms is None else self.finished_ms + QUIET_MS,
            self.since_ms + FIRST_READ_MS if self.course.holds else None,
            self.alarm.deadline(),
            self.takeover.deadline(),
            self.course.deadline(),
        ]
        self.wake_ms = min((t for t in times if t is not None and t > now), default=None)

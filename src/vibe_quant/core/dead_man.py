"""When the exchange's countdown (countdownCancelAll) of a symbol is armed, refreshed and switched off.

| state   | what is known                                                           |
|---------|-------------------------------------------------------------------------|
| Off     | no countdown runs                                                       |
| Running | one may run; a call that nobody answered counts as one                  |

The countdown cancels every order of the symbol, the user's own too, and possibly conditional orders: so it runs only
where no foreign order rests, and once it may have run out, the stops are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vibe_quant.domain.enums import NoticeKind, RequestKind, Severity
from vibe_quant.domain.events import DeadManAck, NotSent, Refused, Unknown
from vibe_quant.domain.intents import ArmDeadMan, DisarmDeadMan, Intent, Notify, ReadStops
from vibe_quant.domain.risk_settings import DeadManSettings

IDLE_MS = 5000
ANSWER_MS = 5000
RETRY_MS = 1000
LOUD = 3


@dataclass(frozen=True, slots=True)
class Off:
    """No countdown runs."""


@dataclass(frozen=True, slots=True)
class Running:
    """A countdown may run out from ``fires_ms`` on, and not after ``ends_ms``; the next refresh is at ``call_ms``."""

    fires_ms: int
    ends_ms: int
    call_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A call under way, zero to disarm, and the state to return to if it certainly was not executed."""

    countdown_ms: int
    since_ms: int
    before: Off | Running


class DeadMan:
    """The countdown of one symbol.  Every input returns the intents it causes; ``now`` is monotonic ms.

    ``has_weight(now)``: request weight is left for what can wait.  A refresh can until three quarters of the countdown
    are over, the end of a countdown cannot.
    """

    def __init__(
        self, symbol: str, settings: DeadManSettings, has_weight: Callable[[int], bool] = lambda _: True
    ) -> None:
        self.symbol = symbol
        self.settings = settings
        self._has_weight = has_weight
        self._state: Off | Running = Off()
        self._asked: Asked | None = None
        self._own = 0
        self._foreign = 0
        self._idle_ms = 0
        self._retry_ms = 0
        self._failures = 0
        self._stopping = False

    @property
    def armed(self) -> bool:
        """Whether a countdown may be running."""
        return isinstance(self._state, Running)

    @property
    def at_rest(self) -> bool:
        """Nothing runs, is asked for, or is wanted: the same count at a later moment changes nothing."""
        return isinstance(self._state, Off) and self._asked is None and not self._own

    def on_settings(self, settings: DeadManSettings, now: int) -> list[Intent]:
        """New settings; switched off, a countdown that runs is disarmed, and one of another length is begun at once."""
        if settings.countdown_s != self.settings.countdown_s and isinstance(self._state, Running):
            self._state = replace(self._state, call_ms=now)
        self.settings = settings
        return self._look(now)

    def on_orders(self, own: int, foreign: int, now: int) -> list[Intent]:
        """How many own orders are live and how many foreign ones rest in the symbol; called after each change."""
        if self._own and not own:
            self._idle_ms = now + IDLE_MS
        self._own, self._foreign = own, foreign
        return self._look(now)

    def on_ack(self, ack: DeadManAck, now: int) -> list[Intent]:
        """The exchange confirmed a countdown, or with zero its end; an answer to an earlier call is passed over."""
        asked = self._asked
        if ack.symbol != self.symbol or asked is None or ack.countdown_ms != asked.countdown_ms:
            return []
        self._asked, self._failures = None, 0
        fires = asked.since_ms + asked.countdown_ms
        quarter = asked.since_ms + asked.countdown_ms // 4
        self._state = Running(fires, fires + ANSWER_MS, quarter) if asked.countdown_ms else Off()
        return self._look(now)

    def on_failed(self, answer: Refused | Unknown | NotSent, now: int) -> list[Intent]:
        """A call that was refused, not sent, or whose outcome nobody knows; it is repeated while it is wanted."""
        if answer.symbol != self.symbol or answer.request is not RequestKind.DEAD_MAN or self._asked is None:
            return []
        if not isinstance(answer, Unknown):
            self._state = self._asked.before
        self._failed(now)
        out = self._look(now)
        if self._failures == LOUD:
            why = f"{answer.code} {answer.message}" if isinstance(answer, Refused) else answer.detail
            text = f"The exchange's countdown of {self.symbol} cannot be set or cleared ({why}); it is tried again."
            out.append(Notify(NoticeKind.RISK, Severity.WARNING, text, self.symbol))
        return out

    def on_timer(self, now: int) -> list[Intent]:
        """Refreshes and repeats that are due; the stops are read once a countdown may have run out."""
        return self._look(now)

    def on_stop(self, now: int) -> list[Intent]:
        """The last call of a clean stop, repeated until it is answered; never made on a crash."""
        self._stopping = True
        return self._look(now)

    def deadline(self) -> int | None:
        """The next call, the end of a wait for an answer, or of the 5 s without own orders."""
        if self._asked is not None:
            answered = self._asked.since_ms + ANSWER_MS
            return answered if isinstance(self._state, Off) else min(answered, self._state.fires_ms)
        if isinstance(self._state, Off):
            return self._retry_ms if self._own and self._may_run() else None
        idle = self._idle_ms if not self._own else self._state.call_ms
        return min(self._state.fires_ms, max(self._retry_ms, min(self._state.call_ms, idle)))

    def _may_run(self) -> bool:
        return self.settings.enabled and self._foreign == 0 and not self._stopping

    def _look(self, now: int) -> list[Intent]:
        out: list[Intent] = []
        if isinstance(self._state, Running) and now >= self._state.fires_ms:
            ends = self._state.ends_ms
            self._state = Off() if now >= ends else replace(self._state, fires_ms=ends)
            out.append(ReadStops(self.symbol))
        if self._asked is not None and now - self._asked.since_ms >= ANSWER_MS:
            self._failed(now)
        if self._asked is None and now >= self._retry_ms:
            out += self._call(now)
        return out

    def _call(self, now: int) -> list[Intent]:
        state = self._state
        if self._may_run() and (self._own or (isinstance(state, Running) and now < self._idle_ms)):
            return self._arm(now) if isinstance(state, Off) or now >= state.call_ms else []
        if isinstance(state, Off):
            return []
        self._asked = Asked(0, now, state)
        return [DisarmDeadMan(self.symbol)]

    def _arm(self, now: int) -> list[Intent]:
        countdown = self.settings.countdown_s * 1000
        can_wait = isinstance(self._state, Off) or now < self._state.fires_ms - countdown // 4
        if can_wait and not self._has_weight(now):
            return self._put_off(now + RETRY_MS)
        self._asked = Asked(countdown, now, self._state)
        fires = self._state.fires_ms if isinstance(self._state, Running) else now + countdown
        intent = ArmDeadMan(self.symbol, countdown, refreshes=self.armed)
        self._state = Running(fires, now + countdown + ANSWER_MS, now + countdown // 4)
        return [intent]

    def _failed(self, now: int) -> None:
        """The call is over without success: again after a pause that grows to 10 s."""
        self._asked = None
        self._failures += 1
        self._retry_ms = now + RETRY_MS * min(self._failures, 10)
        self._put_off(self._retry_ms)

    def _put_off(self, at: int) -> list[Intent]:
        """Arm or refresh no earlier than ``at``; nothing for now."""
        if isinstance(self._state, Running):
            self._state = replace(self._state, call_ms=at)
        else:
            self._retry_ms = at
        return []

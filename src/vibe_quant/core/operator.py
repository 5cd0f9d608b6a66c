"""The operator's commands: pause, resume, flatten, reload, stop; events like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from vibe_quant.core import flatten
from vibe_quant.core.house import PauseState
from vibe_quant.core.reload import Reload
from vibe_quant.core.side import Side
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.engine import Engine

Handler = Callable[[Any, int], list[Intent]]


class Operator:
    """Commands were authorised and confirmed before they became events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._house = engine.house
        self._said_goodbye = False

    def table(self) -> dict[type[Any], Handler]:
        """Event type -> handler."""
        return {
            ev.Pause: self._pause,
            ev.Resume: self._resume,
            ev.Flatten: self._flatten,
            ev.Reload: Reload(self._engine).take,
            ev.Stop: self._stop,
        }

    def tick(self, now: int) -> list[Intent]:
        """Pauses that are over end."""
        over = [k for k, p in self._house.pauses.items() if p.until_ms is not None and now >= p.until_ms]
        for key in over:
            del self._house.pauses[key]
        return [self._notice(f"The pause of {key or 'everything'} is over; discretion goes on.", key) for key in over]

    def deadline(self) -> int | None:
        """When the next pause ends."""
        return min((p.until_ms for p in self._house.pauses.values() if p.until_ms is not None), default=None)

    def last_call(self, now: int) -> list[Intent]:
        """After a stop, once no own order can be live: the countdowns are switched off, and it is said."""
        if not self._house.stopping or self._said_goodbye:
            return []
        if not all(side.execution.is_quiet for side in self._sides(None, None)):
            return []
        self._said_goodbye = True
        out = [intent for desk in self._engine.desks.values() for intent in desk.dead_man.on_stop(now)]
        text = "Stopping: no own discretionary order is live any more. Protective stops stay at the exchange."
        return [*out, Notify(NoticeKind.LIFECYCLE, Severity.INFO, text)]

    def _sides(self, symbol: str | None, side: PositionSide | None) -> Iterator[Side]:
        for desk in self._engine.desks.values():
            for key, found in desk.sides.items():
                if symbol in (None, desk.symbol) and side in (None, key):
                    yield found

    def _pause(self, command: ev.Pause, now: int) -> list[Intent]:
        self._house.pauses[command.symbol] = PauseState(command.until_ms, command.panic)
        if self._house.early is not None:
            self._house.early.append(command)
        out: list[Intent] = []
        for side in self._sides(command.symbol, None):
            side.flatten_base, side.flatten_due = None, False
            plan = side.plan
            if command.panic or plan is None or not plan.urgent:
                out += side.withdraw("paused by the operator", now)
        what = command.symbol or "Everything"
        panic = "and panic too: only the stops at the exchange protect now" if command.panic else "panic goes on"
        out.append(self._notice(f"{what} is paused: no discretionary orders; {panic}.", command.symbol))
        return out

    def _resume(self, command: ev.Resume, now: int) -> list[Intent]:  # noqa: ARG002 - a handler's shape
        self._house.pauses.pop(command.symbol, None)
        if command.symbol is None:
            self._house.pauses.clear()
            self._house.halted = None
        for side in self._sides(command.symbol, None):
            side.gate.halted = None
            side.tally.refusals = 0
        still = self._house.halted or ("everything is paused" if None in self._house.pauses else None)
        after = f"resumed, but {still}" if still is not None else "resumed"
        return [self._notice(f"{command.symbol or 'Everything'} is {after}.", command.symbol)]

    def _flatten(self, command: ev.Flatten, now: int) -> list[Intent]:
        if self._house.early is not None:
            self._house.early.append(command)
        out: list[Intent] = []
        for side in self._sides(command.symbol, command.side):
            if not side.gate.retired:
                out += flatten.asked(side, now)
        return out or [self._notice(self._nothing(), command.symbol)]

    def _nothing(self) -> str:
        if self._house.early is None:
            return "There is nothing to flatten."
        return "Nothing is known to hold a position yet; what does is flattened as soon as the account is read."

    def _stop(self, command: ev.Stop, now: int) -> list[Intent]:  # noqa: ARG002 - a handler's shape
        """Cancel what is ours; a second one changes nothing."""
        if self._house.stopping:
            return []
        self._house.stopping = True
        return [intent for side in self._sides(None, None) for intent in side.withdraw("the service is stopping", now)]

    def _notice(self, text: str, symbol: str | None) -> Notify:
        return Notify(NoticeKind.PAUSE, Severity.INFO, text, symbol)

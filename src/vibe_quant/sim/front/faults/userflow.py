"""When and in what order user events are told: late, twice, never, or shuffled; never out of order within a type."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from vibe_quant.sim.front.faults.event_kinds import EventsReordered
from vibe_quant.sim.front.faults.families import EventFault
from vibe_quant.sim.front.faults.log import StrikeLog
from vibe_quant.sim.front.faults.trigger import Trigger
from vibe_quant.sim.front.streams.user_frame import UserFrame

Told = tuple[int, UserFrame]


@dataclass(frozen=True, slots=True)
class EventRule:
    """One declared fault of the user stream, with its memory."""

    spec: EventFault
    name: str
    trigger: Trigger
    random: Random


class UserFlow:
    """Remembers until when each type of event is held back."""

    def __init__(self, log: StrikeLog) -> None:
        """``log`` is told of each strike."""
        self.rules: list[EventRule] = []
        self._log = log
        self._held: dict[str, int] = {}

    def pass_on(self, frames: Sequence[UserFrame], now: int) -> list[Told]:
        """The events of one moment with the times at which they are told, in the order of telling."""
        if not self.rules and not self._held:
            return [(now, frame) for frame in frames]
        told = [item for frame in frames for item in self._struck(frame, now)]
        for rule in self.rules:
            if isinstance(rule.spec, EventsReordered):
                told = self._reordered(rule, frames, told, now)
        return sorted((self._kept_in_line(item, now) for item in told), key=lambda item: item[0])

    def _struck(self, frame: UserFrame, now: int) -> list[Told]:
        tellings: list[int] = [0]
        for rule in self.rules:
            spec = rule.spec
            if isinstance(spec, EventsReordered) or not spec.where.takes(frame) or not rule.trigger.judge(now):
                continue
            if tellings:
                tellings = [first + more for first in tellings for more in spec.tellings]
                self._strike(rule, f"{frame.name}{_of(frame)}", now)
        return [(now + late, frame) for late in tellings]

    def _reordered(self, rule: EventRule, frames: Sequence[UserFrame], told: list[Told], now: int) -> list[Told]:
        occasion = len({frame.name for frame in frames}) > 1 and any(rule.spec.where.takes(frame) for frame in frames)
        if not occasion or not rule.trigger.judge(now) or len({frame.name for _, frame in told}) < 2:
            return told
        before = [frame.name for _, frame in told]
        after = before[:]
        while after == before:
            rule.random.shuffle(after)
        self._strike(rule, " ".join(after), now)
        queues: dict[str, deque[Told]] = {name: deque() for name in before}
        for item in told:
            queues[item[1].name].append(item)
        return [queues[name].popleft() for name in after]

    def _kept_in_line(self, item: Told, now: int) -> Told:
        due, frame = item
        due = max(due, self._held.get(frame.name, 0))
        if due > now:
            self._held[frame.name] = due
        else:
            self._held.pop(frame.name, None)
        return due, frame

    def _strike(self, rule: EventRule, hit: str, now: int) -> None:
        rule.trigger.strike(now)
        self._log.note(rule.name, hit, now)


def _of(frame: UserFrame) -> str:
    """Client id of the order that an event is about, with a space before it."""
    order = frame.body.get("o") if isinstance(frame.body, Mapping) else None
    client_id = order.get("c", order.get("caid")) if isinstance(order, Mapping) else None
    return f" {client_id}" if client_id else ""

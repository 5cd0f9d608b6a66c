"""When what happens by itself happens, and when it is taken back."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from vibe_quant.sim.front.faults.deck import Deck
from vibe_quant.sim.front.faults.families import Act
from vibe_quant.sim.front.faults.log import StrikeLog
from vibe_quant.sim.front.faults.spec import in_ms
from vibe_quant.sim.front.faults.trigger import Trigger
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected
from vibe_quant.sim.venue import NEVER


@dataclass(slots=True, eq=False)
class ActRule:
    """One declared act with its memory; ``undo`` is set while it lasts, ``passing`` ones are forgotten afterwards."""

    spec: Act
    name: str
    trigger: Trigger
    random: Random
    passing: bool = False
    strikes: int = 0
    undo: Callable[[int], None] | None = None


class Agenda:
    """Acts and ends of acts by due time; those due at one moment in the order in which they were put down."""

    def __init__(self, log: StrikeLog) -> None:
        """``log`` is told of each."""
        self.rules: list[ActRule] = []
        self._log = log
        self._heap: list[tuple[int, int, ActRule, bool]] = []
        self._count = 0

    @property
    def due(self) -> int:
        """When something happens next, epoch ms."""
        return self._heap[0][0] if self._heap else NEVER

    def add(self, rule: ActRule, now: int) -> None:
        """Put an act down; one that waits for a request is only remembered."""
        self.rules.append(rule)
        when = rule.spec.when
        if when.per_minute is not None:
            self._put(now + _gap(rule), rule)
        elif rule.spec.where is None:
            self._put(now if when.at_s is None else now + in_ms(when.at_s), rule)

    def on_request(self, key: str, params: Params, now: int) -> None:
        """A request arrives: acts that wait for it are due now."""
        for rule in self.rules:
            where = rule.spec.where
            if where is not None and where.takes(key, params) and rule.trigger.judge(now):
                rule.trigger.strike(now)
                self._put(now, rule)

    def advance(self, now: int, deck: Deck) -> None:
        """Let everything happen that is due at or before ``now``."""
        while self._heap and self._heap[0][0] <= now:
            due, _, rule, ends = heapq.heappop(self._heap)
            if ends:
                self._end(rule, now)
            else:
                self._happen(rule, due, now, deck)
            if rule.passing and rule.undo is None:
                self.rules.remove(rule)

    def _happen(self, rule: ActRule, due: int, now: int, deck: Deck) -> None:
        rule.strikes += 1
        if rule.spec.when.per_minute is not None and rule.strikes != rule.spec.times:
            self._put(due + _gap(rule), rule)
        if rule.undo is not None:
            return
        try:
            done = rule.spec.act(deck, now)
        except Rejected as refused:
            self._log.note(rule.name, refused.message, now, failed=True)
            return
        self._log.note(rule.name, done.text, now)
        if rule.spec.window_ms is not None and done.undo is not None:
            rule.undo = done.undo
            self._put(now + rule.spec.window_ms, rule, ends=True)

    def _end(self, rule: ActRule, now: int) -> None:
        if rule.undo is not None:
            rule.undo(now)
            rule.undo = None
            self._log.note(rule.name, "over", now)

    def remove(self, rule: ActRule, now: int) -> None:
        """Forget an act; what still lasts of it ends."""
        self._end(rule, now)
        self.rules.remove(rule)
        self._heap = [item for item in self._heap if item[2] is not rule]
        heapq.heapify(self._heap)

    def _put(self, due: int, rule: ActRule, ends: bool = False) -> None:
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, rule, ends))


def _gap(rule: ActRule) -> int:
    """Milliseconds until the next of a Poisson process, at least 1."""
    rate = rule.spec.when.per_minute
    return 1 if rate is None else max(1, round(rule.random.expovariate(float(rate) / 60_000)))

"""The plan of faults: which request, event or moment is struck by which, reproducibly from one seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from vibe_quant.sim.front.faults.agenda import ActRule, Agenda
from vibe_quant.sim.front.faults.deck import Deck
from vibe_quant.sim.front.faults.families import Act, Declared, EventFault, Hit, RequestFault
from vibe_quant.sim.front.faults.fate import UNTOUCHED, RequestFate
from vibe_quant.sim.front.faults.log import Strike, StrikeLog
from vibe_quant.sim.front.faults.reading import FaultError, read_faults
from vibe_quant.sim.front.faults.trigger import Trigger
from vibe_quant.sim.front.faults.userflow import EventRule, Told, UserFlow
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.streams.user_frame import UserFrame

__all__ = ["FaultPlan", "Strike"]


@dataclass(frozen=True, slots=True)
class RequestRule:
    """One declared fault of requests, with its memory."""

    spec: RequestFault
    name: str
    trigger: Trigger
    random: Random


Rule = RequestRule | EventRule | ActRule


class FaultPlan:
    """All declared faults.

    Each has a random source of its own, made of seed, number and kind: to add one does not shift another.  Two runs
    that bring the same requests and events at the same times are struck alike, and ``struck`` shows it.
    """

    def __init__(self, declared: object = (), seed: int = 0, start_ms: int = 0) -> None:
        """``declared`` as ``read_faults`` takes it; ``start_ms`` (epoch) is when the exchange opens.

        Raises:
            FaultError: a declaration cannot be followed.
        """
        self._seed = seed
        self._count = 0
        self.struck = StrikeLog(start_ms)
        self._requests: list[RequestRule] = []
        self._flow = UserFlow(self.struck)
        self._agenda = Agenda(self.struck)
        self.add(read_faults(declared), start_ms)

    def add(self, specs: Sequence[Declared], now: int, passing: bool = False) -> list[str]:
        """Take more faults, whose times count from ``now`` (epoch ms); returns their names.

        Acts that are ``passing`` are forgotten when they are over.

        Raises:
            FaultError: a name is taken; nothing was added.
        """
        taken = {rule.name for rule in self.rules}
        if clash := [spec.name for spec in specs if spec.name in taken]:
            raise FaultError([f"name: {clash[0]!r} is taken; give each its own name, or none"])
        return [self._add(spec, now, passing) for spec in specs]

    def _add(self, spec: Declared, now: int, passing: bool) -> str:
        self._count += 1
        name = spec.name or f"{self._count}:{spec.kind}"
        random = Random(f"{self._seed}/{self._count}/{spec.kind}")
        match spec:
            case RequestFault():
                trigger = Trigger(spec.when, spec.window_ms, spec.times, random, now)
                self._requests.append(RequestRule(spec, name, trigger, random))
            case EventFault():
                trigger = Trigger(spec.when, spec.window_ms, spec.times, random, now)
                self._flow.rules.append(EventRule(spec, name, trigger, random))
            case Act():
                trigger = Trigger(spec.when, None, spec.times, random, now)
                self._agenda.add(ActRule(spec, name, trigger, random, passing), now)
        return name

    @property
    def rules(self) -> list[Rule]:
        """Every declared fault with its name and memory."""
        return [*self._requests, *self._flow.rules, *self._agenda.rules]

    def remove(self, now: int, name: str | None = None) -> list[str]:
        """Forget one fault, or all; what still lasts ends now.  Returns the names of those forgotten."""
        gone = [rule for rule in self.rules if name in (None, rule.name)]
        for rule in gone:
            match rule:
                case RequestRule():
                    self._requests.remove(rule)
                case EventRule():
                    self._flow.rules.remove(rule)
                case ActRule():
                    self._agenda.remove(rule, now)
        return [rule.name for rule in gone]

    def on_request(self, request: HttpRequest, endpoint_key: str, params: Params, now: int) -> RequestFate:
        """What becomes of a request to ``endpoint_key`` (``POST /fapi/v1/order``) that arrives at ``now``.

        Faults that keep it from being worked rule out all others; those that cannot both be seen give way to the one
        declared first, and wait for their next occasion.
        """
        self._agenda.on_request(endpoint_key, params, now)
        if not self._requests:
            return UNTOUCHED
        meant = [rule for rule in self._requests if rule.spec.takes(endpoint_key, params) and rule.trigger.judge(now)]
        fates = [(rule, rule.spec.fate(Hit(now, rule.trigger.until(now), request.ip, rule.random))) for rule in meant]
        fate = UNTOUCHED
        for rule, more in sorted(fates, key=lambda pair: not pair[1].ends):
            if fate.joins(more):
                fate = fate.join(more)
                rule.trigger.strike(now)
                self.struck.note(rule.name, f"{endpoint_key}{_of(params)}", now)
        return fate

    def on_user(self, frames: Sequence[UserFrame], now: int) -> list[Told]:
        """When each event of one moment is told, (epoch ms, event), in the order of telling."""
        return self._flow.pass_on(frames, now)

    @property
    def looks_back(self) -> bool:
        """Whether a fault may ask how things were."""
        return any(rule.spec.looks_back for rule in self._requests)

    @property
    def due(self) -> int:
        """When something happens by itself next, epoch ms."""
        return self._agenda.due

    def advance(self, now: int, deck: Deck) -> None:
        """Let everything happen that is due at or before ``now``."""
        self._agenda.advance(now, deck)


def _of(params: Mapping[str, str]) -> str:
    """Client id that a request names, with a space before it."""
    names = ("newClientOrderId", "origClientOrderId", "clientAlgoId")
    return next((f" {params[name]}" for name in names if name in params), "")

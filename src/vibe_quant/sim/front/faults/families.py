"""The three families of faults: what strikes a request, what strikes a user event, and what happens by itself."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from random import Random
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from vibe_quant.sim.front.faults.deck import Deck, Done
from vibe_quant.sim.front.faults.fate import RequestFate
from vibe_quant.sim.front.faults.spec import Spec, When
from vibe_quant.sim.front.faults.where import EventFilter, RequestFilter, matches
from vibe_quant.sim.front.params import Params


@dataclass(frozen=True, slots=True)
class Hit:
    """The moment of a strike: ``until`` is the end of the fault's window (``now`` where it has none)."""

    now: int
    until: int
    ip: str
    random: Random


class RequestFault(Spec):
    """Strikes a REST request or its answer."""

    occasion: ClassVar[str] = "request"
    endpoint: ClassVar[tuple[str, ...]] = ("*",)
    """Which requests where the declaration names none."""
    params: ClassVar[dict[str, str]] = {}
    """Parameters that a request must have to be meant."""
    looks_back: ClassVar[bool] = False
    """Whether it answers by how things were."""

    when: When
    where: Annotated[RequestFilter, Field(description="which requests")] = RequestFilter()

    @model_validator(mode="after")
    def _on_occasion(self) -> RequestFault:
        _no_moments(self.when)
        _one_window(self)
        return self

    def takes(self, key: str, params: Params) -> bool:
        """Whether a request to ``key`` with these parameters is an occasion."""
        named = "endpoint" in self.where.model_fields_set
        meant = matches(key, self.where.endpoint if named else self.endpoint)
        return meant and self.where.holds({**self.params, **self.where.params}, params)

    @abstractmethod
    def fate(self, hit: Hit, /) -> RequestFate:
        """What becomes of the request."""


class EventFault(Spec):
    """Strikes an event of the user stream."""

    occasion: ClassVar[str] = "event"

    when: When
    where: Annotated[EventFilter, Field(description="which events")] = EventFilter()

    @property
    def tellings(self) -> tuple[int, ...]:
        """How late each telling of a struck event is, ms; none: it is never told."""
        return (0,)

    @model_validator(mode="after")
    def _on_occasion(self) -> EventFault:
        _no_moments(self.when)
        _one_window(self)
        return self


class Act(Spec):
    """Happens to the exchange, its sockets or the account; without ``when`` at once."""

    occasion: ClassVar[str] = "moment"
    ends: ClassVar[bool] = False
    """Whether it can be taken back when ``for_s`` is over."""

    when: Annotated[When, Field(description="left out: at once")] = When(once=True)
    where: Annotated[
        RequestFilter | None, Field(description="happens when such a request arrives, before it is worked")
    ] = None

    @model_validator(mode="after")
    def _in_time(self) -> Act:
        counted = "nth" if self.when.nth is not None else "rate" if self.when.rate is not None else None
        if counted and self.where is None:
            raise ValueError(f"{counted} counts requests; say which ones with where, or use at_s or per_minute")
        if self.where is not None and (self.when.at_s is not None or self.when.per_minute is not None):
            raise ValueError("where waits for a request and when for a moment; keep one of them")
        if self.for_s is not None and not self.ends:
            raise ValueError("for_s has no meaning: this happens and is over")
        if self.times is not None and self.when.once is None and self.when.at_s is None:
            return self
        if self.times is not None:
            raise ValueError("times has no meaning: it happens once")
        return self

    @property
    def is_immediate(self) -> bool:
        """Whether it waits for nothing."""
        return self.when.once is not None and self.where is None

    @abstractmethod
    def act(self, deck: Deck, now: int, /) -> Done:
        """Let it happen; raises Rejected where it cannot."""


def _no_moments(when: When) -> None:
    if when.per_minute is not None:
        raise ValueError(
            "per_minute is for what happens by itself; this waits for an occasion: once, nth, rate or at_s"
        )


def _one_window(spec: RequestFault | EventFault) -> None:
    if spec.when.at_s is not None and spec.window_ms is not None and spec.times is not None:
        raise ValueError("times has no meaning: from at_s on it strikes once and lasts")


Declared = RequestFault | EventFault | Act

"""Faults of the user stream: events late, doubled, lost, or in another order across their types."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vibe_quant.sim.front.faults.families import EventFault
from vibe_quant.sim.front.faults.spec import Milliseconds


class EventLate(EventFault):
    """User event late; those of its type that follow wait behind it."""

    kind: Literal["event_late"]
    delay_ms: Annotated[Milliseconds, Field(description="how late it is told")]

    @property
    def tellings(self) -> tuple[int, ...]:
        """Once, late."""
        return (self.delay_ms,)


class EventDoubled(EventFault):
    """User event told twice."""

    kind: Literal["event_doubled"]
    after_ms: Annotated[Milliseconds, Field(description="time between the two")] = 0

    @property
    def tellings(self) -> tuple[int, ...]:
        """Twice."""
        return (0, self.after_ms)


class EventLost(EventFault):
    """User event never told."""

    kind: Literal["event_lost"]

    @property
    def tellings(self) -> tuple[int, ...]:
        """Never."""
        return ()


class EventsReordered(EventFault):
    """User events of one moment told in another order across their types, the order within each type kept.

    The occasion is a moment that brings events of two types or more, one of which is meant by ``where``.
    """

    kind: Literal["events_reordered"]

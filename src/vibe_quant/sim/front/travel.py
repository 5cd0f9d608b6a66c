"""How long requests, answers and user events travel, where the exchange shall not be as near as loopback is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from vibe_quant.sim.front.faults import RequestFate
from vibe_quant.sim.front.streams.user_frame import UserFrame

GENERATED_MS = 3


class Travel:
    """Each way takes between half and one and a half times ``mean_ms``, drawn from the seed; zero: no time at all.

    Requests and answers may overtake each other; user events do only by a fault.  Where there is latency, a user event
    is also generated (``E``) up to ``GENERATED_MS`` after what it tells of (``T``), as the recordings show.
    """

    def __init__(self, mean_ms: int, seed: int) -> None:
        self._mean_ms = mean_ms
        self._requests = Random(f"requests/{seed}")
        self._events = Random(f"events/{seed}")
        self._last = 0
        self._by_name: dict[str, int] = {}
        self._generated: dict[str, int] = {}

    def of_request(self, fate: RequestFate) -> RequestFate:
        """The fate of a request, with its ways there and back."""
        if not self._mean_ms:
            return fate
        return fate.join(RequestFate(self._drawn(self._requests), answer_delay_ms=self._drawn(self._requests)))

    def arrival(self, name: str, told: int, now: int) -> int:
        """When a user event of type ``name`` arrives that is told at ``told``: at ``now``, or later by a fault.

        One that is told late lets the others pass, but none of its own type.
        """
        if not self._mean_ms:
            return told
        after = self._by_name.get(name, 0)
        if told <= now:
            after = max(after, self._last)
        arrives = self._by_name[name] = max(after, told + self._drawn(self._events))
        if told <= now:
            self._last = arrives
        return arrives

    def stamped(self, frame: UserFrame, arrives: int) -> UserFrame:
        """The event with the time at which it was generated: never falling within its type, not after ``arrives``."""
        if not self._mean_ms or not isinstance(frame.body, Mapping):
            return frame
        drawn = min(frame.exch_ms + self._events.randint(0, GENERATED_MS), arrives)
        at = self._generated[frame.name] = max(drawn, self._generated.get(frame.name, 0))
        return replace(frame, body={**frame.body, "E": at})

    def _drawn(self, random: Random) -> int:
        return round(self._mean_ms * random.uniform(0.5, 1.5))

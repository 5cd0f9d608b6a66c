"""When a fault that waits for occasions strikes: counts them, draws for them, and knows when a strike is over."""

from __future__ import annotations

from random import Random

from vibe_quant.sim.front.faults.spec import When, in_ms


class Trigger:
    """One fault's memory.

    Every occasion must be judged, in order; one draw belongs to each where chance decides, whatever becomes of it, so
    that two runs of the same occasions strike the same ones.
    """

    def __init__(self, when: When, window_ms: int | None, times: int | None, random: Random, now: int) -> None:
        """``now``: from when ``at_s`` counts, epoch ms."""
        self._when = when
        self._window_ms = window_ms
        self._limit = times if times is not None or when.rate is not None else 1
        self._random = random
        self._from_ms = now + in_ms(when.at_s) if when.at_s is not None else now
        self._seen = 0
        self._strikes = 0
        self._until: int | None = None
        if when.at_s is not None and window_ms is not None:
            self._until = self._from_ms + window_ms

    def judge(self, now: int) -> bool:
        """Count an occasion; True where the fault would strike it."""
        self._seen += 1
        drawn = self._when.rate is None or self._random.random() < self._when.rate
        if now < self._from_ms:
            return False
        if self._until is not None and now < self._until:
            return True
        return drawn and self._may_begin()

    def _may_begin(self) -> bool:
        if self._when.at_s is not None and self._until is not None:
            return False
        return (self._limit is None or self._strikes < self._limit) and self._seen >= (self._when.nth or 1)

    def strike(self, now: int) -> None:
        """The occasion just judged is struck."""
        if self._until is None or now >= self._until:
            self._strikes += 1
            self._until = None if self._window_ms is None else now + self._window_ms

    def until(self, now: int) -> int:
        """When the strike at ``now`` is over; ``now`` where it hits one occasion only."""
        if self._until is not None and now < self._until:
            return self._until
        return now + (self._window_ms or 0)

"""Which of the three levels the program is on, and for what share of its time: streams, REST, or the breaker open."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Event, StreamDown, StreamUp


class Level(StrEnum):
    """Where what is known comes from."""

    STREAM = "stream"
    REST = "rest"
    BREAKER = "breaker"


class Levels:
    """``breaker_open(now)`` asks the breaker; times are monotonic ms."""

    def __init__(self, breaker_open: Callable[[int], bool], now: int) -> None:
        self._breaker_open = breaker_open
        self._up: set[Stream] = set()
        self._since = now
        self._level = Level.REST
        self._spent = dict.fromkeys(Level, 0)
        self.entered = dict.fromkeys(Level, 0)
        """How often each was come to from another."""

    def see(self, event: Event, now: int) -> None:
        """Any event: the sockets' coming and going, and the time that has passed."""
        if isinstance(event, StreamUp):
            self._up.add(event.stream)
        elif isinstance(event, StreamDown):
            self._up.discard(event.stream)
        self._spent[self._level] += now - self._since
        self._since = now
        level = self._of(now)
        self.entered[level] += level is not self._level
        self._level = level

    @property
    def level(self) -> Level:
        """At the last event."""
        return self._level

    def spent(self, now: int) -> dict[Level, int]:
        """Milliseconds on each level so far."""
        return {**self._spent, self._level: self._spent[self._level] + now - self._since}

    def shares(self, now: int) -> dict[Level, float]:
        """Share of the time on each level so far; ratios that sum to one, all zero where no time has passed."""
        spent = self.spent(now)
        whole = sum(spent.values())
        return {level: ms / whole if whole else 0.0 for level, ms in spent.items()}

    def _of(self, now: int) -> Level:
        if self._breaker_open(now):
            return Level.BREAKER
        return Level.STREAM if len(self._up) == len(Stream) else Level.REST

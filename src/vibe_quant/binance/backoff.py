"""How long to wait before a socket is tried again: longer each time, never over the cap, never in step with others."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from vibe_quant.domain.settings import ReconnectSettings


class Chance(Protocol):
    """A source of randomness (random.Random is one)."""

    def random(self) -> float:
        """At least 0, less than 1."""
        ...


class Backoff:
    """Delays of one socket.

    The nth in a row is ``initial * multiplier^n``, at most ``max_delay_ms``, less a random share of up to ``jitter``.
    """

    def __init__(self, settings: ReconnectSettings, random: Chance) -> None:
        self._settings = settings
        self._random = random
        self._delay = Decimal(settings.initial_delay_ms)
        self._fresh = True

    def reset(self) -> None:
        """The connection was good."""
        self._delay = Decimal(self._settings.initial_delay_ms)
        self._fresh = True

    def next_ms(self, *, at_once: bool = False) -> int:
        """The next delay, ms; none for the first in a row where ``at_once``, which counts as one all the same."""
        if at_once and self._fresh:
            self._fresh = False
            return 0
        self._fresh = False
        delay = min(self._delay, Decimal(self._settings.max_delay_ms))
        self._delay = min(delay * self._settings.multiplier, Decimal(self._settings.max_delay_ms))
        return int(delay * (1 - self._settings.jitter * Decimal(str(self._random.random()))))

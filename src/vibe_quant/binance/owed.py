"""Whether the user stream has told of what it must tell of: accepted requests that it passes over in silence end it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

BEFORE_MS = 1_000


class Owed:
    """News owed by the stream since a request was accepted.

    The news often comes before the answer; what came up to a second before the ``now`` of an expectation pays for it.
    """

    def __init__(self, within_ms: int, now: Callable[[], int], unpaid: Callable[[], None]) -> None:
        """``unpaid`` is called when nothing came within ``within_ms``."""
        self._within_ms = within_ms
        self._now = now
        self._unpaid = unpaid
        self._heard_ms: int | None = None
        self._since_ms: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    def heard(self) -> None:
        """Anything came."""
        self._heard_ms = self._now()
        self._since_ms = None

    def expect(self, now: int) -> None:
        """Something must come, or have come just before."""
        if self._since_ms is not None or (self._heard_ms is not None and self._heard_ms >= now - BEFORE_MS):
            return
        self._since_ms = now
        if self._timer is None:
            self._wait(self._within_ms)

    def forget(self) -> None:
        """Nothing is owed any more: there is another connection, or none."""
        self._heard_ms = self._since_ms = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, ms: int) -> None:
        self._timer = asyncio.get_running_loop().call_later(ms / 1000, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._since_ms is None:
            return
        left_ms = self._since_ms + self._within_ms - self._now()
        if left_ms > 0:
            self._wait(left_ms)
            return
        self._since_ms = None
        self._unpaid()

"""How fast a side has closed in the last minutes, and how long the rest takes at that pace."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

WINDOW_MS = 300_000
EACH_MS = 10_000
SOONEST_MS = 30_000
"""Of less than this nothing can be foretold."""


class Pace:
    """Times are monotonic ms, quantities in the base asset."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, Decimal]] = deque()

    def see(self, now: int, closed: Decimal) -> None:
        """How much is closed by now; to be told now and then."""
        if self._seen and now - self._seen[-1][0] < EACH_MS:
            return
        self._seen.append((now, closed))
        while now - self._seen[0][0] > WINDOW_MS:
            self._seen.popleft()

    def left_s(self, now: int, closed: Decimal, left: Decimal) -> int | None:
        """Seconds until ``left`` is closed too; None: nothing was closed in the window, or it is too early to say."""
        if not self._seen or left <= 0:
            return None
        since, before = self._seen[0]
        if now - since < SOONEST_MS or closed <= before:
            return None
        return int(left * (now - since) / (closed - before) / 1000)

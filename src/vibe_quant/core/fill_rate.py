"""Maker fill-rate feedback: a low rate makes a signal aggressive, a high one gives maker orders longer."""

from __future__ import annotations

from collections import deque
from typing import Final

from vibe_quant.domain.settings import ExecutionSettings

MINUTE_MS: Final = 60_000
KEPT: Final = 2000
LEAST_ORDERS: Final = 4
LONGER_PERCENT: Final = 125


class MakerFillRate:
    """Full fills / ended discretionary maker orders of one side, both dated by submission, over the last minutes.

    Off by default; tells nothing from fewer than 4 orders; remembers at most 2000.
    """

    __slots__ = ("_ends", "_s", "_taker_off", "_window_ms")

    def __init__(self, settings: ExecutionSettings) -> None:
        self._s = settings.fill_rate
        self._taker_off = settings.maker_timeouts_to_escalate == 0
        self._window_ms = int(settings.fill_rate.window_min * MINUTE_MS)
        self._ends: deque[tuple[int, bool]] = deque(maxlen=KEPT)

    def ended(self, submitted_ms: int, filled: bool) -> None:
        """A maker order submitted then has ended, ``filled`` where in full; panic's orders are not told here."""
        self._ends.append((submitted_ms, filled))

    def wants_aggressive(self, now: int) -> bool:
        """The rate is below ``low`` and taking is on at all: this signal is executed aggressively."""
        fills, orders = self._counts(now)
        return not self._taker_off and orders >= LEAST_ORDERS and fills < self._s.low * orders

    def ttl_ms(self, now: int, ttl_ms: int) -> int:
        """A maker order's life: x 1.25 where the rate is above ``high``, rounded down."""
        fills, orders = self._counts(now)
        if orders >= LEAST_ORDERS and fills > self._s.high * orders:
            return ttl_ms * LONGER_PERCENT // 100
        return ttl_ms

    def _counts(self, now: int) -> tuple[int, int]:
        if not self._s.enabled:
            return 0, 0
        ends = self._ends
        while ends and ends[0][0] <= now - self._window_ms:
            ends.popleft()
        return sum(filled for _, filled in ends), len(ends)

"""The wall clock of the embedded exchange, which never runs backwards."""

from __future__ import annotations

import time

LEAP_NS = 1_000_000_000


class WallClock:
    """Epoch milliseconds: read from the wall once, carried on by the monotonic clock.

    Where the wall gets ahead by more than a second it is read again: the machine slept, which a monotonic clock may not
    count, or somebody set the time; clients sign with the wall's.
    """

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> int:
        """The time."""
        now, wall = time.monotonic_ns() + self._offset_ns, time.time_ns()
        if wall - now > LEAP_NS:
            self._offset_ns += wall - now
            now = wall
        return now // 1_000_000

"""The wall clock of the embedded exchange, which never runs backwards."""

from __future__ import annotations

import time


class WallClock:
    """Epoch milliseconds: read from the wall once, carried on by the monotonic clock."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ms(self) -> int:
        """The time."""
        return (time.monotonic_ns() + self._offset_ns) // 1_000_000

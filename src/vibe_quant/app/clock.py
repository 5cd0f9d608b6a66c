"""The live clocks and ids: the only place where the shell reads the machine's time."""

from __future__ import annotations

import time

NS = 1_000_000
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class SystemClock:
    """Monotonic milliseconds, and the server's clock as the wall's until it was measured (``ports.Clock``)."""

    def __init__(self) -> None:
        self.offset_ms = time.time_ns() // NS - self.now_ms()
        """Server time = now + offset."""

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return time.monotonic_ns() // NS

    def server_ms(self) -> int:
        """The exchange's clock, epoch ms."""
        return self.now_ms() + self.offset_ms

    def wall_ms(self) -> int:
        """The machine's own wall clock, epoch ms: for what must survive a restart, never for the exchange."""
        return time.time_ns() // NS

    def set_offset(self, offset_ms: int) -> None:
        """Take a measured offset."""
        self.offset_ms = offset_ms


class StartIds:
    """Run tokens: the wall's milliseconds in base 36, eight characters until the year 2059, so never the same twice."""

    def run(self) -> str:
        """A token of this moment."""
        left, token = time.time_ns() // NS, ""
        while left:
            left, digit = divmod(left, len(DIGITS))
            token = DIGITS[digit] + token
        return token[-8:]

"""The clock of who speaks to people: the one that the service trades by, once it is there."""

from __future__ import annotations

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.pulse import Present
from vibe_quant.ports import Clock


class ServiceClock:
    """``ports.Clock``, right for as long as the process lives.

    Its offset is measured again and again.  One that was taken at the start stays wrong where a host gets its time
    late, or was suspended: what was written to Telegram hours ago would pass for new.
    """

    def __init__(self, present: Present) -> None:
        self._present = present
        self._own = SystemClock()

    def now_ms(self) -> int:
        """Monotonic milliseconds."""
        return self._own.now_ms()

    def server_ms(self) -> int:
        """The exchange's clock, epoch ms; the wall's as it stands while there is no application."""
        clock = self._trading
        return self._own.wall_ms() if clock is None else self._own.now_ms() + clock.offset_ms

    @property
    def offset_ms(self) -> int:
        """The one less the other."""
        clock = self._trading
        return self._own.wall_ms() - self._own.now_ms() if clock is None else clock.offset_ms

    @property
    def _trading(self) -> Clock | None:
        app = self._present()
        return None if app is None else app.parts.clock

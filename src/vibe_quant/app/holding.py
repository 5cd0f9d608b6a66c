"""Why the program itself holds discretion back: any number of reasons, of which each is ended by who gave it."""

from __future__ import annotations

from vibe_quant.domain.events import Hold
from vibe_quant.ports import Clock, Sink


class Holding:
    """The engine is told of all reasons at once, and of none when the last is gone."""

    def __init__(self, clock: Clock, tell: Sink) -> None:
        self._clock = clock
        self._tell = tell
        self._reasons: dict[str, str] = {}

    def put(self, by: str, reason: str | None) -> None:
        """``by`` holds discretion back for ``reason``; None: no more."""
        before = dict(self._reasons)
        self._reasons.pop(by, None)
        if reason is not None:
            self._reasons[by] = reason
        if self._reasons != before:
            self._tell(Hold(self._clock.now_ms(), "; ".join(self._reasons.values()) or None))

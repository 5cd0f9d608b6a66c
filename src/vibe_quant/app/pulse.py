"""Whether the one consumer makes progress: the only thing that the service manager's watchdog may be fed by.

A journal whose disk hangs, and a loop that something holds up, stand here too: the consumer waits for both.
"""

from __future__ import annotations

from collections.abc import Callable

from vibe_quant.app.application import Application

Present = Callable[[], Application | None]
"""The application, once it is about to work."""


class Pulse:
    """Asked at intervals; between two answers a consumer that is well has turned, for it is woken at each."""

    def __init__(self, present: Present) -> None:
        self._present = present
        self._seen: tuple[int, int] | None = None

    def beat(self) -> str | None:
        """None: there was progress since the last time, or nothing to progress yet. Else what has none."""
        app = self._present()
        if app is None or not app.consuming:
            self._seen = None
            return None
        before, self._seen = self._seen, (app.consumer.handled, app.consumer.rests)
        app.inbox.nudge()
        if self._seen != before:  # it has taken something, or found that nothing waited
            return None
        return f"the engine has taken nothing since the last look, {len(app.inbox)} events wait for it"

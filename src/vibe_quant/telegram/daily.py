"""When the daily report is due."""

from __future__ import annotations

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Daily:
    """At each full ``hour``, UTC, after ``now_ms`` (epoch ms)."""

    def __init__(self, hour: int, now_ms: int) -> None:
        self._next_ms = now_ms // DAY_MS * DAY_MS + hour * HOUR_MS
        if self._next_ms <= now_ms:
            self._next_ms += DAY_MS

    def due(self, now_ms: int) -> int | None:
        """Since when the report is to tell (epoch ms), once a day; None: not yet."""
        if now_ms < self._next_ms:
            return None
        late = (now_ms - self._next_ms) // DAY_MS
        since_ms = self._next_ms + late * DAY_MS - DAY_MS
        self._next_ms += (late + 1) * DAY_MS
        return since_ms

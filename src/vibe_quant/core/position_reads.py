"""When all positions are read by REST for their liquidation prices: one read for all symbols that wait for one."""

from __future__ import annotations

from vibe_quant.domain.intents import FetchPositions

DEBOUNCE_MS = 1000
ANSWER_MS = 5000


class PositionReads:
    """One an account; a read that left before the last change does not answer it.  Times are monotonic ms."""

    def __init__(self) -> None:
        self._changed_ms: int | None = None
        self._unread_ms: int | None = None
        self._ask_ms: int | None = None

    def changed(self, now: int) -> None:
        """A position, wallet or leverage has changed: read within a second, one read for all changes of it."""
        self._changed_ms = now
        if self._unread_ms is None:
            self._unread_ms = now
            self._ask_ms = now + DEBOUNCE_MS

    def answered(self, request_ms: int, now: int) -> None:
        """A read of the whole account has come back; where something changed since it left, another one is due."""
        if self._unread_ms is None or request_ms < self._unread_ms:
            return
        newer = self._changed_ms is not None and request_ms < self._changed_ms
        self._unread_ms = self._changed_ms if newer else None
        self._ask_ms = max(now, request_ms + DEBOUNCE_MS) if newer else None

    def failed(self, now: int) -> None:
        """The read failed: again in a second."""
        if self._unread_ms is not None:
            self._ask_ms = now + DEBOUNCE_MS

    def due(self, now: int) -> list[FetchPositions]:
        """The read that is due now; asked again where no answer comes."""
        if self._ask_ms is None or now < self._ask_ms:
            return []
        self._ask_ms = now + ANSWER_MS
        return [FetchPositions("liquidation prices after a change")]

    def deadline(self) -> int | None:
        """When ``due`` has something to say."""
        return self._ask_ms

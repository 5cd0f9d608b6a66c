"""``operations.Notebook`` over the journal: what was noted last is read once from the file, then known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from vibe_quant.app.application import Application
from vibe_quant.domain import log_events as le
from vibe_quant.journal.reader import JournalReader
from vibe_quant.log import log
from vibe_quant.ports import Entry, JournalBroken


class JournalNotebook:
    """``app`` gives the application while it can write."""

    def __init__(self, path: Path, app: Callable[[], Application | None]) -> None:
        self._reader = JournalReader(path)
        self._app = app
        self._known: dict[str, Mapping[str, Any] | None] = {}

    def note(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Write it; where the journal is in trouble nothing is tried, for orders wait for the same disk."""
        app = self._app()
        if app is None or not app.recorder.ok:
            return False
        clock = app.parts.clock
        if not app.recorder.append([Entry(kind, clock.server_ms(), dict(body))], clock.now_ms()):
            return False
        self._known[kind] = dict(body)
        return True

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """What was noted last; a journal that is not there yet holds nothing."""
        if kind not in self._known:
            self._known[kind] = self._read(kind)
        return self._known[kind]

    def _read(self, kind: str) -> Mapping[str, Any] | None:
        if not self._reader.path.exists():
            return None
        try:
            row = self._reader.last_of(kind)
            return None if row is None else msgspec.json.decode(row.body, type=dict[str, Any])
        except (JournalBroken, msgspec.MsgspecError, ValueError) as broken:
            log(le.NOTEBOOK_UNREAD, kind=kind, text=f"what was noted last as {kind} cannot be read: {broken}")
            return None

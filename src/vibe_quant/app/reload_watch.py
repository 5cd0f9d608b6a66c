"""Reloads that nobody confirms: SIGHUP, and a changed file where ``global.watch`` says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from vibe_quant.app.reload import UNCHANGED, Reloader, Tell
from vibe_quant.config.loader import content_of, digest
from vibe_quant.config.problems import FileProblem
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify

EACH_S = 1.0
SIGHUP, WATCH = "SIGHUP", "watch (the file has changed)"
Look = tuple[int, int, int]


class ReloadWatch:
    """One a process, beside trading.

    A file is looked at when it has been the same for one look: editors write it anew in pieces, or put another in its
    place.  What was judged once is not judged, or complained of, again until it is another.
    """

    def __init__(self, reloader: Reloader, tell: Tell, each_s: float = EACH_S) -> None:
        self._reloader = reloader
        self._tell = tell
        self._each_s = each_s
        self._asked = asyncio.Event()
        self._seen: Look | None = _look(reloader.loaded.path)
        self._pending = False
        self._judged = ""

    def hang_up(self) -> None:
        """SIGHUP has come: reload as soon as possible."""
        self._asked.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._each_s):
                    await self._asked.wait()
            except TimeoutError:
                await self._watched()
            else:
                self._asked.clear()
                await self._reload(SIGHUP)

    async def _watched(self) -> None:
        if not self._reloader.loaded.settings.shared.watch or self._reloader.not_now is not None:
            return
        path = self._reloader.loaded.path
        before, self._seen = self._seen, _look(path)
        if self._seen != before:
            self._pending = True
            return
        if not self._pending or self._seen is None:
            return
        self._pending = False
        now = _digest(path)
        if now not in (None, self._judged, self._reloader.loaded.sha256):
            self._judged = str(now)
            await self._reload(WATCH)

    async def _reload(self, by: str) -> None:
        """Plan and apply at once; what comes of it is said."""
        held = self._reloader.not_now
        if held is not None:
            return self._say(Severity.WARNING, f"Not reloaded ({by}): {held}. {UNCHANGED}")
        plan = await self._reloader.plan(by)
        if plan.problems:
            return self._say(Severity.WARNING, f"Not reloaded ({by}): {'; '.join(plan.problems)}. {UNCHANGED}")
        for warning in plan.warnings if plan.changes else ():
            self._say(Severity.WARNING, f"Reload ({by}): {warning}")
        answer = await self._reloader.apply(plan.token, by)
        if not answer.ok:
            self._say(Severity.WARNING, answer.text)
        return None

    def _say(self, severity: Severity, text: str) -> None:
        self._tell(Notify(NoticeKind.LIFECYCLE, severity, text))


def _look(path: Path) -> Look | None:
    """What tells one state of a file from another without reading it; None: it is not there now."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _digest(path: Path) -> str | None:
    try:
        return digest(content_of(path))
    except FileProblem:
        return None

"""Keeps the journal no longer than it is asked to, in the pauses of trading: little by little, and rather late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any

from vibe_quant.app.application import Application
from vibe_quant.app.aside import aside
from vibe_quant.app.clock import SystemClock
from vibe_quant.domain import log_events as le
from vibe_quant.journal.pruning import left_over, removals
from vibe_quant.journal.removal import KIND, Removal
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.log import log
from vibe_quant.ports import Entry, JournalBroken

DAY_MS = 86_400_000
FIRST_S, EACH_S = 60.0, 3600.0
"""From the start to the first look, and from each to the next."""
REST_S = 0.05
"""Between two pieces of work, each of a millisecond or less: 50 rows are read, or 50 go."""
BUSY_S = 0.02
"""After which it is looked again whether nothing waits."""


class Pruning:
    """One a run.  ``now`` gives epoch ms, ``mirrored`` the newest row that the mirror has (None: there is no mirror).

    ``idle`` says whether nothing waits, ``write`` puts a row into the journal, behind those that wait (False: it cannot
    now).
    """

    def __init__(
        self,
        journal: SqliteJournal,
        keep_days: int,
        now: Callable[[], int],
        mirrored: Callable[[], int | None],
        idle: Callable[[], bool],
        write: Callable[[str, dict[str, Any]], bool],
    ) -> None:
        self._journal = journal
        self._keep_days = keep_days
        self._now = now
        self._mirrored = mirrored
        self._idle = idle
        self._write = write

    async def run(self) -> None:
        """Look until cancelled; what cannot be read is said and left for the next look."""
        wait_s = FIRST_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = EACH_S
            try:
                gone = await self.look()
            except JournalBroken as broken:
                text = f"the journal's old rows stay where they are, and it grows: {broken}"
                log(le.JOURNAL_UNPRUNED, text=text)
                continue
            if gone:
                text = f"{gone} rows of the journal are older than {self._keep_days} days and were removed from it"
                log(le.JOURNAL_PRUNED, rows=gone, text=text)

    async def look(self) -> int:
        """Remove what may go; how many rows that were.

        Raises:
            JournalBroken: the journal cannot be read, or what would go is not as it was written.
        """
        gone = 0
        if not await self._swept():  # what a run before this has left
            return 0
        while (removal := await self._found()) is not None:
            await self._turn()
            if not self._write(KIND, removal.body()):
                break
            gone += removal.rows
            if not await self._swept():
                break
        return gone

    async def _found(self) -> Removal | None:
        """The next that may go, folded a page at a time."""
        await self._turn()
        found: Removal | None = None
        looks = removals(self._journal.path, self._now() - self._keep_days * DAY_MS, self._mirrored())
        with closing(looks):
            for found in looks:  # noqa: B007 - the last is what is looked for
                await self._turn()
        return found

    async def _swept(self) -> bool:
        """Take out of the file what a row names as removed; False: not all could be, it is left for the next look."""
        await self._turn()
        for up_to in left_over(self._journal.path):
            await self._turn()
            if not self._journal.remove(up_to):
                return False
        return True

    async def _turn(self) -> None:
        """Everything else has its turn, and what waits is done first."""
        await asyncio.sleep(REST_S)
        while not self._idle():
            await asyncio.sleep(BUSY_S)


def pruning(
    journal: SqliteJournal,
    keep_days: int | None,
    clock: SystemClock,
    mirrored: Callable[[], int | None],
    app: Callable[[], Application | None],
) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
    """What keeps the journal short beside the application, by name; nothing where rows are kept for ever."""
    if keep_days is None:
        return {}

    def now() -> int:
        """By the clock that is behind: one that runs wild removes nothing."""
        return min(clock.server_ms(), clock.wall_ms())

    def idle() -> bool:
        one = app()
        return one is not None and one.at_work and not one.over and one.recorder.idle and one.inbox.awaited

    def write(kind: str, body: dict[str, Any]) -> bool:
        one = app()
        return one is not None and one.recorder.append([Entry(kind, clock.server_ms(), body)], clock.now_ms())

    work = Pruning(journal, keep_days, now, mirrored, idle, write)
    return {"pruning": lambda: aside("the journal's pruning", work.run)}

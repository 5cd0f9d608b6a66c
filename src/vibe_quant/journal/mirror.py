"""The journal's copy in PostgreSQL: at its own pace, in nobody's way, complete again after an outage."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import psycopg
from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from vibe_quant.journal.postgres import PostgresError, address_of, connected, execute_many, fetch, migrate
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import Row
from vibe_quant.journal.schema import mirror
from vibe_quant.ports import JournalBroken

QUEUE = 1000
BATCH = 50
"""Rows at once: read from the file between two turns of the loop, 2 ms or so."""
_FIRST_S, _MOST_S = 1.0, 60.0

_INSERT = insert(mirror).on_conflict_do_nothing()
_NEWEST = select(func.max(mirror.c.seq)).where(mirror.c.instance == bindparam("instance"))


class PostgresMirror:
    """An observer of the journal: ``offer`` notes rows, ``run`` carries them over and catches up from the file.

    ``name`` tells instances apart; to it is added where the file's chain began, for a file set aside and its successor
    count from one both.  ``said`` hears a sentence when the mirror is lost and when it is whole again.
    """

    def __init__(
        self,
        url: str,
        path: Path,
        name: str,
        said: Callable[[str], None],
        chance: random.Random,
        password: str | None = None,
    ) -> None:
        self._address = address_of(url, password)
        self._reader = JournalReader(path)
        self._name = name
        self._said = said
        self._chance = chance
        self._queue: deque[Row] = deque(maxlen=QUEUE)
        self._news = asyncio.Event()
        self._down = False
        self._offered = 0
        self._anew = False
        self.mirrored = 0
        """The newest row that is in the mirror."""
        self.dropped = 0
        """Rows that left the queue unread; they are read from the file again."""

    def offer(self, rows: Sequence[Row]) -> None:
        """Rows that are on the disk; returns at once."""
        if rows and rows[0].seq <= self._offered:  # the file was removed, and a new one begun
            self._queue.clear()
            self._anew = True
        self._offered = rows[-1].seq if rows else self._offered
        self.dropped += max(0, len(self._queue) + len(rows) - QUEUE)
        self._queue.extend(rows)
        self._news.set()

    async def run(self) -> None:
        """Mirror until cancelled; after a failure it is tried again, later each time, with jitter."""
        wait_s = _FIRST_S
        while True:
            before = self.mirrored
            try:
                await self._follow()
            except (PostgresError, JournalBroken) as error:
                if not self._down:
                    self._said(f"the journal's mirror has stopped, the journal itself goes on: {error}")
                self._down = True
            wait_s = _FIRST_S if self.mirrored > before else min(_MOST_S, wait_s * 2)
            await asyncio.sleep(wait_s * self._chance.uniform(0.5, 1.0))

    async def _follow(self) -> None:
        async with connected(self._address) as connection:
            await migrate(connection)
            self._anew = False
            instance = await self._instance()
            found = await fetch(connection, _NEWEST, instance=instance)
            self.mirrored = found[0][0] or 0
            while not self._anew:
                self._news.clear()
                while batch := self._next():
                    await execute_many(connection, _INSERT, [{"instance": instance, **asdict(row)} for row in batch])
                    self.mirrored = batch[-1].seq
                if self._down:
                    self._said(f"the journal's mirror is whole again, up to row {self.mirrored}")
                    self._down = False
                await self._listen(connection)

    async def _listen(self, connection: psycopg.AsyncConnection[object]) -> None:
        """Wait for rows, and once a minute for a sign that the connection lives."""
        try:
            async with asyncio.timeout(_MOST_S):
                await self._news.wait()
        except TimeoutError:
            await fetch(connection, select(1))

    async def _instance(self) -> str:
        """Known from the first row on."""
        while True:
            origin = self._reader.origin()
            if origin is not None:
                return f"{self._name}/{origin[:12]}"
            self._news.clear()
            await self._news.wait()

    def _next(self) -> list[Row]:
        """The rows to be mirrored now: from the queue where it goes on, else from the file."""
        while self._queue and self._queue[0].seq <= self.mirrored:
            self._queue.popleft()
        if not self._queue or self._queue[0].seq != self.mirrored + 1:
            return self._from_file()
        return [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]

    def _from_file(self) -> list[Row]:
        return list(self._reader.rows(after=self.mirrored, most=BATCH))

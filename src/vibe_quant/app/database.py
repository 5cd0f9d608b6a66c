"""What of PostgreSQL goes along with a run, where one is named: the account's lease and the journal's mirror."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from vibe_quant.app.aside import aside, put_away
from vibe_quant.app.instance import Holder
from vibe_quant.app.lease_watch import LeaseWatch, PutHold, holder_of, place
from vibe_quant.app.time_sync import Say
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import GlobalSettings, Venue
from vibe_quant.journal.mirror import PostgresMirror
from vibe_quant.journal.postgres import PostgresError
from vibe_quant.journal.rows import Row
from vibe_quant.log import log

LAST_ROWS_S = 3.0
LOOK_S = 0.02


class Database:
    """Lease and mirror, or neither: trading needs none of it, and nothing here raises.

    ``wanted``: there should be a mirror, though it could not be made.
    """

    def __init__(
        self, lease: LeaseWatch | None = None, mirror: PostgresMirror | None = None, *, wanted: bool = False
    ) -> None:
        self._lease = lease
        self._mirror = mirror
        self._wanted = wanted or mirror is not None

    async def take(self) -> str | None:
        """Take the lease; why the start is refused, or None."""
        return None if self._lease is None else await self._lease.take()

    def offer(self, rows: Sequence[Row]) -> None:
        """As the journal's observer."""
        if self._mirror is not None:
            self._mirror.offer(rows)

    def mirrored(self) -> int | None:
        """The newest row that is in the mirror (0: none, as far as is known); None: no mirror is wanted."""
        if not self._wanted:
            return None
        return 0 if self._mirror is None else self._mirror.mirrored

    def tasks(self, hold: PutHold) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What runs beside the application, by name."""
        lease, mirror = self._lease, self._mirror
        tasks: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        if mirror is not None:
            tasks["mirror"] = lambda: aside("the journal's mirror", mirror.run)
        if lease is not None:
            tasks["lease"] = lambda: aside("the account's lease", lambda: lease.run(hold))
        return tasks

    async def end(self, last: int) -> None:
        """At a clean end: the mirror gets the rows up to ``last``, if it can be quickly, and the lease goes back."""
        if self._mirror is not None:
            await _see_off(self._mirror, last)
        if self._lease is not None:
            await self._lease.give_back()


def database_of(
    shared: GlobalSettings, account: str, holder: Holder, run: str, journal: Path, password: str | None, say: Say
) -> Database:
    """As the settings name it; venue paper has a mirror and no lease, for its account is nobody else's."""
    url = shared.journal.url
    if url is None:
        return Database()
    where = place()
    try:
        name = holder_of(socket.gethostname(), holder, run, where)
        lease = None if shared.venue is Venue.PAPER else LeaseWatch(url, account, name, where, password, say)
        mirror = PostgresMirror(url, journal, f"{shared.venue.value}-{account}", _said, random.Random(), password)
    except PostgresError as error:
        text = f"global.journal.url: {error}. The program goes on without a mirror and without a lease."
        say(Notify(NoticeKind.LIFECYCLE, Severity.ALARM, text))
        return Database(wanted=True)
    return Database(lease, mirror)


def _said(text: str) -> None:
    log(le.MIRROR, text=text)


async def _see_off(mirror: PostgresMirror, last: int) -> None:
    """The last rows were written after the task beside the application had ended."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LAST_ROWS_S
    task = asyncio.create_task(mirror.run(), name="the journal's mirror")
    while mirror.mirrored < last and not task.done() and loop.time() < end:
        await asyncio.sleep(LOOK_S)
    await put_away(task)
    if mirror.mirrored < last:
        text = f"the journal's mirror lacks rows up to {last}; it gets them at the next start"
        log(le.MIRROR_BEHIND, last=last, text=text)

"""Whether a journal is as it was written: every checksum, the file's own structure, and its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from vibe_quant.journal.faults import Fault, fault_of
from vibe_quant.journal.head import head_path, read_head
from vibe_quant.journal.opening import missing
from vibe_quant.journal.removal import beginning
from vibe_quant.journal.rows import START, Mark, first_break
from vibe_quant.journal.schema import entries
from vibe_quant.journal.sqlite_file import open_to_read, rows_after
from vibe_quant.ports import JournalBroken


@dataclass(frozen=True, slots=True)
class Verdict:
    """``rows`` hold from the first on; ``first_bad`` is the first that does not (None: all do, or it is not a row's).

    ``reason`` is empty for a good journal.  ``first_ms`` and ``last_ms`` (epoch ms) span all rows that are there.
    ``note`` is what could not be judged.  ``removed`` rows stood before the first that is there, and went as a row of
    the journal says; ``size`` is that of its file, bytes.
    """

    path: Path
    rows: int
    first_bad: int | None
    reason: str
    first_ms: int | None
    last_ms: int | None
    chain: str
    note: str = ""
    removed: int = 0
    size: int = 0

    @property
    def good(self) -> bool:
        """Nothing was found."""
        return not self.reason


def verify(path: Path) -> Verdict:
    """Look at every row; the journal may be written meanwhile.

    Finds a row that was altered, removed, inserted or moved, and rows cut off at the end as far as the head beside the
    journal knows of them.  Rows may be gone from its beginning where a row of it says so, and exactly those.  Who
    rewrites all rows from one on and the head as well, or writes such a row himself, is found only by a mirror.

    Raises:
        JournalBroken: there is nothing that can be read as a journal.
    """
    # The head first: what is written while the rows are read must not look cut off.
    head = read_head(path)
    with reading(path) as connection:
        span = _span(connection)
        begin, reason = _beginning(connection)
        held, bad, reason = (begin, begin.seq + 1, reason) if reason else _chain(connection, begin)
        if not reason:
            reason = missing(connection, head or START, held) or _structure(connection)
        note = "" if head is not None else _unknown_end(path)
        rows, size = held.seq - begin.seq, path.stat().st_size
        return Verdict(path, rows, bad, reason, *span, held.chain, note, begin.seq, size)


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """A connection to read a journal by.

    Raises:
        JournalBroken: it cannot be read, or is none.
    """
    if not path.is_file():
        raise JournalBroken(f"journal {path}: there is no such file")
    if not os.access(path, os.R_OK):
        raise JournalBroken(f"journal {path}: this user may not read it")
    try:
        connection = open_to_read(path)
        try:
            connection.execute(select(entries).limit(1)).all()
            yield connection
        finally:
            connection.close()
    except DBAPIError as error:
        fault, name = fault_of(error.orig)
        what = "it cannot be read as a journal" if fault in (Fault.CORRUPT, Fault.OTHER) else "it cannot be read"
        raise JournalBroken(f"journal {path}: {what} ({name})") from None


def _span(connection: Connection) -> tuple[int | None, int | None]:
    try:
        low, high = connection.execute(select(func.min(entries.c.at_ms), func.max(entries.c.at_ms))).one()
    except DBAPIError:
        return None, None
    return (low, high) if isinstance(low, int) and isinstance(high, int) else (None, None)


def _beginning(connection: Connection) -> tuple[Mark, str]:
    try:
        return beginning(connection)
    except DBAPIError as error:
        return START, f"the file is damaged ({fault_of(error.orig)[1]})"


def _chain(connection: Connection, begin: Mark) -> tuple[Mark, int | None, str]:
    held = begin
    try:
        for row in rows_after(connection, begin.seq):
            held, bad, reason = first_break([row], held)
            if reason:
                return held, bad, reason
    except DBAPIError as error:
        name = fault_of(error.orig)[1]
        return held, held.seq + 1, f"the file is damaged after row {held.seq} ({name})"
    return held, None, ""


def _structure(connection: Connection) -> str:
    """What SQLite itself finds wrong; a damaged index would hide rows from a restart."""
    try:
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    except DBAPIError as error:
        return f"the file is damaged ({fault_of(error.orig)[1]})"
    return "" if found == "ok" else f"all rows hold, but the file around them is damaged: {found}"


def _unknown_end(path: Path) -> str:
    return f"{head_path(path)} is missing or unreadable: whether rows were cut off at the end cannot be told"

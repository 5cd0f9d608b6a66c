"""Whether a journal's file may be written on: what is there, whom it belongs to, and that nothing of it is missing."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection

from vibe_quant.journal.faults import damaged
from vibe_quant.journal.head import read_head
from vibe_quant.journal.removal import first_seq
from vibe_quant.journal.rows import START, Mark
from vibe_quant.journal.sqlite_file import mark_at, open_to_read, tail
from vibe_quant.journal.upgrade import checked_revision

TAIL_ROWS = 2000
"""Rows at the end whose checksums are looked at on every opening; ``verify`` looks at all."""


def provide(path: Path) -> bool:
    """Make file and folder where there are none, for this user alone; True where the file is new.

    Raises:
        JournalBroken: there is no file, but what stood beside it.
        OSError: it cannot be made.
    """
    if path.exists():
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return False
    head = read_head(path)
    if head is not None:
        raise damaged(path, f"there is no such file, but its head is still there: {head.seq} rows had been written")
    log = Path(f"{path}-wal")
    if log.exists() and log.stat().st_size:
        raise damaged(path, "there is no such file, but its write-ahead log is still there")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return True


def checked_end(path: Path, acknowledged: Mark) -> Mark:
    """The end of the chain, once its tail, its head and what this process has acknowledged agree.

    Nothing is written, not even what SQLite would tidy up: a file that is refused stays as it is.

    Raises:
        JournalBroken: they do not.
        NewerFormError, ForeignFormError: it is no journal of this program's.
        sqlalchemy.exc.DBAPIError: SQLite could not read.
    """
    with open_to_read(path) as connection:
        empty = checked_revision(connection) is None
        end, wrong = (START, "") if empty else tail(connection, TAIL_ROWS)
        for known in (read_head(path) or START, acknowledged):
            if not wrong:
                wrong = missing(connection, known, end)
    if wrong:
        raise damaged(path, wrong)
    return end


def missing(connection: Connection, known: Mark, end: Mark) -> str:
    """What of a chain known to have reached ``known`` is not in the file ("": nothing)."""
    if known.seq > end.seq:
        return f"rows are missing at its end: {known.seq} had been written, {end.seq} are there"
    if known.seq == 0 or known.seq < (first_seq(connection) or 1):  # there was none yet, or it is gone by a removal
        return ""
    found = mark_at(connection, known.seq)
    return "" if found == known else f"row {known.seq} is not the one that had been written"

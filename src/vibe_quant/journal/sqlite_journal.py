"""The journal on SQLite: what ``write`` returned from is on the disk; what it does when disk or file fail."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter_ns
from typing import NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from vibe_quant.domain.spread import Spread
from vibe_quant.journal.ballast import SIZE, Ballast
from vibe_quant.journal.faults import Fault, broken, damaged, fault_of, low, newer
from vibe_quant.journal.head import Head
from vibe_quant.journal.opening import checked_end, provide
from vibe_quant.journal.rows import START, Mark, Row, chained
from vibe_quant.journal.sqlite_file import append, delete, open_to_write, secure
from vibe_quant.journal.upgrade import ForeignFormError, NewerFormError
from vibe_quant.ports import Entry, JournalBroken

Observer = Callable[[Sequence[Row]], None]
"""Told of rows once they are on the disk; never waits, never fails."""

_FAILURES = (SQLAlchemyError, sqlite3.Error, OSError, NewerFormError, ForeignFormError, JournalBroken)
_WORTH_ROOM = (Fault.FULL, Fault.GROWTH)
_CLEAN = (Fault.FULL, Fault.LOCKED)  # SQLite has rolled back and the connection is as good as before
_UNCHANGED = (*_CLEAN, Fault.CORRUPT)  # damage in what is old must not end what is new


class SqliteJournal:
    """One file, one writer.  It opens at once; where that fails it stands in ``trouble`` and every write tries again.

    ``run`` is stamped on each row.  ``path`` is the SQLite file; beside it stand its head and its ballast.
    """

    def __init__(self, path: Path, run: str, observer: Observer | None = None, ballast: int = SIZE) -> None:
        self.path = path
        self._run = run
        self._observer = observer
        self._ballast = Ballast(path, ballast)
        self._connection: Connection | None = None
        self._head: Head | None = None
        self._file: tuple[int, int] = (0, 0)
        self._acknowledged = START
        self._end = START
        self._suspect = False
        self._low = False
        self.commits = Spread()
        """How long commits took that succeeded, seconds."""
        self.trouble = ""
        """Why discretion must wait ("": all is well); set too while rows can be written, but the disk is full."""
        self.mend()

    @property
    def acknowledged(self) -> Mark:
        """The last row that ``write`` has returned from, or that was there."""
        return self._acknowledged

    @property
    def writable(self) -> bool:
        """Whether the file was well when it was last touched."""
        return self._connection is not None

    def write(self, entries: Sequence[Entry]) -> None:
        """Append in one transaction, all or nothing; entries repeated after a failure are not written twice.

        Without entries: ``mend``.

        Raises:
            JournalBroken: they are not acknowledged; ``trouble`` says the same.
            TypeError: a body holds what is no plain data.
        """
        self._ready()
        if not entries:
            self._hold_again()
            return
        rows = self._continued(entries)
        fresh = [row for row in rows if row.seq > self._end.seq]
        if fresh:
            began = perf_counter_ns()
            self._attempt(lambda: append(self._ready(), fresh))
            self.commits.add((perf_counter_ns() - began) / 1e9)
        self._acknowledge(rows[-1].mark)
        if self._observer is not None:
            self._observer(rows)

    def remove(self, up_to: int) -> bool:
        """Take the rows up to this one, which a row of the journal names as removed, out of the file in one commit.

        False where that cannot be now: somebody holds the file, the disk is full, there is trouble.  It waits for
        nobody, and is no trouble itself unless the disk reports an error.

        Raises:
            JournalBroken: it does; ``trouble`` says the same until the next write.
        """
        if self.trouble or self._connection is None:
            return False
        try:
            delete(self._ready(), up_to)
        except sqlite3.Error as error:
            fault, said = self._failure(error)
            if fault in _UNCHANGED:
                return False
            self._lose(said)
        return True

    def mend(self) -> str:
        """Open the file again and take the ballast again, where that is called for; what trouble is left."""
        with suppress(JournalBroken):
            self._ready()
            self._hold_again()
        return self.trouble

    def close(self) -> None:
        """End; what is written stays."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None
        if self._head is not None:
            self._head.close()
            self._head = None

    def _continued(self, entries: Sequence[Entry]) -> list[Row]:
        """The rows to be acknowledged; where a write that failed has reached the file all the same, those are it."""
        rows = chained(entries, self._run, self._acknowledged)
        left = self._end.seq - self._acknowledged.seq
        if left > len(rows) or (left and rows[left - 1].mark != self._end):
            return chained(entries, self._run, self._end)
        return rows

    def _ready(self) -> Connection:
        """The connection, opened where it is not."""
        if self._connection is None:
            self._attempt(self._open)
            self._hold()
        elif self._identity() != self._file:
            self._lose(broken(self.path, Fault.GONE, "another file stands there, or none"))
        assert self._connection is not None
        return self._connection

    def _open(self) -> None:
        if provide(self.path):
            self._acknowledged = START
        end = checked_end(self.path, self._acknowledged)
        connection = open_to_write(self.path)
        try:
            if not secure(connection) and self._suspect:
                raise broken(self.path, Fault.LOCKED, "a reader")
            head = Head(self.path)
        except BaseException:
            connection.close()
            raise
        self._connection, self._head, self._file = connection, head, self._identity()
        self._end = end
        if not self._suspect:
            self._acknowledged = end
        self._suspect = False

    def _identity(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)  # noqa: PTH116 - on the way of every order; a Path costs as much again
        except OSError:
            return (0, 0)
        return (found.st_dev, found.st_ino)

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do it, once more with the ballast's space where there was no room."""
        try:
            action()
        except _FAILURES as error:
            fault, said = self._failure(error)
            if fault not in _WORTH_ROOM or not self._ballast.release():
                self._give_up(fault, said)
        else:
            return
        self._low = True
        try:
            action()
        except _FAILURES as error:
            self._give_up(*self._failure(error))

    def _failure(self, error: Exception) -> tuple[Fault, JournalBroken]:
        """What it was, without the words of whoever raised it."""
        if isinstance(error, JournalBroken):
            return Fault.CORRUPT, error
        if isinstance(error, NewerFormError):
            return Fault.CORRUPT, newer(self.path, str(error))
        if isinstance(error, ForeignFormError):
            return Fault.CORRUPT, damaged(self.path, str(error))
        fault, name = fault_of(error.orig if isinstance(error, DBAPIError) else error)
        return fault, broken(self.path, fault, name)

    def _give_up(self, fault: Fault, said: JournalBroken) -> NoReturn:
        if self._connection is not None and fault in _CLEAN:
            self.trouble = str(said)
            raise said from None
        self._lose(said)

    def _lose(self, said: JournalBroken) -> NoReturn:
        """Nothing more through this connection: what it holds is suspect."""
        self._suspect = self._suspect or self._connection is not None
        self.close()
        self.trouble = str(said)
        raise said from None

    def _acknowledge(self, mark: Mark) -> None:
        self._acknowledged = self._end = mark
        self._well()
        if self._head is not None:
            with suppress(OSError):  # a head that lags is harmless, and the rows are on the disk
                self._head.note(mark)

    def _hold(self) -> None:
        self._low = not self._ballast.hold()
        self._well()

    def _hold_again(self) -> None:
        if self._low and self._ballast.hold():
            self._low = False
            self._well()

    def _well(self) -> None:
        """It can be written; what is left to say is whether there is a reserve."""
        self.trouble = low(self.path, self._ballast.size) if self._low else ""


def open_journal(path: Path, run: str, observer: Observer | None = None) -> SqliteJournal:
    """The journal at ``path``, made where there is none; it never raises: what is wrong stands in ``trouble``."""
    return SqliteJournal(path, run, observer)

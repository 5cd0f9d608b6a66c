"""One connection to a journal's file: how it is opened, and what is read and written through it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool

from vibe_quant.journal.removal import beginning, first_seq
from vibe_quant.journal.rows import START, Mark, Row, first_break
from vibe_quant.journal.schema import entries
from vibe_quant.journal.upgrade import upgrade_local

BUSY_MS = 200
"""How long a commit may wait for another process: the loop stands still meanwhile."""
CHECKPOINT_PAGES = 1000
"""Pages of 4 KiB in the write-ahead log before they go into the file.  Rows are appended, so most of these pages are
the same few over and over: what the file grows by at once is far less than the ballast."""
BEGIN = "BEGIN IMMEDIATE"
COLUMNS = tuple(column.name for column in entries.columns)
_INSERT = str(insert(entries).compile(dialect=sqlite.dialect(paramstyle="qmark")))
_values = attrgetter(*COLUMNS)


@lru_cache(maxsize=8)
def _engine(pragmas: tuple[str, ...], uri: str, begin: str) -> Engine:
    """It holds no connection open, and knows the statements that it has compiled: each costs milliseconds once."""

    def connect() -> sqlite3.Connection:
        # Left to itself the driver would begin no transaction for DDL, and half a migration could stay.
        return sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None)

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Bytes that are no text are for the checksum to find, not for an exception in the middle of a read.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()

    @event.listens_for(engine, "begin")
    def begins(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def open_to_write(path: Path) -> Connection:
    """A connection whose commits are on the disk when they return; the file is brought to the newest form.

    Raises:
        sqlalchemy.exc.DBAPIError: SQLite could not.
        NewerFormError, ForeignFormError: it is no journal of this program's.
    """
    pragmas = ("journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={CHECKPOINT_PAGES}", "temp_store=MEMORY")
    connection = _engine(pragmas, f"{path.absolute().as_uri()}?mode=rw", BEGIN).connect()
    try:
        upgrade_local(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> Connection:
    """A connection that cannot write; a file in a folder that may not be written is read as it stands.

    Raises:
        sqlalchemy.exc.DBAPIError: SQLite could not.
    """
    alone = not Path(f"{path}-wal").exists() and not _writable(path.parent)
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    return _engine(("query_only=ON",), f"{path.absolute().as_uri()}?{mode}", "BEGIN").connect()


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def append(connection: Connection, rows: Sequence[Row]) -> None:
    """Write rows in one transaction; when this returns they are on the disk.

    Past SQLAlchemy's execution, which costs more than the write itself: every order waits for this.

    Raises:
        sqlite3.Error: SQLite could not, and has nothing of it.
    """
    driver = _driver(connection)
    driver.execute(BEGIN)
    try:
        driver.executemany(_INSERT, map(_values, rows))
        driver.execute("COMMIT")
    except BaseException:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        raise


def delete(connection: Connection, up_to: int) -> None:
    """Take the rows up to this one out of the file in one transaction, without a wait for whoever holds it.

    Raises:
        sqlite3.Error: SQLite could not, and nothing has changed.
    """
    driver = _driver(connection)
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        driver.execute(BEGIN)
        driver.execute("DELETE FROM removal")
        driver.execute("INSERT INTO removal VALUES (?)", (up_to,))
        driver.execute("DELETE FROM entries WHERE seq <= ?", (up_to,))
        driver.execute("COMMIT")
    finally:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        driver.execute(f"PRAGMA busy_timeout = {BUSY_MS}")


def secure(connection: Connection) -> bool:
    """Bring what the write-ahead log holds into the file and empty it; False where a reader is in the way.

    After a failed sync nobody knows what of the log is on the disk, and rows written behind it could be lost with it.
    """
    busy, _, _ = _driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def rows_after(connection: Connection, seq: int, most: int | None = None) -> Iterator[tuple[Any, ...]]:
    """The columns of the rows after ``seq``, ascending, streamed."""
    wanted = select(entries).where(entries.c.seq > seq).order_by(entries.c.seq).limit(most)
    with connection.execution_options(stream_results=True, yield_per=500).execute(wanted) as found:
        for row in found:
            yield tuple(row)


def tail(connection: Connection, most: int) -> tuple[Mark, str]:
    """The end of the chain, and what is wrong with its last ``most`` rows ("": nothing)."""
    newest = connection.execute(select(entries.c.seq).order_by(entries.c.seq.desc()).limit(1)).scalar()
    lowest = first_seq(connection) or 1
    first = max(lowest - 1, (newest or 0) - most)
    before, wrong = beginning(connection) if first == lowest - 1 else (mark_at(connection, first), "")
    if before is None:
        return START, f"row {first} is missing"
    if wrong:
        return START, wrong
    end, _, wrong = first_break(rows_after(connection, first), before)
    return end, wrong


def mark_at(connection: Connection, seq: int) -> Mark | None:
    """The chain at a row; None where there is no such row."""
    chain = connection.execute(select(entries.c.chain).where(entries.c.seq == seq)).scalar()
    return None if chain is None else Mark(seq, chain)

"""A connection to PostgreSQL that never shows its password: addresses, statements, faults in words.

SQLAlchemy writes the statements; psycopg carries them, for its asynchronous connections need no second stack.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import ClauseElement, Dialect, make_url
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import ArgumentError

from vibe_quant.journal.upgrade import READ_REVISION, NewerFormError, mirror_upgrade

TIMEOUT_S = 5.0
"""The longest that a connection or a statement may take."""
MIGRATION_LOCK = 7_166_881_225
"""An advisory lock, so that two instances do not migrate at once."""

_DIALECT: Dialect = dialect()  # type: ignore[no-untyped-call]
_WORDS = {
    "42": "the user may not create or use the tables; grant it the right to",
    "25": "it may only be read; it is a standby, or set so",
    "53": "it has no disk space, memory or connections left",
    "57": "it is starting, stopping or was told to end the connection",
}


class PostgresError(Exception):
    """It could not be done; the message names the server and never the password."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is; ``name`` is what may be shown of it."""

    name: str
    options: Mapping[str, Any] = field(repr=False)


def address_of(url: str, password: str | None = None) -> Address:
    """Read ``postgresql://USER@HOST:PORT/DATABASE?OPTION=...``; without ``password`` libpq looks for PGPASSWORD.

    Raises:
        PostgresError: it is no such address.
    """
    try:
        parsed = make_url(url)
        known = parsed.get_backend_name() in ("postgresql", "postgres")
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise PostgresError("the address of the journal's mirror is none; write postgresql://USER@HOST:PORT/DATABASE")
    secret = password if password is not None else parsed.password
    parts = {"host": parsed.host, "port": parsed.port, "dbname": parsed.database, "user": parsed.username}
    said = {name: value for name, value in {**parts, "password": secret}.items() if value}
    options = {**parsed.query, **said, "connect_timeout": int(TIMEOUT_S)}
    shown = f"{parsed.host or parsed.query.get('host', 'localhost')}:{parsed.port or 5432}/{parsed.database or ''}"
    return Address(shown, options)


@asynccontextmanager
async def connected(address: Address) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection, each statement of which is a transaction.

    Raises:
        PostgresError: it could not be made, or what was done with it failed.
    """
    with _worded(address):
        async with asyncio.timeout(2 * TIMEOUT_S):
            connection = await psycopg.AsyncConnection.connect(**address.options, autocommit=True)
        try:
            yield connection
        finally:
            await connection.close()


class _worded:  # noqa: N801 - a context manager that reads as a word
    """Turns what the driver raises into a sentence without its words, which may hold the address as it was given."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, psycopg.Error):
            raise PostgresError(f"PostgreSQL at {self._address.name} {_words(error)}") from None
        if isinstance(error, TimeoutError | OSError):
            raise PostgresError(f"PostgreSQL at {self._address.name} does not answer") from None
        if isinstance(error, NewerFormError):
            said = f"the mirror at {self._address.name} was written by a newer version of this program: {error}"
            raise PostgresError(said) from None


def _words(error: psycopg.Error) -> str:
    """A connection that was refused carries no code, only the server's own word for it."""
    if error.sqlstate is None:
        if "FATAL" in str(error):
            return "refuses the connection; look at the user, the password (PGPASSWORD), the database and pg_hba.conf"
        return "cannot be reached"
    why = _WORDS.get(error.sqlstate[:2])
    return f"fails ({error.sqlstate})" if why is None else f"fails ({error.sqlstate}): {why}"


async def fetch(connection: psycopg.AsyncConnection[Any], statement: ClauseElement, **values: Any) -> list[Any]:
    """Carry out a statement that returns rows."""
    compiled = statement.compile(dialect=_DIALECT)
    return await ask(connection, str(compiled), compiled.construct_params(values))


async def ask(
    connection: psycopg.AsyncConnection[Any], text: str, values: Mapping[str, Any] | None = None
) -> list[Any]:
    """Carry out text that returns rows or nothing."""
    async with asyncio.timeout(TIMEOUT_S):
        cursor = await connection.execute(text, values)
        return await cursor.fetchall() if cursor.description is not None else []


async def execute_many(
    connection: psycopg.AsyncConnection[Any], statement: ClauseElement, values: list[dict[str, Any]]
) -> None:
    """Carry out a statement for each of many, in one transaction."""
    text = str(statement.compile(dialect=_DIALECT))
    async with asyncio.timeout(2 * TIMEOUT_S), connection.transaction(), connection.cursor() as cursor:
        await cursor.executemany(text, values)


async def migrate(connection: psycopg.AsyncConnection[Any]) -> None:
    """Bring the database to the newest form, all or nothing; Alembic writes the SQL, this connection carries it.

    Raises:
        NewerFormError: it is beyond.
    """
    async with asyncio.timeout(2 * TIMEOUT_S), connection.transaction():
        await ask(connection, f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        there = await ask(connection, "SELECT to_regclass('alembic_version') IS NOT NULL")
        current = await ask(connection, READ_REVISION) if there[0][0] else []
        statements = mirror_upgrade(current[0][0] if current else None)
        if statements:
            await ask(connection, statements)

"""Which form a journal or a mirror must have, and how an older one gets it; Alembic is loaded only to migrate."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from alembic.config import Config

LOCAL_HEAD = "0002"
MIRROR_HEAD = "0001"
"""The newest revision of each; equal to the last file under migrations/, which a test compares."""


class ForeignFormError(Exception):
    """It is a database, but no journal."""


READ_REVISION = "SELECT version_num FROM alembic_version"


class NewerFormError(Exception):
    """The record was written by a newer version of the program, in a form unknown to this one."""


def revision_of(connection: Connection) -> str | None:
    """The revision of a journal; None where it has no table yet."""
    found = connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).scalar()
    return None if found is None else connection.execute(text(READ_REVISION)).scalar()


def checked_revision(connection: Connection) -> str | None:
    """The revision of a journal that this program may go on with; None: an empty file.

    Raises:
        NewerFormError: it is beyond what is known here.
        ForeignFormError: it is something else.
    """
    current = _checked(revision_of(connection), LOCAL_HEAD)
    if current is None and connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar():
        raise ForeignFormError("it is another program's database, not a journal")
    return current


def upgrade_local(connection: Connection) -> None:
    """Bring a journal to ``LOCAL_HEAD``; nothing is loaded or written where it is there.

    Raises:
        NewerFormError, ForeignFormError: it is none of ours to write.
    """
    current = checked_revision(connection)
    connection.rollback()
    if current == LOCAL_HEAD:
        return
    from alembic import command

    config = _config("local")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def mirror_upgrade(current: str | None) -> str:
    """The SQL that brings a mirror from a revision (None: empty) to ``MIRROR_HEAD``; empty where it is there.

    Raises:
        NewerFormError: it is beyond.
    """
    if _checked(current, MIRROR_HEAD) == MIRROR_HEAD:
        return ""
    from alembic import command

    config = _config("mirror")
    config.output_buffer = io.StringIO()
    command.upgrade(config, f"{current or 'base'}:head", sql=True)
    return config.output_buffer.getvalue()


def _checked(current: str | None, head: str) -> str | None:
    """Revisions are numbers of four digits, so that their order is that of their text."""
    if current is not None and current > head:
        raise NewerFormError(f"its form is {current}, known here are forms up to {head}")
    return current


def _config(which: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations" / which).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config

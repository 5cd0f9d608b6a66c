"""The row that says which rows are gone from the journal's beginning, where the rest begins, and what is carried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select

from vibe_quant.journal.carried import Carried
from vibe_quant.journal.rows import START, Mark
from vibe_quant.journal.schema import entries

KIND = "pruned"


class RemovalUnreadError(ValueError):
    """The newest row of a removal cannot be read; the message says which it is."""


@dataclass(frozen=True, slots=True)
class Removal:
    """Rows after ``marks[0]`` up to and with ``up_to`` are gone or about to go, ``rows`` of them.

    ``chain`` is the checksum of the last of them, ``last_ms`` its time (epoch ms), ``origin`` the checksum of the very
    first row that the journal had.  ``marks`` are the places at which it may begin meanwhile, for rows go in steps.
    ``carried`` is what must be known of all that are gone, those of earlier removals too.
    """

    up_to: int
    chain: str
    rows: int
    last_ms: int
    origin: str
    marks: tuple[Mark, ...]
    carried: Carried

    @property
    def end(self) -> Mark:
        """The last row that goes."""
        return Mark(self.up_to, self.chain)

    def body(self) -> dict[str, Any]:
        """As the row holds it."""
        body: dict[str, Any] = msgspec.to_builtins(self, order="deterministic")
        return body


def last_removal(connection: Connection) -> Removal | None:
    """The newest; None where nothing was ever removed.

    Raises:
        RemovalUnreadError: its row is damaged.
    """
    newest = select(func.max(entries.c.seq)).where(entries.c.kind == KIND).scalar_subquery()
    found = connection.execute(select(entries.c.seq, entries.c.body).where(entries.c.seq == newest)).first()
    if found is None:
        return None
    try:
        return msgspec.json.decode(found[1], type=Removal)
    except (msgspec.MsgspecError, ValueError, TypeError):
        raise RemovalUnreadError(f"row {found[0]}, which says what was removed, is damaged") from None


def first_seq(connection: Connection) -> int | None:
    """The number of the first row that is there; None: there is none."""
    return connection.execute(select(func.min(entries.c.seq))).scalar()


def beginning(connection: Connection) -> tuple[Mark, str]:
    """What the first row that is there must follow, and what is wrong with where it stands ("": nothing)."""
    first = first_seq(connection)
    if first is None or first == 1:
        return START, ""
    try:
        removal = last_removal(connection)
    except RemovalUnreadError as error:
        return START, str(error)
    marks = () if removal is None else removal.marks
    found = next((mark for mark in marks if mark.seq == first - 1), None)
    if found is not None:
        return found, ""
    why = "" if removal is None else f"; by its own removals it may begin behind row {removal.up_to}"
    return START, f"row 1 is missing: the first that is there is row {first}{why}"

"""Which rows go from the journal's beginning: what must be known of them is folded, a row says it, then they go."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from vibe_quant.journal.carried import Carried, Fold
from vibe_quant.journal.removal import KIND, Removal, RemovalUnreadError, first_seq, last_removal
from vibe_quant.journal.rows import START, Mark, Row, first_break
from vibe_quant.journal.sqlite_file import rows_after
from vibe_quant.journal.verify import reading
from vibe_quant.ports import JournalBroken

STEP = 50
"""Rows that are read, and that go, at once: a millisecond of the loop, or less."""
MOST, LEAST = 100, 20
"""Steps of one removal; fewer are left until there are more."""
_BAD = (msgspec.MsgspecError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError)


def removals(path: Path, before_ms: int, up_to: int | None = None) -> Generator[Removal | None, None, None]:
    """What may go next: a removal at the last step, None at each before it, where others may have their turn.

    It ends without one where too little is older than ``before_ms`` (epoch ms), or stands up to row ``up_to`` (None: no
    such bound).  Rows go in whole steps and only from the beginning on: one that is young keeps all behind it.

    Raises:
        JournalBroken: the journal cannot be read, or the rows that would go are not as they were written.
    """
    with reading(path) as connection:
        begin, fold, origin = _from(path, connection)
        marks, last_ms = [begin], 0
        while len(marks) <= MOST:
            page = _page(connection, marks[-1])
            if not _may_go(page, before_ms, up_to):
                break
            marks.append(_followed(path, page, marks[-1]))
            _fold(path, fold, page)
            origin, last_ms = origin or page[0].chain, page[-1].at_ms
            yield None
    if len(marks) <= LEAST:
        return
    end = marks[-1]
    carried = fold.carried(before_ms, but=(KIND,))
    yield Removal(end.seq, end.chain, end.seq - begin.seq, last_ms, origin, tuple(marks), carried)


def left_over(path: Path) -> tuple[int, ...]:
    """The steps, by their last row, that are named as removed and still in the file, oldest first.

    Raises:
        JournalBroken: the journal cannot be read.
    """
    with reading(path) as connection:
        removal, first = _last(path, connection), first_seq(connection)
        if removal is None or first is None:
            return ()
        return tuple(mark.seq for mark in removal.marks if mark.seq >= first)


def _from(path: Path, connection: Connection) -> tuple[Mark, Fold, str]:
    removal = _last(path, connection)
    if removal is None:
        return START, Fold(Carried()), ""
    return removal.end, Fold(removal.carried), removal.origin


def _last(path: Path, connection: Connection) -> Removal | None:
    try:
        return last_removal(connection)
    except RemovalUnreadError as error:
        raise JournalBroken(f"journal {path}: {error}") from None


def _page(connection: Connection, after: Mark) -> list[Row]:
    page = [Row(*row) for row in rows_after(connection, after.seq, STEP)]
    connection.rollback()  # a transaction that stays open would keep the writer's log from being emptied
    return page


def _may_go(page: Sequence[Row], before_ms: int, up_to: int | None) -> bool:
    if len(page) < STEP or (up_to is not None and page[-1].seq > up_to):
        return False
    return all(row.at_ms < before_ms for row in page)


def _followed(path: Path, page: Sequence[Row], after: Mark) -> Mark:
    columns = ((r.seq, r.at_ms, r.run, r.kind, r.symbol, r.side, r.client_id, r.body, r.chain) for r in page)
    end, _, wrong = first_break(columns, after)
    if wrong:
        raise JournalBroken(f"journal {path}: {wrong}. Nothing is removed from it")
    return end


def _fold(path: Path, fold: Fold, page: Sequence[Row]) -> None:
    try:
        fold.take(page)
    except _BAD as error:
        said = f"journal {path}: one of rows {page[0].seq} to {page[-1].seq} holds no data of its kind ({error})"
        raise JournalBroken(f"{said}. Nothing is removed from it") from None

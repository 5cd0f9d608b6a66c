"""A stretch of the journal a page at a time, by kind and in the order of time: a reader that shares a loop with trading
pauses between two pages, and holds no transaction open meanwhile, so that the writer's log can be emptied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from vibe_quant.journal.rows import Row
from vibe_quant.journal.schema import entries

ROWS = 50
"""A page of rows that are looked at one by one."""
COUNTED = 250
"""A page of rows that SQLite looks through."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``since_ms`` until before ``until_ms``, epoch ms, by the time of the rows."""

    since_ms: int
    until_ms: int


def pages(connection: Connection, kind: str, stretch: Stretch, most: int = ROWS) -> Iterator[Sequence[Row]]:
    """The rows of a kind, by ascending time; at each step one page of so many at most, an empty one at the end."""
    columns = (column for column in entries.columns if column.name not in ("at_ms", "seq"))
    for page in _pages(connection, kind, stretch, most, *columns):
        yield [Row(seq, at_ms, *rest) for at_ms, seq, *rest in page]


def counts(connection: Connection, kind: str, part: str, stretch: Stretch, most: int = COUNTED) -> Iterator[int]:
    """How many rows of a kind hold this part in the JSON text of their body: at each step those of one page."""
    for page in _pages(connection, kind, stretch, most, func.instr(entries.c.body, part) > 0):
        yield sum(1 for _, _, found in page if found)


def _pages(
    connection: Connection, kind: str, stretch: Stretch, most: int, *columns: Any
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Rows of (at_ms, seq, columns), from each page's end to the next."""
    wanted, at_ms, seq = select(entries.c.at_ms, entries.c.seq, *columns), stretch.since_ms, 0
    while True:
        found = [tuple(row) for row in connection.execute(_page(wanted, kind, stretch, at_ms, seq, most))]
        connection.rollback()
        yield found
        if len(found) < most:
            return
        at_ms, seq = found[-1][:2]


def _page(wanted: Select[Any], kind: str, stretch: Stretch, at_ms: int, seq: int, most: int) -> Select[Any]:
    """What comes after (at_ms, seq): by the index of kind and time, whose ties stand in the order of seq."""
    after = or_(entries.c.at_ms > at_ms, entries.c.seq > seq)
    within = (entries.c.kind == kind, entries.c.at_ms >= at_ms, entries.c.at_ms < stretch.until_ms)
    return wanted.where(*within, after).order_by(entries.c.at_ms, entries.c.seq).limit(most)

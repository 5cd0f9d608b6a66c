"""Rows of words: a table with colours on a terminal, aligned columns without either everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from vibe_quant.cli.words import printable

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

GAP = "  "
WIDE = 110
"""Columns of a terminal that has room for everything."""
UNBROKEN = 20
"""A name up to this long keeps to one line."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A word, and how a terminal shows it (rich's names of styles)."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def write_table(
    out: TextIO,
    head: Sequence[str],
    rows: Sequence[Row],
    right: frozenset[int] = frozenset(),
    spare: frozenset[int] = frozenset(),
) -> None:
    """``right``: the columns whose words stand at the right; ``spare``: those that a narrow terminal goes without."""
    if out.isatty():
        from rich.console import Console

        console = Console(file=out)
        console.print(rich_table(head, rows, right, spare if console.width < WIDE else frozenset()))
        return
    out.write(aligned([list(head), *([_cell(word).text for word in row] for row in rows)], right))


def rich_table(head: Sequence[str], rows: Sequence[Row], right: frozenset[int], without: frozenset[int]) -> Table:
    """For a terminal; ``without`` these columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    shown = [number for number in range(len(head)) if number not in without]
    for number in shown:
        side: JustifyMethod = "right" if number in right else "left"
        table.add_column(head[number], justify=side, overflow="fold", min_width=_least(rows) if number == 0 else None)
    for row in rows:
        cells = [_cell(row[number]) for number in shown]
        table.add_row(*(Text(printable(cell.text), cell.style) for cell in cells))
    return table


def _least(rows: Sequence[Row]) -> int | None:
    """The longest name in the first column: one broken in two is read wrong, and a number that gives way is cut."""
    longest = max((len(_cell(row[0]).text) for row in rows), default=0)
    return longest if longest <= UNBROKEN else None


def aligned(lines: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Columns as wide as their widest word, two spaces between them."""
    shown = [[printable(word) for word in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    text = ""
    for line in shown:
        words = [w.rjust(n) if i in right else w.ljust(n) for i, (w, n) in enumerate(zip(line, widths, strict=True))]
        text += GAP.join(words).rstrip() + "\n"
    return text


def _cell(word: Cell | str) -> Cell:
    return word if isinstance(word, Cell) else Cell(word)

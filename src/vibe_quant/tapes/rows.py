"""Reads a text file row by row into market events, and opens such a file as a tape.

Errors name file and row: wrong number of fields, malformed or negative numbers, times that are not epoch milliseconds,
rows older than the newest before them by more than ``order.TOLERANCE_MS``.  Counted: one-sided quotes (left out),
trades that are not market trades (left out), rows late within the tolerance (put in their place).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from vibe_quant.domain.events import MarketEvent
from vibe_quant.tapes.check import Survey
from vibe_quant.tapes.decimals import Numbers, ZeroNumberError
from vibe_quant.tapes.files import open_text
from vibe_quant.tapes.order import TOLERANCE_MS, Batch, arrive_in_order, in_order
from vibe_quant.tapes.tape import RANK, ZERO, Dropped, Tape, TapeError

BLOCK_CHARS = 1 << 16
EARLIEST_MS = 10**12
LATEST_MS = 10**13


class Layout(Protocol):
    """What the columns of a file mean."""

    width: int
    prices: Numbers
    qtys: Numbers
    extraordinary: int

    def is_header(self, line: str) -> bool:
        """Whether the file's first line names columns; raises ValueError if they are not the right ones."""
        ...

    def build(self, fields: list[str]) -> tuple[MarketEvent, ...]:
        """The events of a row; raises ValueError for what cannot be read, ZeroNumberError for a zero."""
        ...

    def may_be_zero(self, fields: list[str]) -> bool:
        """Whether a zero in this row means a one-sided quote."""
        ...


class Rows:
    """One reading of one file; ``dropped`` is complete when the batches are."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path = path
        self.layout = layout
        self._row = 0
        self._newest = 0
        self._one_sided = 0
        self._reordered = 0

    @property
    def dropped(self) -> Dropped:
        """What did not come through as it stood."""
        return Dropped(self._one_sided, self.layout.extraordinary, self._reordered)

    def batches(self) -> Iterator[Batch]:
        """The file's events block by block."""
        with open_text(self.path) as text:
            yield from self._blocks(text)

    def _blocks(self, text: io.TextIOBase) -> Iterator[Batch]:
        first = text.readline()
        try:
            header = self.layout.is_header(first)
        except ValueError as error:
            raise self._error(1, first, str(error)) from None
        if header:
            self._row = 1
            first = ""
        while lines := text.readlines(BLOCK_CHARS):
            yield self._decode([first, *lines] if first else lines)
            first = ""
        if first:
            yield self._decode([first])

    def _decode(self, lines: list[str]) -> Batch:
        events: list[MarketEvent] = []
        append = events.append
        build, width, newest, tidy = self.layout.build, self.layout.width, self._newest, True
        for row, line in enumerate(lines, self._row + 1):
            fields = line.split(",")
            try:
                if len(fields) != width:
                    raise ValueError(f"{len(fields)} fields where {width} belong")
                for event in build(fields):
                    ms = event.exch_ms
                    key = ms * 4 + RANK[type(event)]
                    append(event)
                    if key >= newest and ms < LATEST_MS and ms >= EARLIEST_MS:
                        newest = key
                    else:
                        self._late(ms, newest // 4)
                        tidy = False
            except ZeroNumberError as error:
                if not self.layout.may_be_zero(fields):
                    raise self._error(row, line, str(error)) from None
                self._one_sided += 1
            except ValueError as error:
                raise self._error(row, line, str(error)) from None
        self._row += len(lines)
        self._newest = newest
        return events, tidy

    def _late(self, ms: int, newest_ms: int) -> None:
        if not EARLIEST_MS <= ms < LATEST_MS:
            raise ValueError(f"{ms} is not a time in epoch milliseconds")
        if newest_ms - ms > TOLERANCE_MS:
            raise ValueError(f"its time is {newest_ms - ms} ms before that of an earlier row; sort the file by time")
        self._reordered += ms < newest_ms

    def _error(self, row: int, line: str, reason: str) -> TapeError:
        shown = line.strip()
        if not shown:
            return TapeError(
                f"{self.path}, row {row}: the row is empty ({reason}); remove it, or record the file again"
            )
        return TapeError(f"{self.path}, row {row}: {reason}; repair or remove the row, which reads: {shown[:200]}")


def open_rows(path: Path, symbol: str, recorded_symbol: str, layout: Callable[[int], Layout], provenance: str) -> Tape:
    """Survey a text file whole, then give it as a tape; ``layout(least_lag_ms)`` makes a fresh layout for a reading.

    Raises:
        TapeError: as the module says; or the file holds no event, or neither quotes nor trades give a grid.
    """
    rows = Rows(path, layout(0))
    survey = Survey(str(path))
    for events in in_order(rows.batches()):
        survey.add(events)
    offset_ms = survey.least_lag_ms
    tick, step = rows.layout.prices.grid.unit, rows.layout.qtys.grid.unit
    meta = survey.meta(symbol, recorded_symbol, tick, step or ZERO, rows.dropped, provenance)

    def batches() -> Iterator[list[MarketEvent]]:
        ordered = in_order(Rows(path, layout(offset_ms)).batches())
        return arrive_in_order(ordered) if meta.has_recv_clock else ordered

    return Tape(path, meta, batches)

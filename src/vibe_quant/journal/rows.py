"""What a row of the journal is, and how its checksum chains it to the row before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from vibe_quant.ports import Entry

GENESIS = hashlib.sha256(b"vibe-quant journal, rows of form 1").hexdigest()
"""Stands where the first row's predecessor would: the name of the form that rows are hashed in."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a chain reaches: its last row (0: none) and that row's checksum."""

    seq: int
    chain: str


START = Mark(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file; ``body`` is JSON text, ``at_ms`` epoch ms."""

    seq: int
    at_ms: int
    run: str
    kind: str
    symbol: str
    side: str
    client_id: str
    body: str
    chain: str

    @property
    def mark(self) -> Mark:
        """The chain up to and with this row."""
        return Mark(self.seq, self.chain)

    def data(self) -> Any:
        """The body as plain data."""
        return msgspec.json.decode(self.body)


def checksum(before: str, row: Sequence[Any]) -> str:
    """SHA-256 over the previous checksum and the row's columns from ``seq`` to ``body`` as one JSON array, in hex."""
    return hashlib.sha256(before.encode() + msgspec.json.encode(list(row))).hexdigest()


def chained(entries: Iterable[Entry], run: str, after: Mark) -> list[Row]:
    """The rows that continue a chain; a body's keys are sorted, so that equal entries give equal bytes.

    Raises:
        TypeError: a body holds what is no plain data.
    """
    rows: list[Row] = []
    seq, chain = after.seq, after.chain
    for entry in entries:
        seq += 1
        body = msgspec.json.encode(entry.body, order="sorted").decode()
        columns = (seq, entry.at_ms, run, entry.kind, entry.symbol, entry.side, entry.client_id, body)
        chain = checksum(chain, columns)
        rows.append(Row(*columns, chain))
    return rows


def first_break(rows: Iterable[Sequence[Any]], after: Mark) -> tuple[Mark, int | None, str]:
    """Follow a chain: how far it holds, the row that breaks it (None: none), and in what way.

    ``rows`` are columns in the order of ``Row``, by ascending ``seq``.
    """
    held = after
    for row in rows:
        seq, chain = row[0], row[8]
        if seq != held.seq + 1:
            return held, held.seq + 1, f"row {held.seq + 1} is missing: row {seq} follows row {held.seq}"
        if not _holds(held.chain, row):
            return held, seq, f"row {seq} does not match its checksum, or the row before it is not the one it followed"
        held = Mark(seq, chain)
    return held, None, ""


def _holds(before: str, row: Sequence[Any]) -> bool:
    try:
        return bool(checksum(before, row[:8]) == row[8])
    except (TypeError, ValueError):  # bytes that are no text, where an altered file holds them
        return False

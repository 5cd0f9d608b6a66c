"""Imports recorded files into one tape: the exchange's public archive, CSV tapes and tapes, merged by time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import merge
from itertools import chain, combinations
from pathlib import Path

from vibe_quant.tapes.archive_rows import ArchiveKind, ArchiveLayout, header_kind
from vibe_quant.tapes.csv_rows import COLUMNS as CSV_COLUMNS
from vibe_quant.tapes.decimals import Grid
from vibe_quant.tapes.files import PARQUET_MAGIC, magic, open_text
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.order import arrive_in_order, in_batches
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.rows import open_rows
from vibe_quant.tapes.tape import ZERO, Dropped, Tape, TapeError, TapeMeta, order_key

BATCH = 4096


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What went in, and what the tape at ``out`` holds now."""

    out: Path
    inputs: tuple[tuple[Path, TapeMeta], ...]
    meta: TapeMeta


def import_files(inputs: Sequence[Path], out: Path, symbol: str, kind: str | None = None) -> ImportReport:
    """Merge ``inputs`` by exchange time into the tape ``out``, which is replaced only when all is well.

    Each input is read twice, never held in memory.  ``kind`` (a name of ``ArchiveKind``) is for inputs that neither
    their path nor their header identifies; klines can only be told by a folder named markPriceKlines, or by it.
    Mark klines give two marks a minute.  Tick and step are the greatest common divisors of all inputs.

    Raises:
        TapeError: an input cannot be used or identified, two inputs hold the same stretch of the same stream, there
            is neither quote nor trade, or ``out`` cannot be written.
    """
    if not inputs:
        raise TapeError(f"{out}: nothing to import; name at least one file")
    if any(path.resolve() == out.resolve() for path in inputs):
        raise TapeError(f"{out}: is among the inputs; name another file to write")
    tapes = [_open(path, symbol, _known(kind)) for path in inputs]
    _refuse_overlap(tapes)
    metas = [tape.meta for tape in tapes]
    merged = merge(*(tape.events() for tape in tapes), key=order_key)
    meta = write_tape(
        chain.from_iterable(arrive_in_order(in_batches(merged, BATCH))),
        out,
        symbol,
        _common(meta.tick for meta in metas),
        _common(meta.step for meta in metas),
        "; ".join(meta.provenance for meta in metas),
        sum((meta.dropped for meta in metas), Dropped()),
    )
    return ImportReport(out, tuple(zip(inputs, metas, strict=True)), meta)


def _known(kind: str | None) -> ArchiveKind | None:
    try:
        return ArchiveKind(kind) if kind else None
    except ValueError:
        raise TapeError(f"kind {kind!r} is none of {', '.join(ArchiveKind)}; name one of these") from None


def _open(path: Path, symbol: str, fallback: ArchiveKind | None) -> Tape:
    if magic(path) == PARQUET_MAGIC:
        return open_tape(path, symbol)
    with open_text(path) as text:
        first = text.readline()
    if first.startswith(CSV_COLUMNS[0]):
        return open_tape(path, symbol)
    kind = _named(path) or header_kind(first) or fallback
    if kind is None:
        raise TapeError(
            f"{path}: neither its name nor its header says what it holds; "
            f"name the kind, one of {', '.join(ArchiveKind)}"
        )
    return open_rows(path, symbol, symbol, lambda _: ArchiveLayout(symbol, kind), f"{path.name} ({kind})")


def _named(path: Path) -> ArchiveKind | None:
    """By file name (``BTCUSDT-trades-2024-01-01.zip``) or a folder of the archive's tree, the nearest first."""
    for part in (path.name, *reversed(path.parent.parts)):
        for kind in ArchiveKind:
            if part == kind or f"-{kind}-" in part:
                return kind
    return None


def _refuse_overlap(tapes: Sequence[Tape]) -> None:
    for one, other in combinations(tapes, 2):
        for stream in ("quotes", "trades", "marks"):
            a, b = getattr(one.meta, stream), getattr(other.meta, stream)
            if a.count and b.count and a.first_ms <= b.last_ms and b.first_ms <= a.last_ms:
                raise TapeError(
                    f"{one.path} and {other.path} both hold {stream} between {max(a.first_ms, b.first_ms)} and "
                    f"{min(a.last_ms, b.last_ms)} ms; import only one of them"
                )


def _common(widths: Iterable[Decimal]) -> Decimal:
    grid = Grid()
    for width in widths:
        if width > ZERO:
            grid.add(width)
    return grid.unit

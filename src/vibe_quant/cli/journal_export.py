"""``vibe-quant journal export``: rows for other programs, as CSV or JSON lines, to a file or standard output."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from vibe_quant.cli.journal import Form
from vibe_quant.cli.journal_rows import moment, row_object
from vibe_quant.journal.rows import Row

COLUMNS = ("seq", "at_ms", "run", "kind", "symbol", "side", "client_id", "body")
PRIVATE = 0o600


def export(rows: Iterable[Row], form: Form, out: Path | None) -> int:
    """How many rows were written; a file appears under its name when it is whole, and is for its owner only.

    Raises:
        OSError: it cannot be written.
    """
    if out is None:
        return _write(rows, form, sys.stdout)
    half = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            count = _write(rows, form, file)
        half.replace(out)
    except BaseException:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise
    return count


def _write(rows: Iterable[Row], form: Form, out: TextIO) -> int:
    count = 0
    table = csv.writer(out, lineterminator="\n")
    if form is Form.CSV:
        table.writerow(("at", *COLUMNS))
    for row in rows:
        count += 1
        if form is Form.JSON:
            out.write(json.dumps(row_object(row), ensure_ascii=False) + "\n")
        else:
            table.writerow((moment(row.at_ms), *(getattr(row, name) for name in COLUMNS)))
    return count

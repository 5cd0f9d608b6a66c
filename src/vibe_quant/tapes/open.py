"""Opens a recorded tape of whichever form: CSV (plain, gzip, zip) or the project's own Parquet."""

from __future__ import annotations

import re
from pathlib import Path

from vibe_quant.tapes.csv_rows import CsvLayout
from vibe_quant.tapes.files import PARQUET_MAGIC, magic
from vibe_quant.tapes.parquet_read import open_parquet
from vibe_quant.tapes.rows import open_rows
from vibe_quant.tapes.tape import Tape, TapeError

NAMED = re.compile(r"^(?:um|cm)_([A-Z0-9]+(?:_PERP|_\d{6})?)_\d{4}-")
"""``um_BTCUSDT_2023-04-04T2358_8m34s.csv.gz``"""


def open_tape(path: Path, symbol: str | None = None) -> Tape:
    """Open a tape and check it: Parquet by its footer, CSV by reading it whole once (import what is large).

    ``symbol`` is what the events shall carry; None: the symbol in the Parquet footer or in the CSV's name.

    Raises:
        TapeError: the file cannot be used, or nothing says which symbol it is of.
    """
    if magic(path) == PARQUET_MAGIC or path.suffix == ".parquet":
        return open_parquet(path, symbol)
    named = NAMED.match(path.name)
    recorded = named[1] if named else symbol
    if recorded is None:
        raise TapeError(f"{path}: the name does not say which symbol this is; name the symbol")
    carried = symbol or recorded
    return open_rows(path, carried, recorded, lambda offset: CsvLayout(carried, offset), path.name)

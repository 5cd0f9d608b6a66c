"""Opens tapes of the project's own format and decodes them column-wise, one row group's worth at a time."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import repeat
from operator import add
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.files import PARQUET_MAGIC, magic
from vibe_quant.tapes.parquet_schema import (
    FOOTER_KEY,
    MARK,
    MARK_SCALE,
    QUOTE,
    SCHEMA,
    TRADE,
    Scales,
    read_footer,
)
from vibe_quant.tapes.tape import Tape, TapeError

REMEMBERED = 200_000

ROWS_PER_BATCH = 8192  # a small part of a row group: an exit that ends early decodes no more than it needs


class Values(dict[int, Decimal]):
    """Integer -> Decimal at a fixed scale, remembered."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def __missing__(self, mantissa: int) -> Decimal:
        """The value of a mantissa not met lately."""
        if len(self) >= REMEMBERED:
            self.clear()
        value = self[mantissa] = Decimal(mantissa).scaleb(-self.scale)
        return value


class Decoder:
    """Record batches of SCHEMA to events."""

    def __init__(self, symbol: str, scales: Scales) -> None:
        self.symbol = symbol
        self.prices = Values(scales.price)
        self.qtys = Values(scales.qty)
        self.marks = Values(MARK_SCALE)

    def events(self, batch: pa.RecordBatch) -> list[MarketEvent]:
        """The batch's events in its order."""
        kinds = _integers(batch.column("kind"))
        of_kind = (
            self._trades(_only(batch, TRADE)),
            self._quotes(_only(batch, QUOTE)),
            self._marks(_only(batch, MARK)),
        )
        return [next(of_kind[kind]) for kind in kinds]

    def _quotes(self, batch: pa.RecordBatch) -> Iterator[MarketEvent]:
        price, qty = self.prices.__getitem__, self.qtys.__getitem__
        bids, asks = (map(price, _integers(batch.column(name))) for name in ("bid", "ask"))
        bid_qtys, ask_qtys = (map(qty, _integers(batch.column(name))) for name in ("bid_qty", "ask_qty"))
        ids = _integers(batch.column("update_id"))
        return map(Quote, repeat(self.symbol), *_times(batch), bids, bid_qtys, asks, ask_qtys, ids)

    def _trades(self, batch: pa.RecordBatch) -> Iterator[MarketEvent]:
        prices = map(self.prices.__getitem__, _integers(batch.column("price")))
        qtys = map(self.qtys.__getitem__, _integers(batch.column("qty")))
        makers = map(bool, _integers(batch.column("buyer_is_maker")))
        return map(
            Trade, repeat(self.symbol), *_times(batch), prices, qtys, makers, _integers(batch.column("trade_id"))
        )

    def _marks(self, batch: pa.RecordBatch) -> Iterator[MarketEvent]:
        prices = map(self.marks.__getitem__, _integers(batch.column("mark")))
        index, funding = (map(self._maybe, batch.column(name).to_pylist()) for name in ("index", "funding_rate"))
        return map(Mark, repeat(self.symbol), *_times(batch), prices, index, funding)

    def _maybe(self, mantissa: int | None) -> Decimal | None:
        return None if mantissa is None else self.marks[mantissa]


def open_parquet(path: Path, symbol: str | None = None) -> Tape:
    """Open a tape; only the footer is read.  ``symbol`` is what the events shall carry instead of the recorded one.

    Raises:
        TapeError: not a Parquet file, cut short, not a tape, of another version or with other columns.
    """
    if magic(path) != PARQUET_MAGIC:
        raise TapeError(f"{path}: not a Parquet file; if it is CSV, name it .csv, .csv.gz or .zip")
    try:
        with pq.ParquetFile(path) as file:
            raw = (file.metadata.metadata or {}).get(FOOTER_KEY)
            columns = file.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise TapeError(f"{path}: the file is cut short or damaged ({error}); import or record it again") from error
    meta, scales = read_footer(path, raw, symbol)
    missing = [field.name for field in SCHEMA if field.name not in columns.names]
    if missing:
        raise TapeError(f"{path}: the tape lacks the columns {', '.join(missing)}; import or record it again")

    def batches() -> Iterator[list[MarketEvent]]:
        decoder = Decoder(meta.symbol, scales)
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS_PER_BATCH):
                    yield decoder.events(batch)
        except (pa.ArrowException, OSError) as error:
            raise TapeError(f"{path}: a part of the tape is damaged ({error}); import or record it again") from error

    return Tape(path, meta, batches)


def _only(batch: pa.RecordBatch, kind: int) -> pa.RecordBatch:
    return batch.filter(pc.equal(batch.column("kind"), pa.scalar(kind, pa.int8())))


def _times(batch: pa.RecordBatch) -> tuple[list[int], Iterator[int]]:
    exch = _integers(batch.column("exch_ms"))
    return exch, map(add, exch, _integers(batch.column("lag_ms")))


def _integers(column: pa.Array[Any]) -> list[int]:
    """The values of an integer column without nulls, read straight from its buffer."""
    width = column.type.bit_width // 8
    start = column.offset * width
    values = column.buffers()[1]
    raw = memoryview(values or b"")[start : start + len(column) * width]
    return raw.cast("b" if width == 1 else "q").tolist()

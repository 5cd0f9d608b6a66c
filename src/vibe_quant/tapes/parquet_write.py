"""Writes market events into the project's own tape format, streaming, so that a half-written tape never appears."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.check import Survey
from vibe_quant.tapes.order import in_batches
from vibe_quant.tapes.parquet_schema import (
    ENCODINGS,
    FOOTER_KEY,
    MARK,
    MARK_SCALE,
    QUOTE,
    ROWS_PER_GROUP,
    SCHEMA,
    TRADE,
    Scales,
    footer,
)
from vibe_quant.tapes.tape import Dropped, TapeError, TapeMeta

REMEMBERED = 200_000
INT64 = 1 << 63
Row = tuple[int | None, ...]
LAYOUT: dict[str, Any] = {
    "column_encoding": ENCODINGS,
    "use_dictionary": [name for name in SCHEMA.names if name not in ENCODINGS],
}


class Mantissas(dict[Decimal, int]):
    """Decimal -> integer at a fixed scale, remembered; raises ValueError for what the scale cannot hold."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale

    def __missing__(self, value: Decimal) -> int:
        """Raises ValueError where digits would be lost."""
        mantissa = int(scaled := value.scaleb(self.scale))
        if mantissa != scaled or not -INT64 <= mantissa < INT64:
            raise ValueError(f"{value} cannot be kept with {self.scale} decimals")
        if len(self) >= REMEMBERED:
            self.clear()
        self[value] = mantissa
        return mantissa


class Encoder:
    """Events to rows of SCHEMA."""

    def __init__(self, path: Path, tick: Decimal, step: Decimal) -> None:
        scales = Scales.of(tick, step)
        self.path = path
        self.prices = Mantissas(scales.price)
        self.qtys = Mantissas(scales.qty)
        self.marks = Mantissas(MARK_SCALE)

    def table(self, events: list[MarketEvent]) -> pa.Table:
        """One row group; raises TapeError for an event or a value that the tape cannot hold."""
        try:
            columns = zip(*map(self._row, events), strict=True)
        except ValueError as error:
            at = f"between {events[0].exch_ms} and {events[-1].exch_ms} ms"
            raise TapeError(f"{self.path}: {error}, {at}; give the right tick and step, or leave it out") from error
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)

    def _row(self, event: MarketEvent) -> Row:
        prices, qtys = self.prices, self.qtys
        at, lag = event.exch_ms, event.recv_ms - event.exch_ms
        match event:
            case Quote():
                bid, ask = prices[event.bid], prices[event.ask]
                bid_qty, ask_qty = qtys[event.bid_qty], qtys[event.ask_qty]
                quote: Row = (QUOTE, at, lag, bid, bid_qty, ask, ask_qty, event.update_id)
                return quote + (None,) * 7
            case Trade():
                price, qty = prices[event.price], qtys[event.qty]
                trade = (price, qty, int(event.buyer_is_maker), event.trade_id)
                return (TRADE, at, lag, None, None, None, None, None, *trade, None, None, None)
            case Mark():
                values = (event.price, event.index, event.funding_rate)
                marks = (None if value is None else self.marks[value] for value in values)
                return (MARK, at, lag, *(None,) * 9, *marks)
            case _:
                raise ValueError(f"a tape holds quotes, trades and marks, not {type(event).__name__}")


def write_tape(
    events: Iterable[MarketEvent],
    path: Path,
    symbol: str,
    tick: Decimal,
    step: Decimal,
    provenance: str,
    dropped: Dropped | None = None,
) -> TapeMeta:
    """Write ``events`` (in tape order) to ``path``, replacing it only when all are written; returns the facts.

    Prices keep the decimals of ``tick``, quantities those of ``step``: a value off them is refused, never rounded.

    Raises:
        TapeError: no event, out of order, a value or an event that a tape cannot hold, or the path is not writable.
    """
    if tick <= 0 or step <= 0:
        raise TapeError(f"{path}: tick {tick} and step {step} must be above zero; a tape needs quotes or trades")
    part = path.with_name(path.name + ".part")
    survey, encoder = Survey(str(path)), Encoder(path, tick, step)
    try:
        with pq.ParquetWriter(part, SCHEMA, compression="zstd", **LAYOUT) as writer:
            for batch in in_batches(events, ROWS_PER_GROUP):
                table = encoder.table(batch)
                survey.add(batch)
                writer.write_table(table)
            meta = survey.meta(symbol, symbol, tick, step, dropped or Dropped(), provenance)
            writer.add_key_value_metadata({FOOTER_KEY.decode(): footer(meta).decode()})
        part.replace(path)
    except OSError as error:
        raise TapeError(f"{path}: cannot be written ({error}); check the folder, its permissions, the disk") from error
    finally:
        part.unlink(missing_ok=True)
    return meta

"""The project's own tape format: one Parquet file, columns of 64-bit integers, scales and facts in the footer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from vibe_quant.tapes.tape import Dropped, Stretch, TapeError, TapeMeta

VERSION = 1
FOOTER_KEY = b"vibe_quant.tape"
MARK_SCALE = 8
"""Decimals of mark, index and funding rate, as the exchange gives them."""
TRADE, QUOTE, MARK = 0, 1, 2
ROWS_PER_GROUP = 1 << 16

SCHEMA = pa.schema(
    [
        pa.field("kind", pa.int8(), nullable=False),  # 0 trade, 1 quote, 2 mark
        pa.field("exch_ms", pa.int64(), nullable=False),
        pa.field("lag_ms", pa.int64(), nullable=False),  # recv_ms - exch_ms
        pa.field("bid", pa.int64()),
        pa.field("bid_qty", pa.int64()),
        pa.field("ask", pa.int64()),
        pa.field("ask_qty", pa.int64()),
        pa.field("update_id", pa.int64()),
        pa.field("price", pa.int64()),
        pa.field("qty", pa.int64()),
        pa.field("buyer_is_maker", pa.int8()),
        pa.field("trade_id", pa.int64()),
        pa.field("mark", pa.int64()),
        pa.field("index", pa.int64()),
        pa.field("funding_rate", pa.int64()),
    ]
)
"""Prices x 10^price_scale, quantities x 10^qty_scale, mark columns x 10^8; null where a row is of another kind."""

ENCODINGS = {
    name: "DELTA_BINARY_PACKED"
    for name in SCHEMA.names
    if name not in ("kind", "bid_qty", "ask_qty", "qty", "buyer_is_maker")
}


@dataclass(frozen=True, slots=True)
class Scales:
    """Decimals kept of prices and of quantities."""

    price: int
    qty: int

    @classmethod
    def of(cls, tick: Decimal, step: Decimal) -> Scales:
        """The decimals of the grids themselves."""
        return cls(_decimals(tick), _decimals(step))


def _decimals(grid: Decimal) -> int:
    exponent = grid.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "finite"
    return max(0, -exponent)


def footer(meta: TapeMeta) -> bytes:
    """The facts as JSON, numbers that are Decimals as strings."""
    scales = Scales.of(meta.tick, meta.step)
    facts = {"version": VERSION, "price_scale": scales.price, "qty_scale": scales.qty} | asdict(meta)
    del facts["symbol"]
    return json.dumps(facts, default=str, ensure_ascii=False).encode()


def read_footer(path: Path, raw: bytes | None, symbol: str | None) -> tuple[TapeMeta, Scales]:
    """What ``footer`` wrote; ``symbol`` replaces the recorded one where given.

    Raises:
        TapeError: no footer, another version, or a footer that lacks something.
    """
    if raw is None:
        raise TapeError(f"{path}: a Parquet file, but not a tape; make one with the tape import command")
    try:
        facts = cast("dict[str, Any]", json.loads(raw))
        version = facts.pop("version")
        if version == VERSION:
            scales = Scales(int(facts.pop("price_scale")), int(facts.pop("qty_scale")))
            return _meta(facts, symbol), scales
    except (ValueError, KeyError, TypeError, ArithmeticError, AttributeError) as error:
        raise TapeError(f"{path}: the tape's footer is damaged ({error!r}); import or record it again") from error
    raise TapeError(
        f"{path}: the tape has format version {version}, this program reads version {VERSION}; "
        "import it again from its source, or use the program that wrote it"
    )


def _meta(facts: dict[str, Any], symbol: str | None) -> TapeMeta:
    known = {field.name for field in fields(TapeMeta)}
    return TapeMeta(
        symbol=symbol or str(facts["recorded_symbol"]),
        quotes=Stretch(**facts.pop("quotes")),
        trades=Stretch(**facts.pop("trades")),
        marks=Stretch(**facts.pop("marks")),
        tick=Decimal(facts.pop("tick")),
        step=Decimal(facts.pop("step")),
        dropped=Dropped(**facts.pop("dropped")),
        **{name: value for name, value in facts.items() if name in known},
    )

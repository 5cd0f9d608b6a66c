import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibe_quant.domain.events import Candle, Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes import parquet_read, parquet_write
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.parquet_schema import FOOTER_KEY, SCHEMA
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.tape import Dropped, TapeError, order_key

D = Decimal
T0 = 1_700_000_000_000
TICK, STEP = D("0.05"), D("0.001")

SOME: list[MarketEvent] = [
    Trade("X", T0, T0 + 3, D("99.95"), D("1.5"), True, 7),
    Quote("X", T0, T0 + 1, D("99.95"), D("0.001"), D("100.05"), D(2), 12),
    Mark("X", T0 + 1, T0 + 1, D("100.00000001"), D("99.9"), D("-0.0001")),
    Mark("X", T0 + 2, T0 + 2, D("100")),
]


def _write(path: Path, events: list[MarketEvent], **options: Any) -> Path:
    write_tape(events, path, "X", TICK, STEP, "by hand", **options)
    return path


amounts = st.integers(1, 10**12)
times = st.integers(T0, T0 + 1000)
lags = st.integers(0, 5000)


@st.composite
def event(draw: st.DrawFn) -> MarketEvent:
    at, lag = draw(times), draw(lags)
    kind, number = draw(st.sampled_from((Quote, Trade, Mark))), draw(st.integers(0, 2**63 - 1))
    a, b, c, d = (draw(amounts) for _ in range(4))
    if kind is Quote:
        return Quote("X", at, at + lag, a * TICK, b * STEP, c * TICK, d * STEP, number)
    if kind is Trade:
        return Trade("X", at, at + lag, a * TICK, b * STEP, draw(st.booleans()), number)
    index = draw(st.none() | amounts.map(lambda n: D(n).scaleb(-8)))
    funding = draw(st.none() | st.integers(-(10**6), 10**6).map(lambda n: D(n).scaleb(-8)))
    return Mark("X", at, at + lag, D(a).scaleb(-8), index, funding)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(event(), min_size=1, max_size=60))
def test_what_is_written_is_read(tmp_path: Path, events: list[MarketEvent]) -> None:
    events.sort(key=order_key)
    tape = open_tape(_write(tmp_path / "t.parquet", events))
    assert list(tape.events()) == events
    assert list(tape.events()) == events, "a second reading gives the same"


def test_the_facts_come_back(tmp_path: Path) -> None:
    dropped = Dropped(1, 2, 3)
    meta = write_tape(SOME, tmp_path / "t.parquet", "X", TICK, STEP, "by hand", dropped)
    assert open_tape(tmp_path / "t.parquet").meta == meta
    assert (meta.tick, meta.step, meta.dropped, meta.provenance) == (TICK, STEP, dropped, "by hand")
    assert (meta.quotes.count, meta.trades.count, meta.marks.count) == (1, 1, 2)
    assert meta.has_recv_clock


def test_prices_have_the_decimals_of_the_tick(tmp_path: Path) -> None:
    quote = Quote("X", T0, T0, D("100.0"), D(1), D("100.050"), D("2.0"))
    [back] = open_tape(_write(tmp_path / "t.parquet", [quote])).events()
    assert back == quote
    assert isinstance(back, Quote)
    assert [str(back.bid), str(back.ask), str(back.ask_qty)] == ["100.00", "100.05", "2.000"]


def test_row_groups_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_write, "ROWS_PER_GROUP", 10)
    monkeypatch.setattr(parquet_read, "ROWS_PER_BATCH", 4)
    for module in (parquet_read, parquet_write):
        monkeypatch.setattr(module, "REMEMBERED", 3)
    events: list[MarketEvent] = [
        Trade("X", T0 + n, T0 + n, TICK * (n + 1), STEP * (n + 1), n % 2 == 0, n) for n in range(35)
    ]
    path = _write(tmp_path / "t.parquet", events)
    assert pq.ParquetFile(path).metadata.num_row_groups == 4
    tape = open_tape(path)
    batches = [len(batch) for batch in tape.batches()]
    assert sum(batches) == 35
    assert max(batches) <= 4
    assert list(tape.events()) == events


def test_a_given_symbol_relabels(tmp_path: Path) -> None:
    tape = open_tape(_write(tmp_path / "t.parquet", SOME), "Y/USDT:USDT")
    assert {event.symbol for event in tape.events()} == {"Y/USDT:USDT"}
    assert tape.meta.recorded_symbol == "X"


CANDLE = Candle("X", T0, T0, T0, D(1), D(1), D(1), D(1), D(1), True)
UNWRITABLE: dict[str, tuple[list[MarketEvent], str]] = {
    "no event": ([], "holds no quote, trade or mark"),
    "out of order": ([SOME[1], SOME[0]], f"trade at {T0} ms comes after an event of {T0} ms; sort the events"),
    "off the tick's decimals": ([Trade("X", T0, T0, D("1.001"), D(1), True)], "1.001 cannot be kept with 2 decimals"),
    "off the step's decimals": ([Trade("X", T0, T0, D(1), D("0.0001"), True)], "cannot be kept with 3 decimals"),
    "beyond 64 bits": ([Trade("X", T0, T0, D(10) ** 18, D(1), True)], "cannot be kept with 2 decimals"),
    "a candle": ([CANDLE], "a tape holds quotes, trades and marks, not"),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_what_a_tape_cannot_hold_is_refused_and_nothing_is_left(tmp_path: Path, name: str) -> None:
    events, expected = UNWRITABLE[name]
    path = tmp_path / "t.parquet"
    with pytest.raises(TapeError) as caught:
        _write(path, events)
    assert str(caught.value).startswith(str(path))
    assert expected in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_old_tape_survives_a_failed_write(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.parquet", SOME)

    def fails() -> Iterator[MarketEvent]:
        yield SOME[0]
        raise TapeError("the source broke")

    with pytest.raises(TapeError, match="the source broke"):
        write_tape(fails(), path, "X", TICK, STEP, "")
    assert list(open_tape(path).events()) == SOME


def test_an_unwritable_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot be written"):
        _write(tmp_path / "absent" / "t.parquet", SOME)


def test_a_tape_needs_grids(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="must be above zero; a tape needs quotes or trades"):
        write_tape(SOME, tmp_path / "t.parquet", "X", D(0), STEP, "")


def _footer(path: Path) -> bytes:
    metadata = pq.ParquetFile(path).metadata.metadata
    assert metadata is not None
    return metadata[FOOTER_KEY]


def _damage(path: Path, change: dict[str, Any] | None, raw: bytes | None = None) -> Path:
    """Writes the tape again with its footer changed."""
    table = pq.read_table(path)
    if change is not None:
        raw = json.dumps(json.loads(_footer(path)) | change).encode()
    pq.write_table(table.replace_schema_metadata(None if raw is None else {FOOTER_KEY: raw}), path)
    return path


@pytest.mark.parametrize(
    ("change", "raw", "expected"),
    [
        ({"version": 2}, None, "format version 2, this program reads version 1; import it again"),
        (None, None, "a Parquet file, but not a tape"),
        (None, b"{", "footer is damaged"),
        (None, b"[]", "footer is damaged"),
        (None, b"{}", "footer is damaged"),
        ({"tick": "x"}, None, "footer is damaged"),
        ({"quotes": {"first": 1}}, None, "footer is damaged"),
    ],
)
def test_a_broken_footer_is_refused(
    tmp_path: Path, change: dict[str, Any] | None, raw: bytes | None, expected: str
) -> None:
    path = _damage(_write(tmp_path / "t.parquet", SOME), change, raw)
    with pytest.raises(TapeError, match=expected):
        open_tape(path)


def test_a_missing_column_is_listed(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.parquet", SOME)
    raw = _footer(path)
    pq.write_table(pq.read_table(path).drop_columns(["bid", "qty"]).replace_schema_metadata({FOOTER_KEY: raw}), path)
    with pytest.raises(TapeError, match="lacks the columns bid, qty"):
        open_tape(path)


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"T_ms,E_ms\n")
    with pytest.raises(TapeError, match="not a Parquet file"):
        open_tape(path)


def test_a_truncated_tape_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.parquet", SOME)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(TapeError, match="cut short or damaged"):
        open_tape(path)


def test_damage_inside_is_told_when_it_is_met(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.parquet", SOME)
    tape = open_tape(path)
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)
    path.write_bytes(data)
    with pytest.raises(TapeError, match="a part of the tape is damaged"):
        list(tape.events())


def test_slices_of_columns_are_read_from_their_offset() -> None:
    assert parquet_read._integers(pa.array([1, 2, 3, 4], pa.int64()).slice(1, 2)) == [2, 3]
    assert parquet_read._integers(pa.array([1, -2, 3], pa.int8()).slice(1)) == [-2, 3]
    assert parquet_read._integers(pa.array([], pa.int64())) == []
    assert SCHEMA.field("kind").type == pa.int8()


def test_a_recorded_tape_survives_the_round_trip_smaller(shared: Path, tmp_path: Path) -> None:
    source = shared / "tapes" / "um_BTCUSDT_2023-04-04T2358_8m34s.csv.gz"
    tape = open_tape(source)
    out = tmp_path / "t.parquet"
    write_tape(tape.events(), out, "BTCUSDT", tape.meta.tick, tape.meta.step, source.name, tape.meta.dropped)
    assert list(open_tape(out).events()) == list(tape.events())
    assert open_tape(out).meta == tape.meta
    assert out.stat().st_size < source.stat().st_size * 0.6

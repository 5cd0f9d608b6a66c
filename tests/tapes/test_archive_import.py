import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.archive import import_files
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.tape import Dropped, TapeError

D = Decimal
T0 = 1_700_000_040_000
Write = Callable[..., Path]

HEADERS = {
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker",
    "trades": "id,price,qty,quote_qty,time,is_buyer_maker",
    "bookTicker": "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time",
    "markPriceKlines": "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore",
}


def rows(kind: str, unit: int = 1) -> list[str]:
    """Two rows of a kind; ``unit`` 1000 gives microseconds."""
    a, b, c, e = T0 * unit, (T0 + 500) * unit, (T0 + 59_999) * unit + unit - 1, (T0 + 60_000) * unit
    return {
        "aggTrades": [f"11,100.2,0.5,21,22,{a},false", f"12,100.1,0.25,23,23,{b},true"],
        "trades": [f"11,100.2,0.5,50.1,{a},False", f"12,100.1,0.25,25.025,{b},True"],
        "bookTicker": [f"31,100.1,2,100.2,3,{a},{a + 2}", f"32,100.0,2.5,100.2,3,{b},{b + 2}"],
        "markPriceKlines": [
            f"{a},100.15000000,101,99,100.25000000,0,{c},0,60,0,0,0",
            f"{e},100.25000000,101,99,100.35000000,0,{c + 60_000 * unit},0,60,0,0,0",
        ],
    }[kind]


EXPECTED: dict[str, list[MarketEvent]] = {
    "bookTicker": [
        Quote("X", T0, T0, D("100.1"), D(2), D("100.2"), D(3), 31),
        Quote("X", T0 + 500, T0 + 500, D(100), D("2.5"), D("100.2"), D(3), 32),
    ],
    "markPriceKlines": [
        Mark("X", T0, T0, D("100.15")),
        Mark("X", T0 + 59_999, T0 + 59_999, D("100.25")),
        Mark("X", T0 + 60_000, T0 + 60_000, D("100.25")),
        Mark("X", T0 + 119_999, T0 + 119_999, D("100.35")),
    ],
}
EXPECTED["trades"] = EXPECTED["aggTrades"] = [
    Trade("X", T0, T0, D("100.2"), D("0.5"), False, 11),
    Trade("X", T0 + 500, T0 + 500, D("100.1"), D("0.25"), True, 12),
]
NEEDS_QUOTES = {"markPriceKlines"}


def _zipped(path: Path) -> Path:
    out = path.with_suffix(".zip")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)
    path.unlink()
    return out


@pytest.mark.parametrize("unit", [1, 1000], ids=["ms", "us"])
@pytest.mark.parametrize("packed", [False, True], ids=["csv", "zip"])
@pytest.mark.parametrize("header", [False, True], ids=["bare", "header"])
@pytest.mark.parametrize("kind", HEADERS)
def test_every_kind_of_archive_file_is_read(
    write_lines: Write, tmp_path: Path, kind: str, header: bool, packed: bool, unit: int
) -> None:
    lines = [HEADERS[kind]] * header + rows(kind, unit)
    path = write_lines(*lines, name=f"XUSDT-{kind}-2023-11-14.csv")
    inputs = [_zipped(path) if packed else path]
    if kind in NEEDS_QUOTES:
        inputs.append(write_lines(*rows("bookTicker"), name="XUSDT-bookTicker-2023-11-14.csv"))
    report = import_files(inputs, tmp_path / "out.parquet", "X")
    wanted = [type(event) for event in EXPECTED[kind]]
    assert [event for event in open_tape(report.out).events() if type(event) in wanted] == EXPECTED[kind]
    assert not report.meta.has_recv_clock
    assert (report.meta.tick, report.meta.step) == (
        D("0.1"),
        D("0.25") if kind.lower().endswith("trades") else D("0.5"),
    )


def test_streams_are_merged_by_time(write_lines: Write, tmp_path: Path) -> None:
    inputs = [
        write_lines(*rows(kind), name=f"XUSDT-{kind}-2023-11-14.csv")
        for kind in ("bookTicker", "trades", "markPriceKlines")
    ]
    report = import_files(inputs, tmp_path / "out.parquet", "X")
    events = list(open_tape(report.out).events())
    kinds = [(type(event).__name__, event.exch_ms - T0) for event in events]
    assert kinds[:5] == [("Trade", 0), ("Quote", 0), ("Mark", 0), ("Trade", 500), ("Quote", 500)]
    assert [path for path, _ in report.inputs] == inputs
    assert report.meta.step == D("0.25"), "the common grid of 0.5 and 0.25"
    assert "trades" in report.meta.provenance


def test_a_folder_of_the_archive_tells_klines(write_lines: Write, tmp_path: Path) -> None:
    folder = tmp_path / "markPriceKlines" / "BTCUSDT" / "1m"
    folder.mkdir(parents=True)
    klines = write_lines(HEADERS["markPriceKlines"], *rows("markPriceKlines"), name="BTCUSDT-1m-2023-11-14.csv")
    moved = klines.rename(folder / klines.name)
    quotes = write_lines(HEADERS["bookTicker"], *rows("bookTicker"), name="q.csv")
    report = import_files([moved, quotes], tmp_path / "out.parquet", "X")
    assert report.meta.marks.count == 4


def test_a_header_tells_the_kind_and_the_argument_the_rest(write_lines: Write, tmp_path: Path) -> None:
    inputs = [
        write_lines(HEADERS["aggTrades"], *rows("aggTrades"), name="a.csv"),
        write_lines(HEADERS["bookTicker"], *rows("bookTicker"), name="b.csv"),
        write_lines(HEADERS["markPriceKlines"], *rows("markPriceKlines"), name="c.csv"),
    ]
    meta = import_files(inputs, tmp_path / "out.parquet", "X", "markPriceKlines").meta
    assert (meta.trades.count, meta.quotes.count, meta.marks.count) == (2, 2, 4)


def test_columns_are_found_by_name_and_more_do_not_matter(write_lines: Write, tmp_path: Path) -> None:
    path = write_lines("time,is_buyer_maker,extra,qty,price,id", f"{T0},1,x,0.5,100.2,9", name="XUSDT-trades-1.csv")
    import_files([path], tmp_path / "out.parquet", "X")
    assert list(open_tape(tmp_path / "out.parquet").events()) == [Trade("X", T0, T0, D("100.2"), D("0.5"), True, 9)]


def test_one_sided_quotes_are_left_out_and_counted(write_lines: Write, tmp_path: Path) -> None:
    path = write_lines(f"1,0,0,100.2,3,{T0},{T0}", *rows("bookTicker"), name="XUSDT-bookTicker-1.csv")
    meta = import_files([path], tmp_path / "out.parquet", "X").meta
    assert (meta.quotes.count, meta.dropped) == (2, Dropped(one_sided=1))


def test_a_csv_tape_and_mark_klines_make_one_tape(write_lines: Write, tmp_path: Path) -> None:
    tape = write_lines(
        "T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra",
        f"{T0},{T0},{(T0 + 90_000) * 10**6},t,,,,,100.2,1,0,1,",
        f"{T0 + 59_990},{T0},{(T0 + 59_990) * 10**6},q,1.1,1,1.2,1,,,,1,",
        name="um_ZUSDT_2023-1.csv",
    )
    klines = write_lines(*rows("markPriceKlines"), name="m-markPriceKlines-1.csv")
    report = import_files([tape, klines], tmp_path / "out.parquet", "X")
    events = list(open_tape(report.out).events())
    assert report.meta.has_recv_clock
    assert {event.symbol for event in events} == {"X"}
    market = [event.recv_ms for event in events if not isinstance(event, Quote)]
    assert market == sorted(market)
    again = import_files([report.out], tmp_path / "again.parquet", "X")
    assert list(open_tape(again.out).events()) == events


@pytest.mark.parametrize(
    ("name", "lines", "kind", "expected"),
    [
        (
            "a.csv",
            ["1,2,3"],
            None,
            "neither its name nor its header says what it holds; name the kind, one of aggTrades",
        ),
        ("a.csv", ["1,2,3"], "candles", "kind 'candles' is none of aggTrades, trades, bookTicker, markPriceKlines"),
        ("X-trades-1.csv", ["1,100,1"], None, "row 1: 3 fields where a trades file has id,price,qty"),
        ("X-trades-1.csv", ["id,price", "1,2"], None, "lacks the columns time, qty, is_buyer_maker of a trades file"),
        ("X-trades-1.csv", [f"1,100,1,100,{T0},maybe"], None, "row 1: is_buyer_maker is 'maybe'"),
        ("X-trades-1.csv", [f"1,100,1,100,{T0},true", "2"], None, "row 2: 1 fields where 6 belong"),
        ("X-trades-1.csv", ["1,100,1,100,0,true"], None, "row 1: 0 is not a time in epoch milliseconds"),
        ("X-trades-1.csv", [f"1,0,1,100,{T0},true"], None, "row 1: '0' is zero"),
        ("X-bookTicker-1.csv", [HEADERS["bookTicker"]], None, "holds no quote, trade or mark"),
        ("X-markPriceKlines-1.csv", rows("markPriceKlines"), None, "a tape needs quotes or trades"),
    ],
)
def test_what_cannot_be_imported_is_said(
    write_lines: Write, tmp_path: Path, name: str, lines: list[str], kind: str | None, expected: str
) -> None:
    path = write_lines(*lines, name=name)
    with pytest.raises(TapeError) as caught:
        import_files([path], tmp_path / "out.parquet", "X", kind)
    assert expected in str(caught.value)
    assert not (tmp_path / "out.parquet").exists()


def test_the_same_stretch_twice_is_refused(write_lines: Write, tmp_path: Path) -> None:
    inputs = [write_lines(*rows(kind), name=f"X-{kind}-1.csv") for kind in ("aggTrades", "trades")]
    with pytest.raises(TapeError, match=f"both hold trades between {T0} and {T0 + 500} ms; import only one"):
        import_files(inputs, tmp_path / "out.parquet", "X")


def test_consecutive_files_of_one_stream_follow_each_other(write_lines: Write, tmp_path: Path) -> None:
    later = [line.replace(str(T0)[:8], str(T0 + 10**8)[:8]) for line in rows("trades")]
    inputs = [write_lines(*later, name="X-trades-2.csv"), write_lines(*rows("trades"), name="X-trades-1.csv")]
    meta = import_files(inputs, tmp_path / "out.parquet", "X").meta
    assert meta.trades.count == 4
    assert meta.gaps == 1


def test_nothing_and_the_output_itself_are_no_inputs(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with pytest.raises(TapeError, match="nothing to import"):
        import_files([], out, "X")
    write_tape(EXPECTED["trades"], out, "X", D("0.1"), D("0.25"), "")
    with pytest.raises(TapeError, match="is among the inputs"):
        import_files([out], out, "X")


def test_a_zip_must_hold_one_file_and_be_whole(write_lines: Write, tmp_path: Path) -> None:
    two = tmp_path / "X-trades-1.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "1")
        archive.writestr("b.csv", "1")
    with pytest.raises(TapeError, match="holds 2 files where one CSV belongs"):
        import_files([two], tmp_path / "out.parquet", "X")
    cut = _zipped(write_lines(*rows("trades"), name="X-trades-2.csv"))
    cut.write_bytes(cut.read_bytes()[:-30])
    with pytest.raises(TapeError, match="cut short or damaged"):
        import_files([cut], tmp_path / "out.parquet", "X")

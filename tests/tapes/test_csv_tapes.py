import gzip
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.order import TOLERANCE_MS
from vibe_quant.tapes.tape import Dropped, Stretch, TapeError, is_coin_margined

D = Decimal
T0 = 1_700_000_000_000
HEADER = "T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra"
NAME = "um_BTCUSDT_2023-04-04.csv"
Write = Callable[..., Path]


def quote(ms: int, bid: str = "100.1", bid_qty: str = "2", ask: str = "100.2", ask_qty: str = "3", lag: int = 5) -> str:
    return f"{T0 + ms},{T0 + ms + 1},{(T0 + ms + lag) * 10**6},q,{bid},{bid_qty},{ask},{ask_qty},,,,{ms + 1},"


def trade(
    ms: int, price: str = "100.2", qty: str = "0.5", maker: str = "0", extra: str = "MARKET", lag: int = 5
) -> str:
    return f"{T0 + ms},{T0 + ms + 1},{(T0 + ms + lag) * 10**6},t,,,,,{price},{qty},{maker},{ms + 7},{extra}"


def mark(ms: int, price: str = "100.15", index: str = "100.14", funding: str = "-0.0001", lag: int = 5) -> str:
    return f",{T0 + ms},{(T0 + ms + lag) * 10**6},m,,,,,{price},,,{index},{funding}"


def test_rows_become_events(write_lines: Write) -> None:
    tape = open_tape(write_lines(HEADER, quote(0), trade(10, maker="1", lag=9), mark(20), name=NAME))
    assert list(tape.events()) == [
        Quote("BTCUSDT", T0, T0, D("100.1"), D(2), D("100.2"), D(3), 1),
        Trade("BTCUSDT", T0 + 10, T0 + 14, D("100.2"), D("0.5"), True, 17),
        Mark("BTCUSDT", T0 + 20, T0 + 20, D("100.15"), D("100.14"), D("-0.0001")),
    ]
    assert tape.meta.events == 3
    assert tape.meta.has_mark
    assert (tape.meta.tick, tape.meta.step) == (D("0.1"), D("0.5"))
    assert tape.meta.quotes == Stretch(1, T0, T0)
    assert (tape.meta.first_ms, tape.meta.last_ms) == (T0, T0 + 20)


def test_a_mark_may_lack_index_and_funding(write_lines: Write) -> None:
    tape = open_tape(write_lines(HEADER, quote(0), mark(20, index="", funding=""), name=NAME))
    assert list(tape.events())[1] == Mark("BTCUSDT", T0 + 20, T0 + 20, D("100.15"))


def test_the_receive_lag_is_counted_from_the_tapes_least(write_lines: Write) -> None:
    tape = open_tape(write_lines(HEADER, quote(0, lag=-1490), quote(10, lag=-1500), quote(30, lag=-1470), name=NAME))
    assert [event.recv_ms - event.exch_ms for event in tape.events()] == [10, 0, 30]
    assert tape.meta.has_recv_clock


def test_arrival_never_falls_within_a_socket_and_the_sockets_are_apart(write_lines: Write) -> None:
    lines = [trade(0, lag=50), quote(1, lag=0), mark(2, lag=0), trade(3, lag=60), quote(4, lag=40), quote(5, lag=0)]
    tape = open_tape(write_lines(HEADER, *lines, name=NAME))
    assert [event.recv_ms - T0 for event in tape.events()] == [50, 1, 50, 63, 44, 44]


def test_without_a_receive_clock_arrival_is_exchange_time(write_lines: Write) -> None:
    lines = [",".join(["" if n == 2 else x for n, x in enumerate(line.split(","))]) for line in (quote(0), trade(9))]
    tape = open_tape(write_lines(HEADER, *lines, name=NAME))
    assert [event.recv_ms for event in tape.events()] == [T0, T0 + 9]
    assert not tape.meta.has_recv_clock


def test_at_equal_time_trades_come_before_quotes_before_marks(write_lines: Write) -> None:
    tape = open_tape(write_lines(HEADER, mark(0), quote(0), trade(0, qty="1"), quote(0), trade(0, qty="2"), name=NAME))
    events = list(tape.events())
    assert [type(event) for event in events] == [Trade, Trade, Quote, Quote, Mark]
    assert [event.qty for event in events[:2] if isinstance(event, Trade)] == [1, 2]
    assert tape.meta.dropped.reordered == 0


def test_rows_late_within_the_tolerance_are_put_in_their_place(write_lines: Write) -> None:
    times = [0, TOLERANCE_MS, 0, 5000, 5001, 4500]
    tape = open_tape(write_lines(HEADER, *map(quote, times), name=NAME))
    assert [event.exch_ms - T0 for event in tape.events()] == sorted(times)
    assert tape.meta.dropped == Dropped(reordered=2)


def test_late_rows_find_their_place_across_blocks(write_lines: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibe_quant.tapes.rows.BLOCK_CHARS", 200)
    times = [index * 100 + (-350 if index % 7 == 6 else 0) for index in range(100)]
    tape = open_tape(write_lines(HEADER, *map(quote, times), name=NAME))
    assert [event.exch_ms - T0 for event in tape.events()] == sorted(times)


def test_what_is_odd_is_counted(write_lines: Write) -> None:
    lines = [
        quote(0),
        quote(1, bid="100.2"),  # locked
        quote(2, bid="100.3"),  # crossed
        quote(3, bid_qty="0"),  # one-sided
        trade(4, extra="INSURANCE_FUND"),
        trade(5, extra="ADL"),
        trade(6, extra=""),
        quote(2506),
        quote(4006),
    ]
    meta = open_tape(write_lines(HEADER, *lines, name=NAME)).meta
    assert meta.crossed == 2
    assert meta.dropped == Dropped(one_sided=1, extraordinary=2)
    assert (meta.quotes.count, meta.trades.count) == (5, 1)
    assert (meta.gaps, meta.longest_gap_ms) == (1, 2500)


def test_marks_do_not_fill_a_gap(write_lines: Write) -> None:
    meta = open_tape(write_lines(HEADER, quote(0), mark(1000), mark(2000), quote(3000), name=NAME)).meta
    assert (meta.gaps, meta.longest_gap_ms) == (1, 3000)


@pytest.mark.parametrize("packing", ["csv", "csv.gz", "zip"])
def test_packing_is_told_by_content(write_lines: Write, tmp_path: Path, packing: str) -> None:
    plain = write_lines(HEADER, quote(0), name=NAME)
    path = tmp_path / f"um_ETHUSDT_2023-01-01.{packing}"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(plain, "data.csv")
    else:
        path.write_bytes(gzip.compress(plain.read_bytes()) if packing == "csv.gz" else plain.read_bytes())
    assert open_tape(path).meta.symbol == "ETHUSDT"
    assert open_tape(path).meta.events == 1


def test_a_given_symbol_relabels_and_the_recorded_one_is_kept(write_lines: Write) -> None:
    path = write_lines(HEADER, quote(0), name="cm_ETHUSD_PERP_2024-08-08.csv")
    tape = open_tape(path, "ETH/USDT:USDT")
    assert next(tape.events()).symbol == "ETH/USDT:USDT"
    assert tape.meta.recorded_symbol == "ETHUSD_PERP"
    assert tape.meta.coin_margined


@pytest.mark.parametrize(
    ("symbol", "coin"),
    [
        ("BTCUSDT", False),
        ("BTCUSDT_240927", False),
        ("ETHUSD_PERP", True),
        ("ETHUSD_240927", True),
        ("ETH/USD:ETH", True),
        ("ETH/USD:ETH-240927", True),
        ("ETH/USDT:USDT", False),
    ],
)
def test_coin_margined_is_told_by_the_symbol(symbol: str, coin: bool) -> None:
    assert is_coin_margined(symbol) is coin


BROKEN: dict[str, tuple[list[str], str]] = {
    "empty file": ([], "the file is empty; record or fetch it again"),
    "only a header": ([HEADER], "holds no quote, trade or mark"),
    "only odd rows": ([HEADER, trade(0, extra="ADL"), quote(1, ask_qty="0")], "holds no quote, trade or mark"),
    "no header": ([quote(0)], "row 1: the header lacks the columns T_ms, E_ms, recv_ns"),
    "missing columns": ([HEADER.replace("bid_qty,", "").replace(",id", "")], "lacks the columns bid_qty, id;"),
    "columns in another order": ([HEADER.replace("T_ms,E_ms", "E_ms,T_ms")], "the columns must be T_ms,E_ms,recv_ns"),
    "too few fields": ([HEADER, quote(0), "1,2,3"], "row 3: 3 fields where 13 belong; repair or remove the row"),
    "too many fields": ([HEADER, quote(0) + ",x"], "row 2: 14 fields where 13 belong"),
    "empty row": ([HEADER, quote(0), "", quote(1)], "row 3: the row is empty"),
    "unknown kind": ([HEADER, quote(0).replace(",q,", ",x,")], "row 2: kind 'x' is none of q, t, m"),
    "malformed price": ([HEADER, quote(0, bid="100,1".replace(",", "_.x"))], "row 2: '100_.x1' is not a number"),
    "empty price": ([HEADER, trade(0, price="")], "row 2: '' is not a number"),
    "not finite": ([HEADER, quote(0, ask="NaN")], "row 2: 'NaN' is not a number of at most 18 digits"),
    "too long": ([HEADER, quote(0, ask="1." + "1" * 18)], "is not a number of at most 18 digits"),
    "negative price": ([HEADER, quote(0), quote(1, bid="-1")], "row 3: '-1' is negative"),
    "negative quantity": ([HEADER, trade(0, qty="-0.5")], "row 2: '-0.5' is negative"),
    "zero trade price": ([HEADER, trade(0, price="0")], "row 2: '0' is zero"),
    "zero trade quantity": ([HEADER, trade(0, qty="0.000")], "row 2: '0.000' is zero"),
    "zero mark": ([HEADER, quote(0), mark(1, price="0")], "row 3: '0' is zero"),
    "bad funding": ([HEADER, mark(0, funding="x")], "row 2: funding rate 'x' is not a number"),
    "infinite funding": ([HEADER, mark(0, funding="inf")], "row 2: funding rate 'inf' is not a number"),
    "bad side": ([HEADER, trade(0, maker="true")], "row 2: buyer_is_maker is 'true', neither 1 nor 0"),
    "bad time": ([HEADER, quote(0).replace(str(T0), "soon", 1)], "row 2: invalid literal for int"),
    "time in seconds": ([HEADER, quote(0).replace(str(T0), str(T0 // 1000), 1)], "is not a time in epoch milliseconds"),
    "time in microseconds": ([HEADER, quote(0).replace(str(T0), str(T0 * 1000), 1)], "not a time in epoch millisec"),
    "far out of order": (
        [HEADER, quote(TOLERANCE_MS + 1), quote(0)],
        "row 3: its time is 1001 ms before that of an earlier row; sort the file by time",
    ),
    "clock fails midway": (
        [HEADER, quote(0), ",".join("" if n == 2 else x for n, x in enumerate(quote(1).split(",")))],
        "row 3: invalid literal for int",
    ),
    "clock starts midway": (
        [HEADER, ",".join("" if n == 2 else x for n, x in enumerate(quote(0).split(","))), quote(1)],
        "row 3: recv_ns is filled here and empty in earlier rows",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_tape_is_refused_with_file_and_cure(write_lines: Write, name: str) -> None:
    lines, expected = BROKEN[name]
    path = write_lines(*lines, name=NAME)
    with pytest.raises(TapeError) as caught:
        open_tape(path)
    assert str(caught.value).startswith(str(path))
    assert expected in str(caught.value)


def test_a_truncated_gzip_is_refused(write_lines: Write) -> None:
    path = write_lines(HEADER, *map(quote, range(2000)), name=NAME + ".gz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(TapeError, match="cut short or damaged"):
        open_tape(path)


def test_a_damaged_gzip_is_refused(write_lines: Write) -> None:
    path = write_lines(HEADER, quote(0), name=NAME + ".gz")
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(TapeError, match="cut short or damaged"):
        open_tape(path)


def test_binary_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(TapeError, match="not a text file"):
        open_tape(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"cannot be opened \(No such file"):
        open_tape(tmp_path / "absent.csv")
    with pytest.raises(TapeError, match=r"cannot be opened \(Is a directory"):
        open_tape(tmp_path)


def test_a_name_without_symbol_needs_one(write_lines: Write) -> None:
    path = write_lines(HEADER, quote(0), name="mine.csv")
    with pytest.raises(TapeError, match="name the symbol"):
        open_tape(path)
    assert open_tape(path, "XYZUSDT").meta.recorded_symbol == "XYZUSDT"


SHARED_TAPES = {
    "um_BTCUSDT_2023-04-04T2358_8m34s": ("BTCUSDT", 44164, 12928, 513, 1, "0.1", "0.001"),
    "um_ETHUSDT_2024-07-18T2357_8m00s": ("ETHUSDT", 47313, 13655, 0, 0, "0.01", "0.001"),
    "cm_ETHUSD_PERP_2024-08-08T2354_10m47s": ("ETHUSD_PERP", 35557, 3595, 0, 0, "0.01", "1"),
    "um_SANDUSDT_2021-04-05T1836_1m59s": ("SANDUSDT", 663, 164, 0, 0, "0.00001", "1"),
    "um_NEOUSDT_2021-04-05T1836_1m59s": ("NEOUSDT", 1270, 180, 0, 0, "0.001", "0.01"),
    "um_CTKUSDT_2021-04-05T1836_1m59s": ("CTKUSDT", 469, 88, 0, 0, "0.00001", "1"),
}


@pytest.mark.parametrize("name", SHARED_TAPES)
def test_recorded_tapes_open(shared: Path, name: str) -> None:
    symbol, quotes, trades, marks, extraordinary, tick, step = SHARED_TAPES[name]
    tape = open_tape(shared / "tapes" / f"{name}.csv.gz")
    meta = tape.meta
    assert (meta.symbol, meta.quotes.count, meta.trades.count, meta.marks.count) == (symbol, quotes, trades, marks)
    assert meta.dropped == Dropped(extraordinary=extraordinary)
    assert (meta.tick, meta.step, meta.crossed) == (D(tick), D(step), 0)
    assert meta.has_recv_clock
    events = list(tape.events())
    assert len(events) == meta.events
    assert min(event.recv_ms - event.exch_ms for event in events) == 0
    book = [event.recv_ms for event in events if isinstance(event, Quote)]
    market = [event.recv_ms for event in events if not isinstance(event, Quote)]
    assert book == sorted(book)
    assert market == sorted(market)

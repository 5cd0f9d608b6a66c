from __future__ import annotations

from pathlib import Path

import pytest
from tests.journal.rows import SYMBOL, T0, command, fill, intent, report, written

from vibe_quant.domain.enums import PositionSide
from vibe_quant.journal.reader import JournalReader, LastStart
from vibe_quant.journal.standing import Standing, StandingFlatten, StandingPause
from vibe_quant.ports import Entry, JournalBroken

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
OTHER = "ETH/USDT:USDT"


def reader(tmp_path: Path, *entries: Entry) -> JournalReader:
    return JournalReader(written(tmp_path / "j", entries))


def position(qty: str, symbol: str = SYMBOL, side: str = "LONG") -> Entry:
    return Entry("position", T0, {"qty": qty}, symbol, side)


def test_an_empty_journal_knows_nothing(tmp_path: Path) -> None:
    empty = reader(tmp_path)
    assert (empty.last_row(), empty.last_start(), empty.last_key_pass("k")) == (None, None, None)
    assert (empty.unresolved_orders(), empty.fills_since(0), empty.last_exchange_ms()) == ((), {}, {})
    assert empty.standing() == Standing()


def test_where_there_is_no_journal_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalBroken, match="no such file"):
        JournalReader(tmp_path / "j").last_start()


def test_the_last_start(tmp_path: Path) -> None:
    old = Entry("start", T0, {"version": "1"})
    body = {"version": "2", "config_hash": "abc", "venue": "sim", "account": "f1", "seed": 7}
    found = reader(tmp_path, old, Entry("start", T0 - 5, body), intent(1)).last_start()
    assert found == LastStart("r1", T0 - 5, "2", "abc", "sim", "f1", body)


def test_orders_without_an_end(tmp_path: Path) -> None:
    refused = {"answer": "Refused", "request": "submit", "code": -2022}
    entries = [
        *(intent(i, T0 + i) for i in range(8)),
        *(report(0, "NEW"), report(0, "FILLED"), report(1, "PARTIALLY_FILLED"), report(2, "EXPIRED_IN_MATCH")),
        Entry("report", T0, refused, SYMBOL, "", "vq-3"),
        Entry("report", T0, {**refused, "request": "cancel"}, SYMBOL, "", "vq-4"),
        Entry("report", T0, {"answer": "Unknown", "request": "submit"}, SYMBOL, "", "vq-5"),
        report(6, "NEW", final=True),
        Entry("intent", T0, {"intent": "CancelOrder"}, SYMBOL, "LONG", "vq-of-an-earlier-run"),
        Entry("intent", T0, {"intent": "PlaceStop"}, SYMBOL, "LONG", "vq-stop"),
    ]
    known = reader(tmp_path, *entries)
    assert [order.client_id for order in known.unresolved_orders()] == ["vq-1", "vq-4", "vq-5", "vq-7"]
    first = known.unresolved_orders()[0]
    assert (first.symbol, first.side, first.run, first.at_ms) == (SYMBOL, "LONG", "r1", T0 + 1)
    assert [order.client_id for order in known.unresolved_orders(T0 + 5)] == ["vq-5", "vq-6", "vq-7"]


def test_fills_and_the_newest_exchange_time(tmp_path: Path) -> None:
    known = reader(
        tmp_path,
        *(fill(1, T0), fill(2, T0 + 10, exch_ms=T0 + 9), fill(3, T0 + 10, OTHER)),
        report(1, "NEW", exch_ms=T0 + 8),
    )
    assert known.fills_since(T0) == {SYMBOL: {1, 2}, OTHER: {3}}
    assert known.fills_since(T0 + 1) == {SYMBOL: {2}, OTHER: {3}}
    assert known.last_exchange_ms() == {SYMBOL: T0 + 9, OTHER: T0 + 10}


def test_the_last_pass_of_a_key(tmp_path: Path) -> None:
    """One that was found wrong since is no pass any more."""
    checks = [("k1", True), ("k2", True), ("k1", True), ("k2", False)]
    rows = [Entry("check", T0 + i, {"check": "key_rights", "ok": ok, "key": key}) for i, (key, ok) in enumerate(checks)]
    known = reader(tmp_path, *rows, Entry("check", T0 + 9, {"check": "clock", "ok": True, "key": "k1"}))
    assert (known.last_key_pass("k1"), known.last_key_pass("k2"), known.last_key_pass("k3")) == (T0 + 2, None, None)


@pytest.mark.parametrize(
    ("entries", "pauses"),
    [
        ([command("pause")], [StandingPause(None, None, False)]),
        (
            [command("pause", SYMBOL, until_wall_ms=T0, panic=True)],
            [StandingPause(SYMBOL, T0, True)],
        ),
        ([command("pause", SYMBOL), command("pause", OTHER), command("resume", SYMBOL)], [(OTHER)]),
        ([command("pause"), command("resume", SYMBOL)], [None]),
        ([command("pause", SYMBOL), command("pause"), command("resume")], []),
        ([command("stop"), command("flatten", SYMBOL, "LONG"), command("resume")], []),
    ],
)
def test_pauses_that_stand(tmp_path: Path, entries: list[Entry], pauses: list[object]) -> None:
    found = reader(tmp_path, *entries).standing().pauses
    wanted = [p if isinstance(p, StandingPause) else StandingPause(p, None, False) for p in pauses]  # type: ignore[arg-type]
    assert list(found) == wanted


@pytest.mark.parametrize(
    ("entries", "flattens"),
    [
        ([command("flatten", SYMBOL, "LONG")], [StandingFlatten(SYMBOL, LONG)]),
        ([command("flatten", SYMBOL, "LONG"), position("0.00000001")], [StandingFlatten(SYMBOL, LONG)]),
        ([command("flatten", SYMBOL, "LONG"), position("0.000")], []),
        ([command("flatten", SYMBOL, "LONG"), position("0", side="SHORT")], [StandingFlatten(SYMBOL, LONG)]),
        ([command("flatten", SYMBOL, "LONG"), command("pause", SYMBOL)], []),
        ([command("flatten", SYMBOL, "LONG"), command("pause", OTHER)], [StandingFlatten(SYMBOL, LONG)]),
        ([position("0"), command("flatten", SYMBOL, "LONG"), position("1")], [StandingFlatten(SYMBOL, LONG)]),
        ([command("flatten"), command("pause")], []),
        ([command("flatten"), position("0", OTHER)], [StandingFlatten(None, None, frozenset({(OTHER, LONG)}))]),
        (
            [command("flatten"), command("pause", OTHER)],
            [StandingFlatten(None, None, frozenset({(OTHER, LONG), (OTHER, SHORT)}))],
        ),
        ([command("flatten", SYMBOL), position("0"), position("0", side="SHORT")], []),
        ([command("flatten", SYMBOL), position("0")], [StandingFlatten(SYMBOL, None, frozenset({(SYMBOL, LONG)}))]),
        (
            [command("flatten"), position("0"), command("flatten")],
            [StandingFlatten(None, None)],
        ),
    ],
)
def test_flattens_that_stand(tmp_path: Path, entries: list[Entry], flattens: list[StandingFlatten]) -> None:
    assert list(reader(tmp_path, *entries).standing().flattens) == flattens


def test_rows_are_chosen(tmp_path: Path) -> None:
    known = reader(tmp_path, intent(1), fill(1, T0 + 5), fill(2, T0 + 9, OTHER), fill(3, T0 + 9))
    assert [row.seq for row in known.rows(T0 + 5)] == [2, 3, 4]
    assert [row.seq for row in known.rows(kinds=["fill"], symbol=SYMBOL)] == [2, 4]
    assert [row.seq for row in known.rows(after=1, most=2)] == [2, 3]
    last = known.last_row()
    assert last is not None
    assert last.seq == 4

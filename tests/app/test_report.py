"""The report of a stretch of time: every row once whatever the pages' edges, and trading's loop never held up by it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.operations_fake import COST

from vibe_quant.app.report import read_report, report_aside, steps
from vibe_quant.domain.status import Report
from vibe_quant.journal import pages as paging
from vibe_quant.journal.pages import Stretch
from vibe_quant.journal.sqlite_file import secure
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry, JournalBroken

D = Decimal
BTC = "BTC/USDT:USDT"
FOREVER = 10**14


def journal(folder: Path, rows: Sequence[Entry]) -> Path:
    path = folder / "journal.sqlite"
    book = SqliteJournal(path, "r1", ballast=0)
    book.write(rows)
    assert not book.trouble
    book.close()
    return path


def fill(at_ms: int, **more: Any) -> Entry:
    body = {
        "side": "SELL",
        "status": "FILLED",
        "last_qty": "0.5",
        "last_price": "100.5",
        "fee": "0.01",
        "fee_asset": "USDT",
        "realized_pnl": "-0.25",
        "is_maker": True,
        "trade_id": at_ms,
    }
    return Entry("fill", at_ms, {**body, **more}, BTC, "LONG", "vq-r1-1")


def order(at_ms: int, intent: str = "OrderIntent") -> Entry:
    return Entry("intent", at_ms, {"intent": intent, "qty": "1"}, BTC, "LONG", f"vq-r1-{at_ms}")


def alarm(at_ms: int, text: str, kind: str = "decision", severity: str = "alarm") -> Entry:
    return Entry(kind, at_ms, {"notice": "risk", "severity": severity, "text": text}, BTC, "LONG")


def test_money_and_work_of_the_stretch_are_summed(tmp_path: Path) -> None:
    path = journal(
        tmp_path,
        [
            order(1),
            order(2, "CancelOrder"),
            fill(3),
            fill(4, is_maker=False, fee="0.02", fee_asset="BNB"),
            fill(5, is_maker=None, fee="0"),
            Entry("report", 6, {"answer": "Refused", "code": -5022, "message": "no"}, BTC, "", "vq-r1-2"),
            Entry("report", 7, {"answer": "Unknown", "detail": 'said "answer":"Refused"'}, BTC, "", "vq-r1-2"),
            alarm(8, "near"),
            alarm(9, "only a warning", severity="warning"),
            alarm(10, "not as believed", kind="mismatch"),
        ],
    )
    assert read_report(path, 0, FOREVER) == Report(
        since_ms=0,
        until_ms=FOREVER,
        exits=(),
        fills=3,
        maker_fills=1,
        notional=D("150.75"),
        fees=(("BNB", D("0.02")), ("USDT", D("0.01"))),
        realized_pnl=D("-0.75"),
        orders=1,
        refusals=1,
        alarms=("near", "not as believed"),
    )


def test_the_stretch_begins_with_its_first_moment_and_ends_before_its_last(tmp_path: Path) -> None:
    path = journal(tmp_path, [fill(9), fill(10), fill(19), fill(20), order(9), order(10), order(20)])
    report = read_report(path, 10, 20)
    assert (report.fills, report.orders) == (2, 1)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_every_row_is_counted_once_whatever_a_page_holds(
    tmp_path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of one commit have one time, and the server's clock may be set back between two."""
    times = [7, 7, 7, 7, 9, 8, 8, 8, 6, 9, 9]
    path = journal(tmp_path, [row for at in times for row in (fill(at), order(at), order(at, "PlaceStop"))])
    monkeypatch.setattr(paging.pages, "__defaults__", (most,))
    monkeypatch.setattr(paging.counts, "__defaults__", (most,))
    report = read_report(path, 0, FOREVER)
    assert (report.fills, report.orders) == (len(times), len(times))


def test_a_trade_that_opened_is_none_of_the_exits(tmp_path: Path) -> None:
    path = journal(tmp_path, [fill(1, side="BUY"), fill(2)])
    assert read_report(path, 0, FOREVER).fills == 1


def test_exits_are_those_that_are_over(tmp_path: Path) -> None:
    over = msgspec.to_builtins(COST)
    rows = [Entry("exit", 1, {**over, "finished": False}, BTC, "LONG"), Entry("exit", 2, over, BTC, "LONG")]
    assert read_report(journal(tmp_path, rows), 0, FOREVER).exits == (COST,)


def test_of_many_alarms_the_newest_are_told_oldest_first(tmp_path: Path) -> None:
    rows = [alarm(100 - n, f"at {100 - n}", kind="mismatch" if n % 2 else "decision") for n in range(50)]
    assert read_report(journal(tmp_path, rows), 0, FOREVER).alarms == tuple(f"at {at}" for at in range(81, 101))


@pytest.mark.parametrize("body", [{"side": "SELL"}, {"side": "?"}, {}])
def test_a_row_that_holds_no_such_data_is_named(tmp_path: Path, body: dict[str, Any]) -> None:
    path = journal(tmp_path, [fill(1), Entry("fill", 2, body, BTC, "LONG")])
    with pytest.raises(JournalBroken, match="row 2 is damaged"):
        read_report(path, 0, FOREVER)


def test_a_journal_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(JournalBroken, match="there is no such file"):
        read_report(tmp_path / "none.sqlite", 0, FOREVER)


async def test_beside_trading_others_have_their_turn_between_two_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging.pages, "__defaults__", (10,))
    path = journal(tmp_path, [fill(at) for at in range(200)])
    turns = 0

    async def trade() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    trading = asyncio.create_task(trade())
    report = await report_aside(path, 0, FOREVER)
    trading.cancel()
    assert report == read_report(path, 0, FOREVER)
    assert turns >= len(list(steps(path, Stretch(0, FOREVER)))) - 1 > 20


def test_the_writer_is_not_in_the_way_of_a_report_nor_it_in_the_writers(tmp_path: Path) -> None:
    """Between two pages no transaction is open: a writer's log could not be emptied beside one."""
    path = tmp_path / "journal.sqlite"
    book = SqliteJournal(path, "r1", ballast=0)
    book.write([fill(at) for at in range(300)])
    reading = steps(path, Stretch(0, FOREVER))
    for _ in range(5):
        assert next(reading) is None
    book.write([fill(1000)])
    assert book._connection is not None
    assert secure(book._connection)
    *_, report = reading
    assert report is not None
    assert report.fills == 301
    book.close()

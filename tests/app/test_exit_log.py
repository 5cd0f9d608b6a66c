"""What exits cost outlives the process: written through the recorder, found again by the account's next run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.operations_fake import BTC, COST, ETH

from vibe_quant.app.application import Application
from vibe_quant.app.exit_log import KEPT_MS, ExitLog
from vibe_quant.app.report import read_report
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import Venue
from vibe_quant.domain.side_view import LegView
from vibe_quant.domain.status import ExitCost
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry

D = Decimal
NOW = 1_790_000_000_000
LONG = PositionSide.LONG
OPEN = replace(COST, finished=False, closed_qty=D("0.25"), average=D(60900), fills=1)


@dataclass
class House:
    """One run on a journal: what of the application an exit's log looks at."""

    path: Path
    run: str
    account: str = "account"
    venue: Venue = Venue.LIVE
    now: int = NOW
    legs: tuple[LegView, ...] = ()
    at_work: bool = False
    book: SqliteJournal = field(init=False)
    log: ExitLog = field(init=False)

    def __post_init__(self) -> None:
        self.book = SqliteJournal(self.path, self.run, ballast=0)
        self.log = ExitLog(JournalReader(self.path))
        self.write(Entry("start", self.now, {"account": self.account, "venue": self.venue.value}))

    def write(self, *rows: Entry) -> None:
        self.book.write(rows)

    @property
    def app(self) -> Any:
        house = self

        class Clock:
            def now_ms(self) -> int:
                return 5000

            def server_ms(self) -> int:
                return house.now

            @property
            def offset_ms(self) -> int:
                return house.now - 5000

        def append(rows: list[Entry], now: int) -> bool:
            house.write(*rows)
            return True

        class App:
            settings = SimpleNamespace(shared=SimpleNamespace(venue=house.venue))
            parts = SimpleNamespace(clock=Clock())
            recorder = SimpleNamespace(append=append)
            engine = SimpleNamespace(legs=lambda: house.legs)

            @property
            def at_work(self) -> bool:
                return house.at_work

        return cast(Application, App())

    def began(self) -> list[tuple[ExitCost, list[int]]]:
        found = self.log.began(self.app)
        return [(one.cost, [update.trade_id for update in one.trades]) for one in found]


def fill(trade: int, at_ms: int = NOW, symbol: str = BTC, **more: Any) -> Entry:
    body = {
        "side": "SELL",
        "last_qty": "0.1",
        "last_price": "60000",
        "fee": "1",
        "fee_asset": "USDT",
        "realized_pnl": "-1",
        "is_maker": False,
        "trade_id": trade,
        "exch_ms": at_ms,
    }
    return Entry("fill", at_ms, {**body, **more}, symbol, "LONG", "vq-r1-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def earlier(path: Path) -> Iterator[House]:
    house = House(path, "r1")
    house.began()
    yield house
    house.book.close()


def test_nothing_is_written_before_the_run_nor_after_it(path: Path) -> None:
    house = House(path, "r1")
    house.log.note([COST])
    assert house.log.offset_ms == 0
    house.began()
    assert house.log.offset_ms == NOW - 5000
    house.log.note([COST])
    house.log.close()
    house.log.note([COST])
    assert [row.kind for row in JournalReader(path).rows()] == ["start", "exit"]
    assert read_report(path, 0, NOW + 1).exits == (COST,)


def test_an_exit_goes_on_with_the_trades_since_it_was_told_last(path: Path, earlier: House) -> None:
    earlier.write(fill(1))
    earlier.log.note([replace(OPEN, closed_qty=D(0))])
    earlier.write(fill(2))
    earlier.log.note([OPEN])
    earlier.write(fill(3), fill(4, side="BUY"), fill(5, symbol=ETH), fill(6, at_ms=NOW - 2000))
    assert House(path, "r2").began() == [(OPEN, [3, 6])]


def test_an_exit_that_was_over_does_not(path: Path, earlier: House) -> None:
    earlier.log.note([OPEN])
    earlier.log.note([COST])
    assert House(path, "r2").began() == []


@pytest.mark.parametrize(
    ("cost", "next_run"),
    [
        (replace(OPEN, arrival=None), {}),
        (OPEN, {"account": "another", "venue": Venue.SIM}),
        (OPEN, {"venue": Venue.PAPER}),
        (OPEN, {"now": NOW + KEPT_MS + 1}),
    ],
)
def test_what_is_not_this_accounts_exit_or_long_ago_begins_anew(
    path: Path, earlier: House, cost: ExitCost, next_run: dict[str, Any]
) -> None:
    earlier.log.note([cost])
    assert House(path, "r2", **next_run).began() == []


def test_what_a_restart_finds_is_told_once_when_it_is_settled(path: Path, earlier: House) -> None:
    earlier.write(fill(1, found_at_restart=True))
    house = House(path, "r2")
    house.began()
    house.write(fill(2, found_at_restart=True), fill(3))
    assert list(house.log.late()) == []
    house.at_work = True
    assert [update.trade_id for update in house.log.late()] == [2]
    assert list(house.log.late()) == []


def test_a_leg_is_flat_by_the_exchanges_word_once_the_start_is_over(path: Path) -> None:
    house = House(path, "r1")
    assert not house.log.is_flat(BTC, LONG)
    house.began()
    house.legs = (LegView(BTC, LONG, D(0), known=True, flat=True), LegView(ETH, LONG, D(0), known=False, flat=False))
    assert not house.log.is_flat(BTC, LONG)
    house.at_work = True
    assert house.log.is_flat(BTC, LONG)
    assert not house.log.is_flat(ETH, LONG)


def test_a_damaged_row_costs_the_past_and_nothing_else(path: Path, earlier: House) -> None:
    earlier.write(Entry("exit", NOW, {"symbol": BTC}, BTC, "LONG"))
    house = House(path, "r2")
    assert house.began() == []
    house.write(fill(9, found_at_restart=True, last_qty="much"))
    house.at_work = True
    assert list(house.log.late()) == []
    house.log.note([COST])


def test_a_journal_that_is_not_there_costs_the_past_and_nothing_else(path: Path, tmp_path: Path) -> None:
    house = House(path, "r1")
    house.log = ExitLog(JournalReader(tmp_path / "gone.sqlite"))
    assert house.began() == []

"""A restart asks what became of orders, trades and positions of the run before, and journals what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.app.fake_exchange import WALL_MS, FakeClock, FakeExchange, order, trade

from vibe_quant.app.bodies import intent_body, report_body
from vibe_quant.app.memory import Memory, flattens, pauses, remember
from vibe_quant.app.patience import Patience
from vibe_quant.app.restart import ABREAST, MARGIN_MS, PACE_MS, Found, Restart
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalReason,
    TimeInForce,
)
from vibe_quant.domain.intents import Notify, OrderIntent, QueryOrder
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import Row
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Accepted, AuthLost, Entry, Rejected, Unknown

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
D = Decimal
BEGIN = WALL_MS + 1_000_000
"""Server time when the restart begins."""
MINUTE = 60_000


class Stage:
    """A journal on the disk, what the run before wrote into it, and an exchange by script."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.path = folder / "journal.sqlite"
        self.journal = SqliteJournal(self.path, "run1", ballast=0)
        self.past = JournalReader(self.path)
        self.notices: list[Notify] = []
        self.resyncs = 0

    def wrote(self, *entries: Entry) -> None:
        self.journal.write(entries)

    def sent(self, client_id: str, at_ms: int, symbol: str = BTC) -> None:
        intent = OrderIntent(
            symbol,
            LONG,
            client_id,
            OrderType.LIMIT,
            D(1),
            D(60_000),
            TimeInForce.GTX,
            ExecutionMode.MAKER_ONLY,
            SignalReason.PATIENT,
            at_ms,
        )
        self.wrote(Entry("intent", at_ms, intent_body(intent), symbol, "LONG", client_id))

    def was(self, qty: str, exch_ms: int, side: PositionSide = LONG, symbol: str = BTC) -> None:
        body = {"qty": qty, "reason": "read", "exch_ms": exch_ms}
        self.wrote(Entry("position", exch_ms, body, symbol, str(side)))

    def filled(self, trade_id: int, exch_ms: int, symbol: str = BTC) -> None:
        body = {"trade_id": trade_id, "exch_ms": exch_ms, "order_id": 1}
        self.wrote(Entry("fill", exch_ms, body, symbol, "LONG", "vq-run1-1"))

    def holds(self, *legs: tuple[PositionSide, str]) -> None:
        positions = tuple(Position(BTC, side, D(qty), D(60_000), BEGIN) for side, qty in legs)
        self.exchange.answers("snapshot", Accepted(ev.AccountSnapshot(None, positions, (), (), (), 0, 0, BEGIN)))

    async def _resync(self) -> None:
        self.resyncs += 1

    async def run(self) -> Found:
        memory = remember(self.past, self.clock.server_ms())
        patience = Patience(self.clock, self.notices.append, self._resync, self.clock.sleep)
        restart = Restart(
            self.exchange,
            self.clock,
            memory,
            self.past,
            self.journal.write,
            self.notices.append,
            patience,
            self.clock.sleep,
        )
        found = await restart.run()
        assert self.exchange.sent == [], "it asks, and no more"
        return found

    def rows(self, *kinds: str) -> list[Row]:
        return [row for row in self.past.rows(kinds=kinds) if row.data().get("found_at_restart")]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    assert made.clock.server_ms() == BEGIN
    yield made
    made.journal.close()


async def test_nothing_in_the_journal_asks_nothing(stage: Stage) -> None:
    assert await stage.run() == Found()
    assert stage.exchange.asked == []


async def test_a_final_state_is_journalled_and_settles_the_order(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN - MINUTE)
    update = order(BTC, "vq-run1-1", OrderStatus.CANCELED, filled=D("0.4"), order_id=77)
    stage.exchange.answers("query", Accepted(update))
    found = await stage.run()
    assert found.open_orders == []
    (row,) = stage.rows("report")
    assert (row.client_id, row.symbol, row.side) == ("vq-run1-1", BTC, "LONG")
    assert row.data()["status"] == "CANCELED"
    assert row.data()["filled_qty"] == "0.4"
    assert stage.past.unresolved_orders() == ()
    stage.exchange.asked.clear()
    await stage.run()
    assert stage.exchange.count("query") == 0, "it is settled once"


async def test_many_orders_are_asked_for_a_few_at_a_time_and_at_a_pace(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that lost its way to the exchange for an hour has left hundreds."""
    for number in range(60):
        stage.sent(f"vq-run1-{number}", BEGIN - MINUTE)
    abreast, most, query = 0, 0, stage.exchange.query

    async def asked(wanted: QueryOrder) -> object:
        nonlocal abreast, most
        abreast += 1
        most = max(most, abreast)
        await asyncio.sleep(0)
        abreast -= 1
        return await query(wanted)

    stage.exchange.answers("query", lambda wanted: Accepted(order(BTC, wanted.client_id, OrderStatus.CANCELED)))
    monkeypatch.setattr(stage.exchange, "query", asked)
    await stage.run()
    assert stage.past.unresolved_orders() == ()
    assert most <= ABREAST
    assert stage.clock.server_ms() - BEGIN >= 60 * PACE_MS


async def test_an_order_of_a_clock_that_was_ahead_is_not_waited_for_for_ever(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN + 3_600_000)
    stage.exchange.answers("query", lambda _: Rejected(-2013, "Order does not exist.", stage.clock.server_ms()))
    stage.exchange.answers("open_orders", Accepted(ev.OpenOrdersRead(BTC, (), 0, 0, BEGIN)))
    await stage.run()
    assert stage.past.unresolved_orders() == ()
    assert stage.clock.server_ms() - BEGIN < 10_000


async def test_an_order_still_open_is_the_cores(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN - MINUTE)
    stage.exchange.answers("query", Accepted(order(BTC, "vq-run1-1", OrderStatus.PARTIALLY_FILLED)))
    found = await stage.run()
    assert found.open_orders == ["vq-run1-1"]
    assert [o.client_id for o in stage.past.unresolved_orders()] == ["vq-run1-1"]


async def test_missing_after_its_window_it_was_never_placed(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN - 4001)
    assert (await stage.run()).mismatches == 0
    (row,) = stage.rows("report")
    assert row.data()["answer"] == "OrderMissing"
    assert stage.past.unresolved_orders() == ()
    assert stage.clock.server_ms() == BEGIN, "nothing to wait for"
    assert [name for name, _ in stage.exchange.asked[:2]] == ["query", "open_orders"]


@pytest.mark.parametrize("ago_ms", [0, 1000, 3999, 4000])
async def test_missing_while_it_may_still_arrive_is_no_answer(stage: Stage, ago_ms: int) -> None:
    stage.sent("vq-run1-1", BEGIN - ago_ms)
    closes = BEGIN - ago_ms + 4000
    missing = Rejected(-2013, "Order does not exist.", 0)

    def late(_: object) -> Any:
        now = stage.clock.server_ms()
        return replace(missing, exch_ms=now) if now <= closes else Accepted(order(BTC, "vq-run1-1"))

    stage.exchange.answers("query", late)
    assert (await stage.run()).open_orders == ["vq-run1-1"]
    assert closes < stage.clock.server_ms() < closes + 200
    assert stage.exchange.count("query") <= 8
    assert stage.rows("report")[0].data()["status"] == "NEW"


async def test_missing_for_a_moment_it_is_found_the_next(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN)
    missing = Rejected(-2013, "Order does not exist.", BEGIN)
    stage.exchange.answers("query", missing, missing, Accepted(order(BTC, "vq-run1-1")))
    await stage.run()
    assert stage.clock.server_ms() == BEGIN + 300


async def test_missing_by_id_and_listed_as_open_it_is_open(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN - MINUTE)
    resting = (order(BTC, "web_9"), order(BTC, "vq-run1-1", order_id=5))
    stage.exchange.answers("open_orders", Accepted(ev.OpenOrdersRead(BTC, resting, 0, 0, BEGIN)))
    assert (await stage.run()).open_orders == ["vq-run1-1"]


async def test_what_cannot_be_found_out_is_a_mismatch_and_asked_again_next_time(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN - MINUTE)
    stage.sent("vq-run1-2", BEGIN - MINUTE)
    stage.exchange.answers("query", Unknown("timeout"))
    found = await stage.run()
    assert found.mismatches == 2
    assert [row.client_id for row in stage.rows("mismatch")] == ["vq-run1-1", "vq-run1-2"]
    said = [notice for notice in stage.notices if notice.kind is NoticeKind.MISMATCH]
    assert "order vq-run1-1 of an earlier run could not be found out (timeout)" in said[0].text
    assert (said[0].symbol, said[0].side) == (BTC, LONG)
    assert len(stage.past.unresolved_orders()) == 2
    stage.exchange.answers("query", AuthLost(-2015, "no", 0))
    asked = stage.exchange.count("query")
    await stage.run()
    assert stage.exchange.count("query") == asked + 2, "a lost key is not asked again and again"


async def test_trades_that_are_not_journalled_become_fills_once(stage: Stage) -> None:
    stage.sent("vq-run1-1", BEGIN - 2 * MINUTE)
    stage.was("2", BEGIN - 2 * MINUTE)
    stage.filled(1, BEGIN - MINUTE)
    done = order(BTC, "vq-run1-1", OrderStatus.FILLED, filled=D(1), order_id=70)
    stage.exchange.answers("query", Accepted(done))
    trades = (
        trade(BTC, 1, D("0.5"), BEGIN - MINUTE, order_id=70),
        trade(BTC, 2, D("0.5"), BEGIN - 30_000, order_id=70),
        trade(BTC, 3, D("0.25"), BEGIN - 20_000, order_id=99),
    )
    stage.exchange.answers("user_trades", Accepted(trades))
    stage.holds((LONG, "0.75"))
    found = await stage.run()
    assert found.trades == {(BTC, 2), (BTC, 3)}
    assert found.mismatches == 0
    ours, other = stage.rows("fill")
    assert (ours.client_id, other.client_id) == ("vq-run1-1", "")
    body = ours.data()
    assert (body["trade_id"], body["last_qty"], body["last_price"]) == (2, "0.5", "60000")
    assert (body["fee"], body["fee_asset"], body["realized_pnl"], body["is_maker"]) == ("0.01", "USDT", "1", True)
    assert body["exch_ms"] == BEGIN - 30_000
    assert ("user_trades", (BTC, BEGIN - MINUTE - MARGIN_MS)) in stage.exchange.asked
    assert (await stage.run()).trades == set(), "the next start finds them journalled"


async def test_a_trade_of_an_order_whose_end_is_journalled_has_its_owner_too(stage: Stage) -> None:
    done = order(BTC, "vq-run1-1", OrderStatus.FILLED, order_id=70, exch_ms=BEGIN - MINUTE)
    stage.wrote(Entry("report", BEGIN - MINUTE, report_body(done), BTC, "LONG", "vq-run1-1"))
    stage.exchange.answers("user_trades", Accepted((trade(BTC, 2, D("0.5"), BEGIN - MINUTE, order_id=70),)))
    await stage.run()
    assert [row.client_id for row in stage.rows("fill")] == ["vq-run1-1"]


async def test_trades_that_cannot_be_read_are_said_and_no_position_is_doubted(stage: Stage) -> None:
    stage.was("2", BEGIN - MINUTE)
    stage.exchange.answers("user_trades", Rejected(200, "cannot be read", 0))
    stage.holds((LONG, "1"))
    found = await stage.run()
    assert found.mismatches == 1
    assert "trades since the last run could not be read (200 cannot be read)" in stage.notices[-1].text


async def test_a_change_that_no_trade_explains_is_a_mismatch(stage: Stage) -> None:
    stage.was("2", BEGIN - MINUTE)
    stage.was("3", BEGIN - MINUTE, SHORT)
    stage.exchange.answers("user_trades", Accepted((trade(BTC, 1, D("0.5"), BEGIN - 30_000),)))
    stage.holds((LONG, "1"), (SHORT, "3"))
    found = await stage.run()
    assert found.mismatches == 1
    (row,) = stage.rows("mismatch")
    body = row.data()
    assert (row.side, body["before"], body["traded"], body["now"]) == ("LONG", "2", "-0.5", "1")
    assert "was 2 when the journal ended" in stage.notices[0].text
    assert stage.exchange.count("snapshot") == 3, "only what three looks agree on"
    assert stage.clock.server_ms() == BEGIN + 2000, "a second apart"


async def test_a_position_alone_says_since_when_trades_are_read(stage: Stage) -> None:
    stage.was("2", BEGIN - MINUTE)
    stage.was("3", BEGIN - 5 * MINUTE, SHORT, ETH)
    stage.filled(1, BEGIN - 2 * MINUTE, ETH)
    assert remember(stage.past, BEGIN).newest_ms == {BTC: BEGIN - MINUTE, ETH: BEGIN - 2 * MINUTE}


async def test_a_trade_between_two_reads_is_no_mismatch(stage: Stage) -> None:
    stage.was("2", BEGIN - MINUTE)
    late = trade(BTC, 1, D("0.5"), BEGIN - 1)
    stage.exchange.answers("user_trades", Accepted(()), Accepted((late,)))
    stage.holds((LONG, "1.5"))
    found = await stage.run()
    assert found.mismatches == 0
    assert found.trades == {(BTC, 1)}


@pytest.mark.parametrize(
    ("trades", "now"),
    [
        ([], "2"),
        ([("0.5", 1, None)], "1.5"),
        ([("0.5", 1, OrderSide.BUY)], "2.5"),
        ([("2", 1, None)], None),
        ([("0.5", -1, None)], "2"),
        ([("0.5", 0, None), ("0.25", 0, None)], "2"),
        ([("0.5", 0, None), ("0.25", 0, None)], "1.75"),
        ([("0.5", 0, None), ("0.25", 0, None)], "1.25"),
        ([("0.5", 0, None), ("0.25", 1, None)], "1.75"),
    ],
)
async def test_positions_that_their_trades_explain(
    stage: Stage, trades: Sequence[tuple[str, int, OrderSide | None]], now: str | None
) -> None:
    row_ms = BEGIN - MINUTE
    stage.was("9", row_ms - MINUTE)
    stage.was("2", row_ms)
    told = [trade(BTC, n, D(qty), row_ms + off, side=side) for n, (qty, off, side) in enumerate(trades)]
    stage.exchange.answers("user_trades", Accepted(tuple(told)))
    stage.holds(*[(LONG, now)] if now else [])
    assert (await stage.run()).mismatches == 0
    assert stage.exchange.count("snapshot") == 1


async def test_positions_that_cannot_be_read_are_not_doubted(stage: Stage) -> None:
    stage.was("2", BEGIN - MINUTE)
    for outcome in (Unknown("timeout"), Accepted(ev.AccountSnapshot(None, None, None, None, None, 0, 0, 0))):
        stage.exchange.answers("snapshot", outcome)
        assert (await stage.run()).mismatches == 0


async def test_what_is_older_than_the_exchange_tells_of_is_left(stage: Stage) -> None:
    old = BEGIN - 90 * 86_400_000
    stage.sent("vq-run1-1", old)
    stage.filled(1, old)
    assert remember(stage.past, BEGIN) == Memory()


def test_pauses_that_stand_come_back_on_the_monotonic_clock(stage: Stage) -> None:
    def paused(symbol: str | None, until: int | None, panic: bool = False) -> Entry:
        body = {"command": "pause", "symbol": symbol, "until_wall_ms": until, "panic": panic}
        return Entry("command", BEGIN - MINUTE, body, symbol or "")

    stage.wrote(paused(BTC, BEGIN + 5000), paused(ETH, BEGIN), paused(None, None, True))
    memory = remember(stage.past, BEGIN)
    now = stage.clock.now_ms()
    assert pauses(memory.standing, stage.clock) == (
        ev.Pause(now, BTC, now + 5000, False),
        ev.Pause(now, None, None, True),
    )


def test_flattens_that_stand_come_back_for_the_legs_that_hold_something(stage: Stage) -> None:
    body = {"command": "flatten", "symbol": None, "side": None}
    stage.wrote(Entry("command", BEGIN - MINUTE, body))
    stage.was("0", BEGIN - 1000, SHORT)
    standing = remember(stage.past, BEGIN).standing
    legs = [(BTC, LONG), (BTC, SHORT), (ETH, SHORT)]
    assert flattens(standing, legs, 7) == (ev.Flatten(7, BTC, LONG), ev.Flatten(7, ETH, SHORT))
    assert flattens(remember(stage.past, BEGIN).standing, [], 7) == ()

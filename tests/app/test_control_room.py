"""ControlRoom: what it shows before, while and after the application works, and what it answers to commands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.app.fake_exchange import order as report
from tests.app.room_house import BTC, CONFIG, ETH, RoomHouse, loaded

from vibe_quant.app import commanding
from vibe_quant.app.application import Goal
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.app.picture import Progress
from vibe_quant.config.ruling import masked
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderStatus, PositionSide, Stream
from vibe_quant.domain.intents import CancelOrder
from vibe_quant.domain.status import Answer, ReloadPlan
from vibe_quant.ports import Accepted, JournalBroken, Notebook, Operations, Unknown

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BY = "cli (uid 7)"


def test_it_is_what_the_ports_want(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    operations: Operations = room
    notebook: Notebook = room
    assert (operations.names("btc"), notebook.last("telegram")) == (BTC, None)


# --- before the application


async def test_before_the_application_is_there_it_is_starting_and_says_so(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    status = room.status()
    assert (status.phase, status.ready, status.legs, status.version) == ("starting", False, (), "1.2.3")
    assert room.why(BTC, LONG) is None
    for refused in (await room.resume(None, BY), await room.flatten(BTC, LONG, BY)):
        assert not refused.ok
        assert "still starting" in refused.text
    assert room.note("telegram", {"update": 1}) is False
    assert room.last("telegram") is None
    with pytest.raises(JournalBroken):
        await room.report(0)


async def test_a_pause_asked_during_the_start_is_fed_before_anything_else_happens(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    answer = await house.room.pause(BTC, 60_000, BY)
    assert answer.ok
    assert "still starting" in answer.text
    [shown] = house.room.status().paused
    assert shown.startswith(f"{BTC} until 20")
    stood = ev.Pause(0, BTC, 1, by="an older one")  # stands from before: what was asked last rules
    house.app.first.append(stood)
    async with house:
        await house.working()
        [row] = [row for row in house.commands() if row.get("by") == BY]
        assert (row["command"], row["symbol"]) == ("pause", BTC)
        for price in ("100.2", "99.8", "99.9"):
            house.market(price)
        await house.until(lambda: house.room.status().legs[0].blocked == "paused by the operator")
        assert house.exchange.count("submit") == 0


async def test_while_stopping_nothing_is_taken_any_more(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        await house.end()
        assert house.room.status().phase == "stopping"
        for refused in (await house.room.pause(None, None, BY), await house.room.flatten(None, None, BY)):
            assert not refused.ok
            assert "stopping" in refused.text
        rows = len(house.book.rows)
        assert house.room.note("telegram", {"update": 1}) is False
        assert len(house.book.rows) == rows, "the journal is closed"


async def test_a_run_that_ends_before_it_began_is_stopping_too(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    room.stops()
    assert room.status().phase == "stopping"
    assert not (await room.pause(None, None, BY)).ok


async def test_a_start_that_was_refused_is_protecting(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    house.room.began(house.app)
    house.app.goal = Goal.PROTECT
    status = house.room.status()
    assert (status.phase, status.ready) == ("protecting", False)


# --- the picture


async def test_the_picture_of_a_leg_that_is_worked(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    house.room.so_far = lambda symbol, _: Progress(D(1), D("0.5"), 60, D("100.2"), D("1.5")) if symbol == BTC else None
    async with house:
        client_id = await house.resting()
        status = house.room.status()
        assert (status.run, status.phase, status.ready) == ("r1", "working", True)
        assert [(leg.symbol, leg.side) for leg in status.legs] == [(BTC, LONG), (ETH, LONG), (ETH, SHORT)]
        leg = status.legs[0]
        assert (leg.qty, leg.entry, leg.bid, leg.ask, leg.mark) == (D("0.5"), D(100), D(100), D("100.4"), D(100))
        assert leg.upnl == 0
        assert leg.order is not None
        assert leg.order.client_id == client_id
        assert abs(leg.order.placed_ms - status.now_ms) < 10_000
        assert (leg.begun_qty, leg.done, leg.eta_s, leg.arrival, leg.cost_bps) == (
            D(1), D("0.5"), 60, D("100.2"), D("1.5"),
        )  # fmt: skip
        assert status.legs[1].begun_qty is None
        assert status.legs[1].entry is None
        assert leg.ladder == (("soft", D("0.015")),)
        assert [(stream.name, stream.up, stream.reconnects) for stream in status.streams] == [
            ("public", True, 0), ("market", True, 0), ("user", True, 0),
        ]  # fmt: skip
        counts = dict(status.counts)
        assert counts["sent submit"] == 1
        assert counts["handled"] > 10
        assert (status.level, status.breaker_open, status.journal_trouble, status.held) == ("stream", False, "", None)


async def test_the_ladder_is_the_settings_widest_first(tmp_path: Path) -> None:
    text = CONFIG.replace("protective_stop: {enabled: false}", """panic_close:
      enabled: true
      tiers:
        - {dist_to_liq: 0.014, slice_ratio: 0.1, maker_timeouts_to_escalate: 1}
        - {dist_to_liq: 0.012, slice_ratio: 0.5, maker_timeouts_to_escalate: 0}""")  # fmt: skip
    house = RoomHouse(tmp_path, text=text)
    house.room.began(house.app)
    leg = house.room.status().legs[0]
    assert leg.ladder == (("soft", D("0.015")), ("panic 1", D("0.014")), ("panic 2", D("0.012")), ("stop", D("0.01")))


async def test_weight_is_as_the_exchange_told_it_last(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        assert (house.room.status().weight_used, house.room.status().weight_limit) == (None, 2400)
        house.inbox.put(ev.RateUsage(house.clock.now_ms(), 123, None, None))
        await house.until(lambda: house.room.status().weight_used == 123)


async def test_a_socket_that_came_back_is_counted(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        now = house.clock.now_ms()
        for event in (ev.StreamDown(Stream.USER, now), ev.StreamDown(Stream.USER, now + 1)):
            house.inbox.put(event)
        await house.until(lambda: not house.room.status().streams[2].up)
        assert house.room.status().streams[2].since_ms == now + house.clock.offset_ms
        house.inbox.put(ev.StreamUp(Stream.USER, now + 2))
        await house.until(lambda: house.room.status().streams[2].up)
        assert house.room.status().streams[2].reconnects == 1


async def test_why_is_the_cores_word_with_moments_of_the_wall(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.resting()
        why = house.room.why(BTC, LONG)
        assert why is not None
        assert (why.acting, why.reason, why.last_reason) == (True, "long_primary", "long_primary")
        assert why.since_ms is not None
        assert abs(why.since_ms - house.clock.server_ms()) < 10_000
        assert house.room.why(BTC, SHORT) is None


def test_names_are_taken_in_any_usual_spelling(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    for text in ("btc", "BTC", "BTCUSDT", "btc/usdt", "btc-usdt", "BTC/USDT:USDT", "btc/usdt:usdt"):
        assert room.names(text) == BTC, text
    for text in ("", "b", "usdt", "doge", "/"):
        assert room.names(text) is None, text


def test_a_name_that_means_two_means_none(tmp_path: Path) -> None:
    text = CONFIG + '  "BTC/USDC:USDC": {}\n'
    room = ControlRoom(loaded(tmp_path, text), "1.2.3", tmp_path)
    assert room.names("btc") is None
    assert (room.names("btcusdt"), room.names("btcusdc")) == (BTC, "BTC/USDC:USDC")


def test_what_rules_is_shown_beside_its_default_and_no_password_of_it(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    of_btc = {row.key: row for row in room.config(BTC) or ()}
    ttl = of_btc["execution.order_ttl_ms"]
    assert (ttl.scope, ttl.old, ttl.new) == (BTC, "800", "60000")
    shared = room.config(None)
    assert shared is not None
    assert {row.scope for row in shared} == {"global"}
    url = next(row.new for row in shared if row.key == "journal.url")
    assert url == "postgresql://someone@127.0.0.1/x"
    assert room.config("DOGE/USDT:USDT") is None


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:hu@sh@127.0.0.1/x", "postgresql://me:***@127.0.0.1/x"),
        ("postgresql://:hush@127.0.0.1/x", "postgresql://:***@127.0.0.1/x"),
        ("postgresql://127.0.0.1/x?password=hush&a=1", "postgresql://127.0.0.1/x?password=***&a=1"),
        ("plain", "plain"),
    ],
)
def test_passwords_are_masked_even_where_the_loader_let_them_pass(address: str, shown: str) -> None:
    assert masked(address) == shown


async def test_a_symbol_that_no_line_names_is_shown_as_the_default_has_it(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path, text='global: {manage: all}\nsymbols: {"ETH/USDT:USDT": {}}\n')
    async with house:
        await house.working()
        assert house.room.names("btc") == BTC
        rows = house.room.config(BTC)
        assert rows
        assert {row.scope for row in rows} == {"default"}


def test_lines_of_the_log_are_whose_keeps_them(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    assert room.log_lines(5) == ()
    room.lines = lambda count: ("a", "b")[-count:]
    assert room.log_lines(1) == ("b",)


# --- commands


async def test_a_pause_says_what_it_has_cancelled_and_is_journalled_with_who_asked(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        client_id = await house.resting()
        answer = await house.room.pause(BTC, 60_000, BY)
        assert answer.ok
        assert f"{BTC} is paused" in answer.text
        assert f"Cancelled: {client_id}." in answer.text
        [row] = house.commands()
        assert (row["command"], row["by"], row["panic"]) == ("pause", BY, False)
        assert row["until_wall_ms"] is not None
        status = house.room.status()
        assert status.legs[0].paused
        assert status.paused[0].startswith(f"{BTC} until 20")
        again = await house.room.pause(None, None, BY, panic=True)
        assert "No own order was live." in again.text
        assert house.room.status().paused[1] == "all (panic too)"


async def test_a_cancel_of_unknown_outcome_is_said_to_be_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "SETTLED_S", 0.3)
    house = RoomHouse(tmp_path)
    async with house:
        client_id = await house.resting()
        house.exchange.answers("cancel", Unknown("a timeout"))
        house.exchange.answers("query", Unknown("a timeout"))
        answer = await house.room.pause(None, None, BY)
        assert f"Not known yet: {client_id}." in answer.text
        assert "Cancelled" not in answer.text


async def test_what_filled_before_its_cancel_is_said(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        client_id = await house.resting()
        order = house.room.status().legs[0].order
        assert order is not None

        def partly(cancel: CancelOrder) -> Accepted[ev.OrderUpdate]:
            at = house.clock.server_ms()
            told = report(BTC, cancel.client_id, OrderStatus.CANCELED, qty=order.qty, filled=D("0.01"), exch_ms=at)
            return Accepted(replace(told, avg_price=D(100)))

        house.exchange.answers("cancel", partly)
        answer = await house.room.pause(None, None, BY)
        assert f"{client_id}, 0.01 of {order.qty} filled" in answer.text


async def test_resume_says_what_it_has_undone_and_what_holds_all_the_same(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        nothing = await house.room.resume(None, BY)
        assert "Nothing of it was paused or halted." in nothing.text
        await house.room.pause(None, None, BY)
        await house.room.pause(BTC, None, BY)
        engine = house.app.engine
        engine.desks[ETH].sides[SHORT].gate.halted = "5 refusals in a row"
        engine.house.halted = "a second instance"
        one = await house.room.resume(BTC, BY)
        assert "resumed, but a second instance" in one.text
        assert f"Undone: the pause of {BTC}." in one.text
        house.app.holding.put("test", "the key may withdraw")
        await house.until(lambda: house.room.status().held == "the key may withdraw")
        rest = await house.room.resume(None, BY)
        for said in (
            "the pause of everything",
            "the halt of the account (a second instance)",
            f"the halt of {ETH} SHORT (5 refusals in a row)",
            "Discretion still waits: the key may withdraw.",
        ):
            assert said in rest.text, said
        assert house.app.engine.house.halted is None
        assert house.room.status().paused == ()


async def test_flatten_says_what_it_begins_or_that_there_is_nothing(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        answer = await house.room.flatten(BTC, LONG, BY)
        assert answer.ok
        assert "flattening 0.5" in answer.text
        assert house.room.status().legs[0].flattening
        [row] = house.commands()
        assert (row["command"], row["side"], row["by"]) == ("flatten", "LONG", BY)
        nothing = await house.room.flatten(ETH, None, BY)
        assert nothing.text == "There is nothing to flatten."


async def test_what_is_not_managed_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        refusals = (
            await house.room.pause("DOGE/USDT:USDT", None, BY),
            await house.room.resume("DOGE/USDT:USDT", BY),
            await house.room.flatten("DOGE/USDT:USDT", None, BY),
            await house.room.flatten(BTC, SHORT, BY),
        )
        assert all("is not managed" in refused.text and not refused.ok for refused in refusals)
        assert not (await house.room.pause(BTC, 0, BY)).ok
        assert house.commands() == []


async def test_a_journal_in_trouble_is_said_with_the_command(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        house.book.trouble = "the disk is full"
        answer = await house.room.pause(None, None, BY)
        assert answer.ok, "it holds all the same"
        assert "The journal cannot be written (the disk is full)" in answer.text


@pytest.mark.parametrize("command", ["pause", "resume", "flatten"])
async def test_a_command_that_waits_too_long_is_not_called_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(commanding, "TAKEN_S", 0.05)
    house = RoomHouse(tmp_path)
    house.room.began(house.app)  # nobody consumes
    given = {
        "pause": lambda: house.room.pause(None, None, BY),
        "resume": lambda: house.room.resume(None, BY),
        "flatten": lambda: house.room.flatten(None, None, BY),
    }
    answer = await given[command]()
    assert not answer.ok
    assert "takes effect as soon as it is" in answer.text


async def test_a_command_that_the_end_overtook_is_not_said_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commanding, "TAKEN_S", 0.05)
    house = RoomHouse(tmp_path)
    house.room.began(house.app)
    asked = asyncio.create_task(house.room.resume(None, BY))
    await asyncio.sleep(0)
    house.app.over = True
    assert "The service is stopping" in (await asked).text


# --- what others answer


class Reloads:
    async def plan(self, by: str) -> ReloadPlan:
        return ReloadPlan(by, (), ())

    async def apply(self, token: str, by: str, *, drop_stops: bool = False) -> Answer:
        return Answer(True, f"{token} {by}")


async def test_a_reload_is_asked_of_who_can_reload(tmp_path: Path) -> None:
    room = ControlRoom(loaded(tmp_path), "1.2.3", tmp_path)
    assert (await room.plan_reload(BY)).problems
    assert not (await room.apply_reload("x", BY)).ok
    room.reloading = Reloads()
    assert (await room.plan_reload(BY)).token == BY
    assert (await room.apply_reload("x", BY)).text == f"x {BY}"


# --- the notebook


async def test_what_is_noted_is_a_row_and_is_known_from_then_on(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        assert house.room.note("telegram", {"update": 7})
        assert house.book.rows[-1].kind == "telegram"
        assert house.room.last("telegram") == {"update": 7}
        house.app.recorder.ok = False
        rows = len(house.book.rows)
        assert house.room.note("telegram", {"update": 8}) is False
        assert len(house.book.rows) == rows, "orders wait for the same disk: it is not asked"
        assert house.room.last("telegram") == {"update": 7}


async def test_a_row_that_cannot_be_written_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = RoomHouse(tmp_path)

    def broken(*_: object) -> None:
        raise JournalBroken("no")

    async with house:
        await house.working()
        monkeypatch.setattr(house.book, "write", broken)
        assert house.room.note("telegram", {"update": 8}) is False
        assert house.room.last("telegram") is None
        monkeypatch.undo()

"""ControlRoom: what it answers to commands, whom it asks for the rest, and its notebook."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from tests.app.fake_exchange import order as report
from tests.app.room_house import BTC, ETH, RoomHouse, loaded

from vibe_quant.app import commanding
from vibe_quant.app.application import Application
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.app.memory import Memory
from vibe_quant.app.notebook import JournalNotebook
from vibe_quant.app.prelude import Prelude
from vibe_quant.app.restart import Restart
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderStatus, PositionSide
from vibe_quant.domain.intents import CancelOrder
from vibe_quant.domain.status import Answer, ReloadPlan
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.standing import Standing, StandingFlatten
from vibe_quant.ports import Accepted, Entry, JournalBroken, Unknown

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BY = "cli (uid 7)"


# --- commands


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


class Settled:
    """A restart that finds nothing."""

    async def run(self) -> None: ...


@pytest.mark.parametrize(("paused", "goes_on"), [(None, True), (ETH, True), (BTC, False), ("all", False)])
async def test_a_pause_asked_during_the_start_ends_what_an_earlier_run_was_told_to_flatten(
    tmp_path: Path, paused: str | None, goes_on: bool
) -> None:
    memory = Memory(standing=Standing(flattens=(StandingFlatten(BTC, LONG, frozenset()),)))
    house = RoomHouse(tmp_path)
    rest = Prelude(cast("Restart", Settled()), memory, house.clock)
    house.app = Application(house.loaded.settings, house.inbox, replace(house.app.parts, prelude=rest.run))
    if paused is not None:
        await house.room.pause(None if paused == "all" else paused, None, BY)
    async with house:
        await house.working()
        await house.until(lambda: house.room.status().counts and not len(house.inbox))
        assert house.room.status().legs[0].flattening is goes_on


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
        assert "There was no live order for it to cancel." in again.text
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


def test_what_an_earlier_run_has_noted_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = SqliteJournal(path, "r0")
    journal.write([Entry("telegram", 1, {"update": 1}), Entry("other", 2, {}), Entry("telegram", 3, {"update": 2})])
    notebook = JournalNotebook(path, lambda: None)
    assert notebook.last("telegram") == {"update": 2}
    assert notebook.last("never") is None
    journal.write([Entry("telegram", 4, {"update": 3})])
    journal.close()
    assert notebook.last("telegram") == {"update": 2}
    assert JournalNotebook(path, lambda: None).last("telegram") == {"update": 3}


def test_a_journal_that_cannot_be_read_is_said_and_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"no journal at all" * 100)
    assert JournalNotebook(path, lambda: None).last("telegram") is None


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

"""ControlRoom: what it shows before, while and after the application works."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from tests.app.room_house import BTC, CONFIG, ETH, Going, RoomHouse, loaded

from vibe_quant import breath
from vibe_quant.app.application import Goal
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.app.picture import Progress
from vibe_quant.config.ruling import masked
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide, Stream
from vibe_quant.operations import Notebook, Operations
from vibe_quant.ports import JournalBroken

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


async def test_what_is_held_and_not_managed_is_shown_and_no_command_reaches_it(tmp_path: Path) -> None:
    async with RoomHouse(tmp_path) as house:
        await house.working()
        at, now = house.clock.server_ms(), house.clock.now_ms()
        for symbol, side in (("SOL/USDT:USDT", LONG), (BTC, SHORT)):
            house.inbox.put(ev.PositionUpdate(symbol, side, D(3), D(100), at, now))
        await house.until(lambda: len(house.room.status().unmanaged) == 2)
        status = await house.room.drawn()
        assert [(leg.symbol, leg.side, leg.qty) for leg in status.unmanaged] == [
            (BTC, SHORT, D(3)),
            ("SOL/USDT:USDT", LONG, D(3)),
        ]
        assert (BTC, SHORT) not in [(leg.symbol, leg.side) for leg in status.legs]
        assert house.room.names("SOL") is None
        for refused in (
            await house.room.flatten("SOL/USDT:USDT", LONG, BY),
            await house.room.flatten(BTC, SHORT, BY),
        ):
            assert not refused.ok
            assert "is not managed by this service: nothing was done" in refused.text


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


async def test_drawn_in_pieces_it_is_the_same_and_others_have_their_turn_after_each_leg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breath, "PIECE_S", 0.0)
    monkeypatch.setattr(breath, "REST_S", 0.0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with RoomHouse(tmp_path) as house:
        await house.resting()
        beside = asyncio.create_task(others())
        drawn, whole = await house.room.drawn(), house.room.status()
        beside.cancel()
    assert drawn.legs == whole.legs
    assert (drawn.run, drawn.phase, drawn.counts) == (whole.run, whole.phase, whole.counts)
    assert turns >= len(whole.legs) == 3


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


async def test_a_moment_is_the_same_however_slowly_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock finds it a millisecond later."""
    house = RoomHouse(tmp_path)
    async with house:
        await house.resting()
        now = house.clock.now_ms()
        house.inbox.put(ev.StreamDown(Stream.USER, now))
        await house.until(lambda: not house.room.status().streams[2].up)
        slow = count(house.clock.now_ms())
        look = house.app.engine.look(BTC, LONG, now)
        assert look is not None
        assert look.order is not None
        with monkeypatch.context() as patch:
            patch.setattr(Going, "now_ms", lambda _: next(slow))
            status = house.room.status()
        assert status.streams[2].since_ms == now + house.clock.offset_ms
        shown = status.legs[0].order
        assert shown is not None
        assert shown.placed_ms == look.order.sent_ms + house.clock.offset_ms


async def test_a_socket_that_came_back_is_counted(tmp_path: Path) -> None:
    house = RoomHouse(tmp_path)
    async with house:
        await house.working()
        now = house.clock.now_ms()
        for event in (ev.StreamDown(Stream.USER, now), ev.StreamDown(Stream.USER, now + 1)):
            house.inbox.put(event)
        await house.until(lambda: not house.room.status().streams[2].up)
        assert house.room.status().streams[2].since_ms == now + house.clock.offset_ms
        assert not house.room.status().ready, "discretion waits for it"
        house.inbox.put(ev.StreamUp(Stream.USER, now + 2))
        await house.until(lambda: house.room.status().streams[2].up)
        assert house.room.status().streams[2].reconnects == 1
        assert house.room.status().ready


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

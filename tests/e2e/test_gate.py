"""The start, whole: what refuses it, what is protected all the same, and what earlier runs have left."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.e2e.account_scenes import LEG, RAW, SLOW_CONFIG, alone, at_rest, resting, rests
from tests.e2e.request_scenes import TIME, Watched, fault
from tests.e2e.stage import BTC, LONG, SHORT, Scene, Stage, settings, stage

from vibe_quant.app.application import DONE, REFUSED
from vibe_quant.app.clock import SystemClock
from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType
from vibe_quant.sim.order_records import SimOrder
from vibe_quant.sim.records import AlgoRequest

D = Decimal
UNKNOWN = SLOW_CONFIG.replace('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {}\n  "DOGE/USDT:USDT": {}')
"""A symbol is listed that the exchange does not have."""
FOREIGN = {"kind": "foreign_order", "symbol": RAW, "side": "LONG", "qty": "0.02", "away": 0.02, "client_id": "web_1"}
LEFTOVER = {**FOREIGN, "client_id": "vq-old-7"}
STOP_ID = "vq-ps-0ow6hs7-L-old.1"
"""As an earlier run names the stop of BTC's LONG."""


async def starts(on: Stage, within_s: float = 30) -> Watched:
    """Begin, with requests noted."""
    watch = Watched(on, {})
    on.start()
    await on.until(lambda: on.app is not None, within_s, "the application")
    return watch


async def refused(on: Stage) -> Watched:
    """Begin, and end by refusal."""
    watch = Watched(on, {})
    on.start()
    assert await on.ended() == REFUSED, on.told()
    return watch


def said(on: Stage, words: str) -> bool:
    """Whether a line of the log has these words."""
    return any(words in line for line in on.log)


def stop_of_an_earlier_run(on: Stage, trigger: str, qty: str | None = None) -> None:
    """A stop with our prefix that stands before the program starts."""
    box = on.server.box
    request = AlgoRequest(
        RAW,
        OrderSide.SELL,
        LONG,
        OrderType.STOP_MARKET,
        STOP_ID,
        D(trigger),
        box.now,
        None if qty is None else D(qty),
        close_position=qty is None,
    )
    box.exchange.algos.place(request, box.now)


async def test_a_one_way_account_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    async with stage(tmp_path, Scene(seats=(), hedge_mode=False), start=False) as on:
        w = await refused(on)
        assert said(on, "is in one-way mode")
        assert {asked.endpoint.split()[0] for asked in w.asked} == {"GET"}
        [row] = on.journal.rows(kinds=("start",))
        assert "one-way mode" in row.data()["refusals"][0]


async def test_a_key_that_may_withdraw_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    scene = alone(permissions={"enableWithdrawals": True})
    async with stage(tmp_path, scene, start=False, bare_ms=None) as on:
        w = await refused(on)
        assert said(on, "may move money out of it (enableWithdrawals)")
        assert {asked.endpoint.split()[0] for asked in w.asked} == {"GET"}
        assert on.truth.bare_now() == [LEG], "a key that may not be used places no stop either"


async def test_a_key_that_is_revoked_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, alone({"kind": "key_revoked"}), start=False, bare_ms=None) as on:
        w = await refused(on)
        assert said(on, "does not accept the API key")
        assert on.truth.struck("key_revoked") == 1
        assert len(w.asked) < 10


async def test_a_symbol_that_does_not_exist_refuses_and_positions_are_protected_all_the_same(tmp_path: Path) -> None:
    scene = alone(FOREIGN, LEFTOVER)
    async with stage(tmp_path, scene, chosen=settings(UNKNOWN), start=False) as on:
        began = on.server.box.now
        await refused(on)
        assert on.server.box.now - began < 10_000, "no longer than the stop takes"
        assert said(on, "DOGE/USDT:USDT stands under symbols: and the exchange has no such perpetual contract")
        assert (on.truth.bare_now(), len(on.truth.stops())) == ([], 1)
        assert [o.client_id for o in on.truth.own] == ["vq-old-7"], "no order was sent"
        assert on.truth.live() == [], "and what an earlier run has left is gone"
        assert not said(on, "without certainty")
        assert [o.status for o in on.truth.foreign] == [OrderStatus.NEW]


async def test_multi_assets_mode_refuses_and_each_leg_that_can_have_a_stop_has_it(tmp_path: Path) -> None:
    both = Scene(seats=((LONG, "0.1"), (SHORT, "0.04")), wallet="700")
    async with stage(tmp_path, both, start=False, bare_ms=None) as on:
        on.server.box.exchange.venue.account.multi_assets = True
        began = on.server.box.now
        await refused(on)
        assert said(on, "is in multi-assets mode")
        assert on.truth.bare_now() == [(RAW, SHORT)], "it has no liquidation price, and needs none"
        assert on.server.box.now - began < 10_000, "and it is not waited for"
        assert on.truth.own == []


async def test_a_position_that_cannot_be_protected_ends_a_refused_start_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibe_quant.app.application.PROTECT_S", 2.0)
    no_stops = fault("refuse", "POST /fapi/v1/algoOrder", when={"rate": 1}, code=-4120, message="not today")
    async with stage(tmp_path, alone(no_stops), chosen=settings(UNKNOWN), start=False, bare_ms=None) as on:
        await refused(on)
        assert said(on, "not every position has its protective stop after 2.0 s")
        assert on.truth.struck("refuse") >= 2


@pytest.mark.slow
async def test_a_clock_that_nobody_can_measure_refuses_and_positions_are_protected_all_the_same(tmp_path: Path) -> None:
    slow = fault("ack_late", TIME, when={"rate": 1}, delay_ms=2300)
    async with stage(tmp_path, alone(slow), start=False, bare_ms=None) as on:
        await refused(on)
        assert on.truth.struck("ack_late") >= 3
        assert said(on, "the exchange's clock is known only to")
        assert (on.truth.bare_now(), on.truth.own) == ([], [])


async def test_a_host_whose_clock_is_far_behind_works_by_the_exchanges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = SystemClock.__init__

    def behind(clock: SystemClock) -> None:
        right(clock)
        clock.set_offset(clock.offset_ms - 90_000)

    monkeypatch.setattr(SystemClock, "__init__", behind)
    async with stage(tmp_path, alone()) as on:
        await on.working()
        await on.protected()
        assert said(on, "behind the exchange's")
        assert on.code is None


async def test_orders_of_an_earlier_run_are_gone_before_the_first_new_one_and_foreign_ones_stay(tmp_path: Path) -> None:
    async with stage(tmp_path, alone(FOREIGN, LEFTOVER), chosen=resting(), start=False) as on:
        w = await starts(on)
        await on.until(lambda: len(on.truth.own) > 1, 15, "a new order")
        old, new = on.truth.own[:2]
        assert (old.client_id, old.status) == ("vq-old-7", OrderStatus.CANCELED)
        assert new.created_ms >= old.updated_ms
        assert said(on, "1 open orders left by an earlier run")
        assert said(on, "1 open orders of others, which are not touched")
        assert not [a for a in w.sent("DELETE /fapi/v1/order") if a.client_id != "vq-old-7"]
        assert on.app is not None
        assert on.app.engine.house.halted is None, "no second instance is suspected"
        assert await on.stop() == DONE
        assert [o.status for o in on.truth.foreign] == [OrderStatus.NEW]


@pytest.mark.parametrize("killed", [True, False])
async def test_what_a_run_has_left_is_settled_by_the_next_and_its_stop_adopted(tmp_path: Path, killed: bool) -> None:
    async with at_rest(tmp_path) as w:
        order, stops = await rests(w), w.on.truth.stops()
        if killed:
            await w.on.kill()
        else:
            assert await w.on.stop() == DONE
        assert order.status.is_final is not killed
        w.on.start()
        new = await _next(w, order.client_id)
        assert order.status is OrderStatus.CANCELED
        assert new.created_ms >= order.updated_ms
        assert w.on.truth.stops() == stops
        assert w.on.truth.bare_now() == []


async def _next(w: Watched, before: str) -> SimOrder:
    def others() -> list[SimOrder]:
        return [o for o in w.on.truth.own if o.client_id != before]

    await w.on.until(others, 15, "the next run's order")
    return others()[0]


@pytest.mark.parametrize(("trigger", "qty"), [("60000", None), ("84000", None), ("78000", "0.02")])
async def test_a_stop_of_an_earlier_run_in_the_wrong_place_is_put_right(
    tmp_path: Path, trigger: str, qty: str | None
) -> None:
    async with stage(tmp_path, alone(), chosen=resting(), start=False, bare_ms=None) as on:
        stop_of_an_earlier_run(on, trigger, qty)
        await starts(on)
        await on.until(lambda: on.truth.stops() not in ([], [STOP_ID]), 10, "a stop in the right place")
        algos = on.server.box.exchange.algos
        await on.until(lambda: [a.close_position for a in algos.open] == [True], 10, "one alone, of the whole leg")
        [algo] = algos.open
        assert algo.client_id != STOP_ID
        assert D("77000") < algo.trigger_price < D("80000")
        assert on.truth.bare_ms(on.began_ms) <= 4000


async def test_a_stop_of_an_earlier_run_in_the_right_place_is_adopted(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        [algo] = w.on.server.box.exchange.algos.open
        right = algo.trigger_price
    other = tmp_path / "other"
    other.mkdir()
    async with stage(other, alone(), chosen=resting(), start=False) as on:
        stop_of_an_earlier_run(on, str(right))
        w = await starts(on)
        await on.working()
        await on.until(lambda: len(list(on.journal.rows(kinds=("position",)))) > 0, 10, "a read")
        assert on.truth.stops() == [STOP_ID]
        assert not w.sent("POST /fapi/v1/algoOrder")


async def test_a_leftover_of_a_symbol_that_is_not_managed_is_cancelled_too(tmp_path: Path) -> None:
    old = {"kind": "foreign_order", "symbol": "ETHUSDT", "side": "LONG", "qty": "1", "opens": True, "away": 0.02}
    elsewhere = {**old, "client_id": "vq-old-8"}
    theirs = {**old, "client_id": "web_2"}
    async with stage(tmp_path, alone(elsewhere, theirs, others=("ETHUSDT",), wallet="2000"), start=False) as on:
        await starts(on)
        await on.working()
        left = {o.client_id: o for o in on.truth.orders if o.symbol == "ETHUSDT"}
        await on.until(lambda: left["vq-old-8"].status is OrderStatus.CANCELED, 10, "the end of the leftover")
        assert left["web_2"].status is OrderStatus.NEW
        assert await on.stop() == DONE
        on.truth.box.exchange.venue.by_id.pop(left["vq-old-8"].order_id)  # an order that opened, which we never sent


def test_the_symbols_name_is_what_the_stop_id_stands_for() -> None:
    from vibe_quant.core.stop_ids import StopIds

    assert StopIds("vq", "old").new_id(BTC, LONG) == STOP_ID

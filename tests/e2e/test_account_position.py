"""What others do to a position: the program's orders are fitted to what is left, and the cause is told and recorded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.e2e.account_scenes import (
    LEG,
    RAW,
    SHORT_CONFIG,
    again,
    alone,
    at_rest,
    flatten,
    journalled,
    live,
    reads,
    resting,
    rests,
)
from tests.e2e.request_scenes import POST, fault, watched
from tests.e2e.stage import BTC, LONG, SHORT, settings

from vibe_quant.domain.enums import NoticeKind, OrderStatus, Severity
from vibe_quant.domain.events import Refused
from vibe_quant.domain.intents import CancelOrder
from vibe_quant.sim.switches import Switches

D = Decimal
LARGE = {"base_mult": "50", "max_order_notional": "9000"}
"""Orders of 0.05, the cap of multiples, where the position is 0.1."""


async def test_what_is_closed_by_hand_beside_a_small_order_leaves_the_order_alone(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        await w.on.fault("position_closed", symbol=RAW, side="LONG", fraction="0.5")
        told = await w.told("by an order that is not ours", Severity.INFO)
        assert (w.on.truth.struck("position_closed"), told.side) == (1, LONG)
        assert live(w) == [order]
        flatten(w)
        await w.on.flat()
        assert journalled(w, "fill", client_id=dict(told.facts)["client_id"])
        assert [row.data()["qty"] for row in journalled(w, "position", qty="0.05", reason="ORDER")][:1] == ["0.05"]
        assert sum(o.filled_qty for o in w.on.truth.own) == D("0.05")


@pytest.mark.parametrize("exchange_removes", [True, False])
async def test_an_order_larger_than_what_is_left_is_withdrawn_and_the_next_one_fits(
    tmp_path: Path, exchange_removes: bool
) -> None:
    account = alone(switches=Switches(knock_out_closers=exchange_removes))
    async with at_rest(tmp_path, account, resting(**LARGE)) as w:
        order = await rests(w)
        assert order.qty == D("0.05")
        await w.on.fault("position_closed", symbol=RAW, side="LONG", qty="0.08")
        await w.on.until(lambda: order.status.is_final, 3, "the end of the order that is too large")
        after = await again(w, order.updated_ms)
        assert w.on.truth.struck("position_closed") == 1
        assert after.qty <= D("0.02")
        if not exchange_removes:
            reasons = [c.reason for c in w.intents(CancelOrder) if c.client_id == order.client_id]
            assert reasons[:1] == ["the position is smaller than the order"]
        told = await w.told("by an order that is not ours")
        assert journalled(w, "fill", client_id=dict(told.facts)["client_id"])
        flatten(w)
        await w.on.flat()


async def test_where_the_whole_is_closed_by_hand_orders_and_stop_go_and_the_exit_is_over(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        await w.on.fault("position_closed", symbol=RAW, side="LONG")
        await w.on.flat()
        assert w.on.truth.struck("position_closed") == 1
        assert order.status.is_final
        over = await w.told("the exit is done")
        assert dict(over.facts)["left"] in ("0", "0.000")
        ids = len(w.on.truth.own)
        await reads(w, 2)
        assert (len(w.on.truth.own), w.on.truth.stops()) == (ids, [])


async def test_a_position_that_is_gone_when_an_order_arrives_is_read_and_ends_the_exit(tmp_path: Path) -> None:
    closed = fault("position_closed", POST, nth=3, symbol=RAW, side="LONG")
    async with watched(tmp_path, alone(closed), settings(SHORT_CONFIG)) as w:
        await w.struck("position_closed")
        await w.on.flat()
        await w.on.until(lambda: -2022 in [r.code for r in w.events(Refused)], 10, "the refusal")
        await w.told("the exit is done")
        assert w.on.app is not None
        assert all(leg.flat for leg in w.on.app.engine.legs() if leg.side is LONG)
        await w.on.act("position_enlarged", symbol=RAW, side="LONG", qty="0.02")
        w.on.added[LEG] = D("0.02")
        await w.told("has a position")
        await w.on.flat()


async def test_an_enlarged_position_is_told_stays_covered_and_is_worked_whole(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        stops = w.on.truth.stops()
        w.on.added[LEG] = D("0.05")
        await w.on.fault("position_enlarged", symbol=RAW, side="LONG", qty="0.05")
        alert = await w.told("was enlarged by 0.05")
        assert (alert.kind, dict(alert.facts)["after"]) == (NoticeKind.OPEN_ALERT, "0.15")
        assert w.on.truth.struck("position_enlarged") == 1
        assert w.on.truth.bare_now() == []
        await w.on.until(lambda: w.on.truth.stops() not in ([], stops), 10, "a stop by the new liquidation price")
        flatten(w)
        await w.on.flat()
        assert sum(o.filled_qty for o in w.on.truth.own) == D("0.15")


async def test_a_leg_that_somebody_opens_is_worked_and_protected(tmp_path: Path) -> None:
    async with at_rest(tmp_path, bare_ms=None) as w:
        w.on.added[(RAW, SHORT)] = D("0.2")
        before = w.on.server.box.now
        await w.on.fault("position_enlarged", symbol=RAW, side="SHORT", qty="0.2")
        alert = await w.told("SHORT has a position")
        assert (alert.kind, alert.symbol) == (NoticeKind.OPEN_ALERT, BTC)
        await again(w, before, side=SHORT)
        await w.on.until(lambda: any("-S-" in stop for stop in w.on.truth.stops()), 10, "its stop")
        flatten(w)
        await w.on.until(lambda: not w.on.truth.left((RAW, SHORT)), 40, "the end of the new leg")
        await w.on.flat()


async def test_adl_of_a_part_withdraws_what_is_too_large_and_is_an_alarm(tmp_path: Path) -> None:
    account = alone(switches=Switches(knock_out_closers=False))
    async with at_rest(tmp_path, account, resting(**LARGE)) as w:
        order = await rests(w)
        await w.on.fault("adl", symbol=RAW, side="LONG", qty="0.07")
        alarm = await w.told("auto-deleveraging (ADL)", Severity.ALARM)
        assert (w.on.truth.struck("adl"), dict(alarm.facts)["client_id"]) == (1, "adl_autoclose")
        await w.on.until(lambda: order.status is OrderStatus.CANCELED, 3, "the end of the order that is too large")
        assert (await again(w, order.updated_ms)).qty <= D("0.03")
        assert journalled(w, "mismatch", text="auto-deleveraging (ADL)")
        assert journalled(w, "fill", client_id="adl_autoclose")
        flatten(w)
        await w.on.flat()


async def test_liquidation_ends_orders_and_exit_and_is_an_alarm(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        await w.on.fault("liquidation", symbol=RAW, side="LONG")
        alarm = await w.told("the exchange's liquidation", Severity.ALARM)
        assert w.on.truth.struck("liquidation") == 1
        assert dict(alarm.facts)["client_id"].startswith("autoclose-")
        await w.on.flat()
        assert order.status.is_final
        await w.told("the exit is done")
        assert journalled(w, "mismatch", text="the exchange's liquidation")
        assert journalled(w, "fill", client_id="autoclose-")
        ids = len(w.on.truth.own)
        await reads(w, 2)
        assert len(w.on.truth.own) == ids

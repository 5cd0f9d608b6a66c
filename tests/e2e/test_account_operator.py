"""What the operator asks while the program works, and what of it a restart remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.account_scenes import (
    LEG,
    RAW,
    again,
    alone,
    at_rest,
    flatten,
    journalled,
    live,
    reads,
    resting,
    rests,
    resume,
)
from tests.e2e.request_scenes import Watched
from tests.e2e.stage import BTC, LONG, SHORT

from vibe_quant.app.application import DONE
from vibe_quant.domain.commands import Pause, Reload
from vibe_quant.domain.enums import OrderStatus, SignalReason
from vibe_quant.domain.intents import CancelOrder
from vibe_quant.domain.settings import Settings

D = Decimal
QUIET_S = 1.5
"""In so long an order would leave: signals come each second or so."""


def pause(w: Watched, *, for_ms: int | None = None, symbol: str | None = None) -> None:
    """The operator pauses it."""
    assert w.on.app is not None
    app = w.on.app
    now = app.parts.clock.now_ms()
    app.inbox.put(Pause(now, symbol, None if for_ms is None else now + for_ms))


def reload(w: Watched, settings: Settings, *, drop_stops: bool = False) -> None:
    """The operator gives it other settings."""
    assert w.on.app is not None
    app = w.on.app
    app.inbox.put(Reload(app.parts.clock.now_ms(), settings, drop_stops))


async def starts_again(w: Watched, *, killed: bool = False) -> None:
    """End the program and start it on the same journal, until it has looked around and its stop stands."""
    if killed:
        await w.on.kill()
    else:
        assert await w.on.stop() == DONE
    w.on.start()
    await w.on.until(lambda: w.on.app is not None, 10, "the application")
    app = w.on.app
    assert app is not None
    await w.on.until(lambda: app.engine.legs() and all(leg.known for leg in app.engine.legs()), 10, "a read of it all")
    await w.on.until(lambda: app.engine.house.held is None, 10, "the end of the start")


def working(settings: Settings, **changes: Mapping[str, Any]) -> Settings:
    """Settings with fields of ``execution`` or ``risk`` changed, of every symbol."""

    def other(old: Any) -> Any:
        return replace(old, **{part: replace(getattr(old, part), **fields) for part, fields in changes.items()})

    symbols = tuple((symbol, other(one)) for symbol, one in settings.symbols)
    return replace(settings, symbols=symbols, default=other(settings.default))


@pytest.mark.parametrize("symbol", [None, BTC])
async def test_a_pause_withdraws_the_order_that_rests_and_leaves_the_stop(tmp_path: Path, symbol: str | None) -> None:
    async with at_rest(tmp_path) as w:
        order, stops = await rests(w), w.on.truth.stops()
        pause(w, symbol=symbol)
        await w.on.until(lambda: order.status is OrderStatus.CANCELED, 3, "the end of the order")
        assert [c.reason for c in w.intents(CancelOrder)] == ["paused by the operator"]
        await w.told("is paused")
        await asyncio.sleep(QUIET_S)
        assert (live(w), w.on.truth.stops()) == ([], stops)
        resume(w)
        await again(w, order.updated_ms)
        assert [row.data()["command"] for row in journalled(w, "command")] == ["pause", "resume"]


async def test_a_pause_for_a_while_ends_by_itself(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order, began = await rests(w), w.on.server.box.now
        pause(w, for_ms=3000)
        after = await again(w, order.created_ms)
        assert after.created_ms - began >= 2900
        assert w.notices("The pause of everything is over")


@pytest.mark.parametrize("killed", [False, True])
async def test_a_pause_outlives_the_program(tmp_path: Path, killed: bool) -> None:
    async with at_rest(tmp_path) as w:
        pause(w)
        await w.told("is paused")
        await w.on.until(lambda: not live(w), 10, "the end of the order")
        orders = len(w.on.truth.own)
        await starts_again(w, killed=killed)
        await w.on.protected()
        await asyncio.sleep(QUIET_S)
        assert len(w.on.truth.own) == orders
        app = w.on.app
        assert app is not None
        view = app.engine.side_view(BTC, LONG)
        assert view is not None
        assert view.blocked == "paused by the operator"
        resume(w)
        await rests(w)


async def test_a_pause_for_a_while_is_over_after_it_wherever_the_program_was(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        began = w.on.server.box.now
        pause(w, for_ms=6000)
        await w.told("is paused")
        await w.on.until(lambda: not live(w), 10, "the end of the order")
        await starts_again(w)
        order = await rests(w, within_s=15)
        assert order.created_ms - began >= 5900


async def test_flatten_goes_to_zero_whatever_the_target_in_slices_of_a_tenth(tmp_path: Path) -> None:
    async with at_rest(tmp_path, chosen=working(resting(), execution={"target_qty": D("0.08")})) as w:
        order = await rests(w)
        flatten(w, LONG)
        await w.told("flattening 0.1")
        await w.on.flat()
        assert order.status is OrderStatus.CANCELED
        sliced = [i for i in w.on.intents if getattr(i, "reason", None) is SignalReason.FLATTEN]
        assert sliced
        assert all(getattr(i, "qty", None) == D("0.01") for i in sliced)
        rows = journalled(w, "command", command="flatten")
        assert [(row.symbol, row.side) for row in rows] == [(BTC, "LONG")]


@pytest.mark.parametrize("killed", [False, True])
async def test_a_flattening_outlives_the_program(tmp_path: Path, killed: bool) -> None:
    slow = working(resting(), execution={"repost_cooldown_ms": 700, "target_qty": D("0.09"), "order_ttl_ms": 500})
    async with at_rest(tmp_path, chosen=slow, overlaps=killed) as w:
        flatten(w, LONG)
        await w.on.until(lambda: w.on.truth.left(LEG) <= D("0.08"), 10, "the first slices")
        assert w.on.truth.left(LEG) > D("0.03")
        await starts_again(w, killed=killed)
        await w.on.flat()
        assert all(o.order_type.value == "LIMIT" for o in w.on.truth.own)


async def test_a_pause_ends_a_flattening_for_good(tmp_path: Path) -> None:
    slow = working(resting(), execution={"repost_cooldown_ms": 700, "target_qty": D("0.09"), "order_ttl_ms": 500})
    async with at_rest(tmp_path, chosen=slow) as w:
        flatten(w, LONG)
        await w.on.until(lambda: w.on.truth.left(LEG) <= D("0.08"), 10, "the first slices")
        pause(w)
        await w.told("is paused")
        await w.on.until(lambda: not live(w), 10, "the end of the order")
        left = w.on.truth.left(LEG)
        await starts_again(w)
        resume(w)
        await asyncio.sleep(QUIET_S)
        assert w.on.truth.left(LEG) == left, "under its target, and not flattened any more"


async def test_new_settings_hold_from_the_next_order_on(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order = await rests(w)
        assert order.qty == D("0.02")
        reload(w, resting(base_mult="10"))
        await w.on.act("orders_cancelled", symbol=RAW, what="regular")
        after = await again(w, order.created_ms)
        assert after.qty == D("0.01")


async def test_a_leg_that_leaves_management_loses_its_orders_and_keeps_its_stop(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order, stops = await rests(w), w.on.truth.stops()
        managed = resting()
        alone = tuple((symbol, replace(one, sides=(SHORT,))) for symbol, one in managed.symbols)
        reload(w, replace(managed, symbols=alone))
        await w.told("is not managed any more")
        await w.on.until(lambda: order.status is OrderStatus.CANCELED, 10, "the end of the order")
        await reads(w, 1)
        assert (live(w), w.on.truth.stops()) == ([], stops)
        reload(w, managed)
        await again(w, order.updated_ms)
        assert w.on.truth.stops() == stops


async def test_a_reload_does_not_take_the_stop_away_unless_it_is_said_twice(tmp_path: Path) -> None:
    account = alone()
    async with at_rest(tmp_path, account, bare_ms=None) as w:
        stops = w.on.truth.stops()
        stop = resting().default.risk.protective_stop
        without = working(resting(), risk={"protective_stop": replace(stop, enabled=False)})
        reload(w, without)
        await w.told("--drop-stops")
        await reads(w, 1)
        assert w.on.truth.stops() == stops
        reload(w, without, drop_stops=True)
        await w.on.until(lambda: not w.on.truth.stops(), 10, "the end of the stop")
        reload(w, resting())
        await w.on.protected()

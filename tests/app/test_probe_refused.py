"""Legs and accounts that ``doctor --probe`` does not touch: it says why, and has sent nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.app.probe_stage import NAMED, PREFIX, QUICK, RAW, probe_stage
from tests.e2e.stage import LONG, SHORT

from vibe_quant.app.instance import Held, InstanceLock, this_process
from vibe_quant.app.probe_leg import ProbeRefused


async def refused(on: Any, *words_: str, **how: Any) -> None:
    """Nothing was sent."""
    asked: list[str] = []
    on.spies.arrived.append(asked.append)
    with pytest.raises(ProbeRefused) as told:
        await on.probe(**how)
    for word in words_:
        assert word in str(told.value)
    assert [one for one in asked if not one.startswith("GET ")] == []


async def test_an_account_that_is_worked_is_refused() -> None:
    async with probe_stage() as on:
        name = on.wanted(LONG, NAMED, QUICK).account.fingerprint
        lock = await InstanceLock.acquire(name, this_process("now", "service.yaml", "sim"))
        assert not isinstance(lock, Held)
        await refused(on, "service.yaml", "has sent nothing")
        await lock.release()
        report = await on.probe()
        assert report.good
        on.judge()


async def test_it_holds_the_lock_so_that_no_service_starts_beside_it() -> None:
    async with probe_stage() as on:
        name = on.wanted(LONG, NAMED, QUICK).account.fingerprint
        found: list[object] = []

        async def look() -> None:
            found.append(await InstanceLock.acquire(name, this_process("now", "service.yaml", "sim")))

        tasks: list[asyncio.Task[None]] = []
        on.at("POST /fapi/v1/order", 1, lambda: tasks.append(asyncio.create_task(look())))
        assert (await on.probe()).good
        await asyncio.gather(*tasks)
        (held,) = found
        assert isinstance(held, Held)
        again = await InstanceLock.acquire(name, this_process("now", "service.yaml", "sim"))
        assert not isinstance(again, Held)
        await again.release()


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"named": "BTC"}, f"(it holds: {NAMED} LONG"),
        ({"named": "nonsense"}, "holds no leg nonsense"),
    ],
)
async def test_a_leg_that_is_not_held_is_refused(how: dict[str, str], says: str) -> None:
    async with probe_stage() as on:
        await refused(on, says, "opens nothing", **how)


async def test_a_side_that_is_not_held_is_refused() -> None:
    async with probe_stage(seats=((LONG, "2"),)) as on:
        await refused(on, f"holds no leg {NAMED} SHORT", side=SHORT)


async def test_a_leg_below_one_order_is_refused() -> None:
    async with probe_stage(seats=((LONG, "0.004"),)) as on:
        await refused(on, "the leg holds 0.004", "the least closing order")


async def test_one_way_mode_is_refused() -> None:
    async with probe_stage(seats=(), hedge_mode=False) as on:
        await refused(on, "one-way mode")


async def test_a_symbol_that_does_not_trade_is_refused() -> None:
    async with probe_stage() as on:
        on.act("symbol_status", symbol=RAW, status="TRADING_HALT", when={"at_s": 0})
        await refused(on, "not trading")


async def test_an_exchange_that_does_not_answer_is_refused() -> None:
    async with probe_stage(faults=({"kind": "maintenance", "when": {"at_s": 0}},)) as on:
        await refused(on, "could not be measured")


@pytest.mark.parametrize("kind", ["foreign_order", "foreign_stop"])
@pytest.mark.parametrize("client_id", ["mine", f"{PREFIX}-ps-1234567-L-mieagp7f.1", f"{PREFIX}-mieagp7f-1"])
async def test_what_rests_in_the_symbol_is_not_swept_away(kind: str, client_id: str) -> None:
    """A foreign order, and the stop that a service has left for the leg's protection."""
    async with probe_stage() as on:
        more = {"price": "9000", "qty": "0.5"} if kind == "foreign_order" else {}
        on.act(kind, symbol=RAW, side="LONG", client_id=client_id, when={"at_s": 0}, **more)
        assert [*on.resting(), *on.waiting()] == [client_id]
        await refused(on, client_id, "would cancel them too")
        assert [*on.resting(), *on.waiting()] == [client_id]

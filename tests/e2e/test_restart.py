"""Killed without a last word and started again on its journal: nothing is orphaned, doubled, forgotten or bare."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.danger import (
    alarms,
    by_queue,
    fired,
    near_liquidation,
    only_panic_overlaps,
    patient,
    sent,
    standing,
    told,
)
from tests.e2e.driven import Driven
from tests.e2e.request_scenes import CANCEL_STOP, POST, fault
from tests.e2e.stage import LONG, Stage, stage
from tests.e2e.test_dust import DUST, ETH, scene, settled
from tests.e2e.test_stops import D, lone, moved
from tests.e2e.unknowns import (
    AMEND,
    ASSUMED,
    FIRING,
    MINIMUM,
    OPPOSITE,
    ORDERS,
    RESTART,
    STOPS,
    answers,
    fills_add_up,
    liquidated,
    recorded,
    refused,
)

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import PriceMatch, SignalReason
from vibe_quant.domain.intents import AmendOrder
from vibe_quant.sim.switches import Switches

LEG = ("BTCUSDT", LONG)


async def finish(on: Stage) -> None:
    """The leg is closed from outside, the program puts everything away, and the records add up."""
    try:
        await on.act("position_closed", symbol="BTCUSDT", side="LONG")
    except AssertionError as refused:
        assert "has no position" in str(refused), refused
    await on.flat()
    await recorded(on)
    assert liquidated(on) == []
    assert await on.stop() == DONE
    fills_add_up(on)


async def alone(reached: Callable[[], bool], within_s: float = 10) -> None:
    """Wait for the exchange while no program runs."""
    async with asyncio.timeout(within_s):
        while not reached():
            await asyncio.sleep(0.02)


def asked(on: Stage) -> list[str]:
    """Orders that the journal says were asked for, oldest first."""
    return [row.client_id for row in on.journal.rows(kinds=("intent",)) if row.data()["intent"] == "OrderIntent"]


async def again(on: Stage) -> None:
    """Start once more, and wait for the second run's first order."""
    known = set(asked(on))
    on.start()
    await on.until(lambda: [o for o in on.truth.own if o.client_id not in known], 15, "an order of the second run")


@answers(*ORDERS, *STOPS, *RESTART, *AMEND, quick=(ASSUMED, OPPOSITE))
async def test_an_exit_goes_on_where_it_was_killed(tmp_path: Path, switches: Switches) -> None:
    async with stage(tmp_path, lone(Driven(wobble=3), switches), chosen=patient(panic=False, amend=True)) as on:
        await on.protected()
        await on.until(lambda: on.truth.left(LEG) < D("0.296") and on.truth.live(), 15, "an order amid the exit")
        assert any(isinstance(intent, AmendOrder) for intent in on.intents)
        stop, left = standing(on)[0].client_id, on.truth.live()
        await on.kill()
        await again(on)
        assert not set(left) & set(on.truth.live()), "what was left is gone before the first new order"
        assert [a.client_id for a in standing(on)][:1] == [stop], "the stop was adopted"
        now = on.truth.left(LEG)
        await on.until(lambda: on.truth.left(LEG) < now, 15, "fills of the second run")
        await finish(on)


@answers("queue_with_gtx", "query_lag_ms", quick=(OPPOSITE,))
async def test_an_exit_priced_by_the_exchange_goes_on_where_it_was_killed(tmp_path: Path, switches: Switches) -> None:
    async with stage(tmp_path, lone(Driven(wobble=3), switches), chosen=by_queue()) as on:
        await on.protected()
        await on.until(lambda: on.truth.live(), 15, "an order")
        await on.kill()
        await again(on)
        if not switches.queue_with_gtx:
            assert told(on, "QUEUE pricing is refused") and refused(on, -5037)
        else:
            assert any(order.price_match is PriceMatch.QUEUE for order in on.truth.own)
        await finish(on)


IN_FLIGHT = {
    "worked, the answer is lost": fault("ack_lost", POST, nth=3, after_ms=3000),
    "on its way": fault("request_late", POST, nth=3, delay_ms=1500),
    "never arrives": fault("request_lost", POST, nth=3),
    "too late": fault("request_late", POST, nth=3, delay_ms=4000),
}


@pytest.mark.parametrize("declared", [pytest.param(f, id=name) for name, f in IN_FLIGHT.items()])
@answers("query_lag_ms", "user_trades_oldest_first", "account_update_first", quick=(ASSUMED,))
async def test_an_order_that_was_in_flight_is_found_out_about(
    tmp_path: Path, switches: Switches, declared: dict[str, object]
) -> None:
    where = lone(Driven(), switches, faults=(declared,))
    async with stage(tmp_path, where, chosen=patient(panic=False)) as on:
        await on.until(lambda: on.truth.struck(str(declared["kind"])), 15, "the strike")
        await on.kill()
        struck = asked(on)[-1]
        await again(on)
        left = {order.client_id: order.status.is_final for order in on.truth.own}
        assert left.get(struck, True), "it is over before anything new is sent"
        assert any(
            row.client_id == struck and row.data().get("final", True) for row in on.journal.rows(kinds=("report",))
        )
        await finish(on)


@answers(*ORDERS, *STOPS, *RESTART, quick=(ASSUMED,))
async def test_panic_goes_on_after_a_kill(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    async with stage(tmp_path, lone(market, switches), chosen=patient(slice_ratio="0.05"), overlaps=True) as on:
        await on.protected()
        await on.working()
        market.go("-0.024")
        await on.until(lambda: sent(on, SignalReason.PANIC), 10, "panic")
        await on.kill()
        left = on.truth.left(LEG)
        assert left > D("0.2")
        market.to(near_liquidation(on, "0.018"))
        on.notices.clear()
        on.start()
        await on.until(lambda: alarms(on, "is in panic tier"), 15, "panic again")
        await on.until(lambda: on.truth.left(LEG) <= left / 2, 15, "the better part of the leg closed")
        only_panic_overlaps(on)
        await finish(on)


@answers(*STOPS, "query_lag_ms", quick=(OPPOSITE,))
async def test_a_bridge_that_a_kill_has_left_is_walked_to_its_end(tmp_path: Path, switches: Switches) -> None:
    slow = fault("request_lost", CANCEL_STOP)
    async with stage(tmp_path, lone(Driven(), switches, faults=(slow,)), chosen=patient(panic=False)) as on:
        await on.protected()
        old = standing(on)[0].client_id
        await on.act("position_closed", symbol="BTCUSDT", side="LONG", fraction="0.5")
        await on.until(lambda: on.truth.struck("request_lost"), 15, "the cancel of what the bridge replaces")
        await on.kill()
        assert len(standing(on)) > 1
        on.start()
        await moved(on, old)
        assert on.truth.bare_now() == []
        await finish(on)


@answers(*FIRING, *STOPS, *RESTART, "query_lag_ms", "market_walks_on", quick=(ASSUMED,))
async def test_a_stop_that_fired_while_nobody_was_there(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    async with stage(tmp_path, lone(market, switches), chosen=patient(panic=False)) as on:
        await on.protected()
        await on.until(lambda: on.truth.left(LEG) < on.truth.seats[LEG], 15, "a fill")
        await on.kill()
        market.go("-0.0475", over_s=0.3)
        await alone(lambda: not on.truth.left(LEG))
        assert fired(on)
        on.start()
        await on.until(lambda: on.app is not None and not on.truth.live(), 15, "the start")
        await finish(on)


@answers(*FIRING, "query_lag_ms", quick=(OPPOSITE,))
async def test_a_stop_that_was_rejected_while_nobody_was_there(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    async with stage(tmp_path, lone(market, switches), chosen=patient(panic=False)) as on:
        await on.protected()
        stop = standing(on)[0].client_id
        await on.kill()
        market.gap = D("-0.06")
        market.go("-0.0475")
        await alone(lambda: stop not in on.truth.stops())
        on.start()
        await on.until(lambda: standing(on), 10, "a stop of the second run")
        market.gap = D(0)
        await finish(on)


@answers(*MINIMUM, quick=())
async def test_dust_is_told_of_once_a_start(tmp_path: Path, switches: Switches) -> None:
    async with stage(tmp_path, scene(Driven("ETHUSDT"), switches, DUST), chosen=patient(symbol=ETH)) as on:
        await settled(on, switches)
        await on.kill()
        on.notices.clear()
        on.intents.clear()
        on.events.clear()
        on.start()
        await settled(on, switches)
        await recorded(on)
        assert await on.stop() == DONE
        fills_add_up(on)

"""The market goes against a leg: panic's slices end it in time, or its stop does, whatever the exchange answers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.e2e.danger import alarms, fired, near_liquidation, only_panic_overlaps, patient, sent, standing
from tests.e2e.driven import Driven, DrivenScene, wallet_for
from tests.e2e.stage import LONG, SHORT, Scene, Stage, stage
from tests.e2e.unknowns import (
    ASSUMED,
    FIRING,
    OPPOSITE,
    ORDERS,
    OVERLOAD,
    RESTART,
    STOPS,
    answers,
    fills_add_up,
    liquidated,
    refused,
)

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.sim.switches import Switches

LEG = ("BTCUSDT", LONG)


def eased(on: Stage, first: Decimal) -> bool:
    """Whether one stop stands alone, farther away than the first, or the leg is gone."""
    here = standing(on)
    return not on.truth.left(LEG) or (len(here) == 1 and here[0].close_position and here[0].trigger_price < first)


@answers(*ORDERS, *STOPS, *RESTART, "margin_call_ratio", quick=(ASSUMED, OPPOSITE))
async def test_slices_end_a_leg_before_its_stop_does(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    scene = DrivenScene(
        market=market, seats=((LONG, "0.3"),), wallet=wallet_for(market, "0.3", "0.055"), switches=switches
    )
    async with stage(tmp_path, scene, chosen=patient(), overlaps=True) as on:
        await on.protected()
        await on.working()
        first = standing(on)[0].trigger_price
        market.go("-0.03", over_s=1.5)
        await on.until(lambda: alarms(on, "LONG is in panic tier 1"), 10, "the first tier")
        await on.until(lambda: len(sent(on, SignalReason.PANIC)) > 1, 10, "slices")
        await on.until(lambda: on.truth.left(LEG) < on.truth.seats[LEG] / 2, 10, "relief")
        await on.until(lambda: eased(on, first), 10, "a stop that has followed")
        if on.truth.left(LEG):  # a slow machine's news of the relief is late, and panic has gone on until then
            market.to(near_liquidation(on, "0.0105"))
        await on.until(lambda: not on.truth.left(LEG), 20, "the end of the leg")
        assert fired(on) == []
        assert liquidated(on) == []
        only_panic_overlaps(on)
        await on.flat()
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*FIRING, *STOPS, "market_walks_on", "query_lag_ms", quick=(ASSUMED,))
async def test_a_market_that_is_faster_than_panic_meets_the_stop(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    scene = DrivenScene(
        market=market, seats=((LONG, "0.3"),), wallet=wallet_for(market, "0.3", "0.05"), switches=switches
    )
    async with stage(tmp_path, scene, chosen=patient(), overlaps=True) as on:
        await on.protected()
        await on.working()
        market.go("-0.0475")
        await on.until(lambda: not on.truth.left(LEG), 20, "the end of the leg")
        assert fired(on)
        assert liquidated(on) == []
        await on.flat()
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*OVERLOAD, "query_lag_ms", "account_update_first", quick=(OPPOSITE,))
async def test_panic_goes_on_through_an_overload(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    scene = DrivenScene(
        market=market, seats=((LONG, "0.3"),), wallet=wallet_for(market, "0.3", "0.05"), switches=switches
    )
    async with stage(tmp_path, scene, chosen=patient(), overlaps=True) as on:
        await on.protected()
        await on.working()
        await on.fault("overload_1008", for_s=3)
        market.go("-0.037", over_s=0.5)
        await on.until(lambda: alarms(on, "LONG is in panic tier"), 10, "panic")
        await on.until(lambda: not on.truth.left(LEG), 20, "the end of the leg")
        if not switches.overload_spares_closers:
            assert refused(on, -1008)
        assert liquidated(on) == []
        only_panic_overlaps(on)
        await on.flat()
        assert await on.stop() == DONE
        fills_add_up(on)


@pytest.mark.parametrize(
    "side", [pytest.param(LONG, id="LONG"), pytest.param(SHORT, id="SHORT", marks=pytest.mark.slow)]
)
async def test_a_generated_run_to_liquidation_ends_flat(tmp_path: Path, side: PositionSide) -> None:
    market = Driven()
    scene = Scene(
        seats=((side, "0.3"),),
        wallet=wallet_for(market, "0.3", "0.05", side),
        scenario="liquidation_run",
        hurts=side,
        speed="15",
    )
    async with stage(tmp_path, scene, chosen=patient(stop="0.008"), overlaps=True) as on:
        await on.protected()
        await on.until(lambda: not on.truth.left(("BTCUSDT", side)), 45, "the end of the leg")
        assert alarms(on, "is in panic tier") or fired(on)
        assert liquidated(on) == []
        await on.flat()
        assert await on.stop() == DONE
        fills_add_up(on)

"""Protective stops over the wire: placed, read back, moved over a bridge, fired, rejected, refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.e2e.danger import alarms, fired, patient, sent, standing
from tests.e2e.driven import Driven, DrivenScene, wallet_for
from tests.e2e.request_scenes import PLACE_STOP, fault
from tests.e2e.stage import BARE_MS, LONG, Stage, stage
from tests.e2e.unknowns import (
    AMEND,
    ASSUMED,
    FIRING,
    OPPOSITE,
    ORDERS,
    STOPS,
    answers,
    fills_add_up,
    liquidated,
    refused,
)

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import PriceMatch, SignalReason, StopStatus
from vibe_quant.domain.intents import PlaceStop
from vibe_quant.sim.records import SimAlgo
from vibe_quant.sim.switches import Switches

D = Decimal
LEG = ("BTCUSDT", LONG)


def lone(market: Driven, switches: Switches, qty: str = "0.3", liq: str = "0.05", **more: object) -> DrivenScene:
    """One LONG, liquidated ``liq`` below the opening."""
    return DrivenScene(
        market=market,
        symbol=market.symbol,
        seats=((LONG, qty),),
        wallet=wallet_for(market, qty, liq),
        switches=switches,
        **more,  # type: ignore[arg-type]
    )


def placed(on: Stage) -> list[PlaceStop]:
    """What was asked for."""
    return [intent for intent in on.intents if isinstance(intent, PlaceStop)]


async def moved(on: Stage, old: str) -> SimAlgo:
    """Wait until one other stop for the whole leg stands alone."""

    def alone() -> bool:
        here = standing(on)
        return len(here) == 1 and here[0].close_position and here[0].client_id != old

    await on.until(alone, 15, "another stop alone")
    return standing(on)[0]


@answers(*STOPS, *ORDERS, *AMEND, quick=(ASSUMED, OPPOSITE))
async def test_a_stop_follows_its_liquidation_price_over_a_bridge(tmp_path: Path, switches: Switches) -> None:
    market = Driven(wobble=3)
    async with stage(tmp_path, lone(market, switches), chosen=patient(panic=False, amend=True)) as on:
        await on.protected()
        first = standing(on)[0]
        assert first.close_position
        await on.act("position_closed", symbol="BTCUSDT", side="LONG", fraction="0.5")
        looser = await moved(on, first.client_id)
        assert looser.trigger_price < first.trigger_price
        await on.act("position_enlarged", symbol="BTCUSDT", side="LONG", qty="0.12")
        on.added[LEG] = D("0.12")
        tighter = await moved(on, looser.client_id)
        assert tighter.trigger_price > looser.trigger_price
        assert any(p.qty is not None for p in placed(on)), "a bridge"
        await on.act("position_closed", symbol="BTCUSDT", side="LONG")
        await on.flat()
        assert not alarms(on, "does not stand")


@answers(*FIRING, *STOPS, "market_walks_on", "account_update_first", "query_lag_ms", quick=(ASSUMED,))
async def test_a_stop_that_fires_ends_the_leg(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    async with stage(tmp_path, lone(market, switches), chosen=patient(panic=False)) as on:
        await on.protected()
        await on.working()
        market.go("-0.0475", over_s=1)
        await on.until(lambda: fired(on), 15, "the stop")
        await on.flat()
        assert liquidated(on) == []
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*FIRING, "query_lag_ms", quick=(ASSUMED,))
async def test_a_stop_rejected_for_its_price_is_worked_and_placed_anew(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    async with stage(tmp_path, lone(market, switches), chosen=patient(panic=False), bare_ms=BARE_MS + 2000) as on:
        await on.protected()
        await on.working()
        market.gap = D("-0.06")
        market.go("-0.0475")
        if switches.triggered_market_bound:
            await on.until(lambda: alarms(on, "rejected its order"), 15, "the rejection")
        await on.until(lambda: sent(on, SignalReason.STOP_REMAINDER), 15, "the remainder")
        await on.until(lambda: standing(on), 15, "another stop")
        market.gap = D(0)
        await on.flat()
        assert liquidated(on) == []
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*FIRING, "query_lag_ms", quick=(ASSUMED,))
async def test_a_leg_beyond_the_largest_market_order(tmp_path: Path, switches: Switches) -> None:
    market = Driven("MANTAUSDT", touch="200000")
    text_leg = ("MANTAUSDT", LONG)
    chosen = patient(panic=False, symbol="MANTA/USDT:USDT")
    async with stage(tmp_path, lone(market, switches, "150000"), chosen=chosen, bare_ms=BARE_MS + 2000) as on:
        await on.protected()
        market.go("-0.0475", over_s=1)
        await on.until(lambda: on.truth.left(text_leg) <= D(150_000) / 2, 20, "most of the leg closed")
        if switches.whole_close_bound_by_lot:
            assert alarms(on, "rejected its order")
        await on.flat()
        assert liquidated(on) == []
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(
    "second_close_position_refused", "close_position_expires", "most_algos_of_leg", "query_lag_ms", "qty_stop_expires"
)
async def test_the_owners_stop_beyond_liquidation_leaves_room_for_a_quantity_only(
    tmp_path: Path, switches: Switches
) -> None:
    market = Driven()
    theirs = {"kind": "foreign_stop", "symbol": "BTCUSDT", "side": "LONG", "away": "0.1", "client_id": "web_far"}
    async with stage(tmp_path, lone(market, switches, faults=(theirs,)), chosen=patient(panic=False)) as on:
        await on.until(lambda: len(standing(on)) == 1, 10, "a stop")
        if switches.second_close_position_refused:
            assert refused(on, -4130)
            await on.until(lambda: [a for a in standing(on) if not a.close_position], 10, "a quantity")
        else:
            assert standing(on)[0].close_position
        await on.act("position_closed", symbol="BTCUSDT", side="LONG", fraction="0.5")
        await on.until(lambda: on.truth.bare_now() == [], 10, "cover")
        await on.act("position_closed", symbol="BTCUSDT", side="LONG")
        await on.flat()
        theirs_now = on.server.box.exchange.algos.algos["web_far"]
        assert theirs_now.status in (StopStatus.NEW, StopStatus.EXPIRED), "nobody cancelled it"


@answers("triggered_market_bound", "query_lag_ms", "market_walks_on", "over_close_refused", "closers_sum_refused")
async def test_a_price_that_goes_through_the_stops_place_is_left_at_once(tmp_path: Path, switches: Switches) -> None:
    market = Driven()
    through = fault(
        "refuse", PLACE_STOP, when={"rate": 1}, for_s=6, code=-2021, message="Order would immediately trigger."
    )
    scene = lone(market, switches, faults=(through,))
    async with stage(tmp_path, scene, chosen=patient(panic=False), bare_ms=8000) as on:
        await on.until(lambda: sent(on, SignalReason.STOP_THROUGH), 10, "an exit")
        assert all(o.price_match is PriceMatch.OPPONENT_5 for o in sent(on, SignalReason.STOP_THROUGH)[:1])
        assert alarms(on, "the price is going through")
        await on.flat()
        assert await on.stop() == DONE
        fills_add_up(on)

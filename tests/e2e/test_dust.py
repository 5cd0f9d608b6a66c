"""Less than the exchange takes: one try as a limit, one as MARKET, one word about it; never a loop of refusals."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.e2e.danger import alarms, patient
from tests.e2e.driven import Driven, DrivenScene, wallet_for
from tests.e2e.stage import LONG, Stage, stage
from tests.e2e.unknowns import ASSUMED, MINIMUM, OPPOSITE, ORDERS, answers, fills_add_up, refused

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import NoticeKind, OrderType
from vibe_quant.domain.intents import Notify, OrderIntent
from vibe_quant.sim.switches import Switches

D = Decimal
ETH = "ETH/USDT:USDT"
LEG = ("ETHUSDT", LONG)
DUST = "0.005"
"""At 2782 USDT, of a least notional of 20."""
BOTH = "min_notional_relief_limit=True", "min_notional_relief_market=True"


def scene(market: Driven, switches: Switches, qty: str) -> DrivenScene:
    """A leg of so much ether."""
    wallet = wallet_for(market, qty, "0.05")
    return DrivenScene(market=market, symbol="ETHUSDT", seats=((LONG, qty),), wallet=wallet, switches=switches)


def reports(on: Stage) -> list[Notify]:
    """What was said of dust."""
    return [notice for notice in on.notices if notice.kind is NoticeKind.DUST]


def tries(on: Stage) -> list[OrderType]:
    """What was sent, in order, that was refused for its notional."""
    gone = {event.client_id for code in (-4164, -5029) for event in refused(on, code)}
    return [i.order_type for i in on.intents if isinstance(i, OrderIntent) and i.client_id in gone]


async def settled(on: Stage, switches: Switches) -> None:
    """Either answer: it is closed, or told of once and left alone."""
    if switches.min_notional_relief_limit or switches.min_notional_relief_market:
        await on.until(lambda: on.app is not None, 10, "the start")
        await on.flat()
        assert reports(on) == []
        assert tries(on) == [] if switches.min_notional_relief_limit else [OrderType.LIMIT]
        return
    await on.until(lambda: reports(on), 15, "the report")
    assert tries(on) == [OrderType.LIMIT, OrderType.MARKET]
    sent = len(on.truth.orders), len(refused(on))
    now = on.server.box.now
    await on.until(lambda: on.server.box.now > now + 3000, 15, "three seconds more")
    assert (len(on.truth.orders), len(refused(on)), len(reports(on))) == (*sent, 1)
    assert on.truth.left(LEG) == D(DUST)
    assert on.truth.bare_now() == []


@answers(*MINIMUM, *ORDERS, quick=(ASSUMED, *BOTH))
async def test_a_leg_that_is_dust_from_the_first(tmp_path: Path, switches: Switches) -> None:
    async with stage(tmp_path, scene(Driven("ETHUSDT"), switches, DUST), chosen=patient(symbol=ETH)) as on:
        await settled(on, switches)
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*MINIMUM, *ORDERS, quick=(OPPOSITE,))
async def test_a_leg_that_others_leave_as_dust(tmp_path: Path, switches: Switches) -> None:
    market = Driven("ETHUSDT")
    async with stage(tmp_path, scene(market, switches, "1"), chosen=patient(symbol=ETH)) as on:
        await on.protected()
        await on.working()
        await on.act("orders_cancelled", symbol="ETHUSDT", what="regular", prefix=on.truth.prefix)
        await on.act("position_closed", symbol="ETHUSDT", side="LONG", qty=str(on.truth.left(LEG) - D(DUST)))
        await settled(on, switches)
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*MINIMUM, *ORDERS, quick=())
async def test_an_exit_leaves_no_dust_of_its_own(tmp_path: Path, switches: Switches) -> None:
    market = Driven("ETHUSDT")
    async with stage(tmp_path, scene(market, switches, "0.043"), chosen=patient(symbol=ETH)) as on:
        await on.protected()
        await on.flat()
        assert refused(on, -4164) == refused(on, -5029) == []
        assert reports(on) == []
        assert await on.stop() == DONE
        fills_add_up(on)


@answers(*MINIMUM, "query_lag_ms", "market_walks_on", "account_update_first", quick=(ASSUMED,))
async def test_dust_in_danger_is_tried_again_at_a_slow_pace_under_its_stop(tmp_path: Path, switches: Switches) -> None:
    market = Driven("ETHUSDT")
    async with stage(tmp_path, scene(market, switches, DUST), chosen=patient(symbol=ETH)) as on:
        await on.protected()
        market.go("-0.037", over_s=0.5)
        if switches.min_notional_relief_limit or switches.min_notional_relief_market:
            await on.flat()
            return
        await on.until(lambda: alarms(on, "is in panic tier"), 10, "panic")
        now = on.server.box.now
        await on.until(lambda: on.server.box.now > now + 4000, 10, "four seconds of it")
        assert 3 <= len(refused(on)) <= 16, [event.code for event in refused(on)]
        assert on.truth.bare_now() == []
        market.go("-0.0475", over_s=0.5)
        await on.flat()
        assert await on.stop() == DONE
        fills_add_up(on)

"""What is seen of a side beside its state: prices, the order that may live, the stop that stands, pauses and halts."""

from __future__ import annotations

import pytest
from tests.core.scenario import (
    BTC,
    LONG,
    OFFSET,
    SHORT,
    D,
    Scenario,
    listed,
    only,
    panicking,
    started,
    symbol,
    wallet_for,
)
from tests.core.why_cases import protected

from vibe_quant.domain import events as ev
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import OrderType, PositionSide, Source, StopStatus
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.side_view import PauseView, SideLook


def look(desk: Scenario, side: PositionSide = LONG) -> SideLook:
    found = desk.engine.look(BTC, side, desk.now)
    assert found is not None
    return found


def test_prices_entry_and_the_order_that_rests() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.fill(order, "0.02")
    seen = look(desk)
    assert (seen.entry, seen.mark, seen.bid, seen.ask) == (D(100), D(100), D("100.0"), D("100.4"))
    assert seen.order is not None
    assert (seen.order.client_id, seen.order.qty, seen.order.filled) == (order.client_id, D("0.05"), D("0.02"))
    assert (seen.order.price, seen.order.sent_ms) == (order.price, order.timestamp_ms - OFFSET)
    assert not seen.order.urgent
    assert look(desk, SHORT).entry is None
    assert look(desk, SHORT).order is None


def test_an_order_of_panic_is_told_from_the_others() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    only(desk.mark("91.3"))
    order = look(desk).order
    assert order is not None
    assert order.urgent
    assert look(desk).liq is not None


def test_an_order_of_an_earlier_run_is_seen_while_it_may_live() -> None:
    desk = Scenario()
    desk.resting = [desk.foreign("vq-old-7", "0.3", exch_ms=OFFSET)]
    desk.start("1")
    order = look(desk).order
    assert order is not None
    assert (order.client_id, order.mode) == ("vq-old-7", None)


def test_the_price_of_the_stop_that_stands() -> None:
    desk, stop = protected()
    assert look(desk).stop_price == stop.trigger_price == D("91.0")
    assert look(started()).stop_price is None


def test_a_stop_of_the_users_own_is_seen_while_it_stands_in_for_ours() -> None:
    desk = Scenario(listed(BTC=symbol(stop=ProtectiveStopSettings())))
    theirs = ev.StopReport(
        BTC, LONG, "web_9", StopStatus.NEW, OrderType.STOP_MARKET, LONG.exit_side, D("95"), True, D(0), OFFSET, 0,
        Source.REST,
    )  # fmt: skip
    desk.stops = [theirs]
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(6000, quoting=True)
    assert desk.view().stop_standing
    assert look(desk).stop_price == D("95")
    desk.stops = []
    desk.feed(ev.StopsRead(BTC, (), desk.now, desk.now, desk.now + OFFSET))
    assert look(desk).stop_price is None, "the last read did not list it"


NEARER = [(LONG, "90", "92 93", "93"), (SHORT, "110", "108 107", "107")]


@pytest.mark.parametrize(("side", "liq", "places", "nearer"), NEARER)
def test_of_two_stops_the_nearer_to_the_mark_is_shown(side: PositionSide, liq: str, places: str, nearer: str) -> None:
    desk = Scenario(listed(BTC=symbol(stop=ProtectiveStopSettings())))
    held = {"long": "1", "short": "0"} if side is LONG else {"long": "0", "short": "1"}
    desk.start(**held, wallet=wallet_for(liq, side=side))
    ledger = desk.engine.desks[BTC].sides[side].stop.desk.ledger
    for number, trigger in enumerate(places.split()):
        report = ev.StopReport(
            BTC, side, f"vq-r1-s{number}", StopStatus.NEW, OrderType.STOP_MARKET, side.exit_side, D(trigger), True,
            D(0), OFFSET, 0, Source.REST,
        )  # fmt: skip
        ledger._list(report, desk.now)
    assert look(desk, side).stop_price == D(nearer)


def test_pauses_flattening_and_the_own_halt() -> None:
    desk = started(target_qty=D("0.5"))
    seen = look(desk)
    assert (seen.paused, seen.flattening, seen.target, seen.halt) == (False, False, D("0.5"), None)
    desk.feed(ev.Flatten(desk.now, BTC, LONG))
    assert (look(desk).flattening, look(desk).target) == (True, D(0))
    until = desk.now + 500
    desk.feed(ev.Pause(desk.now, BTC, until, panic=True))
    assert (look(desk).paused, look(desk).flattening) == (True, False)
    assert desk.engine.pauses() == (PauseView(BTC, until, True),)
    desk.engine.desks[BTC].sides[LONG].gate.halted = "law 4"
    assert look(desk).halt == "law 4"


def test_a_budget_has_no_numbers_for_what_it_does_not_hold_back() -> None:
    assert started().engine.house.pacing.facts(Blocked.PAUSED, 0) == ()


def test_the_weight_is_told_for_a_minute() -> None:
    desk = started()
    assert desk.engine.house.pacing.weight(desk.now) == (None, 2400)
    desk.feed(ev.RateUsage(desk.now, 12, None, None, 6000))
    assert desk.engine.house.pacing.weight(desk.now) == (12, 6000)
    assert desk.engine.house.pacing.weight(desk.now + 60_000) == (None, 6000)

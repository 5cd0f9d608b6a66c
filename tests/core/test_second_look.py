"""Rules at their edges: reloads, the end of a flatten, clocks, gaps, strangers, dust by the order's own price."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    EXPIRED,
    LONG,
    NO_STOP,
    OFFSET,
    SHORT,
    Scenario,
    cancels,
    listed,
    notices,
    of,
    only,
    orders,
    panicking,
    started,
    symbol,
    wallet_for,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    NoticeKind,
    OrderStatus,
    PriceMatch,
    RequestKind,
    SignalReason,
    Stream,
)
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.risk_settings import RiskSettings
from vibe_quant.domain.settings import ExecutionSettings, MakerPriceMode, SymbolSettings
from vibe_quant.domain.strategy_settings import PressureSettings, StrategyName, StrategySettings

D = Decimal


def voting(*names: StrategyName, pressure: PressureSettings | None = None, **execution: object) -> SymbolSettings:
    strategy = StrategySettings(names=names, orderbook_pressure=pressure or PressureSettings(threshold_qty=D(1000)))
    return SymbolSettings(
        execution=replace(ExecutionSettings(), **execution),  # type: ignore[arg-type]
        risk=RiskSettings(protective_stop=NO_STOP),
        strategy=strategy,
    )


def test_a_resting_order_without_end_of_life_is_withdrawn_where_its_strategy_starts_anew() -> None:
    desk = started(settings=voting(StrategyName.PATIENT))
    order = next(iter(desk.engine.house.orders.live(BTC, LONG)))
    desk.feed(replace(desk.foreign(order.client_id, str(order.qty)), price=order.price or D(0)))
    assert desk.view().state is ExecutionState.WAITING
    out = desk.feed(ev.Reload(desk.now, listed(BTC=voting(StrategyName.PATIENT, base_mult=2))))
    assert cancels(out) == ["the settings have changed"]


def test_a_flatten_ends_with_its_position_whoever_closed_it() -> None:
    desk = started()
    desk.feed(ev.Pause(desk.now))
    out = desk.feed(ev.Flatten(desk.now, BTC, LONG))
    assert "It waits: paused by the operator" in notices(out, NoticeKind.LIFECYCLE)[0].text
    desk.row("0")
    desk.feed(ev.Resume(desk.now))
    desk.row("2")
    assert orders(desk.passes(500, quoting=True)) == []


def test_a_flatten_given_to_a_leg_that_the_stream_tells_anew_is_over() -> None:
    desk = started("0", "1")
    side = desk.engine.desks[BTC].sides[LONG]
    side.flatten_base = D(5)
    desk.row("2")
    assert side.flatten_base is None


def test_discretion_waits_for_the_exchange_s_clock() -> None:
    desk = Scenario()
    desk.hold("1")
    for stream in Stream:
        desk.feed(ev.StreamUp(stream, desk.now))
    desk.market(BTC)
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the exchange's clock is not known"
    assert orders(desk.feed(ev.ServerTime(OFFSET, desk.now)))


def test_what_is_urgent_before_the_clock_is_measured_is_stamped_by_the_account_s_own_time() -> None:
    desk = Scenario()
    desk.hold("1")
    for stream in Stream:
        desk.feed(ev.StreamUp(stream, desk.now))
    assert desk.engine.house.server_ms(desk.now) == pytest.approx(desk.now + OFFSET, abs=5)
    desk.row("1")
    assert desk.engine.house.server_ms(desk.now) == pytest.approx(desk.now + OFFSET, abs=5)
    desk.feed(ev.ServerTime(OFFSET + 7, desk.now))
    assert desk.engine.house.server_ms(desk.now) == desk.now + OFFSET + 7


def test_the_503_that_says_unknown_is_doubt() -> None:
    desk = started()
    order = only(desk.rise())
    assert of(do.QueryOrder, desk.refused(order, -1000))
    assert desk.view().state is ExecutionState.DOUBTFUL


def test_an_order_of_another_instance_is_claimed_by_it_and_never_touched() -> None:
    desk = started()
    desk.passes(11_000, quoting=True)
    other = desk.foreign("vq-zz-1", "0.3")
    assert of(do.Halt, desk.feed(other))
    for _ in range(3):
        out = desk.feed(desk.foreign("vq-zz-1", "0.3")) + desk.feed(desk.foreign("vq-zz-2", "0.1"))
        assert of(do.CancelOrder, out) == []
        assert of(do.Halt, out) == []
    assert desk.engine.house.foreign.claimed(BTC, LONG) == D("0.4")
    desk.feed(desk.foreign("vq-zz-2", "0.1", status=OrderStatus.CANCELED))
    assert desk.engine.house.foreign.claimed(BTC, LONG) == D("0.3")
    desk.feed(ev.Resume(desk.now))
    assert of(do.Halt, desk.feed(desk.foreign("vq-zz-1", "0.3"))), "it is still there"


def test_an_event_for_an_order_of_ours_that_is_not_known_is_a_surprise() -> None:
    desk = started()
    desk.passes(6000, quoting=True)
    desk.mute = True
    out = desk.feed(desk.foreign("vq-zz-1", "0.3", status=OrderStatus.FILLED)) + desk.passes(100, quoting=True)
    assert [read.reason for read in of(do.FetchSnapshot, out)] == ["order vq-zz-1 carries our prefix and is not known"]


def test_a_leftover_that_has_ended_on_a_leg_that_is_not_managed_is_left_alone() -> None:
    desk = Scenario(listed(BTC=symbol(sides=(SHORT,))))
    desk.start("1")
    assert cancels(desk.feed(desk.foreign("vq-old-1", "0.3"))) == ["left by an earlier run"]
    assert desk.feed(desk.foreign("vq-old-1", "0.3", status=OrderStatus.CANCELED)) == []


def test_a_trade_that_was_missed_is_no_pair_with_the_next_one() -> None:
    desk = started()
    view = desk.engine.desks[BTC].view
    for trade_id, price, prev in ((10, "99.8", None), (11, "99.9", "99.8"), (13, "100", None), (14, "99", "100")):
        t = desk.now = desk.now + 1
        desk.feed(ev.Trade(BTC, t + OFFSET, t, D(price), D(1), False, trade_id))
        if trade_id > 10:
            assert view.prev == (None if prev is None else D(prev))


def test_risk_gives_the_order_that_it_made_aggressive_the_usual_life() -> None:
    pressing = voting(StrategyName.ORDERBOOK_PRESSURE, pressure=PressureSettings(threshold_qty=D(1000)))
    desk = Scenario(listed(BTC=pressing))
    order = only(desk.start("1", wallet=D(2)))
    assert desk.view().risk is RiskLevel.SOFT
    assert order.reason is SignalReason.PRESSURE_PASSIVE
    assert order.mode is ExecutionMode.AGGRESSIVE_LIMIT
    plan = desk.engine.desks[BTC].sides[LONG].plan
    assert plan is not None
    assert plan.ttl_ms == 800


def test_what_is_dust_at_the_order_s_own_price_goes_the_way_of_dust() -> None:
    """A lot at the bid, and not at the collar's edge below it."""
    desk = started("0", "0.0501")
    desk.engine.desks[BTC].sides[SHORT].tally.rotation = replace(
        desk.engine.desks[BTC].sides[SHORT].tally.rotation, mode=ExecutionMode.AGGRESSIVE_LIMIT
    )
    desk.mark("98")
    out = desk.fall() + desk.passes(300, quoting=True)
    assert {order.reason for order in orders(out)} <= {SignalReason.DUST}


def test_cancel_and_query_do_not_chase_each_other() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.passes(900, quoting=True)
    sent = 0
    for _ in range(20):
        out = desk.refused(order, -1021, RequestKind.CANCEL) + desk.ack(order)
        sent += len(of(do.CancelOrder, out)) + len(of(do.QueryOrder, out))
    assert sent <= 2


def test_queue_pricing_that_the_exchange_refuses_gives_way_to_the_touch() -> None:
    desk = started(maker_price_mode=MakerPriceMode.QUEUE)
    order = only(desk.rise())
    assert (order.price, order.price_match) == (None, PriceMatch.QUEUE)
    out = desk.refused(order, -5037)
    assert "at_touch is used instead" in notices(out, NoticeKind.LIFECYCLE)[0].text
    again = only(desk.passes(300, quoting=True))
    assert (again.price, again.price_match) == (D("100.4"), None)
    assert desk.engine.desks[BTC].sides[LONG].tally.refusals == 0


def test_panic_pauses_where_its_orders_are_knocked_out_at_once() -> None:
    desk = Scenario(listed(BTC=panicking()))
    order = only(desk.start("1", wallet=wallet_for("99")))
    assert order.reason is SignalReason.PANIC
    desk.ack(order)
    assert orders(desk.cancelled(order, EXPIRED)) == []
    assert desk.engine.desks[BTC].sides[LONG].rescue.backoff.refusals == 1
    assert orders(desk.passes(300, quoting=True))

"""Behaviour 4 to 6: from a signal to an order of a quantity, a mode and a price."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
    SHORT,
    Scenario,
    cancels,
    notices,
    only,
    orders,
    started,
    symbol,
)

from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    NoticeKind,
    PriceMatch,
    SignalReason,
    TimeInForce,
)
from vibe_quant.domain.settings import (
    AccelSettings,
    AccelTier,
    ExecutionSettings,
    MakerPriceMode,
    RoiSettings,
    RoiTier,
    SymbolSettings,
)
from vibe_quant.domain.strategy_settings import StrategyName, StrategySettings

D = Decimal
MAKER, AGGRESSIVE = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT


def test_a_primary_signal_of_a_long_rests_one_tick_inside_the_spread() -> None:
    order = only(started().rise())
    assert (order.position_side, order.side.value, order.price, order.qty) == (LONG, "SELL", D("100.3"), D("0.05"))
    assert (order.time_in_force, order.mode, order.reason) == (TimeInForce.GTX, MAKER, SignalReason.LONG_PRIMARY)
    assert order.client_id == "vq-r1-1"


def test_a_primary_signal_of_a_short_is_its_mirror_image() -> None:
    order = only(started("0", "1").fall())
    assert (order.position_side, order.side.value, order.price) == (SHORT, "BUY", D("100.1"))


def test_an_improve_signal_is_aggressive_for_one_order_and_leaves_mode_and_counts() -> None:
    desk = started()
    desk.trade("99.9")
    order = only(desk.trade("99.8"))
    assert (order.mode, order.price, order.time_in_force) == (AGGRESSIVE, D("100.0"), TimeInForce.GTC)
    assert order.reason is SignalReason.LONG_BID_IMPROVE
    desk.calm()
    desk.times_out(order)
    tally = desk.engine.desks[BTC].sides[LONG].tally
    assert (tally.rotation.mode, tally.rotation.maker_timeouts, tally.rotation.aggr_timeouts) == (MAKER, 0, 0)
    assert only(desk.rise()).mode is MAKER


def test_an_improve_signal_stays_maker_where_taker_is_off() -> None:
    desk = started(maker_timeouts_to_escalate=0)
    desk.trade("99.9")
    assert only(desk.trade("99.8")).mode is MAKER


def test_the_throttle_counts_signals_acted_on() -> None:
    desk = started(min_signal_interval_ms=1500, order_ttl_ms=300)
    order = only(desk.rise())
    out = desk.ack(order) + desk.passes(400) + desk.cancelled(order) + desk.passes(200, quoting=True)
    assert orders(out) == []
    assert desk.view().state is ExecutionState.IDLE
    wake = desk.engine.deadline()
    assert wake is not None
    assert only(desk.passes(1100)).reason is SignalReason.LONG_PRIMARY


def test_the_gate_that_holds_back_is_remembered_with_its_moment() -> None:
    desk = started()
    desk.calm()
    assert desk.view().blocked == "no signal"
    since = desk.view().blocked_since_ms
    desk.calm()
    assert desk.view().blocked_since_ms == since
    assert dict(desk.view().blocked_counts)["no signal"] >= 1


def test_the_market_that_an_order_was_decided_on_can_be_seen() -> None:
    desk = started()
    only(desk.rise())
    market = desk.engine.market_state(BTC)
    assert market is not None
    assert (market.bid, market.ask, market.last, market.prev) == (D("100.0"), D("100.4"), D("99.9"), D("99.8"))
    assert desk.engine.market_state(ETH) is None


def test_a_slice_is_base_lots_times_roi_and_acceleration_up_to_the_notional_cap() -> None:
    settings = replace(
        symbol(ExecutionSettings(base_mult=2, max_order_notional=D(50))),
        accel=AccelSettings(tiers=(AccelTier(D("0.0005"), 2),)),
        roi=RoiSettings(tiers=(RoiTier(D("0.01"), 3),)),
    )
    desk = started(settings=settings)
    desk.mark("100.2")  # roi 0.02 at leverage 10
    assert only(desk.rise()).qty == D("0.3")  # 0.05 x 2 x 3; the price has not risen over two seconds
    quick = started(settings=settings)
    quick.mark("100.2")
    quick.passes(2100, quoting=True)
    quick.trade("100.6")
    assert only(quick.quote("100.6", "101")).qty == D("0.49")  # 0.6 is more than 50 / 100.9


def test_what_would_be_left_under_a_lot_goes_with_the_last_slice() -> None:
    assert only(started("0.09").rise()).qty == D("0.09")


def test_a_side_stops_at_its_target_and_says_so() -> None:
    desk = started("0.15", target_qty=D("0.05"))
    order = only(desk.rise())
    assert order.qty == D("0.05")
    desk.ack(order)
    out = desk.fill(order) + desk.passes(200, quoting=True)
    last = only(out)
    desk.ack(last)
    out = desk.fill(last)
    [done] = notices(out, NoticeKind.EXIT_FINISHED)
    assert dict(done.facts)["qty"] == "0.10"
    assert dict(done.facts)["left"] == "0.05"
    assert orders(desk.passes(1000, quoting=True)) == []
    assert desk.view().blocked == "nothing is left to exit"


def test_what_is_left_above_the_target_under_a_lot_is_left() -> None:
    desk = started("0.08", target_qty=D("0.05"))
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "what is left above the target is under one lot"


def test_a_slice_of_the_smaller_leg_that_endangers_the_larger_is_withheld() -> None:
    desk = Scenario()
    desk.start("1", "0.9", wallet=D(2))
    desk.passes(1200, quoting=True)
    desk.calm()
    assert orders(desk.fall()) == []
    assert "from liquidation" in str(desk.view(SHORT).blocked)
    before = desk.view(SHORT)
    desk.mark("100.01")
    assert orders(desk.fall()) == []
    assert desk.view(SHORT).blocked == before.blocked, "the same reason, not another for each price"
    assert len(desk.view(SHORT).blocked_counts) == len(before.blocked_counts), "nor one more to remember"


def test_without_a_mark_no_discretionary_order_is_priced() -> None:
    desk = Scenario()
    desk.start("1")
    desk.engine.desks[BTC].view.mark = None
    assert orders(desk.rise()) == []
    assert "mark price is not known" in str(desk.view().blocked)


def test_without_a_quote_there_is_no_order() -> None:
    desk = started()
    desk.engine.desks[BTC].view.ask = None
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the top of the book is not known"


def test_the_exchange_may_choose_the_price_of_a_queue_order() -> None:
    order = only(started(maker_price_mode=MakerPriceMode.QUEUE).rise())
    assert (order.price, order.price_match, order.time_in_force) == (None, PriceMatch.QUEUE, TimeInForce.GTX)


def test_the_two_legs_orders_never_meet() -> None:
    desk = started("1", "1", maker_price_mode=MakerPriceMode.CUSTOM_TICKS, maker_n_ticks=3)
    sell = only(desk.rise())
    assert sell.price == D("100.1")
    desk.ack(sell)
    buy = only(desk.fall())
    assert buy.price == D("100.0")  # not 100.3, where it would take our own


def test_a_short_rests_above_a_long_that_avoids_it() -> None:
    desk = started("1", "1", maker_price_mode=MakerPriceMode.CUSTOM_TICKS, maker_n_ticks=3)
    buy = only(desk.fall())
    assert buy.price == D("100.3")
    desk.ack(buy)
    assert only(desk.rise()).price == D("100.4")


def patient(**execution: object) -> SymbolSettings:
    made = symbol(replace(ExecutionSettings(), **execution))  # type: ignore[arg-type]
    return replace(made, strategy=StrategySettings(names=(StrategyName.PATIENT,)))


def test_a_patient_order_rests_at_the_touch_without_signal_or_end_until_its_strategy_gives_it_up() -> None:
    desk = started(settings=patient())
    [order] = desk.engine.house.orders.live(BTC, LONG)
    assert (order.price, order.reason) == (D("100.4"), SignalReason.PATIENT)
    sent = do.OrderIntent(
        BTC, LONG, order.client_id, order.order_type, order.qty, order.price, TimeInForce.GTX, MAKER,
        SignalReason.PATIENT, 0,
    )  # fmt: skip
    desk.ack(sent)
    assert cancels(desk.passes(5000, quoting=True)) == []
    [reason] = cancels(desk.quote(ask="100.2") + desk.passes(1500, quoting=True))
    assert reason
    assert only(desk.cancelled(sent) + desk.passes(200, quoting=True)).price == D("100.2")


def test_enlargement_starts_the_horizon_anew() -> None:
    desk = started(settings=patient())
    desk.passes(3000, quoting=True)
    ctx = desk.engine.desks[BTC].sides[LONG].ctx
    assert ctx is not None
    before = ctx.began_ms
    [alert] = notices(desk.row("3"), NoticeKind.OPEN_ALERT)
    assert "was enlarged by 2" in alert.text
    assert ctx.began_ms > before
    assert ctx.exit_qty == 3

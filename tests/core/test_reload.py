"""New settings while the program works: an order under way keeps its own, everything else has the new at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.law_lies import SIZES, Liar, Op, ops_of
from tests.core.law_setup import SETTINGS
from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
    NO_STOP,
    SHORT,
    TIERS,
    Scenario,
    cancels,
    everything,
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
from tests.core.settings_held import (
    HOT_OF_ALL,
    HOT_OF_SYMBOL,
    changed_all,
    changed_shared,
    sections,
    stale,
    with_other,
)

from vibe_quant.core.engine import Engine
from vibe_quant.core.sync import interval_ms
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import ExecutionMode, ExecutionState, NoticeKind, SignalReason, StopStatus
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.risk_settings import DeadManSettings, ProtectiveStopSettings, RiskSettings, TakeoverSettings
from vibe_quant.domain.settings import ExecutionSettings, GlobalSettings, Manage, Settings, SymbolSettings
from vibe_quant.domain.strategy_settings import PatientSettings, PressureSettings, StrategyName, StrategySettings

D = Decimal
MAKER, AGGRESSIVE = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT
STOP = ProtectiveStopSettings()


def reload(desk: Scenario, to: Settings, *, drop_stops: bool = False) -> list[do.Intent]:
    return desk.feed(ev.Reload(desk.now, to, drop_stops))


def executing(**fields: Any) -> SymbolSettings:
    return symbol(replace(ExecutionSettings(), **fields))


def resting(desk: Scenario) -> do.OrderIntent:
    order = only(desk.rise())
    desk.ack(order)
    return order


def risking(**fields: Any) -> SymbolSettings:
    return replace(symbol(), risk=replace(RiskSettings(protective_stop=NO_STOP), **fields))


def protected(stop: ProtectiveStopSettings = STOP) -> tuple[Scenario, do.PlaceStop]:
    """A LONG of 1 that is liquidated at 90, under its stop."""
    desk = Scenario(listed(BTC=symbol(stop=stop)))
    desk.start("1", wallet=wallet_for("90"))
    return desk, stands(desk)


def stands(desk: Scenario) -> do.PlaceStop:
    """Wait for the stop to be placed; it stands then."""
    [placed] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.stops = [desk.stop_report(placed, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(1000, quoting=True)
    return placed


# --- the order under way


def test_it_keeps_price_quantity_and_life_and_the_next_one_has_the_new() -> None:
    desk = started()
    order = resting(desk)
    assert orders(reload(desk, listed(BTC=executing(order_ttl_ms=3000, base_mult=3)))) == []
    out = desk.passes(820, quoting=True)
    assert cancels(out) == ["ttl"]
    desk.cancelled(order)
    after = only(desk.passes(200, quoting=True))
    assert after.qty == 3 * order.qty
    desk.ack(after)
    assert cancels(desk.passes(2500, quoting=True)) == []
    assert cancels(desk.passes(600, quoting=True)) == ["ttl"]


def test_its_end_counts_for_nothing_that_the_new_settings_count() -> None:
    desk = started(maker_timeouts_to_escalate=2)
    order = resting(desk)
    reload(desk, listed(BTC=executing(maker_timeouts_to_escalate=1)))
    desk.passes(900, quoting=True)
    first = only(desk.cancelled(order) + desk.passes(200, quoting=True))
    assert first.mode is MAKER
    second = only(desk.times_out(first))
    assert second.mode is AGGRESSIVE


def test_its_refusals_count_all_the_same() -> None:
    desk = started()
    order = only(desk.rise())
    for _ in range(4):
        desk.refused(order, -2019)
        desk.calm()
        desk.passes(5000, quoting=True)
        order = only(desk.rise())
    reload(desk, listed(BTC=executing(base_mult=2)))
    assert notices(desk.refused(order, -2019), NoticeKind.HALT)


def test_it_is_not_amended_by_settings_that_came_after_it() -> None:
    desk = started()
    order = resting(desk)
    reload(desk, listed(BTC=executing(amend=True, maker_price_mode="at_touch")))
    assert of(do.AmendOrder, desk.quote("99.4", "99.8")) == []
    assert cancels(desk.passes(900, quoting=True)) == ["ttl"]
    assert desk.cancelled(order) is not None


def test_it_is_withdrawn_where_it_would_close_what_is_to_be_kept() -> None:
    desk = started(base_mult=10, max_order_notional=D(1000))
    order = resting(desk)
    assert order.qty == D("0.5")
    assert cancels(reload(desk, listed(BTC=executing(target_qty=D("0.5"))))) == []
    assert cancels(reload(desk, listed(BTC=executing(target_qty=D("0.6"))))) == ["the settings have changed"]
    desk.cancelled(order)
    assert only(desk.passes(200, quoting=True)).qty <= D("0.4")


def test_a_target_that_is_reached_by_being_raised_is_the_end_of_the_exit() -> None:
    desk = started()
    order = resting(desk)
    desk.fill(order, "0.01")
    desk.calm()
    desk.cancelled(order)
    desk.passes(500)
    out = reload(desk, listed(BTC=executing(target_qty=D(1))))
    assert "the exit is done" in notices(out, NoticeKind.EXIT_FINISHED)[0].text
    assert orders(desk.rise() + desk.passes(2000, quoting=True)) == []
    assert orders(reload(desk, listed(BTC=executing(target_qty=D("0.9")))))


def test_flatten_goes_on_to_zero_whatever_target_comes() -> None:
    desk = started()
    order = only(desk.feed(ev.Flatten(desk.now)))
    desk.ack(order)
    assert cancels(reload(desk, listed(BTC=executing(target_qty=D("0.95"))))) == []
    desk.fill(order, maker=False)
    assert only(desk.passes(500, quoting=True)).reason is SignalReason.FLATTEN


def test_one_on_its_way_is_withdrawn_as_soon_as_it_lives() -> None:
    desk = started(base_mult=10, max_order_notional=D(1000))
    order = only(desk.rise())
    assert cancels(reload(desk, listed(BTC=executing(target_qty=D("0.9"))))) == []
    assert cancels(desk.ack(order)) == ["the settings have changed"]


def test_one_in_doubt_is_asked_for_until_told_though_its_leg_is_not_managed_any_more() -> None:
    desk = started("1", "1")
    order = only(desk.rise())
    desk.unknown(order)
    out = reload(desk, listed(BTC=symbol(sides=(SHORT,))))
    assert "is not managed any more" in notices(out, NoticeKind.LIFECYCLE)[0].text
    out = desk.passes(3000, quoting=True)
    assert of(do.QueryOrder, out)
    assert (orders(out), desk.view().state) == ([], ExecutionState.DOUBTFUL)
    assert cancels(desk.ack(order)) == ["not managed any more"]
    desk.fill(order, "0.02")
    desk.cancelled(order)
    assert desk.engine.quiet
    assert orders(desk.rise() + desk.passes(3000, quoting=True)) == []
    assert orders(reload(desk, listed(BTC=symbol())))


def test_one_in_doubt_when_its_leg_comes_back_holds_it_up_until_told() -> None:
    desk = started()
    order = only(desk.rise())
    desk.unknown(order)
    reload(desk, listed(ETH=symbol()))
    reload(desk, listed(BTC=symbol()))
    assert orders(desk.rise() + desk.passes(2000, quoting=True)) == []
    assert cancels(desk.ack(order)) == ["not managed any more"]


# --- panic


def in_panic() -> tuple[Scenario, do.OrderIntent]:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    order = only(desk.mark("91.5"))
    desk.ack(order)
    return desk, order


def test_a_panic_goes_on_by_the_new_tiers_entered_anew() -> None:
    desk, order = in_panic()
    wider = panicking(tiers=(replace(TIERS[0], dist_to_liq=D("0.3"), slice_ratio=D("0.25")), replace(TIERS[1])))
    out = reload(desk, listed(BTC=wider))
    assert cancels(out) == ["the settings have changed"]
    [said] = notices(out, NoticeKind.RISK)
    assert "in panic tier 1" in said.text
    assert "closing 1 in slices of 0.25" in said.text
    assert only(desk.cancelled(order)).qty == D("0.25")


def test_a_panic_that_has_become_aggressive_stays_so() -> None:
    desk, order = in_panic()
    desk.passes(420, quoting=True)
    second = only(desk.cancelled(order))
    assert second.mode is AGGRESSIVE
    desk.ack(second)
    other = panicking(tiers=(replace(TIERS[0], slice_ratio=D("0.2"), maker_timeouts_to_escalate=9), TIERS[1]))
    assert cancels(reload(desk, listed(BTC=other))) == ["the settings have changed"]
    assert only(desk.cancelled(second)).mode is AGGRESSIVE


def test_a_panic_by_the_same_settings_is_not_disturbed() -> None:
    desk, _ = in_panic()
    other = replace(panicking(), accel=replace(panicking().accel, window_ms=900))
    out = reload(desk, listed(BTC=other))
    assert (cancels(out), notices(out, NoticeKind.RISK)) == ([], [])


def test_a_panic_ends_where_its_tiers_are_gone_and_its_order_with_it() -> None:
    desk, order = in_panic()
    out = reload(desk, listed(BTC=panicking(tiers=(replace(TIERS[0], dist_to_liq=D("0.001")),))))
    assert cancels(out) == ["the settings have changed"]
    assert any("has left panic" in n.text for n in notices(out, NoticeKind.RISK))
    assert orders(desk.cancelled(order)) == []


def test_a_panic_begins_with_the_tiers_that_bring_it() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    desk.mark("91.5")
    out = reload(desk, listed(BTC=panicking()))
    assert only(out).reason is SignalReason.PANIC


def test_what_the_old_thresholds_held_the_new_ones_do_not() -> None:
    desk = Scenario(listed(BTC=risking(liq_distance_threshold=D("0.05"))))
    desk.start("1", wallet=wallet_for("90"))
    desk.mark("94.5")  # 0.0476
    assert desk.view().risk is RiskLevel.SOFT
    desk.mark("94.9")  # 0.0516: within the hysteresis
    assert desk.view().risk is RiskLevel.SOFT
    reload(desk, listed(BTC=risking(liq_distance_threshold=D("0.0515"))))
    assert desk.view().risk is RiskLevel.NONE


# --- stops


def test_a_stop_moves_at_once_where_the_operator_wants_it_farther_away() -> None:
    desk, placed = protected()
    assert placed.trigger_price == D("91.0")
    farther = replace(STOP, dist_to_liq=D("0.005"))
    out = reload(desk, listed(BTC=symbol(stop=farther))) + desk.passes(1500, quoting=True)
    assert of(do.PlaceStop, out)[0].trigger_price == D("90.5")


def test_a_stop_keeps_its_place_where_something_else_of_it_changes() -> None:
    desk, _ = protected()
    other = replace(STOP, loosen_cooldown_s=1, external_takeover=TakeoverSettings(max_hold_s=60))
    out = reload(desk, listed(BTC=symbol(stop=other))) + desk.passes(1500, quoting=True)
    assert of(do.PlaceStop, out) == []
    assert of(do.ReadStops, out), "another pace of looking begins with a look"


def test_a_stop_that_is_switched_on_is_placed() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.start("1", wallet=wallet_for("90"))
    assert of(do.PlaceStop, desk.passes(6000, quoting=True)) == []
    out = reload(desk, listed(BTC=symbol(stop=STOP)))
    assert of(do.PlaceStop, out + desk.passes(3000, quoting=True))


def test_a_leg_that_comes_back_finds_its_stop_and_fears_nothing_from_before() -> None:
    desk, placed = protected()
    desk.engine.desks[BTC].sides[LONG].stop.exit_now = True
    reload(desk, listed(ETH=symbol()))
    out = reload(desk, listed(BTC=symbol(stop=STOP)))
    assert of(do.ReadStops, out)
    out += desk.passes(6000, quoting=True)
    assert (of(do.PlaceStop, out), of(do.CancelStop, out)) == ([], [])
    assert all(order.reason is not SignalReason.STOP_THROUGH for order in orders(out))
    assert desk.engine.desks[BTC].sides[LONG].stop.desk.ledger.stops[0].client_id == placed.client_id


def test_a_mark_from_long_ago_makes_no_panic_of_a_leg_that_comes_back() -> None:
    desk, order = in_panic()
    reload(desk, listed(ETH=symbol()))
    desk.cancelled(order)
    desk.passes(60_000)
    out = reload(desk, listed(BTC=panicking()))
    assert orders(out) == []
    assert of(do.FetchMark, out)
    assert desk.view().panic_tier is None
    desk.quote()
    assert only(desk.mark("91.5")).reason is SignalReason.PANIC


# --- what is managed


def test_a_symbol_that_is_added_is_read_at_once_though_there_was_a_surprise_just_now() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.hold("1", name=ETH)
    desk.start("1", wallet=wallet_for("90"))
    desk.engine.house.sync.surprise(desk.now, "something")
    desk.passes(100, quoting=True)
    out = reload(desk, listed(BTC=symbol(), ETH=symbol(stop=STOP)))
    assert [read.reason for read in of(do.FetchSnapshot, out)] == [f"{ETH} is managed from now on"]
    out = desk.passes(10) + desk.market(ETH)
    placed = of(do.PlaceStop, out + desk.passes(3000, quoting=True))
    assert [(stop.symbol, stop.position_side) for stop in placed][:1] == [(ETH, LONG)]


def test_every_position_is_looked_for_at_once_where_all_are_to_be_managed() -> None:
    desk = Scenario(listed(BTC=symbol()))
    desk.hold("1", name=ETH)
    desk.start("1")
    desk.engine.house.sync.surprise(desk.now, "something")
    desk.passes(100, quoting=True)
    out = reload(desk, everything(symbol()))
    assert [read.reason for read in of(do.FetchSnapshot, out)] == ["every position is managed from now on"]
    assert ETH in desk.engine.desks
    assert of(do.FetchSnapshot, reload(desk, everything(symbol()))) == []


def test_a_position_that_only_all_had_managed_is_let_go() -> None:
    desk = Scenario(everything(symbol()))
    desk.hold("1", name=ETH)
    desk.start("1")
    desk.passes(1200, quoting=True)
    out = reload(desk, listed(BTC=symbol()))
    assert [n.symbol for n in notices(out, NoticeKind.LIFECYCLE)] == [ETH, ETH]
    assert {leg.symbol for leg in desk.engine.legs()} == {BTC}


# --- what comes round


def test_a_shorter_interval_of_comparison_does_not_wait_for_the_long_one() -> None:
    desk = Scenario(listed(BTC=risking(reconcile_interval_s=3600)))
    desk.start("1")
    desk.passes(3000, quoting=True)
    reload(desk, listed(BTC=risking(reconcile_interval_s=5)))
    assert of(do.FetchSnapshot, desk.passes(5100, quoting=True))


def test_a_countdown_of_another_length_begins_at_once() -> None:
    desk = Scenario(listed(BTC=risking(dead_man=DeadManSettings(True, 600))))
    desk.start("1")
    desk.passes(1200, quoting=True)
    resting(desk)
    desk.feed(ev.DeadManAck(BTC, 600_000, desk.now))
    out = reload(desk, listed(BTC=risking(dead_man=DeadManSettings(True, 20))))
    assert [arm.countdown_ms for arm in of(do.ArmDeadMan, out)] == [20_000]
    desk.feed(ev.DeadManAck(BTC, 20_000, desk.now))
    assert of(do.ArmDeadMan, reload(desk, listed(BTC=risking(dead_man=DeadManSettings(True, 20))))) == []


# --- never a mixed state


def held_exactly(engine: Engine, to: Settings) -> None:
    """Every managed side, and what all share, has the new settings; nothing that can be reached has others."""
    house, shared = engine.house, to.shared
    managed = {(name, side) for name, desk in engine.desks.items() if (of_it := to.of(name)) for side in of_it.sides}
    assert managed == {(side.symbol, side.side) for desk in engine.desks.values() for side in desk.pair.working}
    assert {name for name, _ in to.symbols} <= set(engine.desks)
    let_go = [desk for name, desk in engine.desks.items() if to.of(name) is None]
    let_go_sides = [side for d in engine.desks.values() for side in d.sides.values() if side.gate.retired]
    assert stale([engine], to, [*let_go, *let_go_sides]) == []
    assert house.settings is to
    assert house.sync.interval_ms == interval_ms(to)
    limits = (house.pacing._orders.maxlen, house.pacing._cancels.maxlen, 1 - house.pacing._share)
    wanted = shared.rate_limit
    assert limits == (wanted.max_orders_per_sec, wanted.max_cancels_per_sec, wanted.weight_reserve)
    for name, desk in engine.desks.items():
        assert desk.view.stale_ms == desk.risk._stale_ms == shared.ws.stale_data_ms
        one = to.of(name)
        for side in desk.pair.working if one is not None else ():
            assert one is not None
            assert side.settings is one
            assert side.panic.order_ttl_ms == one.execution.order_ttl_ms
            assert side.panic.state is None or side.panic.state.tier < len(one.risk.panic_close.tiers)
            assert tuple(voter.name for voter in side.signal._strategies) == one.strategy.names
            assert side.signal._weights == {w.name: w.weight for w in one.strategy.weights}
            assert side.tally.fill_rate._taker_off is (one.execution.maker_timeouts_to_escalate == 0)
            assert side.tally.fill_rate._window_ms == int(one.execution.fill_rate.window_min * 60_000)


def every_kind() -> SymbolSettings:
    """A symbol with all strategies at work, so that each holds its own."""
    pressure, patient = PressureSettings(threshold_qty=D(5)), PatientSettings(horizon_s=D(20))
    names = (StrategyName.ORDERBOOK_PRICE, StrategyName.ORDERBOOK_PRESSURE, StrategyName.PATIENT)
    strategy = StrategySettings(names, leader=names[0], orderbook_pressure=pressure, patient=patient)
    panic = panicking().risk.panic_close
    return replace(symbol(stop=STOP, panic=panic), strategy=strategy)


def at_work(one: SymbolSettings | None = None) -> Scenario:
    desk = Scenario(Settings(GlobalSettings(), symbols=((BTC, one or every_kind()),)))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1500, quoting=True)
    desk.rise()
    return desk


@pytest.mark.parametrize("path", HOT_OF_SYMBOL, ids=".".join)
def test_every_knob_of_a_symbol_is_held_anew(path: tuple[str, ...]) -> None:
    desk = at_work()
    other = with_other(every_kind(), path, HOT_OF_SYMBOL[path])
    to = Settings(GlobalSettings(), symbols=((BTC, other),))
    assert other != every_kind()
    if path != ("sides",):
        assert stale([desk.engine], to), "the walk does not find what is held"
    reload(desk, to)
    held_exactly(desk.engine, to)


@pytest.mark.parametrize("path", HOT_OF_ALL, ids=".".join)
def test_every_hot_knob_of_all_is_held_anew(path: tuple[str, ...]) -> None:
    desk = at_work()
    shared = with_other(GlobalSettings(), path, HOT_OF_ALL[path])
    to = Settings(shared, every_kind(), ((BTC, every_kind()),))
    reload(desk, to)
    held_exactly(desk.engine, to)


def test_all_knobs_at_once_are_held_anew() -> None:
    desk = at_work()
    one = changed_all(every_kind())
    to = Settings(changed_shared(GlobalSettings()), one, ((BTC, one), (ETH, one)))
    assert to.shared.manage is Manage.ALL
    assert len(set(map(repr, sections(to))) & set(map(repr, sections(Settings(symbols=((BTC, every_kind()),)))))) < 12
    reload(desk, to)
    held_exactly(desk.engine, to)
    desk.passes(3000, quoting=True)
    held_exactly(desk.engine, to)


@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    one=SETTINGS,
    two=SETTINGS,
    paths=st.lists(st.sampled_from(sorted(HOT_OF_SYMBOL)), max_size=6),
    drop=st.booleans(),
    long=SIZES,
    short=SIZES,
    before=ops_of("operate", "deny", "report"),
    after=ops_of("report"),
)
def test_at_whatever_moment_they_come_every_side_holds_exactly_the_new_settings(
    one: Settings,
    two: Settings,
    paths: list[tuple[str, ...]],
    drop: bool,
    long: Decimal,
    short: Decimal,
    before: list[Op],
    after: list[Op],
) -> None:
    """In the middle of whatever has happened; and what happens then breaks no law and brings nothing old back."""
    liar = Liar(one, two)
    liar.prologue(long, short)
    liar.play(before)
    name, changed = two.symbols[0]
    for path in paths:
        changed = with_other(changed, path, HOT_OF_SYMBOL[path])
    pressure = replace(changed.strategy.orderbook_pressure, threshold_qty=D(5))
    changed = replace(changed, strategy=replace(changed.strategy, orderbook_pressure=pressure))
    to = replace(two, symbols=((name, changed),))
    liar.feed(ev.Reload(liar.now, to, drop))
    held_exactly(liar.engine, to)
    liar.settings = liar.other = to
    liar.play(after)
    held_exactly(liar.engine, to)

"""Behaviour 2, 10 and 14: pause, resume, flatten, reload, stop."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    ETH,
    LONG,
    NO_STOP,
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
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    NoticeKind,
    RequestKind,
    SignalReason,
    StopStatus,
    Stream,
    TimeInForce,
)
from vibe_quant.domain.risk_settings import DeadManSettings, ProtectiveStopSettings, RiskSettings
from vibe_quant.domain.settings import (
    ExecutionSettings,
    GlobalSettings,
    RateLimitSettings,
    Settings,
    SymbolSettings,
    WsSettings,
)
from vibe_quant.domain.strategy_settings import StrategyName, StrategySettings

D = Decimal
STOP = ProtectiveStopSettings()


def resting(desk: Scenario) -> do.OrderIntent:
    order = only(desk.rise())
    desk.ack(order)
    return order


def reload(desk: Scenario, settings: Settings, *, drop_stops: bool = False) -> list[do.Intent]:
    return desk.feed(ev.Reload(desk.now, settings, drop_stops))


# --- pause and resume


@pytest.mark.parametrize("name", [BTC, None])
def test_a_pause_cancels_the_live_order_and_holds_until_undone(name: str | None) -> None:
    desk = started()
    order = resting(desk)
    out = desk.feed(ev.Pause(desk.now, name))
    assert cancels(out) == ["paused by the operator"]
    [notice] = notices(out, NoticeKind.PAUSE)
    assert "panic goes on" in notice.text
    assert orders(desk.cancelled(order) + desk.passes(2000, quoting=True)) == []
    assert desk.view().blocked == "paused by the operator"
    assert orders(desk.feed(ev.Resume(desk.now, name)))


def test_a_timed_pause_ends_by_itself_and_says_so() -> None:
    desk = started()
    desk.feed(ev.Pause(desk.now, None, desk.now + 1000))
    assert orders(desk.rise() + desk.passes(900, quoting=True)) == []
    out = desk.passes(200, quoting=True)
    assert orders(out)
    assert "everything is over" in notices(out, NoticeKind.PAUSE)[0].text


def test_a_pause_of_one_symbol_leaves_the_others_and_a_general_one_outlasts_its_resume() -> None:
    desk = Scenario(listed(BTC=symbol(), ETH=symbol()))
    desk.hold("1", name=ETH)
    desk.start("1")
    desk.market(ETH)
    desk.passes(1200, quoting=True)
    desk.feed(ev.Pause(desk.now, BTC))
    desk.quote(name=ETH)
    assert orders(desk.rise()) == []
    assert only(desk.rise(ETH)).symbol == ETH
    desk.feed(ev.Pause(desk.now))
    [notice] = notices(desk.feed(ev.Resume(desk.now, BTC)), NoticeKind.PAUSE)
    assert "everything is paused" in notice.text
    assert orders(desk.quote() + desk.passes(500)) == []


# --- flatten


def test_flatten_closes_in_tenths_of_the_position_at_the_command_down_to_zero_whatever_the_target() -> None:
    desk = started("3", target_qty=D("2.5"), max_order_notional=D(6))
    order = resting(desk)
    out = desk.feed(ev.Flatten(desk.now, BTC, LONG))
    assert cancels(out) == ["flatten"]
    assert "flattening 3 by" in notices(out, NoticeKind.LIFECYCLE)[0].text
    desk.calm()
    out = desk.cancelled(order) + desk.passes(150, quoting=True)
    for i in range(10):
        order = only(out)
        assert (order.qty, order.price, order.reason) == (D("0.3"), D("100.0"), SignalReason.FLATTEN)
        assert (order.mode, order.time_in_force) == (ExecutionMode.AGGRESSIVE_LIMIT, TimeInForce.GTC)
        desk.ack(order)
        out = desk.fill(order) + desk.passes(350, quoting=True)
        assert bool(notices(out, NoticeKind.EXIT_FINISHED)) is (i == 9)
    assert desk.view().qty == 0


def test_flatten_says_how_long_it_took() -> None:
    desk = started("0.1")
    desk.calm()
    [order] = orders(desk.feed(ev.Flatten(desk.now)))
    desk.ack(order)
    desk.passes(500, quoting=True)
    out = desk.fill(order)
    order = only(out + desk.passes(200, quoting=True))
    desk.ack(order)
    [done] = notices(desk.fill(order), NoticeKind.EXIT_FINISHED)
    assert ", 1.9 s;" in done.text  # since it was first looked at


def test_flatten_keeps_the_collar_and_waits_for_a_price() -> None:
    desk = started("1")
    desk.quote(bid="98", ask="98.2")
    order = only(desk.feed(ev.Flatten(desk.now)))
    assert order.price == D("99.5")  # mark x (1 - 0.005)
    unmarked = started("1")
    unmarked.engine.desks[BTC].view.mark = None
    assert orders(unmarked.feed(ev.Flatten(unmarked.now))) == []
    assert "mark price" in str(unmarked.view().blocked)


def test_flatten_waits_where_others_claim_what_is_left() -> None:
    desk = started("1")
    desk.resting = [desk.foreign("web_1", "1")]
    desk.feed(desk.resting[0])
    order = only(desk.feed(ev.Flatten(desk.now)))
    assert orders(desk.refused(order, -2022) + desk.passes(500, quoting=True)) == []


def test_a_pause_ends_flatten_for_good() -> None:
    desk = started("1")
    order = only(desk.feed(ev.Flatten(desk.now)))
    desk.ack(order)
    desk.feed(ev.Pause(desk.now))
    desk.cancelled(order)
    desk.passes(300, quoting=True)
    assert orders(desk.feed(ev.Resume(desk.now)) + desk.passes(500, quoting=True)) == []
    assert desk.view().blocked == "no signal"


def test_there_may_be_nothing_to_flatten() -> None:
    desk = started("0")
    [notice] = notices(desk.feed(ev.Flatten(desk.now)), NoticeKind.PAUSE)
    assert notice.text == "There is nothing to flatten."


def test_flatten_leaves_a_panic_order_alone() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    order = only(desk.mark("91.5"))
    desk.ack(order)
    assert cancels(desk.feed(ev.Flatten(desk.now, BTC, LONG))) == []


# --- stop


def test_a_stop_cancels_what_is_ours_says_goodbye_once_and_a_second_one_changes_nothing() -> None:
    desk = started()
    order = resting(desk)
    out = desk.feed(ev.Stop(desk.now))
    assert cancels(out) == ["the service is stopping"]
    assert notices(out, NoticeKind.LIFECYCLE) == []
    assert desk.feed(ev.Stop(desk.now)) == []
    [bye] = notices(desk.cancelled(order), NoticeKind.LIFECYCLE)
    assert "Protective stops stay" in bye.text
    later = desk.rise() + desk.passes(2000, quoting=True)
    assert (orders(later), notices(later, NoticeKind.LIFECYCLE)) == ([], [])
    assert desk.view().blocked == "the service is stopping"


def test_nothing_is_sent_while_stopping_not_even_in_panic() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    order = only(desk.mark("91.5"))
    desk.ack(order)
    assert cancels(desk.feed(ev.Stop(desk.now))) == ["the service is stopping"]
    out = desk.cancelled(order) + desk.mark("90.5") + desk.passes(2000)
    assert orders(out) == []
    assert notices(out, NoticeKind.LIFECYCLE)


def test_the_last_call_of_a_clean_stop_disarms_the_countdown() -> None:
    dead = replace(symbol(), risk=RiskSettings(protective_stop=NO_STOP, dead_man=DeadManSettings(enabled=True)))
    desk = Scenario(listed(BTC=dead))
    desk.start("1")
    desk.passes(1200, quoting=True)
    out = desk.rise()
    order = only(out)
    assert of(do.ArmDeadMan, out)
    desk.ack(order)
    desk.feed(ev.DeadManAck(BTC, 120_000, desk.now))
    desk.feed(ev.Stop(desk.now))
    assert of(do.DisarmDeadMan, desk.cancelled(order))


def test_a_failed_countdown_is_told_to_its_keeper() -> None:
    dead = replace(symbol(), risk=RiskSettings(protective_stop=NO_STOP, dead_man=DeadManSettings(enabled=True)))
    desk = Scenario(listed(BTC=dead))
    desk.start("1")
    desk.passes(1200, quoting=True)
    desk.calm()
    order = only(desk.rise())
    desk.ack(order)
    desk.feed(ev.NotSent(RequestKind.DEAD_MAN, BTC, "", desk.now))
    assert of(do.ArmDeadMan, desk.passes(1100))


# --- reload


def test_a_symbol_that_is_not_managed_any_more_is_neither_read_for_nor_counted_down() -> None:
    dead = replace(symbol(), risk=RiskSettings(protective_stop=NO_STOP, dead_man=DeadManSettings(enabled=True)))
    desk = started(settings=dead)
    desk.ack(only(desk.rise()))
    desk.feed(ev.DeadManAck(BTC, 120_000, desk.now))
    assert of(do.DisarmDeadMan, reload(desk, listed(ETH=symbol())))
    desk.feed(ev.DeadManAck(BTC, 0, desk.now))
    out = desk.passes(10_000)
    assert (of(do.FetchMark, out), of(do.ArmDeadMan, out)) == ([], [])


def test_the_age_of_a_stale_mark_follows_a_reload() -> None:
    desk = started()
    desk.calm()
    shared = GlobalSettings(ws=WsSettings(stale_data_ms=60_000))
    reload(desk, listed(BTC=symbol(), shared=shared))
    assert of(do.FetchMark, desk.passes(10_000)) == []


def test_a_leg_that_is_not_managed_is_not_said_to_be_worked_aggressively() -> None:
    desk = Scenario(listed(BTC=symbol(sides=(LONG,))))
    desk.start("0.2", "1", wallet=wallet_for("110", "0.8", side=SHORT))
    assert notices(desk.mark("109.5"), NoticeKind.RISK) == []


def test_new_settings_are_taken_between_two_orders() -> None:
    desk = started()
    order = resting(desk)
    changed = symbol(ExecutionSettings(base_mult=3, order_ttl_ms=1000))
    assert cancels(reload(desk, listed(BTC=changed))) == []
    desk.passes(850, quoting=True)
    assert only(desk.cancelled(order) + desk.passes(200, quoting=True)).qty == D("0.15")


def test_the_same_settings_keep_what_the_strategies_know() -> None:
    desk = started()
    before = desk.engine.desks[BTC].sides[LONG].signal
    reload(desk, listed(BTC=symbol()))
    assert desk.engine.desks[BTC].sides[LONG].signal is before
    other = replace(symbol(), strategy=StrategySettings(names=(StrategyName.PATIENT,)))
    reload(desk, listed(BTC=other))
    assert desk.engine.desks[BTC].sides[LONG].signal is not before


def test_a_reload_takes_budgets_staleness_and_the_interval_of_comparison_too() -> None:
    desk = started()
    shared = replace(
        GlobalSettings(),
        rate_limit=RateLimitSettings(max_orders_per_sec=1),
        ws=replace(GlobalSettings().ws, stale_data_ms=300),
    )
    often = replace(symbol(), risk=RiskSettings(protective_stop=NO_STOP, reconcile_interval_s=5))
    reload(desk, Settings(shared, symbols=((BTC, often),)))
    assert desk.engine.house.sync.interval_ms == 5000
    assert desk.engine.desks[BTC].view.stale_ms == 300
    order = only(desk.rise())
    desk.refused(order, -5022)
    assert orders(desk.passes(250)) == []
    assert desk.view().blocked == Blocked.ORDERS_SPENT


def test_a_side_that_leaves_the_configuration_has_its_orders_cancelled_and_its_stop_left() -> None:
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    desk.start("1", wallet=wallet_for("90"))
    placed = desk.passes(6000, quoting=True)
    [stop] = of(do.PlaceStop, placed)
    desk.stops = [desk.stop_report(stop, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(1000, quoting=True)
    order = resting(desk)
    out = reload(desk, listed(BTC=symbol(stop=STOP, sides=(SHORT,))))
    assert cancels(out) == ["not managed any more"]
    assert "left standing" in notices(out, NoticeKind.LIFECYCLE)[0].text
    assert reload(desk, listed(BTC=symbol(stop=STOP, sides=(SHORT,)))) == []
    later = desk.cancelled(order) + desk.rise() + desk.row("2") + desk.passes(40_000, quoting=True)
    assert (orders(later), of(do.CancelStop, later), notices(later, NoticeKind.OPEN_ALERT)) == ([], [], [])
    assert desk.view().blocked == "the configuration does not manage it any more"
    assert notices(desk.feed(ev.Flatten(desk.now)), NoticeKind.PAUSE)[0].text == "There is nothing to flatten."
    assert desk.feed(desk.stop_report(stop, StopStatus.TRIGGERING)) == []

    out = reload(desk, listed(BTC=symbol(stop=STOP)))
    assert of(do.ReadStops, out)
    assert desk.engine.desks[BTC].sides[LONG].stop.course.qty == 2  # it grew meanwhile
    assert orders(out + desk.quote())


def test_a_symbol_that_leaves_is_retired_whole_and_does_not_panic_on() -> None:
    desk = Scenario(listed(BTC=panicking(), ETH=symbol()))
    desk.start("1", "0.2", wallet=wallet_for("90", "0.8"))
    desk.passes(1200, quoting=True)
    out = desk.mark("91.3")
    order = only(out)
    desk.ack(order)
    out = reload(desk, listed(ETH=symbol()))
    assert cancels(out) == ["not managed any more"]
    assert len(notices(out, NoticeKind.LIFECYCLE)) == 2
    assert orders(desk.cancelled(order) + desk.mark("90.2") + desk.passes(2000)) == []
    assert desk.view().panic_tier is None


def test_a_side_or_symbol_that_is_added_is_worked_from_what_is_known_or_read_at_once() -> None:
    desk = Scenario(listed(BTC=symbol(sides=(LONG,))))
    desk.hold("1", name=ETH)
    desk.start("0", "1")
    desk.passes(6000, quoting=True)
    out = reload(desk, listed(BTC=symbol(), ETH=symbol()))
    assert of(do.FetchSnapshot, out)[0].reason == f"{ETH} is managed from now on"
    assert notices(out, NoticeKind.OPEN_ALERT)
    assert of(do.FetchRules, desk.passes(5))
    desk.quote()
    assert only(desk.fall()).position_side is SHORT
    desk.market(ETH)
    assert only(desk.rise(ETH)).symbol == ETH
    again = reload(desk, listed(BTC=symbol(), ETH=symbol()))
    assert of(do.FetchSnapshot, again) == []


@pytest.mark.parametrize("drop", [True, False])
def test_a_stop_is_switched_off_while_it_is_needed_only_with_drop_stops(drop: bool) -> None:
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    desk.start("1", wallet=wallet_for("90"))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.stops = [desk.stop_report(stop, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(1000, quoting=True)
    out = reload(desk, listed(BTC=symbol()), drop_stops=drop) + desk.passes(2000, quoting=True)
    assert bool(of(do.CancelStop, out)) is drop
    assert bool([n for n in notices(out, NoticeKind.STOP) if "--drop-stops" in n.text]) is not drop


def test_a_socket_that_is_up_is_up_for_a_desk_that_opens_later() -> None:
    desk = started()
    desk.feed(ev.StreamDown(Stream.BOOK, desk.now))
    reload(desk, listed(BTC=symbol(), ETH=symbol()))
    assert desk.engine.desks[ETH].view.stale(desk.now) == "the book stream is down"
    assert desk.view().state is ExecutionState.IDLE
    assert isinstance(desk.engine.house.settings.of(ETH), SymbolSettings)

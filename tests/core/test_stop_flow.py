"""Behaviour 10 with the whole engine: the stop fires, is gone through, or is somebody else's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.core.scenario import (
    BTC,
    LONG,
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
    symbol,
    wallet_for,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.account import Balance
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderSide,
    OrderStatus,
    OrderType,
    PriceMatch,
    RequestKind,
    Severity,
    SignalReason,
    Source,
    StopStatus,
    Stream,
)
from vibe_quant.domain.risk_settings import ProtectiveStopSettings

D = Decimal
STOP = ProtectiveStopSettings()
AGGRESSIVE = ExecutionMode.AGGRESSIVE_LIMIT


def protected(long: str = "1") -> tuple[Scenario, do.PlaceStop]:
    """A LONG liquidated at 90 whose stop stands."""
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    desk.start(long, wallet=wallet_for("90", long))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.stops = [desk.stop_report(stop, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(1000, quoting=True)
    assert desk.view().stop_standing
    return desk, stop


def triggered(desk: Scenario, stop: do.PlaceStop, qty: str) -> list[do.Intent]:
    """The order that the stop sent has filled ``qty``."""
    t = desk.now + 1
    desk.held[BTC, LONG] -= D(qty)
    sent = ev.OrderUpdate(
        BTC, stop.client_id, LONG, OrderSide.SELL, OrderStatus.FILLED, OrderType.MARKET, D(qty), D(0), D(qty),
        t + OFFSET, t, Source.STREAM, last_qty=D(qty), last_price=D(91), trade_id=1,
    )  # fmt: skip
    desk.now = t
    out = desk.feed(sent) + desk.feed(sent)  # told twice, booked once
    return out + desk.row(str(desk.held[BTC, LONG]))


def test_the_stop_goes_where_the_formula_says() -> None:
    _, stop = protected()
    assert stop.trigger_price == D("91.0")  # ceil(90 / 0.99)
    assert stop.qty is None


def test_a_firing_stop_cancels_the_order_keeps_two_seconds_quiet_and_what_it_leaves_is_worked_urgently() -> None:
    desk, stop = protected()
    order = only(desk.rise())
    desk.ack(order)
    out = desk.feed(desk.stop_report(stop, StopStatus.TRIGGERING))
    assert cancels(out) == ["the protective stop is firing"]
    quiet = desk.cancelled(order)
    desk.stops = []
    quiet += triggered(desk, stop, "0.7") + desk.passes(500, quoting=True)
    assert orders(quiet) == []
    assert desk.view().qty == D("0.3")
    out = desk.feed(desk.stop_report(stop, StopStatus.FINISHED)) + desk.passes(2100, quoting=True)
    rest = only(out)
    assert (rest.qty, rest.mode, rest.reason) == (D("0.3"), AGGRESSIVE, SignalReason.STOP_REMAINDER)
    assert any("left" in n.text for n in notices(out, NoticeKind.STOP))


def test_firing_known_only_from_a_read_cancels_the_order_too() -> None:
    desk, stop = protected()
    order = only(desk.rise())
    desk.ack(order)
    fired = desk.stop_report(stop, StopStatus.TRIGGERING)
    out = desk.feed(ev.StopsRead(BTC, (fired,), desk.now, desk.now, desk.now + OFFSET))
    assert cancels(out) == ["the protective stop is firing"]
    assert orders(desk.cancelled(order) + desk.passes(1900, quoting=True)) == []


def test_discretion_waits_while_the_stop_is_firing() -> None:
    desk, stop = protected()
    desk.feed(desk.stop_report(stop, StopStatus.TRIGGERED))
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the protective stop is firing"
    assert orders(desk.passes(2100, quoting=True))


def test_a_remainder_is_worked_blind_where_the_book_is_stale() -> None:
    desk, stop = protected()
    desk.calm()
    desk.feed(desk.stop_report(stop, StopStatus.TRIGGERED))
    triggered(desk, stop, "0.7")
    desk.stops = []
    out = desk.feed(desk.stop_report(stop, StopStatus.FINISHED)) + desk.passes(2500)
    assert only(out).price_match is PriceMatch.OPPONENT


def test_a_price_that_goes_through_the_stops_place_exits_at_once_with_panic_off() -> None:
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    desk.start("1", wallet=wallet_for("90"))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.calm()
    out = desk.feed(refusal(desk, stop, -2021)) + desk.passes(300, quoting=True)
    [half] = of(do.PlaceStop, out)
    assert half.trigger_price == D("95.0")
    out = desk.feed(refusal(desk, half, -2021))
    order = only(out)
    assert (order.qty, order.price_match, order.reason) == (D("1"), PriceMatch.OPPONENT_5, SignalReason.STOP_THROUGH)
    assert any(n.severity is Severity.ALARM for n in notices(out, NoticeKind.STOP))
    desk.ack(order)
    assert of(do.PlaceStop, desk.fill(order, "0.4") + desk.passes(1100, quoting=True))


def gone_through() -> tuple[Scenario, do.OrderIntent]:
    """The exchange refuses the stop at its place and at half the distance; the first order of the exit is sent."""
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    desk.start("1", wallet=wallet_for("90"))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.calm()
    [half] = of(do.PlaceStop, desk.feed(refusal(desk, stop, -2021)) + desk.passes(300, quoting=True))
    return desk, only(desk.feed(refusal(desk, half, -2021)))


def rest_of_the_exit(desk: Scenario, order: do.OrderIntent) -> list[do.OrderIntent]:
    """What follows once the order that is under way has filled a little and ended."""
    desk.ack(order)
    out = desk.fill(order, "0.1") + desk.passes(450, quoting=True)
    return orders(out + desk.cancelled(order) + desk.passes(3000, quoting=True))


def test_the_exit_ends_where_added_margin_takes_the_liquidation_price_away() -> None:
    desk, order = gone_through()
    desk.wallet = D(10_000)
    out = desk.feed(ev.BalanceUpdate(Balance("USDT", desk.wallet, desk.wallet), desk.now + OFFSET, desk.now))
    assert orders(out + desk.mark("100")) == []
    assert rest_of_the_exit(desk, order) == []
    assert desk.view().stop_standing is False


def test_the_exit_ends_where_a_stop_of_the_users_own_takes_over() -> None:
    desk, order = gone_through()
    t = desk.now
    users = ev.StopReport(
        BTC, LONG, "web_1", StopStatus.NEW, OrderType.STOP_MARKET, OrderSide.SELL, D("92"), True, D(0), t + OFFSET, t
    )
    desk.stops = [users]
    desk.feed(users)
    desk.feed(ev.StopsRead(BTC, (users,), desk.now, desk.now, desk.now + OFFSET))
    assert desk.view().stop_standing
    assert rest_of_the_exit(desk, order) == []


def test_the_exit_ends_where_the_stop_is_switched_off() -> None:
    desk, order = gone_through()
    desk.feed(ev.Reload(desk.now, listed(BTC=symbol(stop=replace(STOP, enabled=False))), drop_stops=True))
    assert rest_of_the_exit(desk, order) == []


def test_the_exit_ends_where_the_stop_is_taken_at_last() -> None:
    desk, order = gone_through()
    [stop] = of(do.PlaceStop, desk.passes(1100, quoting=True))
    desk.mute = True  # the read back is not answered: the exchange's acceptance is enough
    desk.feed(desk.stop_report(stop, StopStatus.NEW))
    assert not desk.view().stop_standing
    assert rest_of_the_exit(desk, order) == []


def test_the_exit_goes_on_where_the_mark_is_beyond_liquidation() -> None:
    desk, order = gone_through()
    desk.mark("89")
    assert {o.reason for o in rest_of_the_exit(desk, order)} == {SignalReason.STOP_THROUGH}


def test_a_refused_exit_backs_off_without_panic_too() -> None:
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    desk.start("1", wallet=wallet_for("90"))
    [stop] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.calm()
    [half] = of(do.PlaceStop, desk.feed(refusal(desk, stop, -2021)) + desk.passes(300, quoting=True))
    order = only(desk.feed(refusal(desk, half, -2021)))
    assert orders(desk.refused(order, -2019) + desk.passes(90)) == []
    order = only(desk.passes(20))
    assert orders(desk.refused(order, -2019) + desk.passes(190)) == []
    assert orders(desk.passes(20))


def test_a_leg_without_a_liquidation_price_is_said_once_and_gets_its_stop_when_there_is_one() -> None:
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    out = desk.start("1") + desk.passes(10_000, quoting=True)
    assert len([n for n in notices(out, NoticeKind.STOP) if "no liquidation price" in n.text]) == 1
    assert of(do.PlaceStop, out) == []
    desk.wallet = wallet_for("90")
    out = desk.feed(
        ev.BalanceUpdate(Balance("USDT", desk.wallet, desk.wallet), desk.now + OFFSET, desk.now)
    ) + desk.mark("100")
    assert of(do.PlaceStop, out + desk.passes(2000, quoting=True))


def test_a_position_that_is_gone_takes_its_stop_along() -> None:
    desk, stop = protected()
    [cancel] = of(do.CancelStop, desk.row("0"))
    assert cancel.client_id == stop.client_id


def test_answers_about_stops_reach_their_keeper() -> None:
    desk = Scenario(listed(BTC=symbol(stop=STOP)))
    [stop] = of(do.PlaceStop, desk.start("1", wallet=wallet_for("90")))
    t = desk.now
    out = desk.feed(ev.NotSent(RequestKind.PLACE_STOP, BTC, stop.client_id, t, "breaker open"))
    assert any("breaker open" in n.text for n in notices(out, NoticeKind.STOP))
    [again] = of(do.PlaceStop, desk.passes(300, quoting=True))
    assert of(do.ReadStops, desk.feed(ev.Unknown(RequestKind.PLACE_STOP, BTC, again.client_id, desk.now)))


def test_a_stop_on_a_symbol_nobody_manages_is_left() -> None:
    desk, stop = protected()
    assert desk.feed(replace(desk.stop_report(stop, StopStatus.NEW), symbol="XRP/USDT:USDT")) == []
    t = desk.now
    own = replace(desk.foreign(stop.client_id, "1"), symbol="XRP/USDT:USDT", recv_ms=t)
    assert desk.feed(own) == []


def test_when_the_user_stream_goes_the_stops_are_read_often() -> None:
    desk, _ = protected()
    desk.calm()
    desk.feed(ev.StreamDown(Stream.USER, desk.now))
    assert len(of(do.ReadStops, desk.passes(11_000, quoting=True))) >= 2
    assert of(do.ReadStops, desk.feed(ev.StreamUp(Stream.USER, desk.now)))


def test_only_the_managed_leg_of_a_hedge_is_protected() -> None:
    settings = replace(panicking(), sides=(LONG,), risk=replace(panicking().risk, protective_stop=STOP))
    desk = Scenario(listed(BTC=settings))
    desk.start("0", "1", wallet=wallet_for("110", side=SHORT))
    out = desk.passes(7000, quoting=True) + desk.mark("109.5")
    assert (of(do.PlaceStop, out), orders(out)) == ([], [])


def refusal(desk: Scenario, stop: do.PlaceStop, code: int) -> ev.Refused:
    return ev.Refused(RequestKind.PLACE_STOP, BTC, stop.client_id, code, desk.now, desk.now + OFFSET)

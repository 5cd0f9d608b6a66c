"""The core does what the table of codes says: waits, reads, reprices, makes room, halts, or asks again."""

from __future__ import annotations

from decimal import Decimal

import pytest
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
    started,
    symbol,
    wallet_for,
)
from tests.core.stop_exchange import SYMBOL, Desk, requests, stop
from tests.core.stop_exchange import notices as loudness

from vibe_quant.core.pacing import Pacing
from vibe_quant.core.patience import Troubles
from vibe_quant.core.stop_ledger import OwnStop
from vibe_quant.core.stop_plan import Cancel, Place, next_step
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    NoticeKind,
    OrderType,
    RequestKind,
    Severity,
    SignalReason,
    StopStatus,
    TimeInForce,
)
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.settings import RateLimitSettings

D = Decimal
TIER = "91.5"


def ms_until_next(desk: Scenario, order: do.OrderIntent, code: int) -> tuple[do.OrderIntent, int]:
    """The order after a refusal, and how long it was waited for."""
    since = desk.now
    again = only(desk.refused(order, code) + desk.passes(1200, quoting=True))
    return again, again.timestamp_ms - OFFSET - since


# --- of the moment


@pytest.mark.parametrize("code", [-1001, -1003, -1008, -1016, -1021, -4087, -4400, -4401, -5028, 503])
def test_what_is_of_the_moment_waits_longer_and_longer_and_never_halts(code: int) -> None:
    desk = started()
    order, waits = only(desk.rise()), []
    for _ in range(7):
        order, waited = ms_until_next(desk, order, code)
        waits.append(waited // 100)
    assert waits == [2, 4, 8, 10, 10, 10, 10]
    assert desk.view().halted is None
    order = only(desk.times_out(order))  # the exchange takes orders again: the next failure is the first one
    assert ms_until_next(desk, order, code)[1] // 100 == 2


def test_what_is_of_the_moment_says_so_and_does_not_keep_the_other_side() -> None:
    desk = started("1", "1")
    desk.refused(only(desk.rise()), -1008)
    desk.passes(120, quoting=True)
    assert desk.view().blocked == "the last request was not done for reasons of the moment"
    assert only(desk.fall()).position_side is SHORT


def test_panic_keeps_its_own_pace() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    order = only(desk.mark(TIER))
    since = desk.now
    again = only(desk.refused(order, -1008) + desk.passes(150))
    assert again.timestamp_ms - OFFSET - since in range(100, 110)
    assert desk.engine.desks[BTC].sides[LONG].patience.failures == 0


def test_the_operator_hears_of_it_once_and_then_once_a_minute_with_sums() -> None:
    troubles = Troubles()
    [first] = troubles.met(-1008, 1000)
    assert (first.severity, "1 x -1008 (overloaded, not done)" in first.text) == (Severity.WARNING, True)
    assert [troubles.met(code, 1500) for code in (-1008, -1008, 0)] == [[], [], []]
    assert troubles.met(-1008, 60_999) == []
    [later] = troubles.met(0, 61_000)
    assert "3 x -1008 (overloaded, not done), 2 x 0 (it never left this host)" in later.text


def test_too_many_orders_hold_all_discretion_until_the_window_turns_and_cancels_go_on() -> None:
    desk = started("1", "1")
    long, short = only(desk.rise()), only(desk.fall())
    desk.ack(short)
    out = desk.refused(long, -1015) + desk.passes(900, quoting=True)
    assert (orders(out), cancels(out)) == ([], ["ttl"])
    assert orders(desk.cancelled(short) + desk.passes(8800, quoting=True) + desk.rise()) == []
    assert "too many orders (-1015)" in str(desk.view().blocked)
    assert orders(desk.passes(100, quoting=True)) == []
    assert only(desk.passes(400, quoting=True)).position_side is LONG
    assert desk.view().halted is None


def test_a_stop_that_is_one_order_too_many_holds_discretion_too() -> None:
    desk = started()
    desk.feed(ev.Refused(RequestKind.PLACE_STOP, BTC, "", -1015, desk.now, desk.now))
    assert orders(desk.rise()) == []
    assert "too many orders (-1015)" in str(desk.view().blocked)


def test_too_many_orders_again_after_ten_seconds_hold_for_a_minute() -> None:
    pacing = Pacing(RateLimitSettings())
    pacing.too_many(1000)
    pacing.too_many(1500)  # of the same window: both sides had sent
    assert (pacing.may_order(10_999), pacing.may_order(11_000)) == (
        "the exchange has counted too many orders (-1015)",
        None,
    )
    assert pacing.may_order(2000, risk=True) is None
    assert pacing.may_cancel(2000) is None
    assert pacing.next_at(2000) == 11_000
    pacing.too_many(11_500)
    assert (pacing.may_order(71_499) is None, pacing.may_order(71_500) is None) == (False, True)
    pacing.too_many(200_000)  # long after: the ten seconds once more
    assert pacing.may_order(210_000) is None


# --- defects and halts


def test_a_malformed_order_halts_its_side_at_once_as_a_defect() -> None:
    desk = started("1", "1")
    out = desk.refused(only(desk.rise()), -1102)
    [halt] = of(do.Halt, out)
    assert (halt.symbol, halt.side) == (BTC, LONG)
    assert "defect of this program" in notices(out, NoticeKind.HALT)[0].text
    assert only(desk.fall()).position_side is SHORT
    assert orders(desk.passes(2000, quoting=True)) == []


def test_a_position_above_its_leverage_halts_the_side() -> None:
    desk = started()
    [halt] = of(do.Halt, desk.refused(only(desk.rise()), -2027))
    assert (halt.side, halt.reason) == (LONG, "position above what the leverage allows (-2027)")


def test_a_side_that_has_halted_is_not_halted_again_by_panic() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    order = only(desk.mark(TIER))
    assert of(do.Halt, desk.refused(order, -1116))
    order = only(desk.passes(150))  # panic tries all the same
    assert of(do.Halt, desk.refused(order, -1116)) == []


@pytest.mark.parametrize("kind", [RequestKind.CANCEL, RequestKind.AMEND])
def test_a_malformed_request_about_an_order_halts_its_side_once(kind: RequestKind) -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    assert [halt.side for halt in of(do.Halt, desk.refused(order, -1104, kind))] == [LONG]
    assert of(do.Halt, desk.refused(order, -1104, kind)) == []


@pytest.mark.parametrize(
    "kind", [RequestKind.SNAPSHOT, RequestKind.QUERY, RequestKind.CANCEL_STOP, RequestKind.READ_STOPS]
)
def test_a_key_that_is_refused_halts_everything_whatever_was_asked(kind: RequestKind) -> None:
    desk = started("1", "1")
    out = desk.feed(ev.Refused(kind, BTC, "", -2015, desk.now, desk.now))
    assert [(halt.symbol, halt.side) for halt in of(do.Halt, out)] == [(None, None)]
    assert of(do.Halt, desk.feed(ev.Refused(kind, BTC, "", -2015, desk.now, desk.now))) == []
    assert "(-2015)" in str(desk.view().halted)


@pytest.mark.parametrize("code", [-2010, -2018, -2019, -2024, -1999])
def test_an_account_that_is_not_as_believed_is_read(code: int) -> None:
    desk = started()
    [read] = of(do.FetchSnapshot, desk.refused(only(desk.rise()), code))
    assert (read.symbol, read.reason) == (None, f"an order was refused with {code}")


def test_too_many_open_orders_are_an_alarm_and_the_account_is_read() -> None:
    desk = started()
    desk.resting = [desk.foreign("vq-r0-1", "0.1")]  # a stale one of an earlier run
    out = desk.refused(only(desk.rise()), -2025)
    assert of(do.FetchSnapshot, out)
    [alarm] = [n for n in notices(out, NoticeKind.MISMATCH) if "(-2025)" in n.text]
    assert alarm.severity is Severity.ALARM


# --- doubt


@pytest.mark.parametrize("code", [-1007, -2013])
def test_an_amendment_that_nobody_knows_of_is_doubt(code: int) -> None:
    desk = started(amend=True)
    order = only(desk.rise())
    desk.ack(order)
    assert of(do.AmendOrder, desk.quote(bid="99.9", ask="100.2"))
    assert of(do.QueryOrder, desk.refused(order, code, RequestKind.AMEND))
    assert desk.view().state is ExecutionState.DOUBTFUL


def test_an_amendment_too_many_holds_orders_until_the_window_turns() -> None:
    desk = started(amend=True)
    order = only(desk.rise())
    desk.ack(order)
    desk.quote(bid="99.9", ask="100.2")
    desk.refused(order, -1015, RequestKind.AMEND)
    assert of(do.AmendOrder, desk.passes(600) + desk.quote()) == []
    assert "-1015" in str(desk.engine.house.pacing.may_order(desk.now))


def test_queries_that_do_not_leave_are_asked_every_two_seconds_and_nothing_else_changes() -> None:
    desk = started()
    order = only(desk.rise())
    assert of(do.QueryOrder, desk.unknown(order))
    asked = 0
    for _ in range(100):
        out = desk.passes(100, quoting=True)
        assert orders(out) == []
        for _ in of(do.QueryOrder, out):
            asked += 1
            desk.not_sent(order, RequestKind.QUERY)
    assert asked in range(5, 7)  # ten seconds, the first half a second after the loss
    desk.cancelled(order)
    assert orders(desk.passes(300, quoting=True))


# --- a MARKET outside PERCENT_PRICE


def test_a_market_order_of_panic_that_is_outside_the_band_is_followed_by_a_limit_and_that_by_a_market() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("0.04", wallet=wallet_for("90", "0.04"))
    desk.passes(1200, quoting=True)
    side = desk.engine.desks[BTC].sides[LONG]
    side.tally.dust = side.tally.dust.REPORTED
    [own] = desk.engine.house.orders.live(BTC, LONG)
    sent = _sent(desk, own.client_id, D("0.04"))
    desk.cancelled(sent)
    market = only(desk.mark(TIER))
    assert market.order_type is OrderType.MARKET
    limit = only(desk.refused(market, -4131) + desk.passes(150))
    assert (limit.order_type, limit.price, limit.mode) == (OrderType.LIMIT, D("100.0"), ExecutionMode.AGGRESSIVE_LIMIT)
    assert only(desk.refused(limit, -4164) + desk.passes(300)).order_type is OrderType.MARKET


def test_dust_whose_market_is_outside_the_band_is_tried_by_limit_again_and_not_called_too_little() -> None:
    desk = started("0.03")
    [own] = desk.engine.house.orders.live(BTC, LONG)
    market = only(desk.refused(_sent(desk, own.client_id, D("0.03")), -4164) + desk.passes(300, quoting=True))
    assert market.order_type is OrderType.MARKET
    out = desk.refused(market, -4131)
    assert notices(out, NoticeKind.DUST) == []
    assert only(out + desk.passes(300, quoting=True)).order_type is OrderType.LIMIT


def _sent(desk: Scenario, client_id: str, qty: Decimal) -> do.OrderIntent:
    """Dust needs no signal, so that its order has left before a test can see it."""
    return do.OrderIntent(
        BTC, LONG, client_id, OrderType.LIMIT, qty, D("100"), TimeInForce.GTC,
        ExecutionMode.AGGRESSIVE_LIMIT, SignalReason.DUST, desk.now + OFFSET,
    )  # fmt: skip


# --- protective stops


def test_a_stop_for_a_position_that_is_gone_reads_the_leg_and_is_no_alarm() -> None:
    desk = Desk()
    desk.algo.refuse = -4509
    out = desk.open()
    assert (loudness(out), requests(out)) == ([], ["read", "place 91.0 close", "leg"])
    assert loudness(desk.wait(1500)) == []
    assert loudness(desk.position("0")) == []
    assert requests(desk.wait(60_000)) == []


def test_a_stop_for_a_position_that_the_exchange_denies_and_the_account_shows_is_an_alarm_after_all() -> None:
    desk = Desk()
    desk.algo.refuse = -4509
    desk.open()
    assert loudness(desk.wait(5000)) == ["alarm"]


def test_a_malformed_stop_is_an_alarm_that_says_so() -> None:
    desk = Desk()
    desk.algo.refuse = -4120
    [alarm] = [i for i in desk.open() if isinstance(i, do.Notify)]
    assert "defect of this program" in alarm.text


def owned(client_id: str, trigger: str, qty: str | None = None) -> OwnStop:
    return OwnStop(client_id, D(trigger), None if qty is None else D(qty), 0, StopStatus.NEW, verified=True)


def test_where_no_more_stops_are_taken_one_out_of_place_is_enough_and_bridges_go_first() -> None:
    wanted = {"side": LONG, "price": D(91), "qty": D(1), "close_allowed": True}
    old, far, bridge = owned("old", "88"), owned("far", "85"), owned("bridge", "89", "1")
    reason = "one of too many that are out of place"
    assert next_step([old, bridge], **wanted, most=1) == Cancel("bridge", reason)  # type: ignore[arg-type]
    assert next_step([old, far], **wanted, most=1) == Cancel("far", reason)  # type: ignore[arg-type]
    assert next_step([old], **wanted, most=1) == Place(D(91), D(1))  # type: ignore[arg-type]
    assert next_step([old, far], **wanted) == Place(D(91), D(1))  # type: ignore[arg-type]


def test_own_stale_stops_make_room_where_no_more_are_taken() -> None:
    desk = Desk()
    for name, trigger in (("vq-ps-x-L-old.1", "88"), ("vq-ps-x-L-old.2", "85")):
        desk.algo.resting[name] = stop(name, trigger)
    desk.algo.refuse = -4045
    out = desk.open()
    assert loudness(out) == ["alarm"]
    room = desk.wait(300)
    assert "cancel" in requests(room)
    assert len(desk.own()) == 1  # the last one is not given up for a better one
    desk.algo.refuse = None
    desk.wait(11_000)
    assert desk.own() == [(D("91.0"), None)]


def test_a_leg_that_could_not_be_read_for_a_stop_is_asked_for_again() -> None:
    desk = Scenario(listed(BTC=symbol(stop=ProtectiveStopSettings())))
    desk.start("1", wallet=wallet_for("90"))
    [ask] = of(do.PlaceStop, desk.passes(6000, quoting=True))
    desk.stops = [desk.stop_report(ask, StopStatus.NEW)]
    desk.feed(desk.stops[0])
    desk.passes(3000, quoting=True)
    desk.mute = True
    why = "a protective stop has ended"
    gone = desk.feed(desk.stop_report(ask, StopStatus.CANCELED))
    assert [read.reason for read in of(do.FetchSnapshot, gone)] == [why]
    t = desk.now
    for _ in range(3):
        desk.feed(ev.NotSent(RequestKind.SNAPSHOT, BTC, "", desk.now, "banned"))
        assert desk.feed(ev.NotSent(RequestKind.SNAPSHOT, BTC, "", desk.now, "banned")) == []  # not its own any more
        reads = [read for read in of(do.FetchSnapshot, desk.passes(1050, quoting=True)) if read.reason == why]
        assert len(reads) == 1
    assert desk.now - t > 3000


def test_foreign_desks_do_not_answer_for_a_stop() -> None:
    desk = Desk()
    assert desk.manager.on_refused(ev.Refused(RequestKind.PLACE_STOP, "ETH/USDT:USDT", "x", -4509, 0, 0), 0) == []
    assert SYMBOL == BTC

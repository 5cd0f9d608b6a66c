"""Behaviour 7: an order whose fate nobody knows is asked for until told, and told means one of few things."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    FILLED,
    LONG,
    NEW,
    PARTIAL,
    Scenario,
    cancels,
    notices,
    of,
    only,
    orders,
    started,
)

from vibe_quant.core import aftermath
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import ExecutionState, NoticeKind, OrderStatus, RequestKind, Severity, Source, Stream

D = Decimal


def in_doubt() -> tuple[Scenario, do.OrderIntent]:
    desk = started()
    order = only(desk.rise())
    assert of(do.QueryOrder, desk.unknown(order))
    assert desk.view().state is ExecutionState.DOUBTFUL
    return desk, order


def written_off() -> tuple[Scenario, do.OrderIntent, list[do.Intent]]:
    """Said to be missing late enough, and not on a list asked for after that."""
    desk, order = in_doubt()
    desk.passes(4200, quoting=True)
    assert of(do.ReadOpenOrders, desk.missing(order))
    desk.calm()
    out = desk.open_orders()
    assert desk.view().state is ExecutionState.COOLDOWN
    return desk, order, out


def test_in_doubt_it_asks_twice_a_second_sends_nothing_and_says_why() -> None:
    desk, _ = in_doubt()
    out = desk.passes(2100, quoting=True)
    assert len(of(do.QueryOrder, out)) == 4
    assert orders(out) == []
    assert desk.view().blocked == "the fate of an order is not known"


def test_doubtful_for_ten_seconds_is_an_alarm_that_repeats() -> None:
    desk, order = in_doubt()
    assert notices(desk.passes(9900, quoting=True), NoticeKind.DOUBT) == []
    [alarm] = notices(desk.passes(1000, quoting=True), NoticeKind.DOUBT)
    assert alarm.severity is Severity.ALARM
    assert order.client_id in alarm.text
    assert len(notices(desk.passes(10_000, quoting=True), NoticeKind.DOUBT)) == 1


@pytest.mark.parametrize(
    ("status", "state"),
    [(NEW, ExecutionState.WAITING), (PARTIAL, ExecutionState.WAITING), (FILLED, ExecutionState.COOLDOWN)],
)
def test_any_report_of_the_order_ends_it(status: OrderStatus, state: ExecutionState) -> None:
    desk, order = in_doubt()
    told = replace(desk.report(order, status), source=Source.REST)
    desk.feed(replace(told, filled_qty=order.qty) if status is FILLED else told)
    assert desk.view().state is state


def test_missing_is_believed_only_after_the_receive_window_and_two_seconds() -> None:
    desk, order = in_doubt()
    assert of(do.ReadOpenOrders, desk.missing(order)) == []
    desk.open_orders()
    assert desk.view().state is ExecutionState.DOUBTFUL
    desk.passes(4200, quoting=True)
    assert of(do.ReadOpenOrders, desk.missing(order))
    assert desk.view().state is ExecutionState.DOUBTFUL  # until a list without it
    desk.open_orders(replace(desk.report(order, NEW), source=Source.REST))
    assert desk.view().state is ExecutionState.WAITING


def test_missing_and_unlisted_ends_it_without_counting_and_the_account_is_read() -> None:
    desk, _, out = written_off()
    assert desk.engine.desks[BTC].sides[LONG].tally.rotation.maker_timeouts == 0
    assert [f.reason for f in of(do.FetchSnapshot, out)] == ["an order was written off"]
    desk.passes(150, quoting=True)
    assert only(desk.rise()).client_id == "vq-r1-2"


def test_a_late_fill_of_a_written_off_order_is_booked_and_told() -> None:
    desk, order, _ = written_off()
    out = desk.fill(order)
    assert desk.view().qty == D("0.95")
    [fill] = notices(out, NoticeKind.FILL)
    assert dict(fill.facts)["qty"] == "0.05"
    assert cancels(out) == []


def test_a_written_off_order_that_lives_is_cancelled_before_anything_else() -> None:
    desk, order, _ = written_off()
    assert cancels(desk.ack(order)) == ["not expected to live"]
    assert orders(desk.rise() + desk.passes(300, quoting=True)) == []
    assert only(desk.cancelled(order)).client_id == "vq-r1-2"


def test_what_was_told_of_an_order_is_not_told_again_when_more_of_it_fills_late() -> None:
    desk = started("0.1", base_mult=2)
    order = only(desk.rise())
    desk.ack(order)
    desk.fill(order, "0.04")
    out = desk.cancelled(order) + desk.fill(order, "0.02") + desk.fill(order, "0.02")
    told = [dict(fill.facts) for fill in notices(out, NoticeKind.FILL)]
    assert [(f["qty"], f["pnl"], f["fee"]) for f in told] == [("0.04", "0.2", "0.01"), *[("0.02", "0.2", "0.01")] * 2]
    assert {f["avg"] for f in told} == {str(order.price)}
    [done] = notices(desk.row("0") + desk.passes(3000), NoticeKind.EXIT_FINISHED)
    assert "0.08 closed in 1 orders at 100.3" in done.text


def test_only_so_many_orders_are_remembered_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aftermath, "KEPT", 1)
    desk = started(base_mult=2)
    for _ in range(2):
        order = only(desk.rise())
        desk.ack(order)
        desk.calm()
        desk.fill(order, "0.04")
        desk.cancelled(order)
        desk.passes(300, quoting=True)
    assert list(desk.engine.desks[BTC].sides[LONG].aftermath._told) == [order.client_id]
    [told] = notices(desk.fill(order, "0.02"), NoticeKind.FILL)
    assert dict(told.facts)["qty"] == "0.02"


def test_an_order_that_came_back_and_ended_again_is_told_of_by_what_it_added() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.fill(order, "0.02")
    desk.feed(ev.StreamDown(Stream.USER, desk.now))
    desk.passes(4200, quoting=True)
    desk.missing(order)
    [told] = notices(desk.open_orders(), NoticeKind.FILL)
    assert dict(told.facts)["qty"] == "0.02"
    assert cancels(desk.fill(order, "0.01")) == ["not expected to live"]
    [told] = notices(desk.cancelled(order), NoticeKind.FILL)
    assert (dict(told.facts)["qty"], dict(told.facts)["fee"]) == ("0.01", "0.01")
    [done] = notices(desk.row("0") + desk.passes(3000), NoticeKind.EXIT_FINISHED)
    assert "0.03 closed in 1 orders at 100.3" in done.text


def test_a_submit_that_nobody_answers_is_doubt_after_five_seconds() -> None:
    desk = started()
    only(desk.rise())
    assert of(do.QueryOrder, desk.passes(4900, quoting=True)) == []
    assert of(do.QueryOrder, desk.passes(200))
    assert desk.view().state is ExecutionState.DOUBTFUL


@pytest.mark.parametrize("code", [-1007, -1006, -4116])
def test_codes_that_do_not_say_what_became_of_it_are_doubt(code: int) -> None:
    desk = started()
    order = only(desk.rise())
    assert of(do.QueryOrder, desk.refused(order, code))
    assert desk.view().state is ExecutionState.DOUBTFUL


@pytest.mark.parametrize("how", ["refused", "unknown"])
def test_a_cancel_that_did_not_clearly_work_is_doubt_and_withdrawn_when_found(how: str) -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.passes(900, quoting=True)
    kind = RequestKind.CANCEL
    out = desk.refused(order, -2011, kind) if how == "refused" else desk.unknown(order, kind)
    assert of(do.QueryOrder, out)
    assert cancels(desk.ack(order)) == [], "not again at once, or cancel and query would chase each other"
    assert cancels(desk.passes(600, quoting=True)) == ["ttl"]


def test_a_cancel_that_never_left_is_asked_for_again() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.passes(900, quoting=True)
    assert desk.not_sent(order, RequestKind.CANCEL) == []
    assert desk.view().state is ExecutionState.WAITING
    assert cancels(desk.passes(600, quoting=True)) == ["ttl"]


def test_an_order_that_never_left_is_no_order_and_no_refusal() -> None:
    desk = started()
    order = only(desk.rise())
    waits = []
    for _ in range(8):
        since = desk.now
        order = only(desk.not_sent(order) + desk.passes(1150, quoting=True))
        waits.append((order.timestamp_ms - 10**9 - since) // 100)
    assert waits == [2, 4, 8, 10, 10, 10, 10, 10]  # a breaker that stays open is not run against
    assert desk.view().halted is None
    assert desk.engine.house.counter(BTC, LONG).room == D("0.95")


def test_a_refusal_after_a_report_that_it_lives_is_passed_over() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.refused(order, -2019)
    assert desk.view().state is ExecutionState.WAITING
    assert desk.engine.house.counter(BTC, LONG).open == D("0.05")


def test_answers_about_orders_nobody_knows_change_nothing() -> None:
    desk = started()
    t = desk.now
    desk.calm()
    for kind in (RequestKind.SUBMIT, RequestKind.CANCEL, RequestKind.AMEND, RequestKind.QUERY, RequestKind.MARK):
        assert desk.feed(ev.Refused(kind, BTC, "nobody", -2011, t, t)) == []
        assert desk.feed(ev.Unknown(kind, BTC, "nobody", t)) == []
        assert desk.feed(ev.NotSent(kind, BTC, "nobody", t)) == []
    assert desk.feed(ev.OrderMissing(BTC, "nobody", t, t)) == []


def test_when_the_user_stream_goes_what_lives_is_in_doubt_and_discretion_waits_for_a_read() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    out = desk.feed(ev.StreamDown(Stream.USER, desk.now, "closed"))
    assert [q.client_id for q in of(do.QueryOrder, out)] == [order.client_id]
    [notice] = notices(out, NoticeKind.RECONNECT)
    assert "closed" in notice.text
    desk.calm()
    desk.cancelled(order)
    desk.passes(150, quoting=True)
    assert orders(desk.rise()) == []
    assert desk.view().blocked == "the user stream is down"
    out = desk.feed(ev.StreamUp(Stream.USER, desk.now))
    assert of(do.FetchRules, out)
    assert of(do.FetchSnapshot, out)
    assert orders(out + desk.passes(300, quoting=True))
    assert "is back" in notices(out, NoticeKind.RECONNECT)[0].text


def test_a_market_stream_that_goes_withdraws_what_rests_and_asks_for_no_order() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    out = desk.feed(ev.StreamDown(Stream.BOOK, desk.now))
    assert cancels(out) == ["the book stream is down"]
    assert of(do.QueryOrder, out) == []
    assert "no reason given" in notices(out, NoticeKind.RECONNECT)[0].text


def test_after_a_reconnect_discretion_waits_for_the_rules_too() -> None:
    desk = started()
    desk.feed(ev.StreamDown(Stream.BOOK, desk.now))
    desk.mute = True
    desk.feed(ev.StreamUp(Stream.BOOK, desk.now))
    desk.snapshot()
    desk.quote()
    assert desk.view().blocked == "the symbol's rules have not been read since a stream came up"


def test_stale_data_withdraws_what_rests_by_the_timer_alone() -> None:
    desk = started(order_ttl_ms=5000)
    order = only(desk.rise())
    desk.ack(order)
    assert cancels(desk.passes(1400)) == []
    assert cancels(desk.passes(200)) == ["no fresh quote or trade for too long"]


def test_a_read_that_does_not_list_a_live_order_asks_for_it_by_id() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.passes(20)
    assert [q.client_id for q in of(do.QueryOrder, desk.snapshot())] == [order.client_id]
    desk.ack(order)
    desk.resting = [desk.report(order, NEW)]
    assert of(do.QueryOrder, desk.snapshot()) == []


def test_a_read_that_left_before_an_order_was_reported_says_nothing_of_it() -> None:
    desk = started()
    order = only(desk.rise())
    desk.passes(20)
    left = desk.now
    desk.passes(20)
    desk.ack(order)
    assert of(do.QueryOrder, desk.snapshot(request_ms=left)) == []
    assert desk.view().state is ExecutionState.WAITING
    desk.passes(20)
    assert [q.client_id for q in of(do.QueryOrder, desk.snapshot())] == [order.client_id]


def test_fills_that_no_row_contains_after_two_seconds_are_looked_into() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.calm()
    desk.mute = True
    told = replace(desk.report(order, FILLED), filled_qty=order.qty, last_qty=order.qty, last_price=D(100), trade_id=5)
    desk.feed(told)
    assert desk.view().qty == D("0.95")
    asked = of(do.FetchSnapshot, desk.passes(2300, quoting=True))
    assert any("own fills without a position row" in f.reason for f in asked)
    desk.hold("0.95")
    desk.snapshot()
    assert desk.engine.house.account.leg(BTC, LONG).row == D("0.95")

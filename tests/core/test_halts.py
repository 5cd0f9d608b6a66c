"""Behaviour 5, 12, 13: refusals, limits, foreign orders, halts, and the laws on the last line."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    CANCELED,
    FILLED,
    LONG,
    SHORT,
    Scenario,
    cancels,
    notices,
    of,
    only,
    orders,
    panicking,
    started,
)

from vibe_quant.core.order_plan import OrderPlan
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderSide,
    OrderType,
    RequestKind,
    Severity,
    SignalReason,
    Stream,
    TimeInForce,
)

D = Decimal


def refused_in_a_row(desk: Scenario, order: do.OrderIntent, code: int, times: int) -> list[do.Intent]:
    """The intents after the last of so many refusals."""
    out: list[do.Intent] = []
    for i in range(times):
        out = desk.refused(order, code)
        if i < times - 1:
            order = only(out + desk.passes(320, quoting=True))
    return out


# --- refusals


def test_five_refusals_in_a_row_halt_the_side_until_resumed() -> None:
    desk = started("1", "1")
    out = refused_in_a_row(desk, only(desk.rise()), -2019, 5)
    [halt] = of(do.Halt, out)
    assert (halt.symbol, halt.side) == (BTC, LONG)
    [alarm] = notices(out, NoticeKind.HALT)
    assert (alarm.severity, "5 refusals in a row, the last with -2019" in alarm.text) == (Severity.ALARM, True)
    assert orders(desk.passes(1000, quoting=True)) == []
    assert desk.view().halted == "5 refusals in a row, the last with -2019"
    assert only(desk.fall()).position_side is SHORT  # the other side goes on
    desk.calm()
    desk.feed(ev.Resume(desk.now, BTC))
    order = only(desk.rise())
    assert of(do.Halt, refused_in_a_row(desk, order, -2019, 4)) == []


def test_a_fill_in_between_ends_the_row_of_refusals() -> None:
    desk = started()
    refused_in_a_row(desk, only(desk.rise()), -2019, 4)
    order = only(desk.passes(320, quoting=True))
    desk.ack(order)
    order = only(desk.fill(order) + desk.passes(320, quoting=True))
    assert of(do.Halt, refused_in_a_row(desk, order, -2019, 4)) == []


def test_a_timeout_is_no_refusal() -> None:
    desk = started()
    refused_in_a_row(desk, only(desk.rise()), -2019, 4)
    order = only(desk.passes(320, quoting=True))
    assert of(do.Halt, desk.times_out(order)) == []


@pytest.mark.parametrize("code", [-1111, -4014, -4023, -4164, -1122, -4140])
def test_refusals_that_speak_of_rules_read_them_at_once(code: int) -> None:
    desk = started()
    [fetch] = of(do.FetchRules, desk.refused(only(desk.rise()), code))
    assert fetch.reason == f"an order was refused with {code}"


@pytest.mark.parametrize("code", [-1111, -4014, -4023, -4164, -1122, -4140])
def test_no_new_order_is_made_by_rules_that_a_refusal_has_called_into_question(code: int) -> None:
    desk = started("1", "1")
    desk.ack(only(desk.fall()))
    desk.mute = True
    desk.refused(only(desk.rise()), code)
    assert cancels(desk.rise()) == [], "what rests has been taken by the exchange"
    assert orders(desk.passes(1000, quoting=True)) == []
    assert desk.view().blocked == "the symbol's rules are being read again"
    desk.feed(ev.Refused(RequestKind.RULES, BTC, "", -1001, desk.now, desk.now))
    assert orders(desk.rise()) == []
    assert orders(desk.feed(ev.RulesLoaded(desk.rules, desk.now)))


@pytest.mark.parametrize("code", [-2015, -4061, -1022, -2023])
def test_refusals_that_speak_of_the_account_halt_everything_once(code: int) -> None:
    desk = started("1", "1")
    first, second = only(desk.rise()), only(desk.fall())
    out = desk.refused(first, code)
    assert [(h.symbol, h.side) for h in of(do.Halt, out)] == [(None, None)]
    assert str(code) in notices(out, NoticeKind.HALT)[0].text
    assert of(do.Halt, desk.refused(second, code)) == []
    assert orders(desk.passes(1000, quoting=True)) == []
    assert "halted" in str(desk.view(SHORT).blocked)
    desk.feed(ev.Resume(desk.now, BTC))
    assert desk.view().halted is not None  # a symbol's resume does not put the account right
    [notice] = notices(desk.feed(ev.Resume(desk.now, BTC)), NoticeKind.PAUSE)
    assert "resumed, but" in notice.text
    desk.quote()
    desk.feed(ev.Resume(desk.now))
    assert desk.view().halted is None
    assert orders(desk.rise())


# --- foreign orders


@pytest.mark.parametrize("code", [-2022, -4118])
def test_what_foreign_closers_claim_is_subtracted_after_a_refusal_for_it(code: int) -> None:
    desk = started()
    desk.resting = [desk.foreign("web_1", "0.97")]
    desk.feed(desk.resting[0])
    order = only(desk.rise())
    out = desk.refused(order, code)
    [alarm] = notices(out, NoticeKind.MISMATCH)
    assert dict(alarm.facts) == {"claimed": "0.97", "qty": "1"}
    assert orders(out + desk.passes(500, quoting=True)) == []
    assert "already cover" in str(desk.view().blocked)
    desk.resting = []  # it looks again on their events
    order = only(desk.feed(desk.foreign("web_1", "0.97", "0.2", CANCELED)))
    out = desk.refused(order, code)
    assert notices(out, NoticeKind.MISMATCH) == []  # no foreign closer is left to blame


def test_a_claim_is_said_once_and_what_it_leaves_is_worked() -> None:
    desk = started()
    desk.resting = [desk.foreign("web_1", "0.5")]
    desk.feed(desk.resting[0])
    order = only(desk.rise())
    assert notices(desk.refused(order, -2022), NoticeKind.MISMATCH)
    order = only(desk.passes(320, quoting=True))
    assert notices(desk.refused(order, -2022), NoticeKind.MISMATCH) == []
    order = only(desk.passes(320, quoting=True))
    desk.ack(order)
    out = desk.fill(order)  # what the claim leaves can still be sold: the claim stands
    assert desk.engine.desks[BTC].sides[LONG].claimed == D("0.5")
    for _ in range(2):
        order = only(out + desk.passes(320, quoting=True))
        out = desk.refused(order, -2022)
        assert notices(out, NoticeKind.MISMATCH) == []


def test_a_claim_that_is_gone_is_forgotten_with_the_next_fill_and_the_next_one_said() -> None:
    desk = started()
    desk.resting = [desk.foreign("web_1", "0.5")]
    desk.feed(desk.resting[0])
    order = only(desk.rise())
    desk.refused(order, -2022)
    desk.resting = []
    order = only(desk.feed(desk.foreign("web_1", "0.5", status=CANCELED)) + desk.passes(320, quoting=True))
    desk.ack(order)
    out = desk.fill(order)
    assert not desk.engine.desks[BTC].sides[LONG].tally.claimed
    desk.resting = [desk.foreign("web_2", "0.5")]
    out += desk.feed(desk.resting[0])
    assert desk.engine.desks[BTC].sides[LONG].claimed == 0
    order = only(out + desk.passes(320, quoting=True))
    assert notices(desk.refused(order, -2022), NoticeKind.MISMATCH)


def test_a_claim_is_said_anew_in_the_next_exit() -> None:
    desk = started("0.1")
    desk.resting = [desk.foreign("web_1", "0.05")]
    desk.feed(desk.resting[0])
    order = only(desk.rise())
    assert notices(desk.refused(order, -2022), NoticeKind.MISMATCH)
    desk.calm()
    assert notices(desk.row("0") + desk.passes(3000, quoting=True), NoticeKind.EXIT_FINISHED)
    order = only(desk.row("0.1") + desk.rise())
    assert notices(desk.refused(order, -2022), NoticeKind.MISMATCH)


def test_the_first_refusal_for_more_than_there_is_reads_the_account() -> None:
    desk = started()
    order = only(desk.rise())
    reasons = [f.reason for f in of(do.FetchSnapshot, desk.refused(order, -2022))]
    assert reasons == ["an order was refused with -2022"]


@pytest.mark.parametrize(
    ("client_id", "severity", "words"),
    [
        ("autoclose-123", Severity.ALARM, "liquidation"),
        ("adl_autoclose", Severity.ALARM, "auto-deleveraging"),
        ("settlement_autoclose-7", Severity.ALARM, "settlement"),
        ("web_abc", Severity.INFO, "not ours"),
    ],
)
def test_who_else_closed_a_part_is_said(client_id: str, severity: Severity, words: str) -> None:
    desk = started()
    [notice] = notices(desk.feed(desk.foreign(client_id, "0.2", "0.2", FILLED, traded="0.2")), NoticeKind.MISMATCH)
    assert notice.severity is severity
    assert words in notice.text


def test_foreign_orders_that_open_or_did_not_trade_are_not_said() -> None:
    desk = started(settings=replace(panicking(), sides=(LONG,)))
    assert desk.feed(desk.foreign("web_1", "1", "1", FILLED, traded="1", side=OrderSide.BUY)) == []
    assert desk.feed(desk.foreign("web_2", "1")) == []
    assert desk.feed(desk.foreign("web_3", "1", "1", FILLED, traded="1", position_side=SHORT)) == []


def test_a_position_that_others_reduce_below_an_own_order_cancels_it_at_once() -> None:
    desk = started("0.5", base_mult=2)
    order = only(desk.rise())
    desk.ack(order)
    assert cancels(desk.row("0.08")) == ["the position is smaller than the order"]


def test_an_enlargement_is_said() -> None:
    desk = started()
    [alert] = notices(desk.row("1.5"), NoticeKind.OPEN_ALERT)
    assert dict(alert.facts) == {"before": "1", "after": "1.5"}


# --- limits


def test_no_more_orders_a_second_than_allowed_and_it_wakes_by_itself() -> None:
    desk = started("1", repost_cooldown_ms=0, min_signal_interval_ms=0)
    order = only(desk.rise())
    for _ in range(4):
        order = only(desk.refused(order, -5022))
    assert orders(desk.refused(order, -5022)) == []
    assert desk.view().blocked == Blocked.ORDERS_SPENT
    assert orders(desk.passes(1100))


def test_no_more_cancels_a_second_than_allowed_and_the_held_one_leaves_by_itself() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.calm()
    desk.passes(700, quoting=True)
    for _ in range(8):
        desk.engine.house.pacing.cancelled(desk.now)
    assert cancels(desk.passes(400, quoting=True)) == []
    assert desk.view().blocked == Blocked.CANCELS_SPENT
    assert cancels(desk.passes(700)) == ["ttl"]


def test_a_cancel_for_a_closed_gate_waits_for_the_budget_too() -> None:
    desk = started(order_ttl_ms=5000)
    order = only(desk.rise())
    desk.ack(order)
    for _ in range(8):
        desk.engine.house.pacing.cancelled(desk.now)
    assert cancels(desk.feed(ev.StreamDown(Stream.BOOK, desk.now))) == []
    assert cancels(desk.passes(1100)) == ["the book stream is down"]


def test_a_429_holds_discretion_back_until_its_end() -> None:
    desk = started()
    [notice] = notices(desk.feed(ev.RateLimited(desk.now + 1000, desk.now)), NoticeKind.RISK)
    assert (notice.severity, "429" in notice.text) == (Severity.WARNING, True)
    assert orders(desk.rise()) == []
    assert "429" in str(desk.view().blocked)
    assert orders(desk.passes(1100, quoting=True))


def test_a_418_is_an_alarm() -> None:
    desk = started()
    [notice] = notices(desk.feed(ev.RateLimited(desk.now + 5000, desk.now, banned=True)), NoticeKind.RISK)
    assert (notice.severity, "5 s" in notice.text) == (Severity.ALARM, True)
    assert orders(desk.rise() + desk.passes(4800, quoting=True)) == []
    assert orders(desk.passes(500, quoting=True))


@pytest.mark.parametrize("banned", [True, False])
def test_a_back_off_is_said_once_however_many_requests_it_meets_and_again_where_it_grows(banned: bool) -> None:
    desk = started()
    until = desk.now + 3000

    def told(until_ms: int) -> list[do.Notify]:
        return notices(desk.feed(ev.RateLimited(until_ms, desk.now, banned=banned)), NoticeKind.RISK)

    assert [len(told(end)) for end in (until, until, until + 1000, until - 500)] == [1, 0, 0, 0]
    assert len(told(until + 2001)) == 1, "longer than was said"
    desk.passes(6000)
    assert len(told(desk.now + 1000)) == 1, "another one"


def test_the_reserve_of_weight_is_not_spent_on_discretion() -> None:
    desk = started()
    assert desk.feed(ev.RateUsage(desk.now, weight_1m=2000)) == []
    assert orders(desk.rise()) == []
    assert "weight" in str(desk.view().blocked)


# --- the last line


def plan(qty: str, *, urgent: bool = False) -> OrderPlan:
    mode, reason = ExecutionMode.AGGRESSIVE_LIMIT, SignalReason.FLATTEN
    return OrderPlan(D(qty), D(100), mode, reason, 800, 0, urgent=urgent)


@pytest.mark.parametrize("qty", ["1.01", "0", "-1"])
@pytest.mark.parametrize("urgent", [True, False])
def test_law_4_holds_on_the_last_line_whoever_asks(qty: str, urgent: bool) -> None:
    desk = started()
    side = desk.engine.desks[BTC].sides[LONG]
    out = side.send(plan(qty, urgent=urgent), desk.now)
    assert orders(out) == []
    [halt] = of(do.Halt, out)
    assert halt.reason.startswith("law 4")
    assert desk.view().halted == halt.reason


def test_the_independent_counter_stops_discretion_and_not_what_is_urgent() -> None:
    desk = started()
    side = desk.engine.desks[BTC].sides[LONG]
    desk.engine.house.counter(BTC, LONG).sold = D("0.5")
    out = side.send(plan("0.6"), desk.now)
    [halt] = of(do.Halt, out)
    assert halt.reason.startswith("the independent counter")
    assert notices(out, NoticeKind.HALT)[0].severity is Severity.ALARM
    assert orders(side.send(plan("0.6", urgent=True), desk.now))


# --- dust


def test_dust_is_tried_by_limit_then_by_market_then_said_once_with_its_value() -> None:
    desk = started("0.03")
    first = _first(desk)
    assert (first.qty, first.order_type, first.price, first.reason) == (
        D("0.03"), OrderType.LIMIT, D("100.0"), SignalReason.DUST,
    )  # fmt: skip
    out = desk.refused(first, -4164) + desk.passes(300, quoting=True)
    second = only(out)
    assert (second.order_type, second.price, second.price_match) == (OrderType.MARKET, None, None)
    out = desk.refused(second, -4164)
    [said] = notices(out, NoticeKind.DUST)
    assert dict(said.facts) == {"qty": "0.03", "value": "3.01", "code": "-4164"}
    later = desk.passes(5000, quoting=True) + desk.rise()
    assert (orders(later), notices(later, NoticeKind.DUST)) == ([], [])
    assert desk.view().blocked == "dust: the exchange takes no order of so little"


def _first(desk: Scenario) -> do.OrderIntent:
    """Dust needs no signal, so that its order has left already: found again in the ledger."""
    [own] = desk.engine.house.orders.live(BTC, LONG)
    return do.OrderIntent(
        BTC, LONG, own.client_id, own.order_type, own.qty, own.price, TimeInForce.GTC,
        ExecutionMode.AGGRESSIVE_LIMIT, SignalReason.DUST, own.timestamp_ms,
    )  # fmt: skip


def test_dust_that_fills_is_an_exit_like_any_other() -> None:
    desk = started("0.03")
    first = _first(desk)
    desk.ack(first)
    out = desk.fill(first)
    assert notices(out, NoticeKind.EXIT_FINISHED)
    assert notices(out, NoticeKind.DUST) == []


def test_dust_that_never_left_or_was_withdrawn_was_no_attempt() -> None:
    desk = started("0.03")
    first = _first(desk)
    again = only(desk.not_sent(first) + desk.passes(300, quoting=True))
    assert again.order_type is OrderType.LIMIT
    desk.ack(again)
    desk.feed(ev.Pause(desk.now))
    desk.cancelled(again)
    desk.quote()
    assert only(desk.feed(ev.Resume(desk.now)) + desk.passes(200, quoting=True)).order_type is OrderType.LIMIT


def test_dust_waits_where_others_cover_it_and_where_no_price_may_be_named() -> None:
    desk = started("0.03")
    first = _first(desk)
    desk.resting = [desk.foreign("web_1", "0.03")]
    desk.feed(desk.resting[0])
    assert orders(desk.refused(first, -2022) + desk.passes(300, quoting=True)) == []
    assert "already cover" in str(desk.view().blocked)
    desk.engine.desks[BTC].view.mark = None
    desk.engine.desks[BTC].sides[LONG].tally.dust = desk.engine.desks[BTC].sides[LONG].tally.dust.NONE
    assert orders(desk.feed(desk.foreign("web_1", "0.03", status=CANCELED))) == []
    assert "mark price is not known" in str(desk.view().blocked)


def test_dust_of_a_position_that_grew_and_shrank_is_tried_anew() -> None:
    desk = started("0.03")
    out = desk.refused(_first(desk), -4164) + desk.passes(300, quoting=True)
    desk.refused(only(out), -4164)
    desk.row("0.5")
    assert only(desk.row("0.04") + desk.passes(300, quoting=True)).order_type is OrderType.LIMIT

"""``why`` gives the true reason in every gate: one case a gate, its numbers, and since when; and what was acted on."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.core import why_order_cases
from tests.core.scenario import BTC, ETH, LONG, OFFSET, Scenario, listed, only, panicking, started, wallet_for
from tests.core.why_cases import CASES, waits

from vibe_quant.core.order_states import Doubtful, Idle
from vibe_quant.core.risk import CALM
from vibe_quant.core.why import INPUTS
from vibe_quant.domain import events as ev
from vibe_quant.domain.advice import ACTED, ADVICE
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import RequestKind, SignalReason
from vibe_quant.domain.side_view import WhyView

assert why_order_cases.BOOK, "its cases are known by its import"


def asked(desk: Scenario) -> WhyView:
    why = desk.engine.why(BTC, LONG, desk.now)
    assert why is not None
    return why


@pytest.mark.parametrize("blocked", Blocked)
def test_the_gate_says_its_name_its_numbers_and_since_when(blocked: Blocked) -> None:
    case = CASES[blocked]()
    desk = case.desk
    why = desk.engine.why(BTC, case.side, desk.now)
    assert why is not None
    assert (why.acting, why.reason) == (False, case.words or blocked.value)
    assert dict(why.inputs) == case.facts
    assert why.advice == ADVICE[blocked]
    assert why.since_ms == case.since
    assert (blocked.value in dict(why.counts)) is case.noted
    if case.noted:
        view = desk.engine.side_view(BTC, case.side)
        assert view is not None
        assert (view.blocked, view.blocked_since_ms) == (why.reason, why.since_ms)


def test_every_gate_has_its_numbers() -> None:
    assert set(INPUTS) == set(Blocked)
    assert len({blocked.value for blocked in Blocked}) == len(Blocked), "two gates would be counted as one"


def test_every_reason_says_what_it_means_and_what_to_do() -> None:
    assert set(ADVICE) == set(Blocked)
    assert set(ACTED) == set(SignalReason)
    for text in (*ADVICE.values(), *ACTED.values()):
        assert re.fullmatch(r"[A-Z].{19,}\.", text), text


def test_what_never_left_this_host_says_why_it_did_not() -> None:
    desk = started()
    order = only(desk.rise())
    detail = "the circuit breaker is open for another 42 s, after 5 failed requests in a row"
    desk.feed(ev.NotSent(RequestKind.SUBMIT, BTC, order.client_id, desk.now, detail))
    desk.passes(110)
    why = asked(desk)
    assert why.reason == Blocked.PATIENCE.value
    assert dict(why.inputs)["because"] == detail


def test_a_stretch_of_time_is_told_as_a_number_whose_name_says_so() -> None:
    for way in CASES.values():
        case = way()
        why = case.desk.engine.why(BTC, case.side, case.desk.now)
        assert why is not None
        for name, value in why.inputs:
            assert " ms" not in value
            assert not name.endswith("_ms") or value.isdecimal() or value in ("never", "since the start")


def test_an_order_of_a_signal_is_what_was_acted_on_with_what_it_was_decided_by() -> None:
    desk = started()
    order = only(desk.rise())
    at = order.timestamp_ms - OFFSET
    desk.quote("99.0", "99.4")
    why = asked(desk)
    assert (why.acting, why.reason, why.since_ms) == (True, "long_primary", at)
    assert dict(why.inputs) == {
        "order": order.client_id,
        "qty": "0.05",
        "price": str(order.price),
        "mode": "MAKER_ONLY",
        "bid": "100.0",
        "ask": "100.4",
        "strategies": "orderbook_price",
        "dist": f"{desk.engine.desks[BTC].risk.flag(LONG).dist:.4f}",
    }
    assert (why.last_reason, why.last_ms) == ("long_primary", at)
    assert why.advice == ACTED[SignalReason.LONG_PRIMARY]


def test_a_panic_order_shows_tier_and_distance() -> None:
    desk = Scenario(listed(BTC=panicking()))
    desk.start("1", wallet=wallet_for("90"))
    desk.passes(1200, quoting=True)
    only(desk.mark("91.3"))
    why, view = asked(desk), desk.view()
    assert (why.acting, why.reason) == (True, "panic")
    assert dict(why.inputs)["panic_tier"] == "1"
    assert dict(why.inputs)["dist"] == f"{view.dist:.4f}"
    assert "strategies" not in dict(why.inputs)


def test_what_was_acted_on_last_stays_known_whatever_holds_the_side_back_now() -> None:
    desk = started()
    order = only(desk.rise())
    at = order.timestamp_ms - OFFSET
    desk.ack(order)
    desk.feed(ev.Pause(desk.now))
    desk.cancelled(order)
    desk.passes(200, quoting=True)
    why = asked(desk)
    assert (why.acting, why.reason) == (False, Blocked.PAUSED.value)
    assert (why.last_reason, why.last_ms) == ("long_primary", at)


def test_a_leg_that_was_closed_meanwhile_is_not_called_paused() -> None:
    desk = waits()
    desk.feed(ev.Pause(desk.now))
    desk.row("0")
    assert asked(desk).reason == Blocked.FLAT.value
    assert (desk.view().blocked, desk.view().blocked_since_ms) == (None, None)


def test_before_the_account_is_read_an_unknown_leg_waits_for_that() -> None:
    desk = Scenario()
    desk.mute = True
    desk.start()
    assert asked(desk).reason == Blocked.UNREAD.value


def test_what_is_not_managed_has_no_why() -> None:
    desk = started()
    assert desk.engine.why(ETH, LONG, desk.now) is None
    assert desk.engine.look(ETH, LONG, desk.now) is None
    assert desk.engine.side_view(ETH, LONG) is None


def test_where_nothing_can_liquidate_the_leg_no_distance_is_shown() -> None:
    desk = started()
    only(desk.rise())
    side = desk.engine.desks[BTC].sides[LONG]
    assert side.acted is not None
    side.acted = replace(side.acted, flag=CALM)
    assert "dist" not in dict(asked(desk).inputs)


def test_of_two_orders_only_the_one_in_doubt_is_named() -> None:
    desk = started()
    order = only(desk.rise())
    desk.unknown(order)
    execution = desk.engine.desks[BTC].sides[LONG].execution
    assert isinstance(execution.state, Doubtful)
    execution.extras[order.client_id], execution.state = execution.state, Idle()
    assert dict(asked(desk).inputs)["order"] == order.client_id
    assert len(asked(desk).inputs) == 2


@pytest.mark.parametrize("blocked", [Blocked.NO_SIGNAL, Blocked.UNDER_A_LOT])
def test_without_a_book_the_numbers_that_need_one_are_left_out(blocked: Blocked) -> None:
    desk = started()
    side = desk.engine.desks[BTC].sides[LONG]
    side.desk.view.bid = None
    facts = dict(INPUTS[blocked](side, desk.now))
    assert facts
    assert not {"spread_ticks", "lot", "worth"} & set(facts)


def test_a_look_costs_nothing_and_changes_nothing() -> None:
    desk, other = started(), started()
    for _ in range(3):
        asked(desk)
    assert desk.rise() == other.rise()

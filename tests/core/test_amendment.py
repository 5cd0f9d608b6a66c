"""Behaviour 7 and 12: a resting order is amended where that is on, and re-priced where the rules change."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from tests.core.scenario import (
    BRACKETS,
    BTC,
    LONG,
    NEW,
    PARTIAL,
    RULES,
    Scenario,
    cancels,
    of,
    only,
    started,
)

from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as do
from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    MarginType,
    RequestKind,
)

D = Decimal
MAKER, AGGRESSIVE = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT


def amended(desk: Scenario) -> tuple[do.OrderIntent, do.AmendOrder]:
    order = only(desk.rise())
    desk.ack(order)
    [amend] = of(do.AmendOrder, desk.quote(bid="99.9", ask="100.2"))
    return order, amend


def test_a_maker_order_that_the_touch_has_left_is_amended_once_at_a_time() -> None:
    desk = started(amend=True)
    order, amend = amended(desk)
    assert (amend.client_id, amend.price, amend.qty) == (order.client_id, D("100.1"), order.qty)
    assert of(do.AmendOrder, desk.quote(bid="99.8", ask="100.1")) == []
    told = replace(desk.report(order, NEW), price=amend.price, amended=True)
    assert of(do.AmendOrder, desk.feed(told)) == []
    [again] = of(do.AmendOrder, desk.quote(bid="99.7", ask="100.0"))
    assert again.price == D("99.9")
    assert cancels(desk.passes(820)) == ["ttl"]  # its life is its own


def test_a_short_is_amended_in_the_mirror() -> None:
    desk = started("0", "1", amend=True)
    order = only(desk.fall())
    desk.ack(order)
    assert of(do.AmendOrder, desk.quote(bid="99.9", ask="100.3")) == []  # the touch came nearer
    [amend] = of(do.AmendOrder, desk.quote(bid="100.2", ask="100.6"))
    assert amend.price == D("100.3")


def test_a_touch_that_stays_amends_nothing_nor_does_one_that_prices_the_same() -> None:
    desk = started(amend=True, maker_safety_ticks=3)
    order = only(desk.rise())
    desk.ack(order)
    assert of(do.AmendOrder, desk.quote(ask="100.5")) == []
    assert of(do.AmendOrder, desk.quote(ask="100.2")) == []  # three ticks from the bid: 100.3 as before


def test_nothing_is_amended_where_no_price_may_be_named_or_the_budget_is_spent() -> None:
    desk = started(amend=True)
    order = only(desk.rise())
    desk.ack(order)
    desk.engine.desks[BTC].view.mark = None
    assert of(do.AmendOrder, desk.quote(ask="100.2")) == []
    desk.mark("100")
    held = started(amend=True)
    order = only(held.rise())
    held.ack(order)
    held.feed(ev.RateLimited(held.now + 500, held.now))
    assert of(do.AmendOrder, held.quote(bid="99.9", ask="100.2")) == []


def test_an_aggressive_order_is_not_amended() -> None:
    desk = started(amend=True)
    desk.trade("99.9")
    order = only(desk.trade("99.8"))
    desk.ack(order)
    assert of(do.AmendOrder, desk.quote(bid="99.9", ask="99.9")) == []


def test_a_refused_amendment_is_as_if_not_sent_and_one_not_sent_too() -> None:
    for answer in ("refused", "not_sent"):
        desk = started(amend=True)
        order, _ = amended(desk)
        kind = RequestKind.AMEND
        out = desk.refused(order, -5027, kind) if answer == "refused" else desk.not_sent(order, kind)
        assert desk.view().state is ExecutionState.WAITING
        assert of(do.AmendOrder, out + desk.quote()) == []  # not at once, or each quote would bring one
        desk.now += 200
        assert of(do.AmendOrder, desk.quote())  # the touch is still away


def test_an_amendment_is_under_way_until_it_is_told_of_whatever_else_is() -> None:
    desk = started(amend=True, base_mult=2)
    order, _ = amended(desk)
    assert of(do.AmendOrder, desk.fill(order, "0.02") + desk.quote(bid="99.8", ask="100.1")) == []
    told = replace(desk.report(order, PARTIAL), price=D("100.1"), amended=True)
    assert of(do.AmendOrder, desk.feed(told) + desk.quote(bid="99.7", ask="100.0"))


def test_an_order_that_was_amended_too_often_is_not_amended_again_and_lives_on() -> None:
    desk = started(amend=True)
    order, _ = amended(desk)
    assert of(do.AmendOrder, desk.refused(order, -5026, RequestKind.AMEND) + desk.quote(ask="100.1")) == []
    assert cancels(desk.passes(820, quoting=True)) == ["ttl"]


def test_an_amendment_of_unknown_outcome_is_doubt() -> None:
    desk = started(amend=True)
    order, _ = amended(desk)
    assert of(do.QueryOrder, desk.unknown(order, RequestKind.AMEND))
    assert desk.view().state is ExecutionState.DOUBTFUL


def test_a_new_grid_withdraws_what_rests_and_prices_the_next_on_it() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.rules = replace(RULES, tick=D("0.05"))
    out = desk.feed(ev.RulesLoaded(desk.rules, desk.now, BRACKETS))
    assert cancels(out) == ["the symbol's grid has changed"]
    assert only(desk.cancelled(order) + desk.passes(300, quoting=True)).price == D("100.35")


def test_the_same_rules_again_withdraw_nothing_and_a_symbol_that_does_not_trade_is_left() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    assert cancels(desk.feed(ev.RulesLoaded(RULES, desk.now))) == []
    assert cancels(desk.feed(ev.RulesLoaded(replace(RULES, status="SETTLING"), desk.now))) == [
        "the symbol is in status SETTLING"
    ]


def test_rules_are_read_every_ten_minutes_and_again_after_a_failure() -> None:
    desk = started("0")
    assert of(do.FetchRules, desk.passes(590_000, quoting=True)) == []
    desk.mute = True
    assert len(of(do.FetchRules, desk.passes(12_000))) == 1
    assert len(of(do.FetchRules, desk.passes(10_000))) == 1  # nobody answered
    desk.feed(ev.NotSent(RequestKind.RULES, BTC, "", desk.now))
    assert len(of(do.FetchRules, desk.passes(2100))) == 1


def test_an_isolated_leg_counts_its_own_wallet() -> None:
    desk = started("0")
    t = desk.now
    update = ev.PositionUpdate(
        BTC, LONG, D(1), D(100), t + 10**9 + 1, t, margin_type=MarginType.ISOLATED, isolated_wallet=D("10.9")
    )
    desk.feed(update)
    dist = desk.view().dist
    assert dist is not None
    assert D("0.099") < dist < D("0.101")

"""Behaviour 7: one order at a time, from its acknowledgement to the cooldown; what its end counts for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import (
    BTC,
    EXPIRED,
    LONG,
    cancels,
    notices,
    only,
    orders,
    started,
)

from vibe_quant.domain.enums import (
    ExecutionMode,
    ExecutionState,
    NoticeKind,
    OrderStatus,
    Source,
)
from vibe_quant.domain.settings import (
    FillRateSettings,
)

D = Decimal
MAKER, AGGRESSIVE = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT


def test_the_ttl_cancels_the_cooldown_waits_and_the_next_signal_acts() -> None:
    desk = started()
    order = only(desk.rise())
    assert desk.view().state is ExecutionState.PLACING
    desk.ack(order)
    assert desk.view().state is ExecutionState.WAITING
    assert cancels(desk.passes(780, quoting=True)) == []
    assert cancels(desk.passes(50)) == ["ttl"]
    assert desk.view().state is ExecutionState.CANCELING
    assert orders(desk.cancelled(order) + desk.passes(80)) == []
    assert desk.view().state is ExecutionState.COOLDOWN
    assert only(desk.passes(60, quoting=True) + desk.quote()).client_id == "vq-r1-2"


def test_timeouts_in_a_row_make_it_aggressive_and_a_full_fill_maker_again() -> None:
    desk = started()
    first = only(desk.rise())
    second = only(desk.times_out(first))
    assert second.mode is MAKER
    third = only(desk.times_out(second))
    assert (third.mode, third.price) == (AGGRESSIVE, D("100.0"))
    desk.ack(third)
    fourth = only(desk.fill(third, maker=False) + desk.passes(220, quoting=True))
    assert fourth.mode is MAKER


def test_a_partial_fill_resets_the_timeouts_and_is_told_as_such() -> None:
    desk = started("1", base_mult=2)
    first = only(desk.rise())
    second = only(desk.times_out(first))
    desk.ack(second)
    desk.fill(second, "0.04")
    out = desk.passes(900, quoting=True) + desk.cancelled(second)
    [told] = notices(out, NoticeKind.FILL)
    assert dict(told.facts) == {
        "qty": "0.04", "avg": "100.3", "mode": "MAKER_ONLY", "role": "maker", "pnl": "0.2", "fee": "0.01",
        "fee_asset": "USDT", "reason": "long_primary", "before": "1.00", "after": "0.96",
    }  # fmt: skip
    third = only(desk.passes(300, quoting=True))
    assert only(desk.times_out(third)).mode is MAKER


def test_an_order_that_expires_unfilled_at_the_exchange_is_an_ordinary_end_and_counts_as_not_filled() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.cancelled(order, EXPIRED)
    assert desk.engine.desks[BTC].sides[LONG].tally.rotation.maker_timeouts == 1
    assert orders(desk.passes(300, quoting=True))


def test_the_cause_of_an_end_is_counted_only_with_its_final_state() -> None:
    desk = started(maker_timeouts_to_escalate=1)
    order = only(desk.rise())
    desk.ack(order)
    desk.passes(850, quoting=True)
    tally = desk.engine.desks[BTC].sides[LONG].tally
    assert tally.rotation.mode is MAKER
    desk.fill(order)  # it was filled while the cancel was on its way
    assert tally.rotation.mode is MAKER
    assert tally.rotation.maker_timeouts == 0


@pytest.mark.parametrize("row_first", [True, False])
def test_an_exit_is_finished_once_with_all_that_was_closed(row_first: bool) -> None:
    desk = started("0.1")
    first = only(desk.rise())
    desk.ack(first)
    out = desk.fill(first, row_first=row_first) + desk.passes(300, quoting=True)
    second = only(out)
    desk.ack(second)
    out = desk.fill(second, row_first=row_first) + desk.passes(40_000, quoting=True)
    [done] = notices(out, NoticeKind.EXIT_FINISHED)
    assert dict(done.facts) == {"qty": "0.10", "avg": "100.3", "orders": "2", "left": "0"}
    assert "2 orders at 100.3" in done.text
    assert desk.view().qty == 0


def test_a_row_that_our_own_fill_explains_withdraws_nothing() -> None:
    desk = started("0.05")
    order = only(desk.rise())
    desk.ack(order)
    assert cancels(desk.fill(order, "0.03", row_first=True) + desk.passes(200, quoting=True)) == []


def test_a_fall_that_no_fill_explains_in_time_withdraws_the_order() -> None:
    desk = started("0.05")
    order = only(desk.rise())
    desk.ack(order)
    assert cancels(desk.row("0.04") + desk.row("0.03") + desk.passes(97)) == []
    assert cancels(desk.passes(10)) == ["the position is smaller than the order"]


def test_the_next_position_is_another_exit() -> None:
    desk = started("0.05")
    order = only(desk.rise())
    desk.ack(order)
    desk.calm()
    desk.fill(order)
    out = desk.row("0.5")
    [alert] = notices(out, NoticeKind.OPEN_ALERT)
    assert "has a position: 0" in alert.text
    desk.passes(300, quoting=True)
    order = only(desk.rise())
    desk.ack(order)
    desk.fill(order)
    desk.calm()
    out = desk.row("0")
    [done] = notices(out, NoticeKind.EXIT_FINISHED)
    assert dict(done.facts)["orders"] == "1"


def test_a_position_that_somebody_else_closes_finishes_the_exit_with_nothing_sold() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.calm()
    assert cancels(desk.row("0")) == ["the position is smaller than the order"]  # more than the order explains
    [done] = notices(desk.cancelled(order), NoticeKind.EXIT_FINISHED)
    assert "a price that was not told" in done.text


def test_a_role_is_both_taker_or_unknown() -> None:
    desk = started()
    order = only(desk.rise())
    desk.ack(order)
    desk.fill(order, "0.02")
    [told] = notices(desk.fill(order, maker=False), NoticeKind.FILL)
    assert dict(told.facts)["role"] == "both"
    other = only(desk.passes(300, quoting=True))
    desk.ack(other)
    [told] = notices(desk.fill(other, maker=False), NoticeKind.FILL)
    assert dict(told.facts)["role"] == "taker"
    third = only(desk.passes(300, quoting=True))
    rest = replace(desk.report(third, OrderStatus.FILLED), filled_qty=third.qty)
    [told] = notices(desk.feed(rest), NoticeKind.FILL)
    assert (dict(told.facts)["role"], dict(told.facts)["avg"]) == ("unknown", "None")


def test_fills_that_only_rest_told_of_are_priced_by_its_average() -> None:
    desk = started("0.1")
    first = only(desk.rise())
    desk.ack(first)
    desk.filled[first.client_id] = first.qty
    told = replace(desk.report(first, OrderStatus.FILLED), avg_price=D("100.31"), source=Source.REST)
    [fill] = notices(desk.feed(told), NoticeKind.FILL)
    assert (dict(fill.facts)["avg"], dict(fill.facts)["role"]) == ("100.31", "unknown")
    second = only(desk.row("0.05") + desk.passes(300, quoting=True))
    desk.ack(second)
    desk.filled[second.client_id] = second.qty
    out = desk.feed(desk.report(second, OrderStatus.FILLED)) + desk.row("0")
    [done] = notices(out + desk.passes(3000), NoticeKind.EXIT_FINISHED)
    assert dict(done.facts)["qty"] == "0.10"
    assert dict(done.facts)["avg"] == "100.31"  # of the half whose price is known


def test_post_only_refusals_move_a_tick_back_then_escalate() -> None:
    desk = started()
    prices = []
    order = only(desk.rise())
    for _ in range(3):
        prices.append((order.price, order.mode))
        order = only(desk.refused(order, -5022) + desk.passes(300, quoting=True))
    prices.append((order.price, order.mode))
    assert prices == [(D("100.3"), MAKER), (D("100.3"), MAKER), (D("100.4"), MAKER), (D("100.0"), AGGRESSIVE)]


def test_post_only_refusals_never_halt_and_never_take_where_taker_is_off() -> None:
    desk = started(maker_timeouts_to_escalate=0)
    order = only(desk.rise())
    for _ in range(8):
        order = only(desk.refused(order, -5022) + desk.passes(300, quoting=True))
        assert order.mode is MAKER
    assert order.price == D("100.4")


def test_a_low_fill_rate_makes_a_signal_aggressive_and_a_high_one_lives_longer() -> None:
    rate = FillRateSettings(enabled=True, low=D("0.5"), high=D("0.75"))
    desk = started(fill_rate=rate, maker_timeouts_to_escalate=9)
    order = only(desk.rise())
    for _ in range(4):
        order = only(desk.times_out(order))
    assert order.mode is AGGRESSIVE

    desk = started(fill_rate=rate)
    order = only(desk.rise())
    for _ in range(4):
        desk.ack(order)
        order = only(desk.fill(order) + desk.passes(300, quoting=True))
    desk.ack(order)
    assert cancels(desk.passes(740, quoting=True)) == []  # it left 200 ms ago
    assert cancels(desk.passes(80)) == ["ttl"]

"""The break-even price against recorded pairs, and the account's money accounted for to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.sim.account import Leg, break_even
from vibe_quant.sim.records import AccountEvent, OrderEvent, Rejected

D = Decimal
SYMBOL = "BTC/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


@pytest.mark.parametrize(
    ("qty", "price", "rate", "expected"),
    [
        ("0.1", "80.19", "0.0005", "80.230095"),
        ("0.1", "84146.5", "0.0004", "84180.1586"),
        ("0.02", "313.2", "0.0004", "313.32528"),
        ("0.002", "91739.9", "0.0005", "91785.76995"),
        ("2", "3.1717", "0.0005", "3.17328585"),
        ("0.02", "2317.3", "0", "2317.3"),
    ],
)
def test_recorded_openings(new_desk: Any, qty: str, price: str, rate: str, expected: str) -> None:
    desk = new_desk()
    desk.x.account.taker_fee = D(rate)
    desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.BUY, D(qty), desk.now, price=D(price))
    (row,) = [event.positions[0] for event in desk.events() if isinstance(event, AccountEvent)]
    assert row.break_even == D(expected)
    assert row.margin_asset == "USDT"


def test_a_recorded_partial_close_moves_it_by_loss_and_fee() -> None:
    """ADAUSDT 2024-10: 18 of 64 sold at 0.3432, entered at 0.3435; 0.045 % fee."""
    before = Leg(D(64), D("0.3435"), burden=D(64) * (D("0.3438734397656") - D("0.3435")))
    loss, fee = D(18) * D("0.0003"), D(18) * D("0.3432") * D("0.00045")
    after = Leg(D(46), D("0.3435"), burden=before.burden + loss + fee)
    assert break_even(LONG, before) == D("0.343873439766")
    assert abs(break_even(LONG, after) - D("0.3441973927174")) < D("1E-11")


def test_a_short_breaks_even_below_its_entry(new_desk: Any) -> None:
    desk = new_desk()
    desk.x.forced.external_trade(SYMBOL, SHORT, OrderSide.SELL, D(2), desk.now, price=D(100))
    assert break_even(SHORT, desk.x.account.leg(SYMBOL, SHORT)) == D("99.95")
    desk.x.forced.external_trade(SYMBOL, SHORT, OrderSide.BUY, D(1), desk.now, price=D(90))
    # 0.1 and 0.045 of fees, 10 of profit, 1 left
    assert break_even(SHORT, desk.x.account.leg(SYMBOL, SHORT)) == D(100) + 10 - D("0.145")


def test_a_new_leg_begins_anew(new_desk: Any) -> None:
    desk = new_desk()
    for price in ("100", "150"):
        desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.BUY, D(1), desk.now, price=D(price))
        assert break_even(LONG, desk.x.account.leg(SYMBOL, LONG)) == D(price) * D("1.0005")
        desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D(1), desk.now, price=D(120))
        assert break_even(LONG, desk.x.account.leg(SYMBOL, LONG)) == 0


QTY = st.integers(1, 3000).map(lambda n: D(n) / 1000)
PRICES = st.integers(500, 1500).map(lambda n: D(n) / 10)
fills = st.lists(st.tuples(st.booleans(), QTY, PRICES), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(fills, st.sampled_from(list(PositionSide)))
def test_closing_there_leaves_what_was_before(
    new_desk: Any, done: list[tuple[bool, Decimal, Decimal]], side: PositionSide
) -> None:
    desk = new_desk()
    leg = desk.x.account.leg(SYMBOL, side)
    start = desk.wallet()
    for opens, qty, price in done:
        closing = side.exit_side
        if opens or not leg.qty:
            start = desk.wallet() if not leg.qty else start
            desk.x.forced.external_trade(SYMBOL, side, side.opposite.exit_side, qty, desk.now, price=price)
        else:
            desk.x.forced.external_trade(SYMBOL, side, closing, min(qty, leg.qty), desk.now, price=price)
        if leg.qty:
            sign = 1 if side is LONG else -1
            left = sign * (break_even(side, leg) - leg.entry) * leg.qty
            assert abs(desk.wallet() + left - start) < D("1E-6")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.sampled_from(list(PositionSide)), st.booleans(), QTY, PRICES),
        st.tuples(st.just("mark"), st.integers(200, 2500).map(lambda n: D(n) / 10)),
        st.tuples(st.just("funding"), st.integers(-50, 50).map(lambda n: D(n) / 1000)),
        st.tuples(st.just("transfer"), st.integers(-2000, 3000).map(lambda n: D(n) / 100)),
        st.tuples(st.just("settle")),
    ),
    min_size=1,
    max_size=25,
)


def act(desk: Any, step: tuple[Any, ...]) -> None:
    match step:
        case ("trade", side, opens, qty, price):
            order_side = side.opposite.exit_side if opens else side.exit_side
            desk.x.forced.external_trade(SYMBOL, side, order_side, qty, desk.now, price=price)
        case ("mark", price):
            desk.mark(str(price))
        case ("funding", rate):
            desk.x.forced.funding(SYMBOL, rate, desk.now)
        case ("transfer", amount):
            desk.x.forced.transfer("USDT", amount, desk.now)
        case _:
            desk.x.settlement.set_status(SYMBOL, "SETTLING", desk.now)


@settings(max_examples=80, deadline=None)
@given(st.booleans(), steps)
def test_the_wallet_is_the_sum_of_what_was_told(new_desk: Any, isolated: bool, done: list[tuple[Any, ...]]) -> None:
    desk = new_desk(wallet="300")
    desk.mark("100")
    if isolated:
        desk.x.account.isolated.add(SYMBOL)
    told = D(300)
    for step in done:
        try:
            act(desk, step)
        except Rejected as refusal:
            assert refusal.code == -2022
        for event in desk.events():
            if isinstance(event, OrderEvent):
                told += event.realized_pnl - event.fee
            elif isinstance(event, AccountEvent):
                told += sum((row.change for row in event.balances), D(0))
        assert desk.wallet() == told
        held = sum(desk.x.account.leg(SYMBOL, side).isolated_wallet for side in PositionSide)
        assert desk.x.account.cross_wallet("USDT") + held == told

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.liquidation import (
    Leg,
    PriceMemo,
    distance,
    is_sound,
    larger_side,
    liquidation_price,
    margin_distance,
    net_qty,
    standing,
    surplus,
)
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.rules import Bracket

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BRACKETS = (
    Bracket(D(0), D(50_000), D("0.004"), D(0), 125),
    Bracket(D(50_000), D(250_000), D("0.005"), D(50), 100),
    Bracket(D(250_000), D(1_000_000), D("0.01"), D(1300), 50),
    Bracket(D(1_000_000), D(10_000_000), D("0.025"), D(16_300), 20),
)
ONE_BRACKET = BRACKETS[:1]


def test_the_closed_formula_of_the_exchange_within_one_bracket() -> None:
    # LP = (WB - TMM1 + UPNL1 + cumL + cumS - PosL*EPL + PosS*EPS) / (PosL*MMRL + PosS*MMRS - PosL + PosS)
    legs = [Leg(LONG, D(1), D(100)), Leg(SHORT, D("0.4"), D(110))]
    top = D(20) - D(3) + D(1) - D(100) + D("0.4") * D(110)
    bottom = D("0.004") + D("0.4") * D("0.004") - 1 + D("0.4")
    assert liquidation_price(legs, D(20), D(3), D(1), BRACKETS) == pytest.approx(top / bottom)


@pytest.mark.parametrize(("side", "expected"), [(LONG, D(90) / D("0.996")), (SHORT, D(110) / D("1.004"))])
def test_a_single_leg(side: PositionSide, expected: D) -> None:
    price = liquidation_price([Leg(side, D(1), D(100))], D(10), D(0), D(0), BRACKETS)
    assert price == pytest.approx(expected)


def test_a_price_in_a_higher_bracket_uses_that_bracket() -> None:
    # 1000 x ~95 = 95000: second bracket, cum 50
    price = liquidation_price([Leg(LONG, D(1000), D(100))], D(5000), D(0), D(0), BRACKETS)
    assert price == pytest.approx((D(100_000) - 5000 - 50) / (1000 * (1 - D("0.005"))))


@pytest.mark.parametrize(
    ("legs", "wallet"),
    [
        ([], D(10)),
        ([Leg(LONG, D(0), D(100))], D(10)),
        ([Leg(LONG, D(1), D(100)), Leg(SHORT, D(1), D(90))], D(10)),  # nothing net
        ([Leg(LONG, D(1), D(100))], D(100)),  # fully paid
        ([Leg(SHORT, D(1), D(100))], D(-200)),  # lost at every price
        ([Leg(LONG, D(1000), D(100)), Leg(SHORT, D(999), D(100))], D(-1)),  # never sound at any price
    ],
)
def test_no_price_on_the_larger_legs_side(legs: list[Leg], wallet: D) -> None:
    assert liquidation_price(legs, wallet, D(0), D(0), BRACKETS) is None


def test_without_brackets_it_is_an_error_and_not_none() -> None:
    with pytest.raises(ValueError, match="brackets"):
        liquidation_price([Leg(LONG, D(1), D(100))], D(10), D(0), D(0), ())


def test_distance_and_its_sign() -> None:
    assert distance(LONG, D(100), D(90)) == D("0.1")
    assert distance(SHORT, D(100), D(110)) == D("0.1")
    assert distance(LONG, D(100), D(100)) == 0
    assert distance(LONG, D(100), D(101)) < 0
    assert distance(SHORT, D(100), D(99)) < 0


def test_margin_distance_and_larger_side() -> None:
    legs = [Leg(LONG, D(2), D(100)), Leg(SHORT, D(1), D(100))]
    assert margin_distance(legs, D(50), BRACKETS, D(100)) == (D(50) - D("1.2")) / D(100)
    even = [Leg(LONG, D(1), D(100)), Leg(SHORT, D(1), D(100))]
    assert margin_distance(even, D(50), BRACKETS, D(100)) is None
    assert (larger_side(legs), larger_side(legs[1:]), larger_side(even)) == (LONG, SHORT, None)
    assert net_qty(legs) == 1


def test_standing_of_both_legs() -> None:
    legs = [Leg(LONG, D(2), D(100)), Leg(SHORT, D(1), D(100))]
    small = standing(SHORT, legs, Margin(D(20)), BRACKETS, D(100))
    assert (small.price, small.dist) == (None, None)
    assert is_sound(legs, Margin(D(20)), BRACKETS, D(100))
    large = standing(LONG, legs, Margin(D(20)), BRACKETS, D(100))
    assert large.price is not None
    assert large.dist == distance(LONG, D(100), large.price)
    paid = standing(LONG, legs[:1], Margin(D(500)), BRACKETS, D(100))
    assert (paid.price, paid.dist) == (None, margin_distance(legs[:1], D(500), BRACKETS, D(100)))
    assert not is_sound(legs[:1], Margin(D(0)), BRACKETS, D(100))


amounts = st.decimals("0.001", "5000", places=3)
prices = st.decimals("50", "200", places=2)


@given(
    long=amounts,
    short=st.one_of(st.just(D(0)), amounts),
    entry_long=prices,
    entry_short=prices,
    wallet=st.decimals("-1000", "400000", places=2),
    other=st.decimals("0", "2000", places=2),
    upnl=st.decimals("-2000", "2000", places=2),
    flip=st.booleans(),
    brackets=st.sampled_from([BRACKETS, ONE_BRACKET]),
)
def test_margin_changes_sign_at_the_price_or_nowhere(
    long: D,
    short: D,
    entry_long: D,
    entry_short: D,
    wallet: D,
    other: D,
    upnl: D,
    flip: bool,
    brackets: tuple[Bracket, ...],
) -> None:
    sides = (SHORT, LONG) if flip else (LONG, SHORT)
    legs = [Leg(sides[0], long, entry_long), Leg(sides[1], short, entry_short)]
    side = larger_side(legs)
    price = liquidation_price(legs, wallet, other, upnl, brackets)
    backing = wallet - other + upnl

    def safe(at: D) -> bool:
        return surplus(legs, backing, brackets, at) >= 0

    grid = [D(10) ** (D(i) / 20) for i in range(-80, 161)]
    if price is None:
        walk = [safe(p) for p in grid]
        wrong = (False, True) if side is LONG else (True, False)
        assert side is None or wrong not in pairwise(walk)
        return
    e = D("1e-9")
    assert price > 0
    below, above = safe(price * (1 - e)), safe(price * (1 + e))
    assert (below, above) == ((False, True) if side is LONG else (True, False))


def test_a_memo_gives_the_price_of_what_it_is_asked_for() -> None:
    memo = PriceMemo()
    brackets = (Bracket(D(0), D(10**9), D("0.01"), D(0), 20),)
    one, two = [Leg(PositionSide.LONG, D(1), D(100))], [Leg(PositionSide.LONG, D(2), D(100))]
    for legs, margin, chosen in (
        (one, Margin(D(50)), brackets),
        (one, Margin(D(50)), brackets),
        (two, Margin(D(50)), brackets),
        (two, Margin(D(60)), brackets),
        (two, Margin(D(60)), (Bracket(D(0), D(10**9), D("0.02"), D(0), 20),)),
    ):
        assert memo.price(legs, margin, chosen) == liquidation_price(legs, margin.wallet, D(0), D(0), chosen)

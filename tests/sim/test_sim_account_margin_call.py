# mypy: disable-error-code="comparison-overlap"
"""MARGIN_CALL: when it comes, when it comes again, and that liquidation does not depend on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.sim.records import MarginCallEvent
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
RATIO, CLEAR = D("0.8"), D("0.7")
CALM = Switches(margin_call_ratio=D(1))


def calls(desk: Any) -> list[MarginCallEvent]:
    return [event for event in desk.events() if isinstance(event, MarginCallEvent)]


def long_ten(new_desk: Any, switches: Switches | None = None) -> Any:
    """10 LONG from 100 with 200 USDT: maintenance 0.04 a unit of price, margin balance 200 - 10 (100 - mark)."""
    desk = new_desk(switches, wallet="200", others=(OTHER,))
    desk.seed(LONG, "10")
    return desk


def ratio(mark: Decimal) -> Decimal:
    return mark * D("0.04") / (D(200) + 10 * (mark - 100))


def test_it_comes_at_the_ratio_and_not_before(new_desk: Any) -> None:
    desk = long_ten(new_desk)
    # 0.04 m = 0.8 (10 m - 800) at m = 640 / 7.96 = 80.40201
    desk.mark("80.403")
    assert calls(desk) == []
    desk.mark("80.402")
    (call,) = calls(desk)
    assert call.cross_wallet == 200
    assert call.exch_ms == desk.now
    (row,) = call.positions
    assert (row.symbol, row.side, row.amount, row.margin_type) == (SYMBOL, LONG, 10, MarginType.CROSSED)
    assert (row.mark, row.unrealized_pnl, row.isolated_wallet) == (D("80.402"), D("-195.98"), 0)
    assert row.maintenance == D("80.402") * D("0.04")


def test_it_names_every_leg_that_shares_the_wallet(new_desk: Any) -> None:
    desk = long_ten(new_desk)
    desk.seed(SHORT, "0.1", "100", OTHER)
    desk.mark("100", OTHER)
    desk.mark("80.4")
    (call,) = calls(desk)
    assert [(row.symbol, row.amount) for row in call.positions] == [(SYMBOL, 10), (OTHER, D("-0.1"))]


def test_an_isolated_leg_is_warned_of_alone(new_desk: Any) -> None:
    desk = new_desk(wallet="1000", others=(OTHER,))
    desk.x.seed_position(SYMBOL, SHORT, D(1), D(100), D(10))
    desk.seed(LONG, "1", "100", OTHER)
    desk.mark("109.455")
    (call,) = calls(desk)
    assert call.cross_wallet is None
    assert [(row.side, row.margin_type, row.isolated_wallet) for row in call.positions] == [
        (SHORT, MarginType.ISOLATED, 10)
    ]
    desk.mark("109.46")
    assert calls(desk) == []


def test_it_comes_again_by_switch(new_desk: Any) -> None:
    desk = long_ten(new_desk, Switches(margin_call_repeat_ms=1000))
    for wait, told in ((0, 1), (999, 0), (1, 1), (1, 0)):
        desk.wait(wait)
        desk.mark("80.4")
        assert len(calls(desk)) == told


def test_a_new_leg_after_liquidation_is_warned_of_anew(new_desk: Any) -> None:
    desk = long_ten(new_desk)
    for _ in range(2):
        desk.mark("80.4")
        assert len(calls(desk)) == 1
        desk.mark("80.2")
        assert desk.leg(LONG) == 0
        desk.x.forced.transfer("USDT", 200 - desk.wallet(), desk.now)
        desk.seed(LONG, "10")
        desk.mark("100")
        desk.events()


def test_a_leg_that_is_closed_in_time_leaves_nothing_behind(new_desk: Any) -> None:
    desk = long_ten(new_desk)
    desk.mark("80.4")
    desk.seed(LONG, "0")
    desk.mark("80.4")
    desk.seed(LONG, "10")
    desk.events()
    desk.mark("80.4")
    assert len(calls(desk)) == 1


def test_between_the_two_ratios_nothing_is_told(new_desk: Any) -> None:
    desk = long_ten(new_desk)  # 0.8 at 80.402, 0.7 at 80.4598
    for mark, told in (("80.4", 1), ("80.45", 0), ("80.4", 0), ("80.46", 0), ("80.45", 0), ("80.4", 1)):
        desk.mark(mark)
        assert len(calls(desk)) == told


def test_a_balance_equal_to_maintenance_is_liquidated_not_warned_of(new_desk: Any) -> None:
    desk = new_desk(wallet="203.2")
    desk.seed(LONG, "10")
    desk.mark("80")  # 203.2 - 200 against 800 x 0.004
    assert desk.leg(LONG) == 0
    assert calls(desk) == []


marks = st.lists(st.integers(80_350, 80_500).map(lambda n: D(n) / 1000), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(marks)
def test_once_on_the_way_down_and_again_only_after_recovery(new_desk: Any, path: list[Decimal]) -> None:
    desk = long_ten(new_desk)
    armed = True
    for mark in path:
        desk.mark(str(mark))
        due = armed and ratio(mark) >= RATIO
        assert len(calls(desk)) == due
        armed = (armed and not due) or ratio(mark) < CLEAR


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(79_900, 81_000).map(lambda n: D(n) / 1000), min_size=1, max_size=20))
def test_liquidation_is_the_same_without(new_desk: Any, path: list[Decimal]) -> None:
    desks = [long_ten(new_desk, switches) for switches in (CALM, replace(CALM, margin_call_ratio=D("0.1")))]
    for mark in path:
        for desk in desks:
            desk.mark(str(mark))
        quiet, warned = (
            [str(event) for event in desk.events() if not isinstance(event, MarginCallEvent)] for desk in desks
        )
        assert len(quiet) == len(warned)
        assert len({(desk.leg(LONG), desk.wallet()) for desk in desks}) == 1


def test_a_ratio_of_one_never_warns(new_desk: Any) -> None:
    desk = long_ten(new_desk, CALM)
    desk.mark("80.33")
    assert desk.leg(LONG) == 10
    assert calls(desk) == []

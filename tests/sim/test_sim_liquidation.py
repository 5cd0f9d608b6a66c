# mypy: disable-error-code="comparison-overlap,unreachable"
"""The liquidation price against a numeric search, and liquidation itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import PositionSide, StopStatus
from vibe_quant.domain.rules import maintenance_margin
from vibe_quant.sim.account import Leg
from vibe_quant.sim.liquidation import liquidation_price, of_symbol
from vibe_quant.sim.records import AccountEvent, OrderEvent
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
GRID = [D(100) * D("1.002") ** n for n in range(-3500, 3500)]


def margin(cushion: Decimal, long: Leg, short: Leg, brackets: Any, price: Decimal) -> Decimal:
    """Margin balance less maintenance at a price, straight from the definitions."""
    gain = (price - long.entry) * long.qty + (short.entry - price) * short.qty
    needed = maintenance_margin(brackets, long.qty * price) + maintenance_margin(brackets, short.qty * price)
    return cushion + gain - needed


def searched(cushion: Decimal, long: Leg, short: Leg, brackets: Any) -> Decimal | None:
    """The change of sign nearest to 100, by walking a grid and bisecting."""
    found = []
    values = [margin(cushion, long, short, brackets, price) for price in GRID]
    for n in range(len(GRID) - 1):
        if (values[n] > 0) != (values[n + 1] > 0):
            low, high = GRID[n], GRID[n + 1]
            for _ in range(40):
                mid = (low + high) / 2
                same = (margin(cushion, long, short, brackets, mid) > 0) == (values[n] > 0)
                low, high = (mid, high) if same else (low, mid)
            found.append(low)
    return min(found, key=lambda price: abs(price - 100), default=None)


quantities = st.integers(1, 4000).map(lambda n: D(n) / 100)
entries = st.integers(500, 2000).map(lambda n: D(n) / 10)
cushions = st.integers(1, 40_000).map(lambda n: D(n) / 10)


@settings(max_examples=30, deadline=None)
@given(cushions, quantities, entries, quantities, entries, st.sampled_from(["long", "short", "both"]))
def test_agrees_with_a_numeric_search(
    brackets: Any, cushion: Decimal, ql: Decimal, el: Decimal, qs: Decimal, es: Decimal, legs: str
) -> None:
    long = Leg(ql, el) if legs != "short" else Leg()
    short = Leg(qs, es) if legs != "long" else Leg()
    price = liquidation_price(cushion, long, short, brackets, D(100))
    expected = searched(cushion, long, short, brackets)
    if expected is None:
        assert price is None or not GRID[0] < price < GRID[-1]
    else:
        assert price is not None
        assert abs(price - expected) < expected * D("1E-9")


def test_figures_by_hand(brackets: Any) -> None:
    # 10 at 100 with 101: (101 - 1000) / (10 * 0.004 - 10), in the first bracket
    price = liquidation_price(D(101), Leg(D(10), D(100)), Leg(), brackets, D(100))
    assert price == D(-899) / D("-9.96")
    assert liquidation_price(D(101), Leg(D(1), D(100)), Leg(), brackets, D(100)) is None
    assert liquidation_price(D(5), Leg(D(1), D(100)), Leg(D(1), D(100)), (), D(100)) is None


def test_each_leg_has_its_own_bracket(brackets: Any) -> None:
    # LONG 1 stays in the first bracket, SHORT 60 lies in the second at the price itself
    price = liquidation_price(D(1000), Leg(D(1), D(100)), Leg(D(60), D(100)), brackets, D(100))
    assert price == (D(1000) + 30 - 100 + 6000) / (D("0.004") + D("0.6") - 1 + 60)


def test_other_symbols_lend_their_cushion(new_desk: Any) -> None:
    desk = new_desk(wallet="200", others=(OTHER,))
    desk.seed(LONG, "10")
    desk.mark("100")
    alone = of_symbol(desk.x.account, SYMBOL, LONG)
    desk.seed(SHORT, "1", "50", OTHER)
    desk.mark("40", OTHER)
    helped = of_symbol(desk.x.account, SYMBOL, LONG)
    assert alone == (D(200) - 1000) / (D("0.04") - 10)
    assert helped == (D(200) + 10 - D("0.16") - 1000) / (D("0.04") - 10)
    assert of_symbol(desk.x.account, SYMBOL, SHORT) is None


def test_both_legs_share_one_price_crossed_and_not_isolated(new_desk: Any) -> None:
    desk = new_desk(wallet="200")
    desk.seed(LONG, "10")
    desk.seed(SHORT, "4")
    desk.mark("100")
    assert of_symbol(desk.x.account, SYMBOL, LONG) == of_symbol(desk.x.account, SYMBOL, SHORT)
    desk.x.seed_position(SYMBOL, LONG, D(10), D(100), D(100))
    desk.x.seed_position(SYMBOL, SHORT, D(4), D(100), D(40))
    long, short = (of_symbol(desk.x.account, SYMBOL, side) for side in (LONG, SHORT))
    assert long is not None
    assert short is not None
    assert long < 100 < short


def liquidated(new_desk: Any, switches: Switches | None = None) -> Any:
    desk = new_desk(switches, wallet="200")
    desk.seed(LONG, "10")
    desk.quote("99.9", "5", "100.1", "5")
    desk.mark("100")
    return desk


def test_liquidation_walks_the_book_and_is_taken_over_at_bankruptcy(new_desk: Any) -> None:
    desk = liquidated(new_desk)
    resting = desk.place(LONG, "1", "101")
    stop = desk.stop(LONG, "70")
    price = of_symbol(desk.x.account, SYMBOL, LONG)
    assert price is not None
    desk.quote("80.3", "4", "80.4", "5")
    desk.mark(str(price.quantize(D("0.01")) + D("0.01")))
    assert desk.leg(LONG) == 10
    desk.events()
    desk.mark(str(price.quantize(D("0.01")) - D("0.01")))
    assert desk.leg(LONG) == 0
    assert (resting.expiry_reason, stop.status) == (5, StopStatus.EXPIRED)
    events = desk.events()
    orders = [e for e in events if isinstance(e, OrderEvent) and e.order.client_id.startswith("autoclose-")]
    assert [(e.exec_type, e.order.status, e.last_qty, e.last_price) for e in orders[1:]] == [
        ("CALCULATED", "NEW", 4, D("80.3")),
        ("CALCULATED", "NEW", 6, D("80.0")),
    ]
    assert orders[1].fee == (D(4) * D("80.3") * D("0.013")).quantize(D("1E-8"))
    assert desk.wallet() == 0
    clears = [e for e in events if isinstance(e, AccountEvent) and e.reason == "INSURANCE_CLEAR"]
    assert len(clears) == 1


def test_liquidation_statuses_by_switch(new_desk: Any) -> None:
    desk = liquidated(new_desk, Switches(forced_status_new=False))
    desk.quote("80.3", "4", "80.4", "5")
    desk.mark("80")
    assert [w for w in desk.words() if w.startswith("CALC")] == ["CALCULATED/PARTIALLY_FILLED", "CALCULATED/FILLED"]


def test_an_isolated_leg_falls_alone(new_desk: Any) -> None:
    desk = new_desk(wallet="1000", others=(OTHER,))
    desk.x.seed_position(SYMBOL, SHORT, D(1), D(100), D(10))
    desk.seed(LONG, "1", "100", OTHER)
    desk.mark("100", OTHER)
    desk.mark("109.4")
    assert desk.leg(SHORT) == 1
    desk.mark("109.6")
    assert desk.leg(SHORT) == 0
    assert desk.leg(LONG, OTHER) == 1
    assert desk.x.account.cross_wallet("USDT") == 990


def test_a_transfer_out_may_liquidate(new_desk: Any) -> None:
    desk = liquidated(new_desk)  # 10 at 100 need 4 of maintenance
    desk.x.forced.transfer("USDT", D("-195.9"), desk.now)
    assert desk.leg(LONG) == 10
    desk.x.forced.transfer("USDT", D("-0.2"), desk.now)
    assert desk.leg(LONG) == 0


def test_no_brackets_means_no_liquidation(new_desk: Any) -> None:
    desk = liquidated(new_desk)
    desk.x.venue.markets[SYMBOL].brackets = ()
    desk.mark("1")
    assert desk.leg(LONG) == 10


def test_a_book_deep_enough_leaves_something(new_desk: Any) -> None:
    desk = liquidated(new_desk)
    desk.quote("90", "50", "90.1", "5")
    desk.mark("80.2")
    assert desk.leg(LONG) == 0
    assert desk.wallet() == D(200) - 100 - D(900) * D("0.013")
    assert "ACCOUNT INSURANCE_CLEAR" not in desk.words()


def test_hedged_legs_without_a_bankruptcy_price_are_closed_at_the_mark(new_desk: Any) -> None:
    desk = new_desk(wallet="10")
    for side in (LONG, SHORT):
        desk.seed(side, "1000")
    desk.mark("100")
    assert (desk.leg(LONG), desk.leg(SHORT)) == (0, 0)
    prices = [e.last_price for e in desk.events() if isinstance(e, OrderEvent) and e.last_qty]
    assert prices == [100, 100]


def test_prices_beyond_bankruptcy_are_not_taken(new_desk: Any) -> None:
    desk = liquidated(new_desk)
    desk.quote("79.9", "50", "80", "5")
    desk.mark("80.2")
    (trade,) = [e for e in desk.events() if isinstance(e, OrderEvent) and e.last_qty]
    assert (trade.last_qty, trade.last_price) == (10, 80)

"""Prices: on the grid, on the right side of the book, inside the collar, clear of the other leg's order."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.pricing import Priced, PriceInput, Unpriced, aggressive_price, maker_price
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide, PriceMatch
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import ExecutionSettings, MakerPriceMode

D = Decimal

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
RULES = SymbolRules("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))
SELL = PriceInput(LONG, D("100.0"), D("101.0"), D("100.5"), RULES, ExecutionSettings())
BUY = replace(SELL, side=SHORT)


def by(mode: MakerPriceMode, ticks: int = 1, safety: int = 1) -> ExecutionSettings:
    return ExecutionSettings(maker_price_mode=mode, maker_n_ticks=ticks, maker_safety_ticks=safety)


@pytest.mark.parametrize(
    ("mode", "ticks", "sell", "buy"),
    [
        (MakerPriceMode.AT_TOUCH, 1, "101.0", "100.0"),
        (MakerPriceMode.INSIDE_SPREAD_1TICK, 5, "100.9", "100.1"),
        (MakerPriceMode.CUSTOM_TICKS, 3, "100.7", "100.3"),
        (MakerPriceMode.CUSTOM_TICKS, 0, "101.0", "100.0"),
        (MakerPriceMode.CUSTOM_TICKS, 50, "100.1", "100.9"),
    ],
)
def test_maker_modes(mode: MakerPriceMode, ticks: int, sell: str, buy: str) -> None:
    settings = by(mode, ticks)
    assert maker_price(replace(SELL, settings=settings)) == Priced(D(sell))
    assert maker_price(replace(BUY, settings=settings)) == Priced(D(buy))


def test_inside_a_spread_of_one_tick_falls_back_to_the_touch() -> None:
    assert maker_price(replace(SELL, bid=D("100.9"))) == Priced(D("101.0"))
    assert maker_price(replace(BUY, ask=D("100.1"))) == Priced(D("100.0"))


def test_safety_ticks_are_kept_from_the_other_side() -> None:
    settings = by(MakerPriceMode.AT_TOUCH, safety=13)
    assert maker_price(replace(SELL, settings=settings)) == Priced(D("101.3"))
    assert maker_price(replace(BUY, settings=settings)) == Priced(D("99.7")), "100.5 x 0.995 is below"


def test_a_strategy_may_ask_for_the_touch_or_a_price() -> None:
    assert maker_price(SELL, at_touch=True) == Priced(D("101.0"))
    assert maker_price(BUY, at_touch=True) == Priced(D("100.0"))
    assert maker_price(SELL, wanted=D("102.34")) == Priced(D("102.4"))
    assert maker_price(BUY, wanted=D("98.77")) == Priced(D("98.7"))
    assert maker_price(SELL, wanted=D("99")) == Priced(D("100.1"))
    assert maker_price(BUY, wanted=D("105")) == Priced(D("100.9"))


def test_refused_post_only_orders_move_the_price_back() -> None:
    assert maker_price(replace(SELL, back_off_ticks=1)) == Priced(D("101.0"))
    assert maker_price(replace(BUY, back_off_ticks=1)) == Priced(D("100.0"))


def test_queue_lets_the_exchange_choose_the_touch() -> None:
    queue = by(MakerPriceMode.QUEUE)
    assert maker_price(replace(SELL, settings=queue)) == Priced(D("101.0"), PriceMatch.QUEUE)
    assert maker_price(replace(BUY, settings=queue)) == Priced(D("100.0"), PriceMatch.QUEUE)


def test_queue_gives_way_to_a_price_where_the_touch_will_not_do() -> None:
    queued = replace(SELL, settings=by(MakerPriceMode.QUEUE))
    assert maker_price(queued, at_touch=True) == Priced(D("101.0"))
    assert maker_price(queued, wanted=D("101.0")) == Priced(D("101.0"))
    assert maker_price(replace(queued, back_off_ticks=1)) == Priced(D("101.1"))
    assert maker_price(replace(queued, avoid=D("101.0"))) == Priced(D("101.1"))
    assert isinstance(maker_price(replace(queued, mark=None)), Unpriced)


def test_aggressive_takes_the_other_sides_touch() -> None:
    assert aggressive_price(replace(SELL, bid=D("100.2"))) == Priced(D("100.2"))
    assert aggressive_price(replace(BUY, ask=D("100.8"))) == Priced(D("100.8"))
    assert aggressive_price(SELL, wanted=D("100.37")) == Priced(D("100.3"))
    assert aggressive_price(BUY, wanted=D("100.63")) == Priced(D("100.7"))


def test_never_worse_than_the_gap_around_the_mark() -> None:
    assert aggressive_price(replace(SELL, mark=D("110"))) == Priced(D("109.5")), "ceil of 109.45"
    assert aggressive_price(replace(BUY, mark=D("90"))) == Priced(D("90.4")), "floor of 90.45"
    assert maker_price(replace(SELL, mark=D("110"))) == Priced(D("109.5"))
    assert maker_price(replace(BUY, mark=D("90"))) == Priced(D("90.4"))


def test_percent_price_binds_where_it_is_narrower() -> None:
    narrow = replace(RULES, percent_up=D("1.001"), percent_down=D("0.999"))
    wide = replace(RULES, percent_up=D("1.1"), percent_down=D("0.9"))
    assert aggressive_price(replace(SELL, mark=D("101"), rules=narrow)) == Priced(D("100.9"))
    assert aggressive_price(replace(BUY, mark=D("100"), rules=narrow)) == Priced(D("100.1"))
    assert aggressive_price(replace(SELL, mark=D("110"), rules=wide)) == Priced(D("109.5"))
    assert aggressive_price(replace(BUY, mark=D("90"), rules=wide)) == Priced(D("90.4"))


def test_it_stops_one_tick_short_of_the_other_legs_order() -> None:
    assert aggressive_price(replace(SELL, avoid=D("100.0"))) == Priced(D("100.1"))
    assert aggressive_price(replace(BUY, avoid=D("101.0"))) == Priced(D("100.9"))
    assert aggressive_price(replace(SELL, avoid=D("99.9"))) == Priced(D("100.0"))
    assert aggressive_price(replace(BUY, avoid=D("101.1"))) == Priced(D("101.0"))
    assert maker_price(replace(SELL, avoid=D("100.9"))) == Priced(D("101.0"))
    assert maker_price(replace(BUY, avoid=D("100.1"))) == Priced(D("100.0"))


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_without_book_or_mark_there_is_no_price(side: PositionSide) -> None:
    base = replace(SELL, side=side)
    for broken in (replace(base, bid=None, ask=None), replace(base, mark=None), replace(base, mark=D(0))):
        assert isinstance(maker_price(broken), Unpriced)
        assert isinstance(aggressive_price(broken), Unpriced)
    assert isinstance(maker_price(replace(base, bid=None)), Unpriced)
    assert isinstance(maker_price(replace(base, ask=None)), Unpriced)


def test_outside_the_price_filter_there_is_no_price() -> None:
    low = replace(RULES, max_price=D("100.8"))
    outside = Unpriced(Blocked.PRICE_LIMITS)  # the same for each: it is counted
    assert maker_price(replace(SELL, rules=low)) == outside
    assert maker_price(replace(BUY, rules=low)) == Priced(D("100.1"))
    assert isinstance(maker_price(replace(BUY, rules=replace(RULES, min_price=D("100.2")))), Unpriced)
    assert isinstance(maker_price(BUY, wanted=D("-1")), Unpriced)


ticks = st.integers(1, 3000)
inputs = st.builds(
    lambda side, bid, spread, mark, settings, avoid, back: PriceInput(
        side=side,
        bid=bid * RULES.tick,
        ask=(bid + spread) * RULES.tick,
        mark=mark,
        rules=RULES,
        settings=settings,
        avoid=None if avoid is None else avoid * RULES.tick,
        back_off_ticks=back,
    ),
    st.sampled_from(PositionSide),
    ticks,
    st.integers(1, 40),
    st.decimals("1", "300", places=3),
    st.builds(
        ExecutionSettings,
        maker_price_mode=st.sampled_from(MakerPriceMode),
        maker_n_ticks=st.integers(0, 50),
        maker_safety_ticks=st.integers(1, 5),
        max_mark_gap=st.decimals("0.001", "0.2", places=3),
    ),
    st.none() | ticks,
    st.integers(0, 1),
)
wanted = st.none() | st.decimals("1", "300", places=3)


def check_bounds(given_: PriceInput, price: D) -> None:
    assert price % RULES.tick == 0
    assert given_.mark is not None
    gap = given_.settings.max_mark_gap
    if given_.side is LONG:
        assert price >= given_.mark * (1 - gap)
        assert given_.avoid is None or price > given_.avoid
    else:
        assert price <= given_.mark * (1 + gap)
        assert given_.avoid is None or price < given_.avoid


@given(inputs, wanted, st.booleans())
def test_a_maker_price_never_crosses(given_: PriceInput, price: D | None, at_touch: bool) -> None:
    got = maker_price(given_, at_touch=at_touch, wanted=price)
    if isinstance(got, Unpriced):
        assert given_.side is SHORT, "only a BUY can be pushed under the least price"
        return
    check_bounds(given_, got.price)
    assert given_.bid is not None
    assert given_.ask is not None
    safety = given_.settings.maker_safety_ticks * RULES.tick
    if given_.side is LONG:
        assert got.price >= given_.bid + safety
    else:
        assert got.price <= given_.ask - safety
    if got.match is not None:
        assert got.price == (given_.ask if given_.side is LONG else given_.bid)


@given(inputs, wanted)
def test_an_aggressive_price_is_no_more_generous_than_asked(given_: PriceInput, price: D | None) -> None:
    got = aggressive_price(given_, wanted=price)
    if isinstance(got, Unpriced):
        assert given_.side is SHORT
        return
    check_bounds(given_, got.price)
    base = price if price is not None else (given_.bid if given_.side is LONG else given_.ask)
    assert base is not None
    if given_.side is LONG:
        assert got.price > base - RULES.tick
    else:
        assert got.price < base + RULES.tick

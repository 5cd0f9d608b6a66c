"""Quantities: the slice formula, the last slice, dust, and panic's share."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vibe_quant.core.sizing import Slice, SliceInput, panic_qty, slice_qty
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.rules import SymbolRules

D = Decimal

RULES = SymbolRules("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))
LOT = D("0.001")
BASE = SliceInput(RULES, price=D(50_000), position=D(1), room=D(1))


def take(**changes: object) -> Slice:
    return slice_qty(replace(BASE, **changes))  # type: ignore[arg-type]


def test_a_slice_is_the_product_of_multipliers_in_lots() -> None:
    assert take() == Slice(LOT)
    assert take(base_mult=2, roi_mult=3, accel_mult=4) == Slice(24 * LOT)
    assert take(base_mult=2, roi_mult=30, accel_mult=4) == Slice(50 * LOT)
    assert take(base_mult=2, roi_mult=30, accel_mult=4, max_mult=7) == Slice(7 * LOT)


def test_the_lot_follows_the_minimum_notional() -> None:
    assert take(price=D(100)) == Slice(D("0.05"))


def test_the_notional_cap_gives_way_to_one_lot_only() -> None:
    assert take(base_mult=50, max_notional=D(200)) == Slice(D("0.004"))
    assert take(base_mult=50, max_notional=D(230)) == Slice(D("0.004"))
    assert take(base_mult=50, max_notional=D(1)) == Slice(LOT)


def test_a_strategys_quantity_takes_no_multiplier_but_at_least_a_lot() -> None:
    assert take(qty=D("0.0129"), roi_mult=5) == Slice(D("0.012"))
    assert take(qty=D("0.0001")) == Slice(LOT)
    assert take(qty=D(5)) == Slice(D(1))
    assert take(qty=D(5), max_notional=D(5000)) == Slice(D("0.1"))


def test_the_factor_multiplies_before_rounding() -> None:
    assert take(base_mult=10, factor=D("1.15")) == Slice(D("0.011"))
    assert take(base_mult=10, factor=D("0.85")) == Slice(D("0.008"))
    assert take(factor=D("0.85")) == Slice(LOT)


def test_a_remainder_under_a_lot_goes_with_the_last_slice() -> None:
    held = {"price": D(1000), "position": D("0.008"), "room": D("0.008")}  # lot 0.005
    assert take(**held) == Slice(D("0.008"))
    assert take(**held, max_notional=D(5)) == Slice(D("0.008"))
    assert take(price=D(1000), position=D("0.010"), room=D(1)) == Slice(D("0.005"))


def test_never_across_the_target() -> None:
    assert take(target=D("0.997"), base_mult=50) == Slice(D("0.003"))
    assert take(target=D("0.9995")) == Slice(D(0), reason=Blocked.UNDER_A_LOT)
    assert take(target=D("0.9985"), position=D(1)) == Slice(D("0.001"))
    assert take(target=D(1)) == Slice(D(0), reason=Blocked.NOTHING_TO_CLOSE)
    assert take(target=D(2)) == Slice(D(0), reason=Blocked.NOTHING_TO_CLOSE)


def test_a_position_under_a_lot_is_dust_and_goes_whole() -> None:
    assert take(price=D(1000), position=D("0.003")) == Slice(D("0.003"), is_dust=True)
    assert take(price=D(1000), position=D("0.003"), room=D("0.002")) == Slice(D(0), reason=Blocked.COVERED)
    assert take(price=D(1000), position=D("0.003"), target=D("0.001")) == Slice(D(0), reason=Blocked.UNDER_A_LOT)
    assert take(position=D(0)) == Slice(D(0), reason=Blocked.NOTHING_TO_CLOSE)


def test_never_above_what_own_orders_leave() -> None:
    assert take(room=D("0.002"), base_mult=5) == Slice(D("0.002"))
    assert take(room=D("0.0009")) == Slice(D(0), reason=Blocked.COVERED)
    assert take(room=D("-0.1")) == Slice(D(0), reason=Blocked.COVERED)


def test_never_above_the_exchanges_maximum() -> None:
    rules = replace(RULES, max_qty=D("0.01"))
    assert take(rules=rules, base_mult=50) == Slice(D("0.01"))
    small = {"rules": rules, "price": D(1000), "base_mult": 50}  # lot 0.005
    assert take(**small, position=D("0.012")) == Slice(D("0.007")), "a lot is left, not an untradable 0.002"
    assert take(**small, position=D("0.0145")) == Slice(D("0.009"))


def test_panic_takes_its_share_of_the_base_at_least_a_lot() -> None:
    whole, price = D(1), D(50_000)
    assert panic_qty(RULES, price, D(1), D("0.05"), whole, whole) == Slice(D("0.05"))
    assert panic_qty(RULES, price, D("0.5559"), D("0.1"), whole, whole) == Slice(D("0.055"))
    assert panic_qty(RULES, price, D(1), D("0.0001"), whole, whole) == Slice(LOT)
    assert panic_qty(RULES, price, D(1), D("0.5"), D("0.3"), whole) == Slice(D("0.3"))
    assert panic_qty(RULES, price, D(1), D("0.5"), whole, D("0.2")) == Slice(D("0.2"))
    assert panic_qty(RULES, D(1000), D("0.013"), D("0.7"), D("0.013"), D("0.013")) == Slice(D("0.013"))
    assert panic_qty(RULES, D(1000), D(1), D("0.5"), D("0.004"), D(1)) == Slice(D("0.004"), is_dust=True)
    assert panic_qty(RULES, price, D(1), D("0.5"), whole, D(0)) == Slice(D(0), reason=Blocked.COVERED)


steps = st.integers(0, 400_000).map(lambda n: n * RULES.step)
inputs = st.builds(
    SliceInput,
    rules=st.sampled_from([RULES, replace(RULES, max_qty=D(3)), replace(RULES, min_notional=D(0), min_qty=D("0.007"))]),
    price=st.decimals("1", "90000", places=1),
    position=steps,
    room=steps,
    target=steps | st.just(D(0)),
    base_mult=st.integers(1, 100),
    roi_mult=st.integers(1, 10),
    accel_mult=st.integers(1, 10),
    max_notional=st.none() | st.decimals("0.1", "1000000", places=1),
    qty=st.none() | st.decimals("0", "500", places=5),
    factor=st.none() | st.decimals("0.1", "1.9", places=3),
)


@given(inputs)
def test_laws_of_a_slice(given_: SliceInput) -> None:
    got = slice_qty(given_)
    lot, open_qty = given_.rules.lot(given_.price), given_.position - given_.target
    assert (got.qty == 0) == (got.reason is not None)
    if not got.qty:
        assert open_qty < lot or given_.room < lot or given_.room < open_qty
        return
    assert got.qty <= given_.room
    assert got.qty <= open_qty
    assert got.qty % given_.rules.step == 0
    if got.is_dust:
        assert got.qty == given_.position < lot
        return
    assume(lot <= given_.rules.max_qty)
    assert lot <= got.qty <= given_.rules.max_qty
    left = min(open_qty, given_.room) - got.qty
    assert left == 0 or left >= lot or (got.qty == lot and left + lot > given_.rules.max_qty)


@given(inputs)
def test_a_capped_slice_is_within_its_cap_or_a_lot_or_the_last(given_: SliceInput) -> None:
    assume(given_.max_notional is not None)
    got = slice_qty(given_)
    lot, limit = given_.rules.lot(given_.price), min(given_.position - given_.target, given_.room)
    assert given_.max_notional is not None
    assert got.qty <= max(lot, given_.max_notional / given_.price) or got.is_dust or limit - got.qty < 2 * lot


@given(steps, steps, st.decimals("0.001", "1", places=3), st.decimals("1", "90000", places=1))
def test_slices_repeated_come_to_flat(position: D, base: D, ratio: D, price: D) -> None:
    """However the shares fall, the whole position goes and the last order alone may be dust."""
    assume(ratio * base * 60 > position)
    left, ends = position, []
    while left > 0:
        got = panic_qty(RULES, price, base, ratio, left, left)
        assert 0 < got.qty <= left
        left -= got.qty
        ends.append(got.is_dust)
    assert not any(ends) or (position < RULES.lot(price) and ends == [True])


@pytest.mark.parametrize("position", ["0.0015", "0.0019"])
def test_an_off_grid_position_leaves_less_than_a_step(position: str) -> None:
    got = take(position=D(position), room=D(position))
    assert got == Slice(LOT)

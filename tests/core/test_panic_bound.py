"""A tier's bound where every aggressive order fills at once: it holds whatever becomes of the maker orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, repeat

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scenario import RULES, Scenario, cancels, listed, only, panicking, wallet_for

from vibe_quant.core.panic import PanicClose, PanicPlan, bound_ms
from vibe_quant.core.sizing import panic_qty
from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.core.urgent import from_panic
from vibe_quant.domain.enums import ExecutionMode, PositionSide
from vibe_quant.domain.risk import RiskFlag, RiskLevel
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier

D = Decimal
TTL_MS, ROUND_TRIP_MS = 400, 200
PLACE_MS, CANCEL_MS = 60, 80
"""Send to report, and cancel to report: together under the round trip and under the TTL."""
POSITION = D(1000)


@dataclass(frozen=True)
class Maker:
    """What becomes of a maker order: ``share`` of it fills, after ``ms`` if that is all of it, else by its TTL."""

    share: Decimal
    ms: int = 0


TRICKLE = Maker(D("0.01"))
UNFILLED = Maker(D(0))
SHARES = st.sampled_from([D(0), D("0.001"), D("0.3"), D("0.99"), D(1)])
MAKERS = st.lists(st.builds(Maker, SHARES, st.integers(0, TTL_MS)), max_size=40)
RATIOS = st.sampled_from([D("0.05"), D("0.15"), D("0.3"), D("0.5"), D(1)])


@st.composite
def ladders(draw: st.DrawFn) -> tuple[PanicTier, ...]:
    """One to three tiers, each nearer and of slices no smaller than the one before."""
    ratios = sorted(draw(st.lists(RATIOS, min_size=1, max_size=3)))
    return tuple(PanicTier(D("0.04") / (i + 1), ratio, draw(st.integers(0, 90))) for i, ratio in enumerate(ratios))


def worked(tiers: tuple[PanicTier, ...], tier: int, makers: list[Maker], busy_ms: int) -> int:
    """Ms from a tier's first moment to flat; for the first ``busy_ms`` an order of before is in the way."""
    panic_settings = PanicSettings(enabled=True, tiers=tiers)
    panic = PanicClose(RULES.symbol, PositionSide.LONG, panic_settings, 2 * TTL_MS, ROUND_TRIP_MS)
    flag = RiskFlag(RiskLevel.PANIC, "near", D("0.01"), tier=tier)
    open_qty, now, fates = POSITION, busy_ms, chain(makers, repeat(makers[-1] if makers else UNFILLED))
    panic.on_flag(flag, open_qty, 0)
    timed(panic, 0, now)
    while open_qty > 0:
        plan = panic.plan(now, book_fresh=True)
        assert plan is not None
        asked = from_panic(plan, open_qty)
        qty = panic_qty(RULES, D(100), asked.base, asked.ratio, open_qty, open_qty).qty
        fate = Maker(D(1)) if plan.mode is ExecutionMode.AGGRESSIVE_LIMIT else next(fates)
        filled = RULES.floor_qty(qty * fate.share)
        took = PLACE_MS + fate.ms if filled == qty else TTL_MS + CANCEL_MS
        timed(panic, now, now + took)
        now, open_qty = now + took, open_qty - filled
        panic.on_end(ended(plan, qty, filled))
        panic.on_flag(flag, open_qty, now)
    return now


def timed(panic: PanicClose, now: int, until: int) -> None:
    """The timers in between."""
    while (due := panic.deadline(now)) is not None and due <= until:
        panic.on_timer(due)
        now = due


def ended(plan: PanicPlan, qty: Decimal, filled: Decimal) -> OrderEnd:
    if filled == qty:
        return OrderEnd.FILLED
    return OrderEnd.PARTIAL if filled else OrderEnd.UNFILLED


@settings(deadline=None)
@given(ladders(), st.integers(0, 2), MAKERS, st.integers(0, TTL_MS + CANCEL_MS))
def test_a_tier_is_flat_within_its_bound(
    tiers: tuple[PanicTier, ...], tier: int, makers: list[Maker], busy_ms: int
) -> None:
    tier = min(tier, len(tiers) - 1)
    assert worked(tiers, tier, makers, busy_ms) <= bound_ms(tiers[tier], TTL_MS, ROUND_TRIP_MS)


def test_maker_orders_that_fill_a_little_each_do_not_hold_a_tier_up() -> None:
    tiers = (PanicTier(D("0.02"), D(1), 1),)
    assert worked(tiers, 0, [TRICKLE], 0) <= bound_ms(tiers[0], TTL_MS, ROUND_TRIP_MS) == 1000


def test_the_round_trips_of_many_maker_orders_do_not_hold_a_tier_up() -> None:
    tiers = (PanicTier(D("0.02"), D(1), 90),)
    assert worked(tiers, 0, [UNFILLED], 0) <= bound_ms(tiers[0], TTL_MS, ROUND_TRIP_MS) == 91 * 400 + 200


def test_a_side_whose_maker_order_filled_a_little_takes_the_rest() -> None:
    desk = Scenario(listed(BTC=panicking(tiers=(PanicTier(D("0.02"), D(1), 1),))))
    desk.start("1", wallet=wallet_for("90", "1"))
    desk.passes(1200, quoting=True)
    first = only(desk.mark("89.9"))
    assert first.mode is ExecutionMode.MAKER_ONLY
    desk.ack(first)
    desk.fill(first, "0.1")
    assert cancels(desk.passes(420)) == ["ttl"]
    second = only(desk.cancelled(first))
    assert (second.mode, second.qty, second.price) == (ExecutionMode.AGGRESSIVE_LIMIT, D("0.9"), desk.bid)

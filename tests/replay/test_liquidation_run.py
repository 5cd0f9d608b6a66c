"""A generated market runs to liquidation: panic in order and in time, the stop standing all along, or firing alone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.replay.liquidation_run import QTY, Run, market, run

from vibe_quant.core.panic import bound_ms, panic_ttl_ms
from vibe_quant.domain.enums import PositionSide, SignalReason
from vibe_quant.domain.risk_settings import PanicTier

ROUND_TRIP_MS = 200
D = Decimal
SLOW = (
    PanicTier(D("0.020"), D("0.01"), 90),
    PanicTier(D("0.015"), D("0.02"), 90),
    PanicTier(D("0.010"), D("0.20"), 0),
)
QUICK = (PanicTier(D("0.020"), D("0.05"), 2), PanicTier(D("0.015"), D("0.10"), 2), PanicTier(D("0.010"), D("0.20"), 1))
LADDERS = {"slow": SLOW, "quick": QUICK}
SIDES = pytest.mark.parametrize("side", list(PositionSide))


def assert_bounds_kept(shown: Run, tiers: tuple[PanicTier, ...]) -> None:
    """A tier and nearer ones never rule for longer than the tier's bound in a market that shows what is asked of it.

    Each aggressive order that does not find its quantity, and each return to the tier (an order of a calmer one may
    rest then), may cost a TTL and a round trip more.
    """
    ttl = panic_ttl_ms(800, D("0.5"))
    withheld = [sent.sent_ms for sent in shown.aggressive.values() if not sent.offered]
    for episode in shown.episodes:
        for tier, stretches in episode.ruled.items():
            ruled_ms = sum(end - begin for begin, end in stretches)
            excused = sum(1 for at in withheld if any(begin <= at < end for begin, end in stretches))
            excused += len(stretches) - 1
            assert ruled_ms <= bound_ms(tiers[tier], ttl, ROUND_TRIP_MS) + excused * (ttl + ROUND_TRIP_MS), tier


def assert_what_is_offered_is_taken(shown: Run) -> None:
    """An aggressive order that finds its quantity at the touch it was decided on fills."""
    for sent in shown.aggressive.values():
        assert sent.filled or not sent.offered, sent


def assert_panic_kept_its_word(shown: Run, tiers: tuple[PanicTier, ...]) -> None:
    """Whatever the market was."""
    assert shown.tiers == list(range(len(shown.tiers)))
    assert_bounds_kept(shown, tiers)
    assert_what_is_offered_is_taken(shown)
    assert shown.unprotected_ms == 0 or shown.stop_filled > 0
    assert not shown.liquidated


@SIDES
def test_tiers_engage_in_order_and_each_keeps_its_bound(side: PositionSide) -> None:
    shown = run(side, SLOW, market(side))
    assert shown.tiers == [0, 1, 2]
    assert_panic_kept_its_word(shown, SLOW)
    assert shown.min_dist is not None and shown.min_dist > D("0.004")
    assert shown.left < QTY / 4


@SIDES
@pytest.mark.parametrize(
    "seed", [101, pytest.param(102, marks=pytest.mark.slow), pytest.param(103, marks=pytest.mark.slow)]
)
def test_panic_keeps_its_word_with_seeds_nobody_chose(side: PositionSide, seed: int) -> None:
    shown = run(side, SLOW, market(side), seed=seed)
    assert shown.aggressive
    assert_panic_kept_its_word(shown, SLOW)


@pytest.mark.slow
@SIDES
@pytest.mark.parametrize("ladder", LADDERS)
@pytest.mark.parametrize(("touch", "move"), [(1000, 0.05), (1500, 0.058), (3000, 0.08), (4000, 0.05), (6000, 0.07)])
@pytest.mark.parametrize("seed", [104, 105, 106])
def test_panic_keeps_its_word_in_thin_and_fast_markets(
    side: PositionSide, ladder: str, touch: float, move: float, seed: int
) -> None:
    tiers = LADDERS[ladder]
    assert_panic_kept_its_word(run(side, tiers, market(side, touch, move), seed=seed), tiers)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("side", "touch", "move", "seed"),
    [
        (PositionSide.SHORT, 4000, 0.05, 7),
        (PositionSide.LONG, 1500, 0.058, 49),
        (PositionSide.LONG, 1000, 0.05, 17),
        (PositionSide.LONG, 2000, 0.05, 25),
        (PositionSide.SHORT, 1500, 0.05, 11),
    ],
)
def test_a_market_that_withholds_the_slices_costs_time_and_no_more_than_that(
    side: PositionSide, touch: float, move: float, seed: int
) -> None:
    shown = run(side, SLOW, market(side, touch, move), seed=seed)
    assert any(not sent.offered for sent in shown.aggressive.values())
    assert_panic_kept_its_word(shown, SLOW)


@SIDES
def test_quick_tiers_keep_the_leg_away_from_liquidation(side: PositionSide) -> None:
    shown = run(side, QUICK, market(side))
    assert shown.tiers[0] == 0
    assert_panic_kept_its_word(shown, QUICK)
    assert max(episode.ms for episode in shown.episodes) > 0
    panic = [intent for _, intent in shown.orders if intent.reason is SignalReason.PANIC]
    assert panic and all(intent.side is side.exit_side for intent in panic)
    assert shown.min_dist is not None and shown.min_dist > D("0.01")


@SIDES
def test_the_stop_stands_before_panic_and_until_the_leg_is_flat(side: PositionSide) -> None:
    shown = run(side, SLOW, market(side))
    assert shown.first_stop_ms is not None
    assert shown.first_stop_ms < shown.episodes[0].ruled[0][0][0]
    assert shown.unprotected_ms == 0
    assert shown.stops_left == (1 if shown.left > 0 else 0)


@SIDES
def test_with_panic_off_the_stop_closes_the_leg_before_liquidation(side: PositionSide) -> None:
    shown = run(side, SLOW, market(side), panic=False)
    assert shown.stop_filled > 0
    assert not any(intent.reason is SignalReason.PANIC for _, intent in shown.orders)
    assert shown.left == 0
    assert not shown.liquidated

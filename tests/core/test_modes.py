"""The rotation: its table cell by cell, its counters by law."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core import modes
from vibe_quant.core.modes import AGGRESSIVE, MAKER, Rotation, after, held
from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.domain.enums import ExecutionMode
from vibe_quant.domain.settings import ExecutionSettings

TAKER = ExecutionMode.AGGRESSIVE_LIMIT
DEFAULT = ExecutionSettings()
WIDE = replace(DEFAULT, maker_timeouts_to_escalate=3, aggr_fills_to_deescalate=3, aggr_timeouts_to_deescalate=3)
NEVER = replace(DEFAULT, maker_timeouts_to_escalate=0, aggr_fills_to_deescalate=0, aggr_timeouts_to_deescalate=0)
FILLED, PARTIAL, UNFILLED, REFUSED = OrderEnd.FILLED, OrderEnd.PARTIAL, OrderEnd.UNFILLED, OrderEnd.REFUSED


@pytest.mark.parametrize(
    ("start", "end", "then"),
    [
        (Rotation(maker_timeouts=1, post_only_refusals=1), FILLED, MAKER),
        (Rotation(maker_timeouts=1, post_only_refusals=1), PARTIAL, MAKER),
        (Rotation(maker_timeouts=1, post_only_refusals=1), UNFILLED, Rotation(maker_timeouts=2)),
        (Rotation(maker_timeouts=2, post_only_refusals=1), UNFILLED, AGGRESSIVE),
        (Rotation(maker_timeouts=1), REFUSED, Rotation(maker_timeouts=1, post_only_refusals=1)),
        (Rotation(maker_timeouts=1, post_only_refusals=2), REFUSED, AGGRESSIVE),
        (Rotation(TAKER, aggr_fills=1, aggr_timeouts=1), FILLED, Rotation(TAKER, aggr_fills=2)),
        (Rotation(TAKER, aggr_fills=2, aggr_timeouts=1), FILLED, MAKER),
        (Rotation(TAKER, aggr_fills=1, aggr_timeouts=1), PARTIAL, Rotation(TAKER, aggr_fills=1)),
        (Rotation(TAKER, aggr_fills=1, aggr_timeouts=1), UNFILLED, Rotation(TAKER, aggr_fills=1, aggr_timeouts=2)),
        (Rotation(TAKER, aggr_fills=1, aggr_timeouts=2), UNFILLED, MAKER),
        (Rotation(TAKER, aggr_fills=1, aggr_timeouts=2), REFUSED, Rotation(TAKER, aggr_fills=1, aggr_timeouts=2)),
    ],
)
def test_each_cell_of_the_table(start: Rotation, end: OrderEnd, then: Rotation) -> None:
    assert after(start, end, WIDE, soft_risk=False) == then


def test_the_table_names_every_cell() -> None:
    rows = [
        line.split("|")[1:3] for line in (modes.__doc__ or "").splitlines() if line.startswith("| M") or "| A" in line
    ]
    named = {(mode.strip(), end.strip()) for mode, end in rows}
    assert named == {(mode.value, end.value) for mode in ExecutionMode for end in OrderEnd}


def test_defaults_two_timeouts_up_one_fill_or_two_timeouts_down() -> None:
    once = after(MAKER, UNFILLED, DEFAULT, soft_risk=False)
    assert once.mode is ExecutionMode.MAKER_ONLY
    assert after(once, UNFILLED, DEFAULT, soft_risk=False) == AGGRESSIVE
    assert after(AGGRESSIVE, FILLED, DEFAULT, soft_risk=False) == MAKER
    vain = after(AGGRESSIVE, UNFILLED, DEFAULT, soft_risk=False)
    assert vain.mode is TAKER
    assert after(vain, UNFILLED, DEFAULT, soft_risk=False) == MAKER


def test_after_two_refusals_in_a_row_one_tick_back() -> None:
    ends = [0, 0, 1]
    rotation = MAKER
    for ticks in ends:
        assert rotation.back_off_ticks == ticks
        rotation = after(rotation, REFUSED, DEFAULT, soft_risk=False)
    assert rotation == AGGRESSIVE
    assert rotation.back_off_ticks == 0


def test_with_taker_off_refusals_never_escalate() -> None:
    rotation = MAKER
    for _ in range(9):
        rotation = after(rotation, REFUSED, NEVER, soft_risk=False)
    assert (rotation.mode, rotation.back_off_ticks) == (ExecutionMode.MAKER_ONLY, 1)


def test_the_third_refusal_escalates_wherever_taker_is_on() -> None:
    eager = replace(DEFAULT, maker_timeouts_to_escalate=1)
    assert after(Rotation(post_only_refusals=2), REFUSED, eager, soft_risk=False) == AGGRESSIVE


def test_while_soft_risk_is_up_aggressive_holds() -> None:
    assert held(Rotation(maker_timeouts=1), soft_risk=True) == AGGRESSIVE
    assert held(Rotation(maker_timeouts=1), soft_risk=False) == Rotation(maker_timeouts=1)
    assert held(Rotation(TAKER, aggr_fills=4), soft_risk=True) == Rotation(TAKER, aggr_fills=4)
    assert after(AGGRESSIVE, FILLED, DEFAULT, soft_risk=True) == Rotation(TAKER, aggr_fills=1)
    assert after(MAKER, FILLED, NEVER, soft_risk=True) == AGGRESSIVE
    risen = Rotation(TAKER, aggr_fills=1)
    assert after(risen, PARTIAL, DEFAULT, soft_risk=False) == MAKER, "the count was reached while risk held the mode"


ends = st.lists(st.sampled_from(OrderEnd), max_size=30)
limits = st.builds(
    ExecutionSettings,
    maker_timeouts_to_escalate=st.integers(0, 4),
    aggr_fills_to_deescalate=st.integers(0, 4),
    aggr_timeouts_to_deescalate=st.integers(0, 4),
)


@given(ends, limits)
def test_a_change_of_mode_zeroes_and_no_count_outlives_its_limit(
    script: list[OrderEnd], limit: ExecutionSettings
) -> None:
    rotation = MAKER
    for end in script:
        then = after(rotation, end, limit, soft_risk=False)
        if then.mode is not rotation.mode:
            assert then in (MAKER, AGGRESSIVE)
        if then.mode is ExecutionMode.MAKER_ONLY:
            assert then.aggr_fills == then.aggr_timeouts == 0
            assert limit.maker_timeouts_to_escalate == 0 or then.maker_timeouts < limit.maker_timeouts_to_escalate
        else:
            assert limit.maker_timeouts_to_escalate > 0
            assert then.maker_timeouts == then.post_only_refusals == 0
            assert limit.aggr_fills_to_deescalate == 0 or then.aggr_fills < limit.aggr_fills_to_deescalate
            assert limit.aggr_timeouts_to_deescalate == 0 or then.aggr_timeouts < limit.aggr_timeouts_to_deescalate
        rotation = then


@given(ends, limits)
def test_under_soft_risk_the_mode_is_always_aggressive(script: list[OrderEnd], limit: ExecutionSettings) -> None:
    rotation = held(MAKER, soft_risk=True)
    for end in script:
        rotation = after(rotation, end, limit, soft_risk=True)
        assert rotation.mode is TAKER

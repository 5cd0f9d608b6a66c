from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.panic import (
    Entry,
    PanicClose,
    PanicPlan,
    PanicState,
    bound_ms,
    ended,
    is_behind,
    panic_ttl_ms,
    slices,
    step,
    tier_at,
    wants_mark,
)
from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.core.urgent import Backoff
from vibe_quant.domain.enums import ExecutionMode, PositionSide, Severity, SignalReason
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.risk import RiskFlag, RiskLevel
from vibe_quant.domain.risk_settings import PanicSettings, PanicTier

D = Decimal
MAKER, AGGRESSIVE = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT
TIERS = (
    PanicTier(D("0.04"), D("0.1"), 2),
    PanicTier(D("0.03"), D("0.3"), 3),
    PanicTier(D("0.02"), D("0.5"), 0),
)
SYMBOL = "BTC/USDT:USDT"


def flag(tier: int | None) -> RiskFlag:
    level = RiskLevel.NONE if tier is None else RiskLevel.PANIC
    return RiskFlag(level, "test", D("0.01"), tier=tier)


def closer(tiers: tuple[PanicTier, ...] = TIERS) -> PanicClose:
    settings = PanicSettings(enabled=True, ttl_percent=D("0.5"), tiers=tiers)
    return PanicClose(SYMBOL, PositionSide.LONG, settings, 800, 100)


def texts(intents: list[Intent]) -> list[Severity]:
    return [i.severity for i in intents if isinstance(i, Notify)]


@pytest.mark.parametrize(
    ("dist", "held", "tier"),
    [
        ("0.05", None, None),
        ("0.04", None, 0),
        ("0.0301", None, 0),
        ("0.03", None, 1),
        ("0.0001", None, 2),
        ("0", None, 2),
        ("-1", None, 2),
        ("0.0305", 1, 1),  # held within 2 %
        ("0.0307", 1, 0),
        ("0.0305", 0, 0),  # a worse tier is entered at its own bound
        ("0.0408", 0, 0),
        ("0.0408", 2, 0),
        ("0.0409", 2, None),
    ],
)
def test_the_most_dangerous_tier_reached_rules(dist: str, held: int | None, tier: int | None) -> None:
    assert tier_at(TIERS, D(dist), held) == tier


def test_bounds_and_ttl() -> None:
    assert [slices(t) for t in TIERS] == [10, 4, 2]
    assert bound_ms(TIERS[0], 400, 100) == 10 * (3 * 400 + 100)
    assert bound_ms(TIERS[1], 400, 100) == 4 * (4 * 400 + 100)
    assert bound_ms(TIERS[2], 400, 100) == 2 * (400 + 100)
    assert (panic_ttl_ms(801, D("0.5")), panic_ttl_ms(1, D("0.1"))) == (400, 1)


def test_a_tier_reached_again_keeps_what_it_promised_and_is_not_said_again() -> None:
    panic = closer()
    assert texts(panic.on_flag(flag(0), D(10), 0)) == [Severity.ALARM]
    assert texts(panic.on_flag(flag(1), D(9), 1000)) == [Severity.ALARM]
    assert panic.on_flag(flag(0), D(8), 2000) == []
    assert panic.state is not None
    assert (panic.state.entry.base, panic.state.entry.since_ms) == (D(10), 0)
    assert panic.on_flag(flag(1), D(7), 3000) == []
    assert (panic.state.entry.base, panic.state.entry.since_ms) == (D(9), 1000)
    assert texts(panic.on_flag(flag(1), D(11), 4000)) == [Severity.ALARM]
    assert (panic.state.entry.base, panic.state.entry.since_ms) == (D(11), 4000)
    assert texts(panic.on_flag(flag(0), D(11), 5000)) == [Severity.ALARM]
    assert (panic.state.entry.base, panic.state.entry.since_ms) == (D(11), 5000)


def test_when_the_mark_is_read_by_rest() -> None:
    assert wants_mark(None, None, 1500, 0)
    assert not wants_mark(1000, None, 1500, 2499)
    assert wants_mark(1000, None, 1500, 2500)
    assert not wants_mark(1000, 2500, 1500, 3499)
    assert wants_mark(1000, 2500, 1500, 3500)


def test_tier_base_and_mode_through_the_tiers() -> None:
    panic = closer()
    assert panic.on_flag(flag(None), D(10), 0) == []
    assert (panic.plan(0, book_fresh=True), panic.deadline(0), panic.state) == (None, None, None)
    assert panic.on_timer(0) == []
    panic.on_end(OrderEnd.UNFILLED)
    assert texts(panic.on_flag(flag(0), D(10), 0)) == [Severity.ALARM]
    assert panic.plan(0, book_fresh=True) == PanicPlan(D(10), D("0.1"), False, MAKER, 400, False, 0, SignalReason.PANIC)
    assert panic.on_flag(flag(0), D(9), 10) == []  # our own slice: base stays
    plan = panic.plan(10, book_fresh=False)
    assert plan is not None
    assert (plan.base, plan.blind) == (D(10), True)
    panic.on_flag(flag(0), D(12), 20)  # enlarged
    assert panic.state is not None
    assert (panic.state.entry.base, panic.state.entry.since_ms) == (D(12), 20)
    panic.on_end(OrderEnd.UNFILLED)
    assert panic.state.mode is MAKER
    panic.on_flag(flag(1), D(8), 40)  # a worse tier keeps the mode, and counts on to its own count
    assert (panic.state.mode, panic.state.entry.base, panic.state.timeouts) == (MAKER, D(8), 1)
    panic.on_end(OrderEnd.UNFILLED)
    assert panic.state.mode is MAKER
    panic.on_end(OrderEnd.UNFILLED)
    assert panic.state.mode is AGGRESSIVE
    panic.on_end(OrderEnd.FILLED)
    panic.on_flag(flag(0), D(7), 80)
    assert (panic.state.mode, panic.state.timeouts) == (AGGRESSIVE, 0)  # so until the tiers are left
    assert texts(panic.on_flag(flag(None), D(7), 90)) == [Severity.INFO]
    assert panic.plan(90, book_fresh=True) is None
    panic.on_flag(flag(0), D(7), 100)
    assert panic.state.mode is MAKER
    panic.on_flag(flag(0), D(0), 110)
    assert panic.state is None


def test_a_count_of_zero_is_aggressive_at_once() -> None:
    panic = closer()
    panic.on_flag(flag(2), D(10), 0)
    assert panic.state is not None
    assert panic.state.mode is AGGRESSIVE


def test_a_partial_fill_resets_the_count() -> None:
    panic = closer()
    panic.on_flag(flag(0), D(10), 0)
    for end in (OrderEnd.UNFILLED, OrderEnd.PARTIAL, OrderEnd.UNFILLED):
        panic.on_end(end)
    assert panic.state is not None
    assert panic.state.mode is MAKER


def test_refusals_back_off_to_a_second_and_never_halt() -> None:
    backoff, now, pauses = Backoff(), 0, []
    for _ in range(20):
        backoff.ended(OrderEnd.REFUSED, now)
        pauses.append(backoff.ready_ms - now)
        now = backoff.ready_ms
    assert pauses[:5] == [100, 200, 400, 800, 1000]
    assert max(pauses) == 1000
    backoff.ended(OrderEnd.UNFILLED, now)
    backoff.ended(OrderEnd.REFUSED, now)
    assert backoff.ready_ms == now + 100


def test_a_refused_maker_order_counts_as_one_that_timed_out() -> None:
    panic = closer()
    panic.on_flag(flag(0), D(10), 0)
    for _ in range(TIERS[0].maker_timeouts_to_escalate):
        assert panic.state is not None
        assert panic.state.mode is MAKER
        assert panic.plan(0, book_fresh=True) is not None
        panic.on_end(OrderEnd.REFUSED)
    assert panic.state is not None
    assert panic.state.mode is AGGRESSIVE


def test_behind_the_bound_the_next_tiers_slice_and_in_the_last_everything() -> None:
    panic = closer()
    panic.on_flag(flag(0), D(10), 0)
    assert panic.deadline(0) == 1300  # the first slice's longest time
    assert panic.on_timer(1299) == []
    panic.on_flag(flag(0), D(9), 1299)
    assert panic.on_timer(1300) == []
    assert panic.deadline(1300) == 2600
    assert texts(panic.on_timer(2600)) == [Severity.ALARM]
    assert panic.on_timer(2700) == []
    assert panic.deadline(2700) is None
    plan = panic.plan(2700, book_fresh=True)
    assert plan is not None
    assert (plan.ratio, plan.whole, plan.base) == (D("0.3"), False, D(10))
    panic.on_flag(flag(2), D(9), 3000)  # another tier starts its own schedule
    plan = panic.plan(3000, book_fresh=True)
    assert plan is not None
    assert (plan.ratio, plan.whole, plan.base) == (D("0.5"), False, D(9))
    (said,) = panic.on_timer(3500)
    assert isinstance(said, Notify)
    assert "whole remainder" in said.text
    plan = panic.plan(3500, book_fresh=True)
    assert plan is not None
    assert plan.whole


def test_pace_near_the_end_never_asks_for_more_than_all() -> None:
    state = PanicState(1, D("0.1"), ((1, Entry(D(10), 0)),))
    assert is_behind(state, TIERS[1], 400, 100, 10**9)
    assert not is_behind(PanicState(1, D(1), ((1, Entry(D(10), 0)),)), TIERS[1], 400, 100, 3 * 1700)


def test_a_late_mark_is_used_with_its_age_said() -> None:
    panic = closer()
    late = replace(flag(0), mark_ms=1000)
    (entered,) = panic.on_flag(late, D(1), 5200)
    assert isinstance(entered, Notify)
    assert "a mark price 4.2 s old" in entered.text
    assert dict(entered.facts)["mark_age_ms"] == "4200"
    panic.on_flag(replace(late, mark_ms=6000), D(1), 6000)
    (behind,) = panic.on_timer(8600)
    assert isinstance(behind, Notify)
    assert "a mark price 2.6 s old" in behind.text


def test_a_mark_in_time_or_of_unknown_age_is_not_remarked_upon() -> None:
    for mark_ms in (1000, None):
        (entered,) = closer().on_flag(replace(flag(0), mark_ms=mark_ms), D(1), 2400)
        assert isinstance(entered, Notify)
        assert "old" not in entered.text


def test_a_tier_that_settings_no_longer_have_is_none() -> None:
    panic = closer()
    panic.on_flag(flag(2), D(10), 0)
    panic.settings = PanicSettings(enabled=True, tiers=TIERS[:1])
    assert texts(panic.on_flag(flag(2), D(10), 1)) == [Severity.INFO]


def test_an_unknown_distance_is_said_as_such() -> None:
    (said,) = closer().on_flag(RiskFlag(RiskLevel.PANIC, "kept", None, tier=0), D(1), 0)
    assert isinstance(said, Notify)
    assert "unknown from liquidation" in said.text


def test_what_a_fired_stop_leaves_is_worked_as_in_the_last_tier() -> None:
    plan = closer().remainder_plan(D(3), book_fresh=True)
    assert plan == PanicPlan(D(3), D("0.5"), False, AGGRESSIVE, 400, False, 2, SignalReason.STOP_REMAINDER)
    bare = closer(()).remainder_plan(D(3), book_fresh=False)
    assert (bare.ratio, bare.whole, bare.blind, bare.tier) == (D(1), True, True, 0)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("flag"), st.sampled_from([None, 0, 1, 2]), st.integers(0, 20)),
            st.tuples(st.just("end"), st.sampled_from(list(OrderEnd)), st.just(0)),
        ),
        max_size=60,
    )
)
def test_any_script_keeps_the_laws(script: list[tuple[str, object, int]]) -> None:
    state: PanicState | None = None
    panic, now = closer(), 0
    for kind, value, qty in script:
        now += 137
        before = panic.state
        if kind == "end":
            assert isinstance(value, OrderEnd)
            panic.on_end(value)
            state = state and ended(state, value)
        else:
            assert value is None or isinstance(value, int)
            panic.on_flag(flag(value), D(qty), now)
            state = step(state, value, D(qty), now)
        panic.on_timer(now)
        after = panic.state
        assert (after is None) == (state is None)
        if after is None:
            continue
        assert after.entry.base >= after.qty > 0
        if before is not None and before.mode is AGGRESSIVE:
            assert after.mode is AGGRESSIVE
        wake = panic.deadline(now)
        assert wake is None or wake > now

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import ExecutionMode, ExecutionState, PositionSide
from vibe_quant.domain.events import Timer
from vibe_quant.domain.risk import RiskLevel
from vibe_quant.domain.side_view import SideView
from vibe_quant.lab.states import StateClock

D = Decimal

IDLE, WAITING = ExecutionState.IDLE, ExecutionState.WAITING
MAKER, TAKER = ExecutionMode.MAKER_ONLY, ExecutionMode.AGGRESSIVE_LIMIT


def view(
    state: ExecutionState, mode: ExecutionMode, qty: str = "1", dist: str | None = "0.1", gate: str | None = None
) -> SideView:
    return SideView(
        symbol="BTC/USDT:USDT",
        side=PositionSide.LONG,
        state=state,
        mode=mode,
        qty=D(qty),
        risk=RiskLevel.NONE,
        dist=None if dist is None else D(dist),
        panic_tier=None,
        stop_standing=False,
        blocked=gate,
        blocked_since_ms=None,
        halted=None,
    )


def clock_of(*looks: tuple[int, SideView | None]) -> StateClock:
    views = iter(look for _, look in looks)
    clock = StateClock(lambda: next(views))
    for now, _ in looks:
        clock.see(now, Timer(now), [], None)
    return clock


def test_time_goes_to_what_was_seen_last() -> None:
    times = clock_of(
        (100, view(IDLE, MAKER)),
        (130, view(WAITING, MAKER)),
        (230, view(IDLE, TAKER, gate="stale")),
    ).times(1000)
    assert times.state_ms == (("IDLE", 800), ("WAITING", 100))
    assert times.mode_ms == (("AGGRESSIVE_LIMIT", 770), ("MAKER_ONLY", 130))
    assert times.blocked_ms == (("stale", 770),)
    assert times.mode_changes == 1


def test_only_while_there_is_a_position() -> None:
    times = clock_of(
        (0, None),
        (10, view(IDLE, MAKER, qty="0", dist="0.01")),
        (20, view(WAITING, MAKER, dist=None)),
        (50, view(IDLE, TAKER, qty="0")),
        (60, view(IDLE, MAKER, qty="0")),
    ).times(100)
    assert times.state_ms == (("WAITING", 30),)
    assert times.mode_changes == 0
    assert times.min_liq_distance is None


def test_nearest_liquidation_may_be_beyond_it() -> None:
    looks = [(0, view(IDLE, MAKER, dist="0.02")), (1, view(IDLE, MAKER, dist="-0.01")), (2, view(IDLE, MAKER))]
    assert clock_of(*looks).times(5).min_liq_distance == D("-0.01")


def test_a_look_that_lasted_no_time_is_none() -> None:
    half_told = view(IDLE, TAKER, dist="-0.5")
    times = clock_of((0, view(IDLE, MAKER)), (5, half_told), (5, view(IDLE, MAKER, dist="0.09"))).times(9)
    assert times.min_liq_distance == D("0.09")
    assert times.mode_ms == (("MAKER_ONLY", 9),)


def test_asking_twice_counts_no_time_twice() -> None:
    clock = clock_of((0, view(IDLE, MAKER)))
    assert clock.times(10).state_ms == (("IDLE", 10),)
    assert clock.times(15).state_ms == (("IDLE", 15),)

"""The maker fill rate and what it changes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from vibe_quant.core.fill_rate import KEPT, LEAST_ORDERS, MakerFillRate
from vibe_quant.domain.settings import ExecutionSettings, FillRateSettings

D = Decimal

SETTINGS = ExecutionSettings(fill_rate=FillRateSettings(enabled=True, window_min=D(1)))


def rate(fills: int, orders: int, settings: ExecutionSettings = SETTINGS) -> MakerFillRate:
    made = MakerFillRate(settings)
    for n in range(orders):
        made.ended(n, n < fills)
    return made


@pytest.mark.parametrize(
    ("fills", "orders", "aggressive", "ttl"),
    [
        (0, 8, True, 800),
        (1, 8, True, 800),
        (2, 8, False, 800),
        (6, 8, False, 800),
        (7, 8, False, 1000),
        (0, LEAST_ORDERS - 1, False, 800),
        (LEAST_ORDERS - 1, LEAST_ORDERS - 1, False, 800),
        (LEAST_ORDERS, LEAST_ORDERS, False, 1000),
        (0, 0, False, 800),
    ],
)
def test_low_is_aggressive_and_high_is_longer(fills: int, orders: int, aggressive: bool, ttl: int) -> None:
    assert rate(fills, orders).wants_aggressive(100) is aggressive
    assert rate(fills, orders).ttl_ms(100, 800) == ttl


def test_the_longer_life_is_rounded_down() -> None:
    assert rate(8, 8).ttl_ms(100, 51) == 63


def test_off_by_default() -> None:
    assert not rate(0, 8, ExecutionSettings()).wants_aggressive(100)
    assert rate(8, 8, ExecutionSettings()).ttl_ms(100, 800) == 800


def test_with_taker_off_a_low_rate_forces_nothing() -> None:
    never = replace(SETTINGS, maker_timeouts_to_escalate=0)
    assert not rate(0, 8, never).wants_aggressive(100)
    assert rate(8, 8, never).ttl_ms(100, 800) == 1000


def test_orders_leave_the_window_by_their_submission() -> None:
    made = rate(0, 8)
    assert made.wants_aggressive(60_003), "four of eight are left"
    assert not made.wants_aggressive(60_004)


def test_memory_is_bounded() -> None:
    made = rate(0, KEPT + 100)
    assert len(made._ends) == KEPT

"""Multipliers by tiers of return and of ROI."""

from decimal import Decimal

import pytest

from vibe_quant.core.market import MarketView
from vibe_quant.core.multipliers import accel_mult, roi_mult
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Trade
from vibe_quant.domain.settings import AccelSettings, AccelTier, RoiSettings, RoiTier

D = Decimal

LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
TIERS = (AccelTier(D("0.001"), 2), AccelTier(D("0.005"), 5), AccelTier(D("0.01"), 10))
ROI = RoiSettings((RoiTier(D("0.1"), 2), RoiTier(D("0.2"), 3), RoiTier(D("0.5"), 5)))


def view(*prices: str) -> MarketView:
    made = MarketView("BTCUSDT", 1500)
    for n, price in enumerate(prices):
        made.on_trade(Trade("BTCUSDT", n * 1000, n * 1000, D(price), D(1), False), n * 1000)
    return made


@pytest.mark.parametrize(
    ("side", "last", "mult"),
    [
        (LONG, "1000.9", 1),
        (LONG, "1001", 2),
        (LONG, "1004.9", 2),
        (LONG, "1005", 5),
        (LONG, "1100", 10),
        (LONG, "900", 1),
        (SHORT, "999", 2),
        (SHORT, "999.1", 1),
        (SHORT, "995", 5),
        (SHORT, "1100", 1),
    ],
)
def test_the_highest_tier_reached_in_the_sides_favour(side: PositionSide, last: str, mult: int) -> None:
    assert accel_mult(view("1000", last), side, AccelSettings(2000, TIERS), 2000) == mult


def test_the_return_is_measured_from_the_windows_beginning() -> None:
    market = view("1000", "1000", "1010", "1010")
    assert accel_mult(market, LONG, AccelSettings(2000, TIERS), 3000) == 10
    assert accel_mult(market, LONG, AccelSettings(1000, TIERS), 3000) == 1


@pytest.mark.parametrize(("percent", "mult"), [("1", 5), ("0.5", 3), ("0.01", 1), ("2.1", 11)])
def test_mult_percent_scales_rounding_up_and_never_under_one(percent: str, mult: int) -> None:
    assert accel_mult(view("1000", "1005"), LONG, AccelSettings(2000, TIERS, D(percent)), 1000) == mult


def test_no_tiers_or_no_trades_is_one() -> None:
    assert accel_mult(view("1", "2"), LONG, AccelSettings(), 1000) == 1
    assert accel_mult(view(), LONG, AccelSettings(2000, TIERS), 1000) == 1
    assert accel_mult(view("0", "5"), LONG, AccelSettings(2000, TIERS), 1000) == 1


@pytest.mark.parametrize(
    ("side", "mark", "leverage", "mult"),
    [
        (LONG, "101", 10, 2),
        (LONG, "100.9", 10, 1),
        (LONG, "105", 10, 5),
        (LONG, "101", None, 1),
        (LONG, "101", 0, 1),
        (LONG, "110", None, 2),
        (SHORT, "98", 10, 3),
        (SHORT, "102", 10, 1),
        (SHORT, None, 10, 1),
    ],
)
def test_roi_is_marked_to_the_current_price(
    side: PositionSide, mark: str | None, leverage: int | None, mult: int
) -> None:
    assert roi_mult(side, D(3), D(100), leverage, None if mark is None else D(mark), ROI) == mult


def test_roi_without_tiers_or_margin_is_one() -> None:
    assert roi_mult(LONG, D(3), D(100), 10, D(200), RoiSettings()) == 1
    assert roi_mult(LONG, D(0), D(100), 10, D(200), ROI) == 1
    assert roi_mult(LONG, D(3), D(0), 10, D(200), ROI) == 1
    assert roi_mult(LONG, D("0.001"), D(100), 10, D(105), ROI) == 5, "a small position has a margin too"

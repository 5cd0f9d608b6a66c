"""The protective stop's place within the prices that the exchange takes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.core.scenario import RULES

from vibe_quant.core.stop_price import fresh_aim, half_price, right_price
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk_settings import ProtectiveStopSettings

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BOUND = replace(RULES, min_price=D("556.8"), max_price=D("4529764"))


@pytest.mark.parametrize(
    ("side", "liq", "place"),
    [
        (LONG, "50000", "50505.1"),
        (LONG, "12", "556.8"),
        (SHORT, "90000", "89108.9"),
        (SHORT, "10000000", "4529764"),
    ],
)
def test_liquidation_beyond_the_exchanges_prices_has_its_stop_at_the_last_of_them(
    side: PositionSide, liq: str, place: str
) -> None:
    assert right_price(side, D(liq), D("0.01"), BOUND) == D(place)
    aim = fresh_aim(side, D(liq), D(70_000), ProtectiveStopSettings(), BOUND)
    assert (aim.price, aim.half) == (D(place), False)


def test_half_the_distance_is_bound_too() -> None:
    assert half_price(SHORT, D(20_000_000), D(70_000), BOUND) == D("4529764")
    assert half_price(LONG, D(10), D(900), BOUND) == D("556.8")


def test_without_bounds_there_are_none() -> None:
    assert right_price(SHORT, D(10_000_000), D("0.01"), RULES) == D("9900990.0")

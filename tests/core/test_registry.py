"""Every name in the configuration makes its strategy."""

from decimal import Decimal
from random import Random

import pytest

from vibe_quant.core.strategies.port import Strategy
from vibe_quant.core.strategies.registry import build
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.strategy_settings import PressureSettings, StrategyName, StrategySettings


@pytest.mark.parametrize("side", PositionSide)
@pytest.mark.parametrize("name", StrategyName)
def test_each_name_builds_the_strategy_of_that_name(name: StrategyName, side: PositionSide) -> None:
    settings = StrategySettings(orderbook_pressure=PressureSettings(threshold_qty=Decimal(1)))
    built: Strategy = build(name, settings, side, Random(1))
    assert built.name is name


def test_a_missing_threshold_says_which_key_to_set() -> None:
    with pytest.raises(ValueError, match=r"strategy\.orderbook_pressure\.threshold_qty"):
        build(StrategyName.ORDERBOOK_PRESSURE, StrategySettings(), PositionSide.LONG, Random(1))

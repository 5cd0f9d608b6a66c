"""Makes a side's strategies from their names in the configuration."""

from __future__ import annotations

from typing import assert_never

from vibe_quant.core.strategies.orderbook_pressure import OrderbookPressure
from vibe_quant.core.strategies.orderbook_price import OrderbookPrice
from vibe_quant.core.strategies.patient import Patient
from vibe_quant.core.strategies.port import RandomSource, Strategy
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.strategy_settings import StrategyName, StrategySettings


def build(name: StrategyName, settings: StrategySettings, side: PositionSide, random: RandomSource) -> Strategy:
    """One strategy for one side.

    Raises:
        ValueError: orderbook_pressure without a threshold_qty.
    """
    match name:
        case StrategyName.ORDERBOOK_PRICE:
            return OrderbookPrice(side)
        case StrategyName.ORDERBOOK_PRESSURE:
            return OrderbookPressure(settings.orderbook_pressure, side, random)
        case StrategyName.PATIENT:
            return Patient(settings.patient, side)
        case _:
            assert_never(name)

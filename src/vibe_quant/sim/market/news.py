"""What a generated market tells besides quotes, trades and marks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide

TRADING = "TRADING"
HALTED = "TRADING_HALT"


@dataclass(frozen=True, slots=True)
class ForcedTrade:
    """Somebody else's position was closed by the exchange; its prints are among the trades of the same time."""

    symbol: str
    exch_ms: int
    side: OrderSide
    qty: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The symbol's status from now on, in the exchange's words."""

    symbol: str
    exch_ms: int
    status: str


@dataclass(frozen=True, slots=True)
class FundingAt:
    """From now on the next funding is paid at ``next_ms`` at ``rate`` (positive: longs pay)."""

    symbol: str
    exch_ms: int
    next_ms: int
    rate: Decimal


MarketNews = ForcedTrade | StatusChange | FundingAt

"""Positions and balances as values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import MarginType, PositionSide


@dataclass(frozen=True, slots=True)
class Position:
    """One leg as read by REST; ``qty`` is absolute, base asset.

    ``liquidation_price`` None means that the exchange says there is none; ``leverage`` None that it was not read.
    """

    symbol: str
    side: PositionSide
    qty: Decimal
    entry_price: Decimal
    exch_ms: int
    liquidation_price: Decimal | None = None
    leverage: int | None = None
    margin_type: MarginType = MarginType.CROSSED
    isolated_wallet: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """Wallet of one margin asset, before unrealised PnL."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    exch_ms: int = 0


def unrealized_pnl(side: PositionSide, qty: Decimal, entry: Decimal, mark: Decimal) -> Decimal:
    """(mark - entry) x qty for LONG, mirrored for SHORT; quote asset."""
    return (mark - entry) * qty if side is PositionSide.LONG else (entry - mark) * qty

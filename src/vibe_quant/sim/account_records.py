"""What the exchange tells of the account: balances, positions, settings, margin calls."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import MarginType, PositionSide


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """``B`` of ACCOUNT_UPDATE; ``change`` excludes PnL and commission."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class PositionRow:
    """``P`` of ACCOUNT_UPDATE; ``amount`` is signed, negative for a SHORT."""

    symbol: str
    side: PositionSide
    amount: Decimal
    entry_price: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    margin_type: MarginType
    isolated_wallet: Decimal
    margin_asset: str
    break_even: Decimal


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """ACCOUNT_UPDATE: the balances and positions that changed; ``reason`` is ``m``."""

    reason: str
    balances: tuple[BalanceRow, ...]
    positions: tuple[PositionRow, ...]
    exch_ms: int
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class LeverageEvent:
    """ACCOUNT_CONFIG_UPDATE with ``ac``."""

    symbol: str
    leverage: int
    exch_ms: int


@dataclass(frozen=True, slots=True)
class MultiAssetsEvent:
    """ACCOUNT_CONFIG_UPDATE with ``ai``."""

    enabled: bool
    exch_ms: int


@dataclass(frozen=True, slots=True)
class MarginCallRow:
    """A leg in danger; ``amount`` signed, ``mark`` zero while none is known."""

    symbol: str
    side: PositionSide
    amount: Decimal
    margin_type: MarginType
    isolated_wallet: Decimal
    mark: Decimal
    unrealized_pnl: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class MarginCallEvent:
    """MARGIN_CALL; ``cross_wallet`` None where the leg in danger is isolated."""

    cross_wallet: Decimal | None
    positions: tuple[MarginCallRow, ...]
    exch_ms: int

"""The account as REST tells it: legs, wallets, leverage and margin type of symbols, mode, and the key's rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from vibe_quant.binance.rest_codec import Row, Unreadable, WireSide, decode, side_of
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.ports import AccountConfig, KeyRights

IP_RESTRICT = "ipRestrict"
CREATED = "createTime"


class PositionRow(Row, frozen=True):
    """positionRisk v3: only symbols with a position or open orders, no leverage and no margin type."""

    symbol: str
    positionSide: WireSide  # noqa: N815
    positionAmt: Decimal  # noqa: N815
    entryPrice: Decimal  # noqa: N815
    liquidationPrice: Decimal  # noqa: N815
    isolatedWallet: Decimal  # noqa: N815
    updateTime: int  # noqa: N815


class BalanceRow(Row, frozen=True):
    """balance v3; ``updateTime`` zero where the wallet never changed."""

    asset: str
    balance: Decimal
    crossWalletBalance: Decimal  # noqa: N815
    updateTime: int  # noqa: N815


class SymbolConfigRow(Row, frozen=True):
    """symbolConfig."""

    symbol: str
    marginType: str  # noqa: N815
    leverage: int


class AccountConfigRow(Row, frozen=True):
    """accountConfig."""

    dualSidePosition: bool  # noqa: N815
    multiAssetsMargin: bool  # noqa: N815
    canTrade: bool  # noqa: N815


@dataclass(frozen=True, slots=True)
class SymbolConfig:
    """What the account has set for a symbol."""

    leverage: int
    margin_type: MarginType


@dataclass(frozen=True, slots=True)
class Legs:
    """positionRisk: the open legs, by the exchange's own names of symbols, and every symbol in it.

    ``symbols`` has those too that have no position and open orders.
    """

    open: tuple[Position, ...]
    symbols: frozenset[str]


def legs(text: str) -> Legs:
    """Rows of one-way mode are left out; leverage is not known and the margin type guessed (``configured``).

    Raises:
        Unreadable: an amount with the sign of the other leg.
    """
    rows = [row for row in decode(text, list[PositionRow]) if row.positionSide is not WireSide.BOTH]
    return Legs(tuple(_position(row) for row in rows if row.positionAmt), frozenset(row.symbol for row in rows))


def _position(row: PositionRow) -> Position:
    side = side_of(row.positionSide)
    if (row.positionAmt > 0) is not (side is PositionSide.LONG):
        raise Unreadable(f"positionAmt of a {side} leg has the other leg's sign")
    return Position(
        row.symbol,
        side,
        abs(row.positionAmt),
        row.entryPrice,
        row.updateTime,
        row.liquidationPrice if row.liquidationPrice > 0 else None,
        None,
        MarginType.ISOLATED if row.isolatedWallet else MarginType.CROSSED,
        row.isolatedWallet,
    )


def configured(position: Position, symbol: str, config: SymbolConfig | None) -> Position:
    """The leg under its unified name, with what symbolConfig says, if it was read."""
    if config is None:
        return replace(position, symbol=symbol)
    return replace(position, symbol=symbol, leverage=config.leverage, margin_type=config.margin_type)


def balances(text: str) -> tuple[Balance, ...]:
    """Every wallet, empty ones too: one that was emptied is news."""
    rows = decode(text, list[BalanceRow])
    return tuple(Balance(row.asset, row.balance, row.crossWalletBalance, row.updateTime) for row in rows)


def symbol_configs(text: str) -> Mapping[str, SymbolConfig]:
    """By the exchange's own name.

    Raises:
        Unreadable: a margin type that is neither CROSSED nor ISOLATED.
    """
    return {row.symbol: SymbolConfig(row.leverage, _margin_type(row.marginType)) for row in _config_rows(text)}


def _config_rows(text: str) -> Iterable[SymbolConfigRow]:
    return decode(text, list[SymbolConfigRow])


def _margin_type(text: str) -> MarginType:
    try:
        return MarginType(text.upper())
    except ValueError:
        raise Unreadable("marginType is neither CROSSED nor ISOLATED") from None


def account_config(text: str) -> AccountConfig:
    """The answer of accountConfig."""
    row = decode(text, AccountConfigRow)
    return AccountConfig(row.dualSidePosition, row.multiAssetsMargin, row.canTrade)


def key_rights(text: str) -> KeyRights:
    """The answer of apiRestrictions; every flag in it but the binding to addresses is a right.

    Raises:
        Unreadable: it does not say whether the key is bound to addresses.
    """
    told = decode(text, dict[str, Any])
    bound = told.get(IP_RESTRICT)
    if not isinstance(bound, bool):
        raise Unreadable(f"{IP_RESTRICT} is missing")
    rights = {name: value for name, value in told.items() if isinstance(value, bool) and name != IP_RESTRICT}
    created = told.get(CREATED)
    return KeyRights(rights, bound, created if type(created) is int else None)

"""The account's own trades as userTrades tells them."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.binance.rest_codec import Row, WireSide, decode, side_of
from vibe_quant.domain.enums import OrderSide
from vibe_quant.ports import UserTrade


class TradeRow(Row, frozen=True):
    """A row of userTrades."""

    id: int
    orderId: int  # noqa: N815
    side: OrderSide
    positionSide: WireSide  # noqa: N815
    price: Decimal
    qty: Decimal
    realizedPnl: Decimal  # noqa: N815
    commission: Decimal
    commissionAsset: str  # noqa: N815
    time: int
    maker: bool


def trade_rows(text: str) -> list[TradeRow]:
    """A page, as it came."""
    return decode(text, list[TradeRow])


def user_trade(row: TradeRow, symbol: str) -> UserTrade:
    """One trade of a leg.

    Raises:
        Unreadable: it is of one-way mode, and belongs to no leg.
    """
    return UserTrade(
        symbol,
        row.side,
        side_of(row.positionSide),
        row.id,
        row.orderId,
        row.price,
        row.qty,
        row.maker,
        row.commission,
        row.commissionAsset,
        row.realizedPnl,
        row.time,
    )

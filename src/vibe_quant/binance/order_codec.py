"""Orders on the wire: the parameters of a closing order, and what REST says of one.

Hedge mode: the side follows from the position's side, ``positionSide`` is always sent and ``reduceOnly`` never, so no
parameters made here can open or enlarge a leg.
"""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.binance.rest_codec import Row, Unreadable, WireSide, decode, plain, side_of, type_of
from vibe_quant.domain.account_events import ZERO, OrderUpdate
from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, Source
from vibe_quant.domain.intents import AmendOrder, OrderIntent

Params = dict[str, str | int]


class OrderRow(Row, frozen=True):
    """An order as POST, PUT, DELETE and GET tell it; answers to the first three have no ``avgPrice`` since 2026."""

    orderId: int  # noqa: N815
    symbol: str
    status: OrderStatus
    clientOrderId: str  # noqa: N815
    price: Decimal
    origQty: Decimal  # noqa: N815
    executedQty: Decimal  # noqa: N815
    type: str
    side: OrderSide
    positionSide: WireSide  # noqa: N815
    updateTime: int  # noqa: N815
    avgPrice: Decimal | None = None  # noqa: N815


def order_params(order: OrderIntent, raw: str) -> Params:
    """POST order.

    Raises:
        ValueError: a LIMIT without exactly one of price and price_match, a MARKET with either, another type.
    """
    return {
        "symbol": raw,
        "side": order.position_side.exit_side.value,
        "positionSide": order.position_side.value,
        "type": order.order_type.value,
        "quantity": plain(order.qty),
        **_pricing(order),
        "newClientOrderId": order.client_id,
        "newOrderRespType": "ACK",
        "timestamp": order.timestamp_ms,
        "recvWindow": order.recv_window_ms,
    }


def _pricing(order: OrderIntent) -> Params:
    if order.order_type is OrderType.MARKET and order.price is None and order.price_match is None:
        return {}
    if order.order_type is not OrderType.LIMIT or (order.price is None) == (order.price_match is None):
        raise ValueError(
            f"{order.client_id}: a {order.order_type} with this choice of price and price match is no order"
        )
    in_force: Params = {"timeInForce": order.time_in_force.value}
    if order.price is not None:
        return in_force | {"price": plain(order.price)}
    assert order.price_match is not None  # by the condition above
    return in_force | {"priceMatch": order.price_match.value}


def amend_params(amend: AmendOrder, raw: str) -> Params:
    """PUT order; ``quantity`` is the new total.  The request has no positionSide: the id stands for the leg."""
    return {
        "symbol": raw,
        "side": amend.position_side.exit_side.value,
        "origClientOrderId": amend.client_id,
        "quantity": plain(amend.qty),
        "price": plain(amend.price),
    }


def read_order(text: str, symbol: str, client_id: str, recv_ms: int, *, with_price: bool) -> OrderUpdate:
    """One order by its own answer; ``with_price`` False for acknowledgements, whose average price tells nothing.

    Raises:
        Unreadable: no order, or the report of another one.
    """
    row = decode(text, OrderRow)
    if row.clientOrderId != client_id:
        raise Unreadable("the answer is about another order")
    return _update(row, symbol, recv_ms, with_price=with_price)


def open_orders(text: str, recv_ms: int) -> tuple[OrderUpdate, ...]:
    """The rows of openOrders, with the exchange's own names of symbols; those of one-way mode are left out."""
    rows = [row for row in decode(text, list[OrderRow]) if row.positionSide is not WireSide.BOTH]
    return tuple(_update(row, row.symbol, recv_ms, with_price=True) for row in rows)


def _update(row: OrderRow, symbol: str, recv_ms: int, *, with_price: bool) -> OrderUpdate:
    if min(row.origQty, row.executedQty, row.price, row.avgPrice or ZERO) < 0:
        raise Unreadable("a quantity or price is negative")
    return OrderUpdate(
        symbol,
        row.clientOrderId,
        side_of(row.positionSide),
        row.side,
        row.status,
        type_of(row.type, row.price),
        row.origQty,
        row.price,
        row.executedQty,
        row.updateTime,
        recv_ms,
        Source.REST,
        row.orderId,
        avg_price=row.avgPrice if with_price else None,
    )

"""Conditional orders on the wire (the Algo Service): a protective stop's parameters, and what REST says of one."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from vibe_quant.binance.order_codec import Params
from vibe_quant.binance.rest_codec import Row, Unreadable, WireSide, decode, optional_decimal, plain, side_of, type_of
from vibe_quant.domain.account_events import ZERO, StopReport
from vibe_quant.domain.enums import OrderSide, OrderType, Source, StopStatus, WorkingType
from vibe_quant.domain.intents import CancelStop, PlaceStop

CONDITIONAL = "CONDITIONAL"


class AlgoKind(Row, frozen=True):
    """What any row of the lists has: algorithms of other kinds have fields of their own beside it."""

    algoType: str = CONDITIONAL  # noqa: N815


class AlgoRow(Row, frozen=True):
    """As POST algoOrder and the lists tell it; what the order in the matching engine did is only in the lists.

    Numbers may be empty, and words new: a stranger's order must not hide ours.
    """

    algoId: int  # noqa: N815
    clientAlgoId: str  # noqa: N815
    orderType: str  # noqa: N815
    symbol: str
    side: OrderSide
    positionSide: WireSide  # noqa: N815
    quantity: str | None
    algoStatus: str  # noqa: N815
    triggerPrice: str | None  # noqa: N815
    workingType: str | None  # noqa: N815
    closePosition: bool  # noqa: N815
    updateTime: int  # noqa: N815
    price: str | None = None
    actualOrderId: str | int | None = None  # noqa: N815
    actualQty: str | None = None  # noqa: N815


class CanceledRow(Row, frozen=True):
    """Answer of DELETE algoOrder."""

    algoId: int  # noqa: N815
    clientAlgoId: str  # noqa: N815


def stop_params(stop: PlaceStop, raw: str) -> Params:
    """POST algoOrder; without a quantity it closes the whole leg, whatever its size is then."""
    size: Params = {"closePosition": "true"} if stop.qty is None else {"quantity": plain(stop.qty)}
    return {
        "algoType": "CONDITIONAL",
        "symbol": raw,
        "side": stop.position_side.exit_side.value,
        "positionSide": stop.position_side.value,
        "type": OrderType.STOP_MARKET.value,
        "triggerPrice": plain(stop.trigger_price),
        "workingType": WorkingType.MARK_PRICE.value,
        **size,
        "clientAlgoId": stop.client_id,
    }


def placed_stop(text: str, stop: PlaceStop, recv_ms: int) -> StopReport:
    """The answer of POST algoOrder.

    Raises:
        Unreadable: no conditional order, or another one.
    """
    row = decode(text, AlgoRow)
    if row.clientAlgoId != stop.client_id:
        raise Unreadable("the answer is about another conditional order")
    return _report(row, stop.symbol, recv_ms)


def canceled_stop(text: str, cancel: CancelStop, exch_ms: int, recv_ms: int) -> StopReport:
    """The answer of DELETE algoOrder, which has the ids and no more: trigger and quantity are zero here.

    ``exch_ms``: the server's time when the request left, since the answer has none.

    Raises:
        Unreadable: no such answer, or about another one.
    """
    row = decode(text, CanceledRow)
    if row.clientAlgoId != cancel.client_id:
        raise Unreadable("the answer is about another conditional order")
    return StopReport(
        cancel.symbol,
        cancel.position_side,
        cancel.client_id,
        StopStatus.CANCELED,
        OrderType.STOP_MARKET,
        cancel.position_side.exit_side,
        ZERO,
        False,
        ZERO,
        exch_ms,
        recv_ms,
        Source.REST,
        algo_id=row.algoId,
    )


def open_stops(text: str, recv_ms: int) -> tuple[StopReport, ...]:
    """The rows of openAlgoOrders, with the exchange's own names of symbols.

    Left out: those of one-way mode, and algorithms that are no conditional orders.
    """
    raws = [bytes(raw).decode() for raw in decode(text, list[msgspec.Raw])]
    rows = [decode(raw, AlgoRow) for raw in raws if decode(raw, AlgoKind).algoType == CONDITIONAL]
    return tuple(_report(row, row.symbol, recv_ms) for row in rows if row.positionSide is not WireSide.BOTH)


def _report(row: AlgoRow, symbol: str, recv_ms: int) -> StopReport:
    return StopReport(
        symbol,
        side_of(row.positionSide),
        row.clientAlgoId,
        _status(row.algoStatus),
        type_of(row.orderType, _size(row.price)),
        row.side,
        _size(row.triggerPrice),
        row.closePosition,
        _size(row.quantity),
        row.updateTime,
        recv_ms,
        Source.REST,
        _working_type(row.workingType),
        row.algoId,
        _order_id(row.actualOrderId),
        _size(row.actualQty),
    )


def _status(told: str) -> StopStatus:
    """A word nobody knows is of one that stands: it is listed, or was taken just now."""
    try:
        return StopStatus(told)
    except ValueError:
        return StopStatus.NEW


def _working_type(told: str | None) -> WorkingType:
    """As the user stream's: a price nobody knows is taken for the mark."""
    return WorkingType.CONTRACT_PRICE if told == WorkingType.CONTRACT_PRICE else WorkingType.MARK_PRICE


def _size(told: str | None) -> Decimal:
    value = optional_decimal(told) or ZERO
    if value < 0:
        raise Unreadable("a quantity or price is negative")
    return value


def _order_id(told: str | int | None) -> int:
    """Zero until it is triggered; the lists have it as text, empty before."""
    if not told:
        return 0
    try:
        return int(told)
    except ValueError:
        raise Unreadable("actualOrderId is no number") from None

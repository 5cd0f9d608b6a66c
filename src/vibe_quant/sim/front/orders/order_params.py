"""Reads an order's parameters, of a request or of one leg of a batch, into the exchange's own requests."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, PriceMatch, TimeInForce
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim import filters
from vibe_quant.sim.front.params import Params, missing, unwanted
from vibe_quant.sim.instruments import Instrument, places
from vibe_quant.sim.records import AmendRequest, DeepMatch, OrderRef, OrderRequest, Rejected, Stp

T = TypeVar("T")

LARGEST_EXPONENT = 15  # nothing on this exchange is worth, or counts, a quadrillion
OF_CONDITIONALS = ("stopPrice", "activationPrice", "activatePrice", "callbackRate")
NO_ORDER = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"


class RespType(StrEnum):
    """``newOrderRespType``."""

    ACK = "ACK"
    RESULT = "RESULT"


def resp_type(params: Params) -> RespType:
    """ACK unless RESULT is asked for; -1136 for anything else."""
    return params.choice("newOrderRespType", RespType, -1136, "Invalid newOrderRespType.") or RespType.ACK


def order_type(params: Params) -> OrderType:
    """The type of a regular order: -1116 for what is none, -4120 for those of the Algo Service."""
    kind = needed(params.choice("type", OrderType, -1116, "Invalid orderType."), "type")
    filters.check_regular(kind)
    return kind


def place_request(params: Params, instrument: Instrument, rules: SymbolRules, client_id: str, now: int) -> OrderRequest:
    """``POST order``; what the parameters mean together is the exchange's to judge."""
    kind = order_type(params)
    _check_belongs(params, kind)
    return OrderRequest(
        symbol=instrument.symbol,
        side=order_side(params),
        position_side=position_side(params),
        order_type=kind,
        client_id=client_id,
        timestamp_ms=now,
        qty=precise(params.decimal("quantity"), instrument.qty_places, rules.step),
        price=precise(params.decimal("price"), instrument.price_places, rules.tick),
        time_in_force=time_in_force(params),
        price_match=price_match(params),
        stp=self_trade_prevention(params),
        reduce_only=params.flag("reduceOnly"),
        good_till_ms=params.integer("goodTillDate"),
    )


def amend_request(params: Params, instrument: Instrument, rules: SymbolRules, now: int) -> AmendRequest:
    """``PUT order``: side, quantity and a price are mandatory since the integration of 2026."""
    ref, modify_id = order_ref(params), params.integer("modifyId")
    return AmendRequest(
        symbol=instrument.symbol,
        side=order_side(params),
        client_id=ref if isinstance(ref, str) else "",
        qty=needed(precise(params.decimal("quantity"), instrument.qty_places, rules.step), "quantity"),
        price=precise(params.decimal("price"), instrument.price_places, rules.tick),
        timestamp_ms=now,
        order_id=ref if isinstance(ref, int) else None,
        price_match=price_match(params),
        modify_id="" if modify_id is None else str(modify_id),
        reduce_only=params.flag("reduceOnly"),
    )


def _check_belongs(params: Params, kind: OrderType) -> None:
    for name in OF_CONDITIONALS:
        if name in params:
            raise unwanted(name)
    if params.flag("closePosition"):
        raise Rejected(-4136, f"Target strategy invalid for orderType {kind},closePosition true")
    if kind is OrderType.MARKET and "timeInForce" in params:
        raise unwanted("timeInForce")


def order_ref(params: Params) -> OrderRef:
    """Which order is meant; the order id wins, -1102 where neither id was sent."""
    order_id = params.integer("orderId")
    ref = params.text("origClientOrderId") if order_id is None else order_id
    if ref is None:
        raise Rejected(-1102, NO_ORDER)
    return ref


def order_side(params: Params) -> OrderSide:
    """BUY or SELL; -1102 where it was left out, -1117 for no side."""
    return needed(params.choice("side", OrderSide, -1117, "Invalid side."), "side")


def time_in_force(params: Params) -> TimeInForce | None:
    """None: left out; -1115 for what is none."""
    return params.choice("timeInForce", TimeInForce, -1115, "Invalid timeInForce.")


def self_trade_prevention(params: Params) -> Stp:
    """EXPIRE_MAKER where it was left out; -5039 for no mode."""
    given = params.choice("selfTradePreventionMode", Stp, -5039, "Invalid self trade prevention mode.")
    return given or Stp.EXPIRE_MAKER


def position_side(params: Params) -> PositionSide | None:
    """None stands for BOTH, sent or left out; -4060 for no side."""
    if params.text("positionSide") == "BOTH":
        return None
    return params.choice("positionSide", PositionSide, -4060, "Invalid position side.")


def price_match(params: Params) -> PriceMatch | DeepMatch | None:
    """None for NONE, sent or left out; -5037 for what is no value."""
    given = params.text("priceMatch")
    if given is None or given == "NONE":
        return None
    if given in DeepMatch.__members__:
        return DeepMatch(given)
    return params.choice("priceMatch", PriceMatch, -5037, "Invalid price match.")


def precise(value: Decimal | None, shown: int, grid: Decimal) -> Decimal | None:
    """The number; -1111 for more decimals than are shown and the grid needs, or a size out of all bounds."""
    if value is None:
        return None
    if value.adjusted() > LARGEST_EXPONENT or _decimals(value) > max(shown, places(grid)):
        raise Rejected(-1111, "Precision is over the maximum defined for this asset.")
    return value


def _decimals(value: Decimal) -> int:
    """Digits behind the point, zeros at the end left out; counted by hand, for ``normalize`` rounds at 28 digits."""
    _, digits, exponent = value.as_tuple()
    if not value or not isinstance(exponent, int):
        return 0
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -exponent - zeros)


def needed(value: T | None, name: str) -> T:
    """The value, or -1102."""
    if value is None:
        raise missing(name)
    return value

"""Whether a request may enter the book: the exchange's parameter rules and filters, each with its own code."""

from __future__ import annotations

import re
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, PriceMatch, TimeInForce
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.book import QUEUES, Market
from vibe_quant.sim.records import DeepMatch, OrderRequest, Rejected, Stp
from vibe_quant.sim.switches import Switches

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
TOO_SMALL = -4164
CONDITIONAL = frozenset(
    (
        OrderType.STOP,
        OrderType.STOP_MARKET,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_MARKET,
        OrderType.TRAILING_STOP_MARKET,
    )
)


def check_time(timestamp_ms: int, recv_window_ms: int, now: int) -> None:
    """-1021 unless the request is at most ``recv_window_ms`` old and less than a second ahead."""
    if timestamp_ms >= now + 1000:
        raise Rejected(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - timestamp_ms > recv_window_ms:
        raise Rejected(-1021, "Timestamp for this request is outside of the recvWindow.")


def check_client_id(client_id: str) -> None:
    """-4015 unless 1 to 36 of the permitted characters."""
    if not CLIENT_ID.fullmatch(client_id):
        raise Rejected(-4015, "Client order id is not valid.")


def check_status(rules: SymbolRules, opens: bool) -> None:
    """-4140 for an opening, -4141 for a closing order on a symbol that does not trade."""
    if rules.status != "TRADING":
        if opens:
            raise Rejected(-4140, "Invalid symbol status for opening position.")
        raise Rejected(-4141, "Symbol is closed.")


def check_regular(order_type: OrderType) -> None:
    """-4120 for the types that moved to the Algo Service."""
    if order_type in CONDITIONAL:
        raise Rejected(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        )


def check_shape(request: OrderRequest, switches: Switches, dual: bool = True) -> PositionSide:
    """Parameters that contradict each other or the account's mode; returns the position side.

    ``dual`` is hedge mode.  Orders of one-way mode are not simulated: they are refused with -4088, which a program
    that was written for hedge mode must survive like any other halt.
    """
    check_regular(request.order_type)
    side = check_mode(request.position_side, dual)
    if request.reduce_only is not None:
        raise Rejected(-1106, "Parameter 'reduceonly' sent when not required.")
    if request.order_type not in (OrderType.LIMIT, OrderType.MARKET):
        raise Rejected(-1116, "Invalid orderType.")
    if request.qty is None:
        raise Rejected(-1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.")
    _check_price_parameters(request, switches)
    return side


def check_mode(side: PositionSide | None, dual: bool) -> PositionSide:
    """The position side, or the refusal of one that the account's mode does not know; ``None`` is BOTH."""
    if side is None and not dual:
        raise Rejected(-4088, "User can not place order currently.")
    if side is None or not dual:
        raise Rejected(-4061, "Order's position side does not match user's setting.")
    return side


def _check_price_parameters(request: OrderRequest, switches: Switches) -> None:
    if request.order_type is OrderType.MARKET:
        if request.price_match is not None:
            raise Rejected(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.")
        if request.price is not None:
            raise Rejected(-1106, "Parameter 'price' sent when not required.")
        return
    if request.time_in_force is None:
        raise Rejected(-1102, "Mandatory parameter 'timeinforce' was not sent, was empty/null, or malformed.")
    check_match(request.price, request.price_match, switches)
    if request.price_match in QUEUES and request.time_in_force is TimeInForce.GTX and not switches.queue_with_gtx:
        raise Rejected(-5037, "Invalid price match.")


def check_match(price: Decimal | None, match: PriceMatch | DeepMatch | None, switches: Switches) -> None:
    """A limit price is given or chosen by ``priceMatch``, not both: -1102 neither, -5037 both or a removed value."""
    if match is None:
        if price is None:
            raise Rejected(-1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed.")
        return
    if price is not None:
        raise Rejected(-5037, "Invalid price match: priceMatch and price were both sent.")
    if match in (DeepMatch.OPPONENT_10, DeepMatch.OPPONENT_20) and switches.deep_opponent_refused:
        raise Rejected(-5037, "Invalid price match.")


def check_stp(stp: Stp, batch: bool, switches: Switches) -> None:
    """-5039 for NONE on a single order, by switch; a batch may carry it."""
    if stp is Stp.NONE and not batch and switches.single_order_needs_stp:
        raise Rejected(-5039, "Invalid self trade prevention mode.")


def check_qty(rules: SymbolRules, qty: Decimal, order_type: OrderType) -> None:
    """LOT_SIZE and MARKET_LOT_SIZE: -4003 too small, -4005 too large, -4023 off the step grid."""
    if qty <= 0:
        raise Rejected(-4003, "Quantity less than or equal to zero.")
    if qty < rules.min_qty:
        raise Rejected(-4003, "Quantity less than min quantity.")
    if qty > (rules.market_max_qty if order_type is OrderType.MARKET else rules.max_qty):
        raise Rejected(-4005, "Quantity greater than max quantity.")
    if (qty - rules.min_qty) % rules.step != 0:
        raise Rejected(-4023, "Qty not increased by step size.")


def check_price(market: Market, side: OrderSide, price: Decimal) -> None:
    """PRICE_FILTER and PERCENT_PRICE of a limit price."""
    rules = market.rules
    if price <= 0:
        raise Rejected(-4001, "Price less than 0.")
    if price < rules.min_price:
        raise Rejected(-4013, "Price less than min price.")
    if rules.max_price and price > rules.max_price:
        raise Rejected(-4002, "Price greater than max price.")
    if (price - rules.min_price) % rules.tick != 0:
        raise Rejected(-4014, "Price not increased by tick size.")
    mark = market.mark
    if mark is None:
        return
    if side is OrderSide.BUY and rules.percent_up is not None and price > mark * rules.percent_up:
        raise Rejected(-4016, f"Limit price can't be higher than {_text(mark * rules.percent_up)}.")
    if side is OrderSide.SELL and rules.percent_down is not None and price < mark * rules.percent_down:
        raise Rejected(-4024, f"Limit price can't be lower than {_text(mark * rules.percent_down)}.")


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def check_market_price(market: Market, side: OrderSide) -> None:
    """-4131: a MARKET order whose best counter price lies outside PERCENT_PRICE."""
    shown = market.shown(side)
    rules, mark = market.rules, market.mark
    if not shown or mark is None:
        return
    best = shown[0][0]
    high = rules.percent_up is not None and side is OrderSide.BUY and best > mark * rules.percent_up
    low = rules.percent_down is not None and side is OrderSide.SELL and best < mark * rules.percent_down
    if high or low:
        raise Rejected(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")


def check_notional(market: Market, qty: Decimal, price: Decimal | None, relief: bool, code: int = TOO_SMALL) -> None:
    """MIN_NOTIONAL; ``price`` None is a MARKET order, valued at the mark.  ``relief`` spares closers."""
    value = price if price is not None else market.mark
    if relief or value is None or qty * value >= market.rules.min_notional:
        return
    text = f"Order's notional must be no smaller than {_text(market.rules.min_notional)}"
    raise Rejected(code, text + (" (unless you choose reduce only)." if code == TOO_SMALL else "."))


def has_relief(switches: Switches, order_type: OrderType, is_closer: bool) -> bool:
    """Whether MIN_NOTIONAL spares this order."""
    if not is_closer:
        return False
    return switches.min_notional_relief_market if order_type is OrderType.MARKET else switches.min_notional_relief_limit

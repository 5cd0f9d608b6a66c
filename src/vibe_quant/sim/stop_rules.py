"""Whether a conditional order may be recorded: its parameters, its prices, and what the market says of its trigger."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, TimeInForce
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim import filters
from vibe_quant.sim.records import AlgoRequest, Rejected
from vibe_quant.sim.stop_triggers import TRAILING, rises
from vibe_quant.sim.switches import Switches

LIMITS = (OrderType.STOP, OrderType.TAKE_PROFIT)
MARKETS = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
CALLBACK_MIN, CALLBACK_MAX, CALLBACK_STEP = Decimal("0.001"), Decimal("0.2"), Decimal("0.001")
LARGEST = Decimal("1E15")  # a bound where the symbol has none: beyond it no tick can be told


def check_shape(request: AlgoRequest, side: PositionSide, rules: SymbolRules, switches: Switches) -> None:
    """Parameters that are missing, contradict each other or leave the symbol's grids."""
    if request.order_type not in filters.CONDITIONAL:
        raise Rejected(-1116, "Invalid orderType.")
    if request.reduce_only is not None:
        raise unwanted("reduceonly")
    if request.order_type is TRAILING:
        _check_trailing(request, rules)
    else:
        _check_trigger(request, rules)
    if request.time_in_force is TimeInForce.GTD and not switches.algo_good_till:
        raise Rejected(-1115, "Invalid timeInForce.")
    _check_limit(request, rules, switches)
    _check_quantity(request, side, rules)


def _check_trigger(request: AlgoRequest, rules: SymbolRules) -> None:
    if request.trigger_price is None:
        raise missing("triggerprice")
    if request.activate_price is not None:
        raise unwanted("activateprice")
    if request.callback is not None:
        raise unwanted("callbackrate")
    if request.trigger_price <= 0:
        raise Rejected(-4006, "Stop price less than zero.")
    if request.trigger_price > (rules.max_price or LARGEST):
        raise Rejected(-4007, "Stop price greater than max price.")
    _check_tick(request.trigger_price, rules)


def _check_trailing(request: AlgoRequest, rules: SymbolRules) -> None:
    if request.trigger_price is not None:
        raise unwanted("triggerprice")
    if request.callback is None:
        raise missing("callbackrate")
    if not CALLBACK_MIN <= request.callback <= CALLBACK_MAX or request.callback % CALLBACK_STEP:
        raise Rejected(-2007, "Invalid callBack rate.")
    if request.activate_price is not None:
        if not 0 < request.activate_price <= (rules.max_price or LARGEST):
            raise Rejected(-4135, "Invalid activation price.")
        _check_tick(request.activate_price, rules)


def _check_limit(request: AlgoRequest, rules: SymbolRules, switches: Switches) -> None:
    price = request.price
    if request.order_type not in LIMITS:
        if price is not None:
            raise unwanted("price")
        if request.price_match is not None:
            raise Rejected(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.")
        return
    filters.check_match(price, request.price_match, switches)
    if price is None:
        return
    if price <= 0:
        raise Rejected(-4001, "Price less than 0.")
    if price < rules.min_price:
        raise Rejected(-4013, "Price less than min price.")
    if price > (rules.max_price or LARGEST):
        raise Rejected(-4002, "Price greater than max price.")
    _check_tick(price, rules)
    _check_distance(request.side, price, request.trigger_price, rules)


def _check_distance(side: OrderSide, price: Decimal, trigger: Decimal | None, rules: SymbolRules) -> None:
    """PERCENT_PRICE's multipliers bound a limit by its trigger until it triggers, by the mark from then on."""
    if trigger is None:
        return
    if side is OrderSide.BUY and rules.percent_up is not None and price > trigger * rules.percent_up:
        raise Rejected(-4183, f"Limit price can't be higher than {trigger * rules.percent_up}.")
    if side is OrderSide.SELL and rules.percent_down is not None and price < trigger * rules.percent_down:
        raise Rejected(-4184, f"Limit price can't be lower than {trigger * rules.percent_down}.")


def _check_quantity(request: AlgoRequest, side: PositionSide, rules: SymbolRules) -> None:
    kind = request.order_type
    if request.close_position:
        if kind not in MARKETS:
            raise Rejected(-4136, f"Target strategy invalid for orderType {kind},closePosition true")
        if request.qty is not None:
            raise Rejected(-4137, "Quantity must be zero with closePosition equals true.")
        if request.side is not side.exit_side:
            raise Rejected(-4138, "Reduce only must be true with closePosition equals true.")
    elif request.qty is None:
        raise missing("quantity")
    else:
        filters.check_qty(rules, request.qty, OrderType.LIMIT if kind in LIMITS else OrderType.MARKET)


def check_not_met(request: AlgoRequest, price: Decimal | None) -> None:
    """-2021 for a trigger that ``price`` has met already, and for an activation price that it has passed."""
    if price is None:
        return
    buys, activate, trigger = request.side is OrderSide.BUY, request.activate_price, request.trigger_price
    if request.order_type is TRAILING:
        through = activate is not None and (activate >= price if buys else activate <= price)
    else:
        up = rises(request.order_type, request.side)
        through = trigger is not None and (price >= trigger if up else price <= trigger)
    if through:
        raise Rejected(-2021, "Order would immediately trigger.")


def _check_tick(price: Decimal, rules: SymbolRules) -> None:
    if (price - rules.min_price) % rules.tick != 0:
        raise Rejected(-4014, "Price not increased by tick size.")


def missing(name: str) -> Rejected:
    """-1102; ``name`` in lower case, as the exchange writes it."""
    return Rejected(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unwanted(name: str) -> Rejected:
    """-1106; ``name`` in lower case, as the exchange writes it."""
    return Rejected(-1106, f"Parameter '{name}' sent when not required.")

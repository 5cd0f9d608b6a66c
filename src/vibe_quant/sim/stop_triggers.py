"""When a conditional order triggers: its direction, what a trailing stop has seen, the protection of its trigger."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderType
from vibe_quant.sim.book import Market
from vibe_quant.sim.records import SimAlgo

TRAILING = OrderType.TRAILING_STOP_MARKET


def rises(order_type: OrderType, side: OrderSide) -> bool:
    """STOP: BUY at or above, SELL at or below its trigger; TAKE_PROFIT the reverse."""
    return (side is OrderSide.BUY) is (order_type is OrderType.STOP_MARKET or order_type is OrderType.STOP)


def activates(algo: SimAlgo, price: Decimal) -> bool:
    """A trailing BUY starts at or below its activation price, a SELL at or above; without one at the first price."""
    if not algo.activate_price:
        return True
    return price <= algo.activate_price if algo.side is OrderSide.BUY else price >= algo.activate_price


def comes_back(algo: SimAlgo, price: Decimal) -> bool:
    """Let an activated trailing stop see a price; True where it lies off the best so far by the callback."""
    if algo.side is OrderSide.BUY:
        algo.extreme = min(algo.extreme, price)
        return price >= algo.extreme * (1 + algo.callback)
    algo.extreme = max(algo.extreme, price)
    return price <= algo.extreme * (1 - algo.callback)


def apart(market: Market, share: Decimal) -> bool:
    """Mark and contract price differ by more than ``share`` of the mark; False while one is not known."""
    if market.mark is None or market.last is None:
        return False
    return abs(market.last - market.mark) > market.mark * share

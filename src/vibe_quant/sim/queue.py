"""How much displayed quantity still stands before a resting order.

At arrival: the displayed quantity if our price is the touch, nothing if it improves the touch, unknown (None) behind
it.  An unknown queue becomes known when the level becomes the touch: then everything displayed is taken to be ahead.
Trades at our price always eat the queue.  Cancellations, by model:

- ``trades_only`` (default): never shrink it; a level that empties by cancellation leaves us where we were.
- ``never_more_than_displayed``: never longer than what the level displays (hftbacktest's risk-averse model).
- ``proportional``: what vanished without a trade was spread evenly over the level, rounded against us.
"""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.rules import ceil_to
from vibe_quant.sim.records import ZERO, SimOrder
from vibe_quant.sim.switches import QueueModel


def join(order: SimOrder, touch: Decimal, touch_qty: Decimal) -> None:
    """Set the queue of an order that starts to rest, given its own side's touch (both zero: nothing shown)."""
    distance = order.price - touch if order.side is OrderSide.SELL else touch - order.price
    order.traded = ZERO
    if touch == 0 or distance < 0:
        order.ahead = order.seen = ZERO
    elif distance == 0:
        order.ahead = order.seen = touch_qty
    else:
        order.ahead = None


def on_touch(order: SimOrder, touch: Decimal, touch_qty: Decimal, model: QueueModel, step: Decimal) -> None:
    """Take a new touch of the order's own side into account (the order does not cross the other side)."""
    if (order.price > touch) if order.side is OrderSide.SELL else (order.price < touch):
        return
    displayed = touch_qty if order.price == touch else ZERO
    if order.ahead is None:
        order.ahead = displayed
    elif model is QueueModel.NEVER_MORE_THAN_DISPLAYED:
        order.ahead = min(order.ahead, displayed)
    elif model is QueueModel.PROPORTIONAL:
        order.ahead = _shrunk(order, order.ahead, displayed, step)
    order.seen = displayed
    order.traded = ZERO


def _shrunk(order: SimOrder, ahead: Decimal, displayed: Decimal, step: Decimal) -> Decimal:
    left = order.seen - order.traded
    cancelled = left - displayed
    if cancelled <= 0 or left <= 0:
        return min(ahead, displayed)
    return min(ceil_to(ahead - cancelled * ahead / left, step), displayed)


def on_print(order: SimOrder, qty: Decimal) -> Decimal:
    """Let a print of ``qty`` at the order's price eat the queue; returns what of it reaches the order."""
    if order.ahead is None:
        return ZERO
    order.traded += qty
    reach = qty - order.ahead
    order.ahead = max(ZERO, -reach)
    return max(ZERO, reach)

"""The account's own orders in the public book: they stand there like anybody's, for there is only one book."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderType
from vibe_quant.domain.events import Quote
from vibe_quant.sim.book import Market
from vibe_quant.sim.records import ZERO

Sizes = Mapping[Decimal, Decimal]
"""Quantity by price times the side's sign (bids -1), as in ladder.py."""

NOTHING: Sizes = {}


def own_sizes(market: Market) -> tuple[Sizes, Sizes]:
    """(bids, asks) that the account's resting orders add; one that the opposite touch lies over is left out.

    Such an order is about to be filled, or waits for the end of a halt: shown, it would cross the book.
    """
    if not market.resting:
        return NOTHING, NOTHING
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    for order in market.resting:
        if order.order_type is OrderType.LIMIT and not market.crosses(order.side, order.price):
            side, key = (bids, -order.price) if order.side is OrderSide.BUY else (asks, order.price)
            side[key] = side.get(key, ZERO) + order.remaining
    return bids, asks


def with_own(quote: Quote, bids: Sizes, asks: Sizes) -> Quote:
    """The touch of the whole book: the market's, bettered or enlarged by own orders."""
    bid, bid_qty = _touch(quote.bid, quote.bid_qty, bids, -1)
    ask, ask_qty = _touch(quote.ask, quote.ask_qty, asks, 1)
    return Quote(quote.symbol, quote.exch_ms, quote.recv_ms, bid, bid_qty, ask, ask_qty, quote.update_id)


def _touch(price: Decimal, qty: Decimal, own: Sizes, sign: int) -> tuple[Decimal, Decimal]:
    if not own:
        return price, qty
    best = min(own)
    if price and best > price * sign:
        return price, qty
    return best * sign, own[best] + (qty if price == best * sign else ZERO)

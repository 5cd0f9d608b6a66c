"""Admits orders: resolves the price, applies the rules of closing, post-only and margin, and changes resting orders."""

from __future__ import annotations

from copy import copy
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, PriceMatch, TimeInForce
from vibe_quant.sim import filters, margin
from vibe_quant.sim.account import LegKey
from vibe_quant.sim.book import Market
from vibe_quant.sim.good_till import GoodTill
from vibe_quant.sim.matching import Matching, reaches
from vibe_quant.sim.records import (
    ZERO,
    Amendment,
    AmendRequest,
    DeepMatch,
    ExecType,
    ExpiryReason,
    OrderRequest,
    Rejected,
    SimOrder,
)
from vibe_quant.sim.venue import Venue

MAX_OPEN_ORDERS = 200
MAX_AMENDMENTS = 10_000
GTX_REFUSED = (
    "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history"
)


class Entry:
    """POST and PUT of regular orders."""

    def __init__(self, venue: Venue, matching: Matching) -> None:
        """Shares the exchange's state."""
        self.venue = venue
        self.matching = matching
        self.good_till = GoodTill(venue, matching)
        self.overloaded = False  # -1008 for whatever is not spared

    def place(self, request: OrderRequest, now: int) -> SimOrder:
        """Check and enter an order; raises Rejected with nothing recorded."""
        order = self.check(request, now)
        order.order_id = self.venue.next_order_id()
        self.matching.enter(order, now)
        self.good_till.watch(order)
        return order

    def check(self, request: OrderRequest, now: int) -> SimOrder:
        """The order that the request would become, without an id and nowhere recorded; raises Rejected."""
        venue, switches = self.venue, self.venue.switches
        market = venue.market(request.symbol)
        filters.check_time(request.timestamp_ms, request.recv_window_ms, now)
        filters.check_client_id(request.client_id)
        position_side = filters.check_shape(request, switches, venue.account.dual)
        closes = request.side is position_side.exit_side
        if self.overloaded and not (closes and switches.overload_spares_closers):
            raise overload()
        filters.check_status(market.rules, not closes)
        previous = venue.orders.get(request.client_id)
        if previous is not None and not previous.status.is_final:
            raise Rejected(-4116, "ClientOrderId is duplicated.")
        order = self._resolved(request, position_side, market, now)
        self.admit(order, market)
        return order

    def admit(self, order: SimOrder, market: Market) -> None:
        """The rules of filters, closing, margin and book for an order that is about to enter; a closer may be clipped.

        Raises:
            Rejected: the order must not enter.
        """
        self._check_filters(order, market)
        if order.is_closer:
            key = (order.symbol, order.position_side)
            order.qty = self._closable(key, order.qty, order.order_type, ZERO)
        else:
            self.check_margin(order.symbol, order.qty, order.price)
            self._check_size((order.symbol, order.position_side), order.qty * (order.price or market.mark or ZERO))
        self._check_book(order, market)
        if self._open_count(order.symbol, market) >= MAX_OPEN_ORDERS:
            raise Rejected(-2025, "Reach max open order limit.")

    def _open_count(self, symbol: str, market: Market) -> int:
        counted = self.venue.open_algos if self.venue.switches.algos_count_as_orders else ()
        return len(market.resting) + sum(algo.symbol == symbol for algo in counted)

    def _resolved(self, request: OrderRequest, side: PositionSide, market: Market, now: int) -> SimOrder:
        return SimOrder(
            order_id=0,
            client_id=request.client_id,
            symbol=request.symbol,
            side=request.side,
            position_side=side,
            order_type=request.order_type,
            time_in_force=request.time_in_force or TimeInForce.GTC,
            qty=request.qty or ZERO,
            price=_price(request.side, request.price, request.price_match, market),
            created_ms=now,
            updated_ms=now,
            stp=request.stp,
            price_match=request.price_match,
            good_till_ms=self.good_till.check(request, now),
            orig_type=request.order_type,
        )

    def _check_filters(self, order: SimOrder, market: Market) -> None:
        filters.check_qty(market.rules, order.qty, order.order_type)
        price = None
        if order.order_type is OrderType.LIMIT:
            price = order.price
            filters.check_price(market, order.side, price)
        else:
            filters.check_market_price(market, order.side)
        relief = filters.has_relief(self.venue.switches, order.order_type, order.is_closer)
        filters.check_notional(market, order.qty, price, relief)

    def _closable(self, key: LegKey, qty: Decimal, order_type: OrderType, own: Decimal) -> Decimal:
        """Quantity that a closer may carry; ``own`` is what the order itself already claims (an amendment)."""
        switches = self.venue.switches
        leg = self.venue.account.leg(*key).qty
        claimed = self.venue.claimed(key) - own
        market_free = order_type is OrderType.MARKET and not switches.market_close_counts_closers
        counted = claimed if switches.closers_sum_refused and not market_free else ZERO
        room = leg - counted
        if room <= 0 or (qty > room and (counted or switches.over_close_refused)):
            raise Rejected(-2022, "ReduceOnly Order is rejected.")
        return min(qty, leg)

    def check_margin(self, symbol: str, qty: Decimal, price: Decimal, own: Decimal = ZERO) -> None:
        """-2019 unless the initial margin of an opening order is free; working openers count.

        ``own`` is the value that the order itself already claims (an amendment).
        """
        account = self.venue.account
        asset = account.asset_of(symbol)
        value = price or self.venue.markets[symbol].mark or ZERO
        needed = (qty * value - own) / account.leverage_of(symbol)
        if needed > account.available(asset) - margin.bound_by_orders(account, asset):
            raise Rejected(-2019, "Margin is insufficient.")

    def _check_size(self, key: LegKey, more: Decimal) -> None:
        """-2027 where the leg and its openers would be worth more than the leverage permits; ``more``: quote asset."""
        account = self.venue.account
        largest = margin.max_notional(account, key[0], account.leverage_of(key[0]))
        worth = margin.notional(account, key) + margin.order_notional(account, key, key[1].opposite.exit_side)
        if largest is not None and worth + more > largest:
            raise Rejected(-2027, "Exceeded the maximum allowable position at current leverage.")

    def _check_book(self, order: SimOrder, market: Market) -> None:
        if order.time_in_force is TimeInForce.GTX and self._would_take(order, order.price, market):
            raise Rejected(-5022, GTX_REFUSED)
        if order.time_in_force is TimeInForce.FOK:
            shown = sum((qty for price, qty in market.shown(order.side) if reaches(order, price)), ZERO)
            if shown < order.qty:
                raise Rejected(
                    -5021, "Due to the order could not be filled immediately, the FOK order has been rejected."
                )

    def _would_take(self, order: SimOrder, price: Decimal, market: Market) -> bool:
        return market.crosses(order.side, price) or bool(self.matching.rivals(order.side, price, market))

    def amend(self, request: AmendRequest, now: int) -> SimOrder:
        """New price and total quantity; loses the queue.  The documented cancels answer with the cancelled order.

        What is returned is a copy as of the amendment: what the order then takes is for the user stream to tell, unless
        ``amend_shows_fills``.
        """
        market = self.venue.market(request.symbol)
        filters.check_time(request.timestamp_ms, request.recv_window_ms, now)
        order = self.venue.live_order(request.symbol, request.ref)
        if order is None:
            raise Rejected(-2013, "Order does not exist.")
        match = None if request.price is None and self.venue.switches.amend_needs_price else request.price_match
        filters.check_match(request.price, match, self.venue.switches)
        price = _price(order.side, request.price, request.price_match, market)
        self._check_amendment(order, request, price, market)
        takes = order.time_in_force is TimeInForce.GTX and self._would_take(order, price, market)
        if request.qty <= order.filled_qty or takes:
            self.matching.end(order, OrderStatus.CANCELED, ExpiryReason.NONE, now)
            return order
        before = Amendment(order.price, order.qty, request.modify_id)
        order.qty, order.price, order.price_match = request.qty, price, request.price_match
        order.amendments += 1
        market.resting.remove(order)
        self.venue.tell(order, ExecType.AMENDMENT, now, before)
        amended = copy(order)
        self.matching.settle(order, now)
        return order if self.venue.switches.amend_shows_fills else amended

    def _check_amendment(self, order: SimOrder, request: AmendRequest, price: Decimal, market: Market) -> None:
        self._check_amendable(order, request, market)
        if (request.qty, price) == (order.qty, order.price):
            raise Rejected(-5027, "No need to modify the order.")
        filters.check_qty(market.rules, request.qty, order.order_type)
        filters.check_price(market, order.side, price)
        relief = bool(request.reduce_only) or filters.has_relief(self.venue.switches, order.order_type, order.is_closer)
        filters.check_notional(market, request.qty, price, relief, -5029)
        left = request.qty - order.filled_qty
        if left <= 0:
            return
        if order.is_closer:
            self._closable((order.symbol, order.position_side), left, order.order_type, order.remaining)
        elif left * price > order.remaining * order.price:
            own = order.remaining * order.price
            self.check_margin(order.symbol, left, price, own)
            self._check_size((order.symbol, order.position_side), left * price - own)

    def _check_amendable(self, order: SimOrder, request: AmendRequest, market: Market) -> None:
        switches = self.venue.switches
        if order.order_type is not OrderType.LIMIT:
            raise Rejected(-5025, "Only limit order is supported.")
        if market.rules.status != "TRADING":
            raise Rejected(-5024, "Symbol is not in trading status. Order amendment is not permitted.")
        if order.amendments >= MAX_AMENDMENTS:
            raise Rejected(-5026, "Exceed maximum modify order limit.")
        if request.side is not order.side and switches.amend_needs_side:
            raise Rejected(-1117, "Invalid side.")
        if request.reduce_only and (switches.amend_reduce_only_refused or not order.is_closer):
            raise Rejected(-5047, "Modifying a non-reduce-only order with reduceOnly true is not allowed.")


def _price(side: OrderSide, price: Decimal | None, match: PriceMatch | DeepMatch | None, market: Market) -> Decimal:
    """The limit price, chosen by ``match`` if that is given; zero for a MARKET order; -5041 without that level."""
    if match is None:
        return price or ZERO
    chosen = market.matched_price(side, match)
    if chosen is None:
        raise Rejected(-5041, "No depth matches this BBO order.")
    return chosen


def overload() -> Rejected:
    """-1008, which certainly was not executed."""
    text = (
        "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."
    )
    return Rejected(-1008, text, http=503)

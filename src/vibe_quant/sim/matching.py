"""Matches our orders against the tape: what an arriving order takes, and what fills a resting one.

An arriving order takes what is shown and no more.  A resting order fills when prints at its price have eaten its queue
(queue.py), when a print goes through its price (the level was exhausted: the whole remainder fills), or when the
opposite touch moves over it (likewise).  What is left of an order that took everything shown fills only from touches
shown anew.  One print's quantity is used once across our orders, best price first, then in order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, TimeInForce
from vibe_quant.domain.events import Quote, Trade
from vibe_quant.sim.account import MONEY, LegKey
from vibe_quant.sim.book import Market, crosses
from vibe_quant.sim.queue import join, on_print, on_touch
from vibe_quant.sim.records import ZERO, ExecType, ExpiryReason, OrderEvent, SimOrder, Stp
from vibe_quant.sim.venue import Venue


class Matching:
    """Works on the shared state; ``order_ended`` and ``leg_closed`` are told of what happened."""

    def __init__(self, venue: Venue) -> None:
        """The callbacks are set by the exchange, once the part that they belong to exists."""
        self.venue = venue
        self.order_ended: Callable[[SimOrder, int], None]
        self.leg_closed: Callable[[LegKey, int], None]

    def enter(self, order: SimOrder, now: int) -> None:
        """Let an accepted order arrive: NEW, then what it takes, then rest or expire."""
        self.venue.add(order, now)
        self.settle(order, now)

    def settle(self, order: SimOrder, now: int) -> None:
        """Take what is shown; what is left rests, or expires by its type."""
        market = self.venue.markets[order.symbol]
        self.venue.entering = order
        self.take(order, market, now)
        self.venue.entering = None
        if order.status.is_final:
            return
        if order.order_type is OrderType.MARKET:
            if not self.venue.switches.market_walks_on:
                self.end(order, OrderStatus.EXPIRED, ExpiryReason.MARKET_UNFILLED, now)
                return
        elif order.time_in_force is TimeInForce.IOC:
            self.end(order, OrderStatus.EXPIRED, ExpiryReason.IOC, now)
            return
        join(order, *market.own_touch(order.side))
        market.resting.append(order)
        self._fit_closers((order.symbol, order.position_side), now)

    def take(self, order: SimOrder, market: Market, now: int) -> None:
        """Walk what is shown, up to the limit, meeting our own resting orders in their place."""
        limit = order.price if order.order_type is OrderType.LIMIT else market.market_limit(order.side)
        rivals = self.rivals(order.side, limit, market)
        for price, shown in market.shown(order.side):
            if limit is not None and beats(order.side, limit, price):
                break
            left = shown
            while rivals and order.remaining and not beats(order.side, price, rivals[0].price):
                if rivals[0].price == price:
                    ahead = rivals[0].ahead
                    left -= self._take_level(order, market, price, left if ahead is None else min(left, ahead), now)
                if order.remaining:
                    self._meet(order, rivals.pop(0), now)
            self._take_level(order, market, price, left, now)
        while rivals and order.remaining:
            self._meet(order, rivals.pop(0), now)

    def _take_level(self, order: SimOrder, market: Market, price: Decimal, shown: Decimal, now: int) -> Decimal:
        qty = min(order.remaining, shown)
        if qty <= 0:
            return ZERO
        done = self.execute(order, qty, price, False, now)
        market.take(order.side, price, done)
        return done

    def rivals(self, side: OrderSide, limit: Decimal | None, market: Market) -> list[SimOrder]:
        """Our resting limit orders that an order of ``side`` would trade with, best first."""
        found = [
            order
            for order in market.resting
            if order.side is not side
            and order.order_type is OrderType.LIMIT
            and (limit is None or not beats(side, limit, order.price))
        ]
        return _by_priority(found)

    def _meet(self, taker: SimOrder, maker: SimOrder, now: int) -> None:
        """Prevent a trade with ourselves, or with NONE let it happen: two executions, one of each order."""
        if taker.stp is Stp.NONE:
            done = self.execute(taker, min(taker.remaining, maker.remaining), maker.price, False, now)
            if done:
                self.execute(maker, done, maker.price, True, now)
            return
        if taker.stp is not Stp.EXPIRE_TAKER:
            self.end(maker, OrderStatus.EXPIRED_IN_MATCH, ExpiryReason.STP, now)
        if taker.stp is not Stp.EXPIRE_MAKER:
            self.end(taker, OrderStatus.EXPIRED_IN_MATCH, ExpiryReason.STP, now)

    def on_trade(self, market: Market, trade: Trade, now: int) -> None:
        """A public print: eats queues at its price, fills what it went through."""
        side = OrderSide.BUY if trade.buyer_is_maker else OrderSide.SELL
        whole = self.venue.switches.exhausted_level_fills_whole
        left = trade.qty
        for order in _by_priority(market.resting):
            if order.side is not side or order.order_type is not OrderType.LIMIT or order.status.is_final:
                continue
            if order.price == trade.price:
                reach = on_print(order, left)
            elif beats(side, order.price, trade.price):
                continue
            else:
                reach = order.remaining if whole else left
            qty = min(reach, order.remaining)
            if qty > 0:
                left = max(ZERO, left - self.execute(order, qty, order.price, True, now))

    def on_quote(self, market: Market, before: Quote | None, now: int) -> None:
        """A new touch (already set on ``market``): crosses, or moves the queues."""
        switches, quote = self.venue.switches, market.quote
        if quote is None:
            return
        for order in _by_priority(market.resting):
            if order.status.is_final:
                continue
            if order.order_type is OrderType.MARKET:
                self.take(order, market, now)
            elif crosses(quote, order.side, order.price):
                moved_over = before is None or not crosses(before, order.side, order.price)
                self._lifted(order, market, moved_over and switches.exhausted_level_fills_whole, now)
            elif order.side is OrderSide.SELL:
                on_touch(order, quote.ask, quote.ask_qty, switches.queue_model, market.rules.step)
            else:
                on_touch(order, quote.bid, quote.bid_qty, switches.queue_model, market.rules.step)

    def _lifted(self, order: SimOrder, market: Market, whole: bool, now: int) -> None:
        """Fill a resting order that the opposite touch lies over, at its own price."""
        shown = ZERO
        for price, qty in market.shown(order.side)[:1]:
            shown = qty if reaches(order, price) else ZERO
        qty = order.remaining if whole else min(order.remaining, shown)
        if qty > 0:
            done = self.execute(order, qty, order.price, True, now)
            if shown:
                market.take(order.side, price, min(done, shown))

    def execute(
        self,
        order: SimOrder,
        qty: Decimal,
        price: Decimal,
        maker: bool,
        now: int,
        exec_type: ExecType = ExecType.TRADE,
        extra_rate: Decimal = ZERO,
    ) -> Decimal:
        """Book one execution and tell of it; a closer is clipped to its leg.  Returns the quantity executed."""
        venue = self.venue
        account = venue.account
        key = (order.symbol, order.position_side)
        if order.is_closer:
            qty = min(qty, account.leg(*key).qty)
            if qty <= 0:
                self.end(order, OrderStatus.EXPIRED, ExpiryReason.KNOCKED_OUT, now)
                return ZERO
        rate = (account.maker_fee if maker else account.taker_fee) + extra_rate
        fee = (qty * price * rate).quantize(MONEY)
        realized = account.fill(key, not order.is_closer, qty, price, fee, now)
        order.filled_qty += qty
        order.quote_qty += qty * price
        order.status = OrderStatus.FILLED if order.filled_qty == order.qty else OrderStatus.PARTIALLY_FILLED
        order.updated_ms = now
        asset = account.asset_of(order.symbol)
        shown = copy(order)
        if exec_type is ExecType.CALCULATED and venue.switches.forced_status_new:
            shown.status = OrderStatus.NEW
        trade_id = venue.next_trade_id(order.symbol)
        bids, asks = venue.notionals(order)
        venue.tell_trade(
            OrderEvent(shown, exec_type, now, qty, price, trade_id, maker, fee, asset, realized, bids, asks), key
        )
        if order.status.is_final:
            self._forget(order, now)
        if order.is_closer:
            self.reduced(key, now)
        return qty

    def end(self, order: SimOrder, status: OrderStatus, reason: int, now: int) -> None:
        """Take an order out of the book unfilled in part or whole, and tell of it."""
        order.status = status
        order.expiry_reason = reason
        canceled = status is OrderStatus.CANCELED
        self.venue.tell(order, ExecType.CANCELED if canceled else ExecType.EXPIRED, now)
        self._forget(order, now)

    def _forget(self, order: SimOrder, now: int) -> None:
        resting = self.venue.markets[order.symbol].resting
        if order in resting:
            resting.remove(order)
        self.venue.finished(order)
        self.order_ended(order, now)

    def reduced(self, key: LegKey, now: int) -> None:
        """A leg became smaller: closers that no longer fit end, and conditionals hear of a leg that is gone."""
        self._fit_closers(key, now)
        if not self.venue.account.leg(*key).qty:
            self.leg_closed(key, now)

    def _fit_closers(self, key: LegKey, now: int) -> None:
        """Knock out resting closers beyond the leg: the worst price first, then the newest."""
        if not self.venue.switches.knock_out_closers:
            return
        excess = self.venue.claimed(key) - self.venue.account.leg(*key).qty
        for order in reversed(_by_priority(self.venue.closers(key))):
            if excess <= 0:
                return
            excess -= order.remaining
            self.end(order, OrderStatus.EXPIRED, ExpiryReason.KNOCKED_OUT, now)


def reaches(order: SimOrder, price: Decimal) -> bool:
    """True where the order, arriving, would take a level at ``price``."""
    return order.order_type is not OrderType.LIMIT or not beats(order.side, order.price, price)


def beats(side: OrderSide, one: Decimal, other: Decimal) -> bool:
    """True where a taker of ``side`` prefers counter price ``one`` to ``other``: higher for SELL, lower for BUY."""
    return one > other if side is OrderSide.SELL else one < other


def _by_priority(orders: list[SimOrder]) -> list[SimOrder]:
    """Best price first within each side, then in order of arrival."""
    if len(orders) < 2:
        return list(orders)
    return sorted(orders, key=_rank)


def _rank(order: SimOrder) -> tuple[bool, Decimal]:
    return order.order_type is OrderType.LIMIT, order.price if order.side is OrderSide.SELL else -order.price

"""The order that a triggered conditional order sends into the matching engine, and what may refuse it there."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderType, TimeInForce
from vibe_quant.sim import filters
from vibe_quant.sim.entry import Entry
from vibe_quant.sim.records import ZERO, Rejected, SimAlgo, SimOrder
from vibe_quant.sim.stop_rules import LIMITS
from vibe_quant.sim.venue import Venue

REDUCE_ONLY = "ReduceOnly Order is rejected."


def launch(venue: Venue, entry: Entry, algo: SimAlgo, now: int) -> SimOrder:
    """The order, ready to enter: its client id is the conditional's.

    Raises:
        Rejected: the matching engine refuses it; the text becomes ``rm`` of ALGO_UPDATE.
    """
    closes = algo.side is algo.position_side.exit_side
    market = venue.markets[algo.symbol]
    filters.check_mode(algo.position_side, venue.account.dual)
    filters.check_status(market.rules, not closes)
    if venue.live_order(algo.symbol, algo.client_id) is not None:
        raise Rejected(-4116, "ClientOrderId is duplicated.")
    leg = venue.account.leg(algo.symbol, algo.position_side).qty
    qty = leg if algo.close_position else algo.qty
    if closes:
        if not leg or (qty > leg and venue.switches.over_close_refused) or _is_claimed(venue, algo, leg):
            raise Rejected(-2022, REDUCE_ONLY)
        qty = min(qty, leg)
    if algo.order_type in LIMITS:
        order = _order(venue, algo, OrderType.LIMIT, qty, _limit_price(venue, algo), now)
        entry.admit(order, market)
        return order
    if algo.close_position and venue.switches.whole_close_bound_by_lot:
        filters.check_qty(market.rules, qty, OrderType.MARKET)
    if venue.switches.triggered_market_bound:
        filters.check_market_price(market, algo.side)
    if not closes:
        entry.check_margin(algo.symbol, qty, ZERO)
    return _order(venue, algo, OrderType.MARKET, qty, ZERO, now)


def _is_claimed(venue: Venue, algo: SimAlgo, leg: Decimal) -> bool:
    """Whether resting closers hold what a stop with a quantity would close."""
    if algo.close_position or not (
        venue.switches.closers_sum_refused and venue.switches.triggered_close_counts_closers
    ):
        return False
    claimed = venue.claimed((algo.symbol, algo.position_side))
    return claimed > 0 and algo.qty > leg - claimed


def _limit_price(venue: Venue, algo: SimAlgo) -> Decimal:
    if algo.price_match is None:
        return algo.price
    price = venue.markets[algo.symbol].matched_price(algo.side, algo.price_match)
    if price is None:
        raise Rejected(-5041, "No depth matches this BBO order.")
    return price


def _order(venue: Venue, algo: SimAlgo, kind: OrderType, qty: Decimal, price: Decimal, now: int) -> SimOrder:
    return SimOrder(
        order_id=venue.next_order_id(),
        client_id=algo.client_id,
        symbol=algo.symbol,
        side=algo.side,
        position_side=algo.position_side,
        order_type=kind,
        time_in_force=algo.time_in_force if kind is OrderType.LIMIT else TimeInForce.GTC,
        qty=qty,
        price=price,
        created_ms=now,
        updated_ms=now,
        stp=algo.stp,
        price_match=algo.price_match,
        good_till_ms=algo.good_till_ms,
        orig_type=algo.order_type,
        stop_price=algo.trigger_price,
        working_type=algo.working_type,
        close_position=algo.close_position,
    )

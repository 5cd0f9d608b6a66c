"""What is sent without signals, budgets and gates: panic slices, a stop gone through, and what a fired stop left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.core.account import Leg
from vibe_quant.core.market import MarketView
from vibe_quant.core.order_plan import NoPlan, OrderPlan
from vibe_quant.core.panic import PanicPlan
from vibe_quant.core.sizing import panic_qty
from vibe_quant.core.strategies.port import OrderEnd
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.codes import Reaction, reaction_of
from vibe_quant.domain.enums import ExecutionMode, OrderType, PositionSide, PriceMatch, SignalReason
from vibe_quant.domain.rules import SymbolRules

ONE = Decimal(1)
BACKOFF_FIRST_MS = 100
BACKOFF_MAX_MS = 1000
DUST_MAX_MS = 30_000
TRIES = 2
"""A MARKET and a limit."""
MATCH_REFUSED = -5037
MARKET_OUTSIDE = -4131


@dataclass(frozen=True, slots=True)
class Asked:
    """One urgent wish: ``ratio`` of ``base`` (1 and the position: all of it), in ``mode``, for ``ttl_ms``.

    ``match`` lets the exchange choose the price; None: the book's.  ``named``: ours, whatever the book is worth.
    ``market``: a remainder under a lot goes as MARKET.
    """

    base: Decimal
    ratio: Decimal
    mode: ExecutionMode
    ttl_ms: int
    reason: SignalReason
    match: PriceMatch | None = None
    named: bool = False
    market: bool = True


@dataclass(slots=True)
class Backoff:
    """Refused again and again, urgent orders pause from 0.1 s doubling to 1 s, and never stop (behaviour 9).

    One that the exchange found no price for (no depth, or outside PERCENT_PRICE) is followed by one that names a price;
    if that ends unfilled, the next is the exchange's choice again.  So it is with a MARKET, also where it was refused
    for being too little: relief from the minimum may be for limits alone.  ``too_small`` refusals of that kind in a row
    pause up to 30 s: the sum is small, its stop stands, and a loop of refusals serves nobody (behaviour 5).
    """

    refusals: int = 0
    ready_ms: int = 0
    no_match: bool = False
    no_market: bool = False
    too_small: int = 0

    def priced(self, asked: Asked) -> Asked:
        """The wish, with a price of ours where the exchange has just found none."""
        if self.no_market:
            return replace(asked, match=None, named=True, market=False, mode=ExecutionMode.AGGRESSIVE_LIMIT)
        return replace(asked, match=None, named=True) if self.no_match else asked

    def ended(self, end: OrderEnd, now: int, *, matched: bool = False, market: bool = False, code: int = 0) -> None:
        """An urgent order has ended, refused with ``code``; ``matched``: its price was the exchange's to choose."""
        small = reaction_of(code) is Reaction.DUST
        self.no_match = matched and (code == MATCH_REFUSED or reaction_of(code) is Reaction.REPRICE)
        self.no_market = code == MARKET_OUTSIDE or (market and small)
        self.too_small = self.too_small + 1 if small else 0
        if end is not OrderEnd.REFUSED:
            self.refusals = 0
            return
        most = DUST_MAX_MS if self.too_small > TRIES else BACKOFF_MAX_MS
        self.ready_ms = now + min(BACKOFF_FIRST_MS << min(self.refusals, 10), most)
        self.refusals += 1


def from_panic(plan: PanicPlan, qty: Decimal) -> Asked:
    """A panic plan as a wish; ``qty`` is the position now."""
    base, ratio = (qty, ONE) if plan.whole else (plan.base, plan.ratio)
    match = PriceMatch.OPPONENT if plan.blind else None
    mode = ExecutionMode.AGGRESSIVE_LIMIT if plan.blind else plan.mode
    return Asked(base, ratio, mode, plan.ttl_ms, plan.reason, match)


def gone_through(qty: Decimal, ttl_ms: int) -> Asked:
    """The price is going through where the stop should be: all of it, at the fifth opposite level (behaviour 10)."""
    mode = ExecutionMode.AGGRESSIVE_LIMIT
    return Asked(qty, ONE, mode, ttl_ms, SignalReason.STOP_THROUGH, PriceMatch.OPPONENT_5)


def urgent_plan(asked: Asked, leg: Leg, view: MarketView, rules: SymbolRules, room: Decimal) -> OrderPlan | NoPlan:
    """The order of an urgent wish: no max_mark_gap, no notional cap, no cooldown; at the touch of the mode's side.

    Where the touch is beyond PERCENT_PRICE the order rests at that band: the exchange takes no price beyond it.

    The other leg's own order is out of the way by now, or being cancelled; should both meet, the exchange expires the
    one that rests.  A remainder under a lot goes as MARKET.
    """
    is_long = leg.side is PositionSide.LONG
    maker = asked.mode is ExecutionMode.MAKER_ONLY
    touch = view.ask if is_long is maker else view.bid
    reference = touch or view.mark
    if reference is None or reference <= 0:
        return NoPlan(Blocked.NO_PRICE)
    sized = panic_qty(rules, reference, asked.base, asked.ratio, leg.qty, room)
    if sized.qty <= 0:
        return NoPlan(sized.reason or Blocked.NOTHING_TO_CLOSE)
    if sized.is_dust and asked.market:
        return OrderPlan(
            sized.qty, None, asked.mode, asked.reason, asked.ttl_ms, 0, order_type=OrderType.MARKET, urgent=True
        )
    match = asked.match if touch is not None or asked.named else asked.match or PriceMatch.OPPONENT
    price = None if match is not None else _in_band(_on_grid(reference, rules, up=is_long is maker), leg, view, rules)
    return OrderPlan(sized.qty, price, asked.mode, asked.reason, asked.ttl_ms, 0, match, urgent=True)


def _on_grid(price: Decimal, rules: SymbolRules, *, up: bool) -> Decimal:
    """On the tick grid: away from the other side for a maker, towards it for a taker."""
    return rules.ceil_price(price) if up else rules.floor_price(price)


def _in_band(price: Decimal, leg: Leg, view: MarketView, rules: SymbolRules) -> Decimal:
    """No lower than PERCENT_PRICE lets a SELL be, no higher than it lets a BUY; on the grid."""
    ratio = rules.percent_down if leg.side is PositionSide.LONG else rules.percent_up
    if ratio is None or view.mark is None:
        return price
    bound = view.mark * ratio
    return (
        max(price, rules.ceil_price(bound)) if leg.side is PositionSide.LONG else min(price, rules.floor_price(bound))
    )

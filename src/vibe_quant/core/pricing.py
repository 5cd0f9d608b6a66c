"""Where an order is priced: maker and aggressive prices on the tick grid, inside the collar around the mark."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide, PriceMatch
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import ExecutionSettings, MakerPriceMode


@dataclass(frozen=True, slots=True)
class PriceInput:
    """What a discretionary price is made from (behaviour.md 6).

    ``avoid``: price of the other leg's own live order, which ours must not meet.  ``back_off_ticks``: so far from
    the other side after refused post-only orders.
    """

    side: PositionSide
    bid: Decimal | None
    ask: Decimal | None
    mark: Decimal | None
    rules: SymbolRules
    settings: ExecutionSettings
    avoid: Decimal | None = None
    back_off_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Priced:
    """A limit price on the grid, or with ``match`` the exchange's choice; ``price`` is then the touch it stands for."""

    price: Decimal
    match: PriceMatch | None = None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """No price may be named now, and why."""

    reason: Blocked


def maker_price(given: PriceInput, *, at_touch: bool = False, wanted: Decimal | None = None) -> Priced | Unpriced:
    """A post-only price: ``wanted``, the touch, or what maker_price_mode says; at least the safety ticks from crossing.

    Rounded away from the other side of the book.
    """
    if given.bid is None or given.ask is None:
        return Unpriced(Blocked.NO_BOOK)
    tick, is_long = given.rules.tick, given.side is PositionSide.LONG
    away = tick if is_long else -tick
    touch, other = (given.ask, given.bid) if is_long else (given.bid, given.ask)
    mode = MakerPriceMode.AT_TOUCH if at_touch else given.settings.maker_price_mode
    base = touch - _ticks_inside(mode, given.settings) * away if wanted is None else wanted
    price = _no_nearer(given, base, other + given.settings.maker_safety_ticks * away)
    priced = _inside_bounds(given, price + given.back_off_ticks * away)
    if mode is MakerPriceMode.QUEUE and wanted is None and isinstance(priced, Priced) and priced.price == touch:
        return Priced(touch, PriceMatch.QUEUE)
    return priced


def aggressive_price(given: PriceInput, *, wanted: Decimal | None = None) -> Priced | Unpriced:
    """The other side's touch, or ``wanted``; at the collar's edge where that is worse than the collar allows.

    Rounded towards the other side of the book.
    """
    is_long = given.side is PositionSide.LONG
    touch = given.bid if is_long else given.ask
    if touch is None:
        return Unpriced(Blocked.NO_BOOK)
    base = touch if wanted is None else wanted
    return _inside_bounds(given, given.rules.floor_price(base) if is_long else given.rules.ceil_price(base))


def _ticks_inside(mode: MakerPriceMode, settings: ExecutionSettings) -> int:
    if mode is MakerPriceMode.INSIDE_SPREAD_1TICK:
        return 1
    return settings.maker_n_ticks if mode is MakerPriceMode.CUSTOM_TICKS else 0


def _no_nearer(given: PriceInput, price: Decimal, bound: Decimal) -> Decimal:
    """The price that gives less away, on the grid: the higher for a SELL, the lower for a BUY."""
    if given.side is PositionSide.LONG:
        return given.rules.ceil_price(max(price, bound))
    return given.rules.floor_price(min(price, bound))


def _inside_bounds(given: PriceInput, price: Decimal) -> Priced | Unpriced:
    """Apply max_mark_gap, PERCENT_PRICE and the other leg's order, all of which only make a price less generous."""
    if given.mark is None or given.mark <= 0:
        return Unpriced(Blocked.NO_MARK)
    rules, gap = given.rules, given.settings.max_mark_gap
    if given.side is PositionSide.LONG:
        ratio = max(1 - gap, rules.percent_down or 1 - gap)
        past = None if given.avoid is None else given.avoid + rules.tick
    else:
        ratio = min(1 + gap, rules.percent_up or 1 + gap)
        past = None if given.avoid is None else given.avoid - rules.tick
    price = _no_nearer(given, price, given.mark * ratio)
    if past is not None:
        price = _no_nearer(given, price, past)
    if price <= 0 or price < rules.min_price or (rules.max_price > 0 and price > rules.max_price):
        return Unpriced(Blocked.PRICE_LIMITS)
    return Priced(price)

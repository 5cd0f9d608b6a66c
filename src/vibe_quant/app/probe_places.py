"""Where the probe's orders rest: in the closing direction, so far from the market that nothing of them can fill."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.rules import SymbolRules

FAR = Decimal("0.5")
"""Share of the mark between it and what rests."""
FARTHER = Decimal("0.55")
LEAST = Decimal("0.2")
"""What the symbol's own bounds must leave of it."""
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Places:
    """Prices (quote asset, on the tick grid) and quantities (base asset, on the step grid) of one leg.

    ``limit`` is beyond the market in the direction of profit, ``stop`` and ``other_stop`` in that of loss.  ``whole``
    is the leg as one order can hold it, ``lot`` the least that is taken at ``limit``, ``dust`` one that is worth less
    than the least notional there (None: the smallest quantity is worth more).
    """

    limit: Decimal
    stop: Decimal
    other_stop: Decimal
    whole: Decimal
    lot: Decimal
    dust: Decimal | None
    holds_all: bool
    """One order can hold the whole leg."""


def places(side: PositionSide, qty: Decimal, mark: Decimal, rules: SymbolRules) -> Places | str:
    """For a leg of ``qty`` at ``mark``; or why there are none."""
    up = side is PositionSide.LONG
    limit, stop, other = _at(mark, FAR, up, rules), _at(mark, FAR, not up, rules), _at(mark, FARTHER, not up, rules)
    if min(abs(price / mark - ONE) for price in (limit, stop, other)) < LEAST or stop == other:
        return "the symbol's price bounds leave no room far enough from the market"
    whole, lot = rules.floor_qty(min(qty, rules.max_qty)), rules.lot(limit)
    if whole < lot:
        return (
            f"the leg holds {qty:f}, and the least closing order that is taken at a far price ({limit:f}) is {lot:f}: "
            "enlarge it by hand, or name another leg"
        )
    least = max(rules.min_qty, rules.step)
    dust = least if least * limit < rules.min_notional else None
    return Places(limit, stop, other, whole, lot, dust, whole >= rules.floor_qty(qty))


def _at(mark: Decimal, share: Decimal, up: bool, rules: SymbolRules) -> Decimal:
    """On the grid, and within the symbol's own bounds."""
    if up:
        price = rules.floor_price(mark * (ONE + share))
        return min(price, rules.floor_price(rules.max_price)) if rules.max_price else price
    return max(rules.ceil_price(mark * (ONE - share)), rules.ceil_price(rules.min_price))

"""The liquidation price and the distance to it, from positions, wallet and maintenance brackets.

Source: the exchange's liquidation FAQ (facts/binance.md 8).  Its closed formula holds within one bracket; here the
margin surplus is followed over all brackets, so that a price near a bracket's edge needs no iteration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.rules import Brackets, maintenance_margin

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg as far as margin is concerned; ``qty`` absolute, base asset."""

    side: PositionSide
    qty: Decimal
    entry: Decimal


def net_qty(legs: Sequence[Leg]) -> Decimal:
    """Signed net quantity, LONG positive."""
    return sum((leg.qty if leg.side is PositionSide.LONG else -leg.qty for leg in legs), ZERO)


def larger_side(legs: Sequence[Leg]) -> PositionSide | None:
    """The side that a shared liquidation price belongs to; None where the legs offset each other."""
    net = net_qty(legs)
    if net == 0:
        return None
    return PositionSide.LONG if net > 0 else PositionSide.SHORT


def surplus(legs: Sequence[Leg], backing: Decimal, brackets: Brackets, price: Decimal) -> Decimal:
    """Margin balance less maintenance margin if the mark were ``price``, quote asset; liquidation begins at zero.

    ``backing`` is wallet - other maintenance + other unrealised PnL.

    Raises:
        ValueError: no brackets were given.
    """
    total = backing
    for leg in legs:
        total += unrealized_pnl(leg.side, leg.qty, leg.entry, price)
        total -= maintenance_margin(brackets, leg.qty * price)
    return total


def liquidation_price(
    legs: Sequence[Leg],
    wallet: Decimal,
    other_maintenance: Decimal,
    other_upnl: Decimal,
    brackets: Brackets,
) -> Decimal | None:
    """The price at which the larger leg is liquidated, unrounded; None: there is none on its side.

    Crossed: both legs of the symbol, the cross wallet and what all other crossed contracts need and earn.
    Isolated: the one leg, its isolated wallet, zeros.  For a LONG the surplus turns positive there as the price
    rises, for a SHORT negative.  Brackets are convex (the ratio grows with the notional), so that there is one such
    price at most.

    Raises:
        ValueError: no brackets were given.
    """
    held = [leg for leg in legs if leg.qty > 0]
    side = larger_side(held)
    if side is None:
        return None
    backing = wallet - other_maintenance + other_upnl
    edges = _edges(held, brackets)
    before = surplus(held, backing, brackets, edges[0])
    for low, high in pairwise(edges):  # as far as it has to be gone: the price is in one of the first pieces, as a rule
        after = surplus(held, backing, brackets, high)
        if _crosses(side, before, after, endless=high is edges[-1]):
            root = low - before * (high - low) / (after - before)
            return root if root > 0 else None
        before = after
    return None


def _edges(legs: Sequence[Leg], brackets: Brackets) -> list[Decimal]:
    """Prices between which the surplus is a straight line; the last two lie on its final, endless piece."""
    inner = {bracket.cap / leg.qty for leg in legs for bracket in brackets[:-1]}
    edges = [ZERO, *sorted(inner)]
    return [*edges, edges[-1] + ONE]


def _crosses(side: PositionSide, before: Decimal, after: Decimal, *, endless: bool) -> bool:
    """Whether the surplus goes through zero in a piece, or beyond the end of one that is endless."""
    if side is PositionSide.LONG:
        return before < 0 and (after >= 0 or (endless and after > before))
    return before >= 0 and (after < 0 or (endless and after < before))


def distance(side: PositionSide, mark: Decimal, liq: Decimal) -> Decimal:
    """Distance to liquidation as a ratio of the mark (> 0); zero or negative: at or beyond it."""
    return (mark - liq) / mark if side is PositionSide.LONG else (liq - mark) / mark


def margin_distance(legs: Sequence[Leg], backing: Decimal, brackets: Brackets, mark: Decimal) -> Decimal | None:
    """Stand-in for a leg without a liquidation price: surplus / |net notional|; None where the net is nil.

    Raises:
        ValueError: no brackets were given.
    """
    net = abs(net_qty(legs)) * mark
    return surplus(legs, backing, brackets, mark) / net if net > 0 else None


@dataclass(frozen=True, slots=True)
class Standing:
    """One leg by the formula: price and distance, both None for the smaller of two legs."""

    price: Decimal | None
    dist: Decimal | None


class PriceMemo:
    """The last liquidation price that was asked for, kept while legs, margin and brackets stay as they are."""

    def __init__(self) -> None:
        self._key: tuple[tuple[Leg, ...], Margin] | None = None
        self._brackets: Brackets = ()
        self._price: Decimal | None = None

    def price(self, legs: Sequence[Leg], margin: Margin, brackets: Brackets) -> Decimal | None:
        """``liquidation_price`` of the same."""
        key = (tuple(legs), margin)
        if key != self._key or brackets is not self._brackets:
            self._key, self._brackets = key, brackets
            args = (margin.wallet, margin.other_maintenance, margin.other_upnl, brackets)
            self._price = liquidation_price(legs, *args)
        return self._price


def standing(
    side: PositionSide,
    legs: Sequence[Leg],
    margin: Margin,
    brackets: Brackets,
    mark: Decimal,
    memo: PriceMemo | None = None,
) -> Standing:
    """Where ``side`` stands among the legs that share ``margin``; ``memo`` saves the work that a mark does not change.

    Raises:
        ValueError: no brackets were given.
    """
    if larger_side(legs) is not side:
        return Standing(None, None)
    price = (memo or PriceMemo()).price(legs, margin, brackets)
    if price is not None:
        return Standing(price, distance(side, mark, price))
    return Standing(None, margin_distance(legs, _backing(margin), brackets, mark))


def is_sound(legs: Sequence[Leg], margin: Margin, brackets: Brackets, mark: Decimal) -> bool:
    """Whether margin holds at ``mark``.

    Raises:
        ValueError: no brackets were given.
    """
    return surplus(legs, _backing(margin), brackets, mark) > 0


def _backing(margin: Margin) -> Decimal:
    return margin.wallet - margin.other_maintenance + margin.other_upnl

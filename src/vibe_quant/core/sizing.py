"""How much one order closes: slices, the last slice, dust, and panic's share of the position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.rules import ZERO, SymbolRules


@dataclass(frozen=True, slots=True)
class SliceInput:
    """What a discretionary slice is made from (behaviour.md 5).

    ``price`` is the order's (> 0).  ``position``, ``target`` and ``room`` are absolute, base asset; ``room`` is what
    law 4 leaves.  ``max_notional`` (quote asset) None: no cap.  ``qty`` None: base_mult x roi_mult x accel_mult lots,
    at most max_mult; else a strategy's own quantity, to which no multiplier applies.
    """

    rules: SymbolRules
    price: Decimal
    position: Decimal
    room: Decimal
    target: Decimal = ZERO
    base_mult: int = 1
    roi_mult: int = 1
    accel_mult: int = 1
    max_mult: int = 50
    max_notional: Decimal | None = None
    qty: Decimal | None = None
    factor: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """``qty`` to close now; zero with the ``reason`` why not; ``is_dust``: the whole position is under one lot."""

    qty: Decimal
    is_dust: bool = False
    reason: Blocked | None = None


def slice_qty(given: SliceInput) -> Slice:
    """The next discretionary slice: a step multiple (dust excepted) of at least a lot, never across the target.

    The notional cap gives way to one lot, and to a remainder that would not be tradable by itself.
    """
    rules, lot = given.rules, given.rules.lot(given.price)
    if given.qty is None:
        wanted = lot * min(given.base_mult * given.roi_mult * given.accel_mult, given.max_mult)
    else:
        wanted = given.qty
    if given.factor is not None:
        wanted *= given.factor
    if given.max_notional is not None:
        wanted = min(wanted, given.max_notional / given.price)
    open_qty = given.position - given.target
    return _take(rules, lot, wanted, open_qty, given.room, allow_dust=not given.target)


def panic_qty(
    rules: SymbolRules, price: Decimal, base: Decimal, ratio: Decimal, open_qty: Decimal, room: Decimal
) -> Slice:
    """One panic slice: floor_step(base x ratio), at least a lot, at most ``open_qty`` and ``room``.

    ``base`` is the position when the tier was entered, or enlarged since; ``open_qty`` the whole position now.
    """
    return _take(rules, rules.lot(price), base * ratio, open_qty, room, allow_dust=True)


def _take(
    rules: SymbolRules, lot: Decimal, wanted: Decimal, open_qty: Decimal, room: Decimal, *, allow_dust: bool
) -> Slice:
    if open_qty <= 0:
        return Slice(ZERO, reason=Blocked.NOTHING_TO_CLOSE)
    if open_qty < lot:
        if not allow_dust:
            return Slice(ZERO, reason=Blocked.UNDER_A_LOT)
        return Slice(open_qty, is_dust=True) if room >= open_qty else Slice(ZERO, reason=Blocked.COVERED)
    limit = min(open_qty, room)
    if limit < lot:
        return Slice(ZERO, reason=Blocked.COVERED)
    qty = rules.floor_qty(min(max(wanted, lot), limit, rules.max_qty))
    return Slice(_without_remainder(rules, lot, qty, limit))


def _without_remainder(rules: SymbolRules, lot: Decimal, qty: Decimal, limit: Decimal) -> Decimal:
    """``qty``, or the whole of ``limit`` where what would be left of it is under a lot.

    Where the whole is above LOT_SIZE's maximum, a lot is left instead.
    """
    if limit - qty >= lot or limit == qty:
        return qty
    whole = rules.floor_qty(limit)
    return whole if whole <= rules.max_qty else max(lot, rules.floor_qty(limit - lot))

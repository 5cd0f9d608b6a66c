"""Where the protective stop belongs, and when one that stands is moved: nearer the mark at once, away with patience."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk_settings import ProtectiveStopSettings
from vibe_quant.domain.rules import SymbolRules

ONE = Decimal(1)
TWO = Decimal(2)
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Aim:
    """The price we are after, and the liquidation price it was set from; kept until a rule moves it.

    ``half``: it is half the distance, because its place is beyond the mark.  ``loosened_ms``: when it was last moved
    away from the mark.
    """

    price: Decimal
    from_liq: Decimal
    half: bool = False
    loosened_ms: int | None = None


def snap(side: PositionSide, price: Decimal, rules: SymbolRules) -> Decimal:
    """On the tick grid, rounded so that it triggers earlier: up for LONG, down for SHORT.

    Beyond the prices that the exchange takes (PRICE_FILTER) it is the last of them: liquidation so far away still has a
    stop before it.
    """
    if side is PositionSide.LONG:
        return rules.ceil_price(max(price, rules.min_price))
    return rules.floor_price(min(price, rules.max_price) if rules.max_price else price)


def right_price(side: PositionSide, liq: Decimal, dist: Decimal, rules: SymbolRules) -> Decimal:
    """LONG ceil_tick(liq / (1 - dist)), SHORT floor_tick(liq / (1 + dist))."""
    return snap(side, liq / (ONE - dist if side is PositionSide.LONG else ONE + dist), rules)


def half_price(side: PositionSide, liq: Decimal, mark: Decimal, rules: SymbolRules) -> Decimal:
    """Half way between mark and liquidation."""
    return snap(side, (liq + mark) / TWO, rules)


def ahead(side: PositionSide, price: Decimal, mark: Decimal) -> bool:
    """Whether the mark has yet to reach ``price`` on its way to liquidation."""
    return price < mark if side is PositionSide.LONG else price > mark


def toward_mark(side: PositionSide, new: Decimal, old: Decimal) -> Decimal:
    """How much nearer the mark ``new`` is than ``old``, as a ratio of ``old``; negative: farther."""
    return (new - old) / old if side is PositionSide.LONG else (old - new) / old


def adopted(side: PositionSide, trigger: Decimal, settings: ProtectiveStopSettings) -> Aim:
    """The aim of a stop that an earlier run has left: set from the liquidation price that its trigger implies."""
    factor = ONE - settings.dist_to_liq if side is PositionSide.LONG else ONE + settings.dist_to_liq
    return Aim(trigger, trigger * factor)


def fresh_aim(
    side: PositionSide,
    liq: Decimal,
    mark: Decimal,
    settings: ProtectiveStopSettings,
    rules: SymbolRules,
    *,
    loosened_ms: int | None = None,
) -> Aim:
    """The right price, or half the present distance where the mark is beyond that already."""
    price = right_price(side, liq, settings.dist_to_liq, rules)
    if ahead(side, price, mark):
        return Aim(price, liq, loosened_ms=loosened_ms)
    return Aim(half_price(side, liq, mark, rules), liq, half=True, loosened_ms=loosened_ms)


def next_aim(
    aim: Aim,
    side: PositionSide,
    liq: Decimal,
    mark: Decimal,
    settings: ProtectiveStopSettings,
    rules: SymbolRules,
    now: int,
) -> Aim:
    """The aim after a look at liquidation and mark, ``liq`` being on the leg's side of ``mark``.

    Tightens where the right price is nearer the mark by a tenth of dist_to_liq (from half the distance: by anything);
    loosens where liquidation has improved by liq_improve_threshold since ``aim.from_liq`` and the cooldown is over.
    """
    new = fresh_aim(side, liq, mark, settings, rules, loosened_ms=aim.loosened_ms)
    gain = toward_mark(side, new.price, aim.price)
    worse = toward_mark(side, liq, aim.from_liq)
    least = settings.dist_to_liq * TENTH
    if new.half:
        return new if gain > 0 and worse >= least else aim
    if gain >= least or (aim.half and gain > 0):
        return new
    if not settings.allow_loosen or gain >= 0 or -worse < settings.liq_improve_threshold:
        return aim
    if aim.loosened_ms is not None and now - aim.loosened_ms < settings.loosen_cooldown_s * 1000:
        return aim
    return Aim(new.price, liq, loosened_ms=now)

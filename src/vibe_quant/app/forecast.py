"""What closing a leg will take, by the settings and the exchange's rules: orders, time, and each panic tier's bound."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from vibe_quant.config.panic_time import time_to_flat_ms
from vibe_quant.core.sizing import SliceInput, panic_qty, slice_qty
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk_settings import PanicTier
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import RateLimitSettings, SymbolSettings
from vibe_quant.domain.strategy_settings import StrategyName

ONE = Decimal(1)
SECOND_MS = 1000


@dataclass(frozen=True, slots=True)
class TierForecast:
    """One panic tier.

    ``at_mark``: the mark at which it is reached, None where nothing can liquidate the leg.  ``flat_ms`` is the core's
    bound on time to flat, for a market that shows each slice at its touch.
    """

    dist: Decimal
    at_mark: Decimal | None
    slice_qty: Decimal
    slices: int
    flat_ms: int


@dataclass(frozen=True, slots=True)
class LegForecast:
    """``lots`` is the position in lots, ``orders`` how many of ``slice_qty`` it takes at least, without multipliers.

    ``least_ms`` is what the order budget allows (which all sides share), ``ttl_ms`` if every order rests its whole
    life.  ``horizon_ms`` is what the strategy patient gives itself, which makes its own slices; None: it does not vote.
    ``stop_at`` is where the protective stop belongs.
    """

    side: PositionSide
    qty: Decimal
    entry: Decimal
    notional: Decimal
    liquidation: Decimal | None
    dist: Decimal | None
    lots: Decimal
    slice_qty: Decimal
    orders: int
    least_ms: int
    ttl_ms: int
    horizon_ms: int | None
    stop_at: Decimal | None
    tiers: tuple[TierForecast, ...]


def forecast(
    leg: Position, mark: Decimal, rules: SymbolRules, one: SymbolSettings, budget: RateLimitSettings
) -> LegForecast:
    """For a leg as it is now, at this mark (> 0)."""
    execution, patient = one.execution, one.strategy.patient
    each = slice_qty(
        SliceInput(
            rules=rules,
            price=mark,
            position=leg.qty,
            room=leg.qty,
            target=execution.target_qty,
            base_mult=execution.base_mult,
            max_mult=execution.max_mult,
            max_notional=execution.max_order_notional,
        )
    ).qty
    orders = _times(max(leg.qty - execution.target_qty, Decimal(0)), each)
    pace_ms = max(SECOND_MS // budget.max_orders_per_sec, execution.min_signal_interval_ms)
    liquidation = leg.liquidation_price
    by_patient = StrategyName.PATIENT in one.strategy.names
    stop = one.risk.protective_stop
    return LegForecast(
        side=leg.side,
        qty=leg.qty,
        entry=leg.entry_price,
        notional=leg.qty * mark,
        liquidation=liquidation,
        dist=None if liquidation is None else abs(mark - liquidation) / mark,
        lots=leg.qty / rules.lot(mark),
        slice_qty=each,
        orders=orders,
        least_ms=orders * pace_ms,
        ttl_ms=orders * (execution.order_ttl_ms + execution.repost_cooldown_ms),
        horizon_ms=int(patient.horizon_s * SECOND_MS) if by_patient else None,
        stop_at=_stop(leg, stop.dist_to_liq, rules) if stop.enabled else None,
        tiers=_tiers(leg, mark, rules, one),
    )


def _tiers(leg: Position, mark: Decimal, rules: SymbolRules, one: SymbolSettings) -> tuple[TierForecast, ...]:
    panic = one.risk.panic_close
    if not panic.enabled:
        return ()
    return tuple(_tier(tier, leg, mark, rules, time_to_flat_ms(tier, panic, one.execution)) for tier in panic.tiers)


def _tier(tier: PanicTier, leg: Position, mark: Decimal, rules: SymbolRules, flat_ms: int) -> TierForecast:
    each = panic_qty(rules, mark, leg.qty, tier.slice_ratio, leg.qty, leg.qty).qty
    return TierForecast(tier.dist_to_liq, _mark_at(leg, tier.dist_to_liq), each, _times(leg.qty, each), flat_ms)


def _mark_at(leg: Position, dist: Decimal) -> Decimal | None:
    """The mark at a distance, which is a ratio of it: liquidation / (1 -/+ dist)."""
    if leg.liquidation_price is None:
        return None
    return leg.liquidation_price / (ONE - dist if leg.side is PositionSide.LONG else ONE + dist)


def _stop(leg: Position, dist: Decimal, rules: SymbolRules) -> Decimal | None:
    """On the tick grid, away from liquidation (behaviour, section 10)."""
    at = _mark_at(leg, dist)
    if at is None:
        return None
    return rules.ceil_price(at) if leg.side is PositionSide.LONG else rules.floor_price(at)


def _times(whole: Decimal, each: Decimal) -> int:
    return int((whole / each).to_integral_value(ROUND_CEILING)) if each > 0 else 0

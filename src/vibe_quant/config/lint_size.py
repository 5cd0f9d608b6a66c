"""Advice on sizes: caps below a lot, multipliers without effect, caps that a patient exit's horizon cannot keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from vibe_quant.config.finding import Finding
from vibe_quant.config.problems import KeyPath, plain
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import SymbolSettings
from vibe_quant.domain.strategy_settings import StrategyName

LEAST_NOTIONAL = Decimal(5)
""" the smallest minimum notional the exchange asks of a perpetual, quote asset; many ask more """

_CAP: KeyPath = ("execution", "max_order_notional")
_BASE: KeyPath = ("execution", "base_mult")
_MAX: KeyPath = ("execution", "max_mult")
_ACCEL: KeyPath = ("accel", "tiers")
_ROI: KeyPath = ("roi", "tiers")


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What is known of a symbol's market: its rules, a price, and the position where there is one (base asset)."""

    rules: SymbolRules
    price: Decimal
    qty: Decimal | None = None


def lint_size(one: SymbolSettings) -> Iterator[Finding]:
    """What can be said about caps and multipliers without knowing the symbol's rules."""
    execution = one.execution
    if execution.max_order_notional < LEAST_NOTIONAL:
        message = (
            f"is {plain(execution.max_order_notional)}, below the {LEAST_NOTIONAL} that the exchange asks of an order "
            "at least: every slice is one lot whatever this says"
        )
        yield Finding((_CAP,), message)
    elif _above_one(one) and execution.max_order_notional < 2 * LEAST_NOTIONAL:
        message = (
            f"is {plain(execution.max_order_notional)}: no second lot fits, so that no multiplier changes anything"
        )
        yield Finding((_CAP, *_multipliers(one)), message)
    yield from _switched_off(one)
    yield from _capped(one)


def _switched_off(one: SymbolSettings) -> Iterator[Finding]:
    if one.accel.tiers and not one.execution.use_accel_mult:
        yield Finding((("execution", "use_accel_mult"), _ACCEL), "is false, so that accel.tiers change nothing")
    if one.roi.tiers and not one.execution.use_roi_mult:
        yield Finding((("execution", "use_roi_mult"), _ROI), "is false, so that roi.tiers change nothing")
    if one.accel.mult_percent is not None and not one.accel.tiers:
        yield Finding((("accel", "mult_percent"),), "scales nothing: no tiers are inherited from global:")


def _capped(one: SymbolSettings) -> Iterator[Finding]:
    """Multipliers that the cap of their product swallows."""
    execution = one.execution
    if execution.base_mult > execution.max_mult:
        message = f"base_mult ({execution.base_mult}) is above max_mult ({execution.max_mult}), which it is cut to"
        yield Finding((_BASE, _MAX), message)
    if execution.base_mult >= execution.max_mult and (tiers := _tiers_in_use(one)):
        message = f"max_mult ({execution.max_mult}) leaves nothing above base_mult, so that tiers change nothing"
        yield Finding((_MAX, *tiers), message)


def _tiers_in_use(one: SymbolSettings) -> tuple[KeyPath, ...]:
    accel = one.execution.use_accel_mult and any(t.mult > 1 for t in one.accel.tiers)
    roi = one.execution.use_roi_mult and any(t.mult > 1 for t in one.roi.tiers)
    return ((_ACCEL,) if accel else ()) + ((_ROI,) if roi else ())


def _multipliers(one: SymbolSettings) -> tuple[KeyPath, ...]:
    return ((_BASE,) if one.execution.base_mult > 1 else ()) + _tiers_in_use(one)


def _above_one(one: SymbolSettings) -> bool:
    return one.execution.max_mult > 1 and bool(_multipliers(one))


def lint_market(one: SymbolSettings, facts: MarketFacts) -> Iterator[Finding]:
    """The same with the symbol's rules and a price: qty <= max(lot, max_order_notional / price), behaviour 5."""
    rules, price, cap = facts.rules, facts.price, one.execution.max_order_notional
    lot = rules.lot(price)
    if cap < lot * price:
        message = (
            f"is {plain(cap)}, below one lot of {rules.symbol} "
            f"({plain(lot)}, worth {plain(round(lot * price, 2))}): every slice is one lot whatever this says"
        )
        yield Finding((_CAP,), message)
    if _above_one(one) and rules.floor_qty(cap / price) <= lot:
        message = f"no multiplier changes anything for {rules.symbol}: {plain(cap)} has no room for a second lot"
        yield Finding((*_multipliers(one), _CAP), message)


def lint_patient(one: SymbolSettings, facts: MarketFacts | None) -> Iterator[Finding]:
    """Whether children of ``max_child_notional``, one per ``child_s``, can end the exit within ``horizon_s``."""
    patient = one.strategy.patient
    cap = patient.max_child_notional
    if StrategyName.PATIENT not in one.strategy.names or cap is None:
        return
    paths: tuple[KeyPath, ...] = (
        ("strategy", "patient", "max_child_notional"),
        ("strategy", "patient", "horizon_s"),
    )
    keeps = cap * patient.horizon_s / patient.child_s
    if facts is None or facts.qty is None:
        message = (
            f"keeps horizon_s for exits up to about {round(keeps)} (max_child_notional x horizon_s / child_s); "
            "a larger one takes longer"
        )
        yield Finding(paths, message)
        return
    exit_notional = max(facts.qty - one.execution.target_qty, Decimal(0)) * facts.price
    if exit_notional > keeps:
        needed = (exit_notional / cap * patient.child_s).to_integral_value(ROUND_CEILING)
        message = (
            f"cannot be kept together with horizon_s for {facts.rules.symbol}: an exit of {round(exit_notional)} "
            f"in children of {plain(cap)} takes about {needed} s, the horizon is {plain(patient.horizon_s)} s; "
            "raise one of them"
        )
        yield Finding(paths, message)

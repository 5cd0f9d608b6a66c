"""What must hold between knobs: ladders as a whole, choices that need another value, sets without repetition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from vibe_quant.config.checks_venue import check_venues
from vibe_quant.config.finding import Finding
from vibe_quant.config.problems import KeyPath, dotted, shown
from vibe_quant.domain.risk_settings import PanicTier, RiskSettings
from vibe_quant.domain.settings import GlobalSettings, SymbolSettings
from vibe_quant.domain.strategy_settings import Policy, StrategyName, StrategySettings


def check_shared(settings: GlobalSettings) -> Iterator[Finding]:
    """Contradictions in what has no symbol form."""
    backoff = settings.ws.reconnect
    if backoff.initial_delay_ms > backoff.max_delay_ms:
        yield _over(
            ("ws", "reconnect", "initial_delay_ms"),
            backoff.initial_delay_ms,
            ("ws", "reconnect", "max_delay_ms"),
            backoff.max_delay_ms,
        )
    yield from check_venues(settings)


def check_symbol(settings: SymbolSettings) -> Iterator[Finding]:
    """Contradictions in what a symbol works with, after merging."""
    yield from _listed_once(("sides",), settings.sides)
    rate = settings.execution.fill_rate
    if rate.low > rate.high:
        yield _over(("execution", "fill_rate", "low"), rate.low, ("execution", "fill_rate", "high"), rate.high)
    yield from _rising(("accel", "tiers"), settings.accel.tiers)
    yield from _rising(("roi", "tiers"), settings.roi.tiers)
    yield from _panic_order(settings.risk.panic_close.tiers)
    yield from _risk_ladder(settings.risk)
    yield from _strategy(settings.strategy)
    yield from _pressure_and_patient(settings.strategy)


def _over(low: KeyPath, low_value: Any, high: KeyPath, high_value: Any) -> Finding:
    message = f"{dotted(low)} is {shown(low_value)}, above {dotted(high)}, which is {shown(high_value)}"
    return Finding((low, high), f"{message}; it may not be")


def _listed_once(path: KeyPath, names: Sequence[Any]) -> Iterator[Finding]:
    if not names:
        yield Finding((path,), "is empty; name at least one, or leave the key out")
    for name in sorted({n for n in names if list(names).count(n) > 1}):
        yield Finding((path,), f"names {shown(name)} more than once")


def _rising(path: KeyPath, tiers: Sequence[Any]) -> Iterator[Finding]:
    """Accel and ROI tiers rise strictly in their threshold and in ``mult``."""
    for i in range(1, len(tiers)):
        for name in (f.name for f in fields(tiers[i])):
            before, after = getattr(tiers[i - 1], name), getattr(tiers[i], name)
            if after <= before:
                message = f"is {shown(after)} after {shown(before)} in [{i - 1}]; tiers must rise strictly"
                yield Finding(((*path, i, name),), message)


_PANIC: KeyPath = ("risk", "panic_close", "tiers")
_SOFT: KeyPath = ("risk", "liq_distance_threshold")
_STOP: KeyPath = ("risk", "protective_stop", "dist_to_liq")


def _panic_order(tiers: Sequence[PanicTier]) -> Iterator[Finding]:
    for i in range(1, len(tiers)):
        before, after = tiers[i - 1], tiers[i]
        if after.dist_to_liq >= before.dist_to_liq:
            yield Finding(
                ((*_PANIC, i, "dist_to_liq"),),
                f"is {shown(after.dist_to_liq)} after {shown(before.dist_to_liq)} in [{i - 1}]; "
                "each tier must be strictly nearer to liquidation than the one before it",
            )
        if after.slice_ratio < before.slice_ratio:
            yield Finding(
                ((*_PANIC, i, "slice_ratio"),),
                f"is {shown(after.slice_ratio)} after {shown(before.slice_ratio)} in [{i - 1}]; "
                "a nearer tier may not close smaller slices",
            )


def _risk_ladder(risk: RiskSettings) -> Iterator[Finding]:
    """Soft distance > every panic tier > the stop, as far as each is switched on."""
    panic, stop = risk.panic_close, risk.protective_stop
    soft = risk.liq_distance_threshold
    if panic.enabled and not panic.tiers:
        message = "panic_close is enabled and has no tiers; give it tiers, or set enabled: false"
        yield Finding((_PANIC, ("risk", "panic_close", "enabled")), message, incomplete=True)
    if stop.enabled and soft <= stop.dist_to_liq:
        yield _rung(_SOFT, soft, _STOP, stop.dist_to_liq)
    for i, tier in enumerate(panic.tiers if panic.enabled else ()):
        here = (*_PANIC, i, "dist_to_liq")
        if soft <= tier.dist_to_liq:
            yield _rung(_SOFT, soft, here, tier.dist_to_liq)
        if stop.enabled and tier.dist_to_liq <= stop.dist_to_liq:
            yield _rung(here, tier.dist_to_liq, _STOP, stop.dist_to_liq)


def _rung(far: KeyPath, far_value: Decimal, near: KeyPath, near_value: Decimal) -> Finding:
    return Finding(
        (far, near),
        f"{dotted(far)} is {shown(far_value)} and must be greater than {dotted(near)}, which is {shown(near_value)}: "
        "soft risk first, then the panic tiers, then the protective stop",
    )


def _strategy(strategy: StrategySettings) -> Iterator[Finding]:
    names: KeyPath = ("strategy", "names")
    yield from _listed_once(names, strategy.names)
    if strategy.policy is Policy.LEADER:
        yield from _leader(strategy)
    weighted: KeyPath = ("strategy", "weights")
    yield from _once([w.name for w in strategy.weights], weighted)
    for i, weight in enumerate(strategy.weights):
        if weight.name not in strategy.names:
            message = f"gives a weight to {weight.name}, which is not in strategy.names"
            yield Finding(((*weighted, i, "name"), names), message)


def _once(names: Sequence[StrategyName], path: KeyPath) -> Iterable[Finding]:
    for i, name in enumerate(names):
        if name in names[:i]:
            yield Finding(((*path, i, "name"),), f"gives {name} a second weight")


def _leader(strategy: StrategySettings) -> Iterator[Finding]:
    leader: KeyPath = ("strategy", "leader")
    policy: KeyPath = ("strategy", "policy")
    listed = ", ".join(strategy.names)
    if strategy.leader is None:
        message = f"policy leader needs strategy.leader, one of {listed}"
        yield Finding((policy, leader), message, incomplete=True)
    elif strategy.leader not in strategy.names:
        yield Finding((leader, ("strategy", "names")), f"leader {strategy.leader} is not in strategy.names ({listed})")


def _pressure_and_patient(strategy: StrategySettings) -> Iterator[Finding]:
    pressure, patient = strategy.orderbook_pressure, strategy.patient
    here: KeyPath = ("strategy", "orderbook_pressure")
    if StrategyName.ORDERBOOK_PRESSURE in strategy.names and pressure.threshold_qty is None:
        message = (
            "strategy orderbook_pressure needs strategy.orderbook_pressure.threshold_qty, a quantity in base asset"
        )
        yield Finding(((*here, "threshold_qty"), ("strategy", "names")), message, incomplete=True)
    if pressure.active_burst_pause_min_ms > pressure.active_burst_pause_max_ms:
        yield _over(
            (*here, "active_burst_pause_min_ms"),
            pressure.active_burst_pause_min_ms,
            (*here, "active_burst_pause_max_ms"),
            pressure.active_burst_pause_max_ms,
        )
    if patient.endgame_s >= patient.horizon_s:
        message = f"endgame_s is {shown(patient.endgame_s)}, not below horizon_s, which is {shown(patient.horizon_s)}"
        yield Finding((("strategy", "patient", "endgame_s"), ("strategy", "patient", "horizon_s")), message)

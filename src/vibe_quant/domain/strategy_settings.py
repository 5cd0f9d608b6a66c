"""The strategies' knobs (see settings.py)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from vibe_quant.domain.knobs import group, knob

D = Decimal


class Policy(StrEnum):
    """How several strategies' votes become one signal."""

    MAJORITY = "majority"
    WEIGHTED = "weighted"
    LEADER = "leader"


class StrategyName(StrEnum):
    """The strategies that ship."""

    ORDERBOOK_PRICE = "orderbook_price"
    ORDERBOOK_PRESSURE = "orderbook_pressure"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class PressureSettings:
    """Strategy orderbook_pressure."""

    threshold_qty: Decimal | None = knob(
        None, "quantity at the taking touch that counts as pressure; required", gt=D(0)
    )
    sustain_ms: int = knob(2000, "pressure must hold so long, ms", ge=0, le=600_000)
    passive_level: int = knob(3, "book level of the resting order on our own side", ge=1, le=10)
    use_roi_mult: bool | None = knob(None, "null: as execution.use_roi_mult")
    use_accel_mult: bool | None = knob(None, "null: as execution.use_accel_mult")
    qty_jitter_pct: Decimal = knob(D("0.15"), "random share added to or taken from a quantity, ratio", ge=D(0), lt=D(1))
    qty_anti_repeat_lookback: int = knob(3, "a quantity differs from the last so many", ge=0, le=20)
    active_recheck_cooldown_ms: int = knob(1000, "after an active order, ms", ge=0, le=600_000)
    active_recheck_jitter_pct: Decimal = knob(D("0.15"), "jitter of that cooldown, ratio", ge=D(0), lt=D(1))
    active_burst_window_ms: int = knob(10_000, "window of the burst limit, ms", ge=100, le=3_600_000)
    active_burst_max_attempts: int = knob(8, "active orders in the window", ge=1, le=1000)
    active_burst_max_fills: int = knob(5, "active orders with a fill in the window", ge=1, le=1000)
    active_burst_pause_min_ms: int = knob(2500, "least pause after a burst, ms", ge=0, le=600_000)
    active_burst_pause_max_ms: int = knob(6000, "longest pause after a burst, ms", ge=0, le=600_000)
    passive_ttl_ms: int = knob(10_000, "life of the resting order, ms", ge=50, le=3_600_000)
    passive_ttl_jitter_pct: Decimal = knob(D("0.15"), "jitter of that life, ratio", ge=D(0), lt=D(1))


@dataclass(frozen=True, slots=True)
class PatientSettings:
    """Strategy patient."""

    horizon_s: Decimal = knob(D(240), "time to flat from begin or enlargement, s", ge=D(1), le=D(604_800))
    endgame_s: Decimal = knob(D(3), "the last seconds, in which it crosses until done", ge=D(0), le=D(3600))
    child_s: Decimal = knob(D(16), "time a child is sized for, s", gt=D(0), le=D(3600))
    min_child: Decimal = knob(D("0.02"), "least child, share of the exit", gt=D(0), le=D(1))
    max_touch_share: Decimal = knob(
        D("0.1"), "most of the touch's quantity a child may be, unless the time demands more", gt=D(0), le=D(1)
    )
    max_child_notional: Decimal | None = knob(
        None, "cap of a child, quote asset; stands in place of execution.max_order_notional", gt=D(0)
    )
    reprice_bps: Decimal = knob(D("0.5"), "touch so far away (at least a tick): reprice, bps", ge=D(0), le=D(1000))
    reprice_ms: int = knob(1000, "and for so long, ms", ge=0, le=600_000)


@dataclass(frozen=True, slots=True)
class StrategyWeight:
    """One strategy's weight under policy weighted."""

    name: StrategyName = knob(..., "strategy")
    weight: Decimal = knob(D(1), "its weight", ge=D(0), le=D(1000))


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """Which strategies vote, and how their votes are combined."""

    names: tuple[StrategyName, ...] = knob((StrategyName.ORDERBOOK_PRICE,), "strategies that vote")
    policy: Policy = knob(Policy.MAJORITY, "how several votes are combined")
    leader: StrategyName | None = knob(None, "the one that rules under policy leader")
    weights: tuple[StrategyWeight, ...] = knob((), "weights under policy weighted; 1 where not listed")
    threshold: Decimal = knob(D("0.5"), "share of the weight needed under policy weighted", gt=D(0), le=D(1))
    orderbook_pressure: PressureSettings = group(PressureSettings, "strategy orderbook_pressure")
    patient: PatientSettings = group(PatientSettings, "strategy patient")

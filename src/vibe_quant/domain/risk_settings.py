"""The knobs of what guards against liquidation (see settings.py)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.knobs import group, knob

D = Decimal


@dataclass(frozen=True, slots=True)
class PanicTier:
    """One step of the ladder near liquidation."""

    dist_to_liq: Decimal = knob(..., "engages at or under this liquidation distance, ratio", gt=D(0), lt=D(1))
    slice_ratio: Decimal = knob(..., "share of the position at entry that one slice closes", gt=D(0), le=D(1))
    maker_timeouts_to_escalate: int = knob(2, "maker timeouts before aggressive; 0: aggressive at once", ge=0, le=100)


@dataclass(frozen=True, slots=True)
class PanicSettings:
    """Panic close."""

    enabled: bool = knob(False, "work the side by tiers near liquidation, without signals")
    ttl_percent: Decimal = knob(D("0.5"), "panic TTL = order_ttl_ms x this, ratio", gt=D(0), le=D(1))
    may_cancel_foreign: bool = knob(False, "panic may cancel the user's own orders of the leg")
    tiers: tuple[PanicTier, ...] = knob((), "strictly ordered: nearer to liquidation, larger slices")


@dataclass(frozen=True, slots=True)
class TakeoverSettings:
    """A stop of the user's own in place of ours."""

    enabled: bool = knob(True, "a foreign stop that covers the leg takes over")
    rest_verify_interval_s: int = knob(30, "how often it is looked for, s", ge=5, le=3600)
    max_hold_s: int = knob(300, "not seen for so long: ours is placed, s", ge=5, le=86_400)


@dataclass(frozen=True, slots=True)
class ProtectiveStopSettings:
    """The stop that rests at the exchange."""

    enabled: bool = knob(True, "keep a STOP_MARKET at the exchange for each managed side")
    dist_to_liq: Decimal = knob(D("0.01"), "stop's distance from liquidation, ratio", gt=D(0), lt=D("0.5"))
    allow_loosen: bool = knob(True, "follow liquidation when it moves away")
    liq_improve_threshold: Decimal = knob(D("0.005"), "improvement that permits loosening, ratio", gt=D(0), lt=D(1))
    loosen_cooldown_s: int = knob(30, "between two loosenings, s", ge=0, le=86_400)
    external_takeover: TakeoverSettings = group(TakeoverSettings, "the user's own stops")


@dataclass(frozen=True, slots=True)
class DeadManSettings:
    """countdownCancelAll: cancels every order of the symbol, the user's own too."""

    enabled: bool = knob(False, "arm the exchange's dead-man's switch while working")
    countdown_s: int = knob(120, "countdown, s; refreshed at a quarter of it", ge=10, le=3600)


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """Distance to liquidation and what follows from it."""

    liq_distance_threshold: Decimal = knob(D("0.015"), "soft risk: at least aggressive, ratio", gt=D(0), lt=D(1))
    reconcile_interval_s: int = knob(30, "account compared with REST so often, s", ge=5, le=3600)
    panic_close: PanicSettings = group(PanicSettings, "tiers near liquidation")
    protective_stop: ProtectiveStopSettings = group(ProtectiveStopSettings, "the stop that rests at the exchange")
    dead_man: DeadManSettings = group(DeadManSettings, "the exchange's own countdown")

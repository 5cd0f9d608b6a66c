"""A wish to exit that the signal engine has agreed on, with everything needed to make an order of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason
from vibe_quant.domain.strategy_settings import StrategyName


@dataclass(frozen=True, slots=True)
class ExitSignal:
    """One order's worth of exit.

    ``mode`` None: the side's rotation decides.  ``price``, ``at_touch``, ``ttl_ms``, ``no_ttl``, ``qty``, ``own_cap``,
    ``max_notional``, ``qty_factor`` and ``no_cooldown`` mean what they mean in a strategy's vote.  ``counts``: the
    order's end counts for the rotation.  ``strategies``: whose vote it is, then those who agreed.
    """

    symbol: str
    side: PositionSide
    reason: SignalReason
    mode: ExecutionMode | None = None
    price: Decimal | None = None
    at_touch: bool = False
    ttl_ms: int | None = None
    no_ttl: bool = False
    qty: Decimal | None = None
    own_cap: bool = False
    max_notional: Decimal | None = None
    qty_factor: Decimal | None = None
    no_cooldown: bool = False
    counts: bool = True
    use_roi_mult: bool = True
    use_accel_mult: bool = True
    strategies: tuple[StrategyName, ...] = ()

"""An order that a side has decided on, before the last checks give it an id and let it leave."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import ExecutionMode, OrderType, PriceMatch, SignalReason, TimeInForce
from vibe_quant.domain.risk import RiskFlag
from vibe_quant.domain.signal import ExitSignal


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """What is to be sent.

    ``price`` on the tick grid, or ``match`` for the exchange's choice; neither for a MARKET.  ``ttl_ms`` None: no end
    of life.  ``urgent``: panic, a stop gone through and its remainder, which pass the budgets and the discretionary
    gates.  ``signal`` is the wish behind a discretionary order.  ``outdated``: the settings have changed since it left.
    """

    qty: Decimal
    price: Decimal | None
    mode: ExecutionMode
    reason: SignalReason
    ttl_ms: int | None
    cooldown_ms: int
    match: PriceMatch | None = None
    order_type: OrderType = OrderType.LIMIT
    urgent: bool = False
    signal: ExitSignal | None = None
    outdated: bool = False

    @property
    def time_in_force(self) -> TimeInForce:
        """GTX for a maker, GTC for a limit that may take (an IOC's rules do not apply to MARKET)."""
        return TimeInForce.GTX if self.mode is ExecutionMode.MAKER_ONLY else TimeInForce.GTC


@dataclass(frozen=True, slots=True)
class NoPlan:
    """Nothing is to be sent now, and why."""

    reason: Blocked


@dataclass(frozen=True, slots=True)
class Acted:
    """The newest order that left, and what the market and risk were then; ``at_ms`` monotonic."""

    plan: OrderPlan
    client_id: str
    bid: Decimal | None
    ask: Decimal | None
    flag: RiskFlag
    at_ms: int

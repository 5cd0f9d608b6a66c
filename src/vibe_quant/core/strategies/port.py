"""The port every strategy implements: a context goes in, a vote comes out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol

from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason, Stream
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.strategy_settings import StrategyName

if TYPE_CHECKING:
    from vibe_quant.core.market import MarketView

ONE = Decimal(1)


class RandomSource(Protocol):
    """The injected source of randomness (``random.Random`` fits)."""

    def random(self) -> float:
        """Uniform in [0, 1)."""
        ...


class Wish(Enum):
    """What a strategy wants for the side now."""

    HOLD = 0
    EXIT = 1


class Urgency(StrEnum):
    """How an exit is to be executed: by the side's rotation, or in one mode for this one order."""

    ROTATION = "rotation"
    MAKER = "maker"
    AGGRESSIVE = "aggressive"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a strategy has to be fed: streams, depth levels (0: none), candle timeframes in minutes."""

    streams: tuple[Stream, ...] = (Stream.BOOK, Stream.MARKET)
    depth_levels: int = 0
    candles_min: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Vote:
    """A strategy's wish for one side, with constraints where it has any.

    ``strength`` and ``confidence`` in [0, 1].  ``price`` asks for that limit price; ``at_touch`` for our own side's
    touch whatever maker_price_mode says; ``ttl_ms`` for that life (None: settings; ``no_ttl``: until reviewed away);
    ``qty`` for that slice (None: behaviour's slice formula); ``max_notional`` stands in place of
    execution.max_order_notional where ``own_cap`` is true (None then: no cap).  ``qty_factor`` multiplies the slice
    before it is rounded down to the step (None: 1).  ``no_cooldown`` skips the repost cooldown after the order.
    """

    wish: Wish
    reason: SignalReason
    strength: Decimal = ONE
    confidence: Decimal = ONE
    urgency: Urgency = Urgency.ROTATION
    price: Decimal | None = None
    at_touch: bool = False
    ttl_ms: int | None = None
    no_ttl: bool = False
    qty: Decimal | None = None
    own_cap: bool = False
    max_notional: Decimal | None = None
    qty_factor: Decimal | None = None
    no_cooldown: bool = False
    use_roi_mult: bool | None = None
    use_accel_mult: bool | None = None


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """The side's own resting order as a strategy may see it."""

    price: Decimal | None
    qty: Decimal
    filled: Decimal
    since_ms: int
    mode: ExecutionMode
    reason: SignalReason


@dataclass(slots=True)
class StrategyContext:
    """One side as a strategy sees it; kept by the side and updated in place, never written by a strategy.

    ``open_qty``: what is left to exit (|position| - target).  ``exit_qty``: what there was to exit when the side
    began or was last enlarged, at ``began_ms``.  ``refused_quote_id``: count of quotes seen when a post-only order
    was last refused (-1: never), to be compared with ``market.quotes_seen``.
    """

    side: PositionSide
    market: MarketView
    rules: SymbolRules
    open_qty: Decimal
    exit_qty: Decimal
    began_ms: int
    refused_quote_id: int = -1


class OrderEnd(StrEnum):
    """How an order that a strategy asked for has ended."""

    FILLED = "filled"
    PARTIAL = "partial"
    UNFILLED = "unfilled"
    REFUSED = "refused"


class Strategy(Protocol):
    """One instance a side.  All times are monotonic milliseconds."""

    @property
    def name(self) -> StrategyName:
        """Its name in the configuration."""
        ...

    @property
    def needs(self) -> Needs:
        """What it has to be fed."""
        ...

    def vote(self, ctx: StrategyContext, now: int) -> Vote:
        """What it wants now, when the side has no order working."""
        ...

    def keep(self, ctx: StrategyContext, order: WorkingOrder, now: int) -> str | None:
        """None to leave the working order; else the reason to cancel it now."""
        ...

    def acted(self, vote: Vote, now: int) -> None:
        """Its vote has become an order that left."""
        ...

    def ended(self, reason: SignalReason, end: OrderEnd, now: int) -> None:
        """An order that it asked for has ended."""
        ...

    def deadline(self, now: int) -> int | None:
        """The earliest moment it wants to be asked again without news; None: no such moment."""
        ...

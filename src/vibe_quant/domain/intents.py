"""Everything the program can want done, as one closed union.  No intent can express an increase of a position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderSide,
    OrderType,
    PositionSide,
    PriceMatch,
    Severity,
    SignalReason,
    TimeInForce,
)


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """Submit a closing order.

    The order side follows from the position side, so that nothing here can open.  Exactly one of ``price`` (tick
    grid) and ``price_match`` is set for a LIMIT, neither for a MARKET.  ``timestamp_ms`` is server time.
    """

    symbol: str
    position_side: PositionSide
    client_id: str
    order_type: OrderType
    qty: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    mode: ExecutionMode
    reason: SignalReason
    timestamp_ms: int
    price_match: PriceMatch | None = None
    recv_window_ms: int = 2000

    @property
    def side(self) -> OrderSide:
        """SELL for LONG, BUY for SHORT."""
        return self.position_side.exit_side

    @property
    def reduce_only(self) -> Literal[True]:
        """Always true; on the wire it is ``positionSide``, which hedge mode takes instead of the flag."""
        return True


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel one own order by its client id."""

    symbol: str
    client_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """Change price and total quantity of an own resting order (loses the queue)."""

    symbol: str
    position_side: PositionSide
    client_id: str
    qty: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class QueryOrder:
    """Ask for one order by client id."""

    symbol: str
    client_id: str


@dataclass(frozen=True, slots=True)
class ReadOpenOrders:
    """Read all open orders of a symbol."""

    symbol: str


@dataclass(frozen=True, slots=True)
class PlaceStop:
    """Rest a STOP_MARKET on the mark price: ``qty`` None closes the whole leg, else that quantity (a bridge)."""

    symbol: str
    position_side: PositionSide
    client_id: str
    trigger_price: Decimal
    qty: Decimal | None
    reason: str

    @property
    def side(self) -> OrderSide:
        """SELL for LONG, BUY for SHORT."""
        return self.position_side.exit_side


@dataclass(frozen=True, slots=True)
class CancelStop:
    """Cancel one own conditional order by its client id."""

    symbol: str
    position_side: PositionSide
    client_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadStops:
    """Read all open conditional orders of a symbol."""

    symbol: str


@dataclass(frozen=True, slots=True)
class ArmDeadMan:
    """Start or restart the exchange's countdown for a symbol; ``refreshes``: one may be running, which must not end."""

    symbol: str
    countdown_ms: int
    refreshes: bool = False


@dataclass(frozen=True, slots=True)
class DisarmDeadMan:
    """Stop the exchange's countdown for a symbol."""

    symbol: str


@dataclass(frozen=True, slots=True)
class FetchSnapshot:
    """Read positions, balances, open orders and open stops by REST; symbol None: the whole account."""

    symbol: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class FetchPositions:
    """Read the open legs of the whole account with their liquidation prices by REST, and nothing else."""

    reason: str

    @property
    def symbol(self) -> None:
        """It is about all of them: the read of one costs as much."""
        return


@dataclass(frozen=True, slots=True)
class FetchMark:
    """Read the mark price by REST."""

    symbol: str


@dataclass(frozen=True, slots=True)
class FetchRules:
    """Read a symbol's rules and brackets by REST; a read that left before ``since_ms`` (monotonic) is no answer."""

    symbol: str
    reason: str
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the operator; ``facts`` are ordered (name, value) pairs, ``text`` a full sentence in English."""

    kind: NoticeKind
    severity: Severity
    text: str
    symbol: str | None = None
    side: PositionSide | None = None
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Halt:
    """A side's (or with None the whole program's) discretion has stopped until the operator resumes it."""

    symbol: str | None
    side: PositionSide | None
    reason: str


Request = (
    OrderIntent
    | CancelOrder
    | AmendOrder
    | QueryOrder
    | ReadOpenOrders
    | PlaceStop
    | CancelStop
    | ReadStops
    | ArmDeadMan
    | DisarmDeadMan
    | FetchSnapshot
    | FetchPositions
    | FetchMark
    | FetchRules
)
"""What goes to the exchange."""

Intent = Request | Notify | Halt

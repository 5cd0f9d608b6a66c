"""Everything that can happen to the program, as one closed union.

Each event carries ``exch_ms`` (the exchange's clock, epoch milliseconds) where it has one, and ``recv_ms`` (monotonic
milliseconds, the same clock as ``now`` of ``Engine.handle``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.account_events import (
    AccountEvent,
    AccountSnapshot,
    BalanceUpdate,
    LeverageUpdate,
    OpenOrdersRead,
    OrderUpdate,
    PositionsRead,
    PositionUpdate,
    StopReport,
    StopsRead,
)
from vibe_quant.domain.answers import (
    DeadManAck,
    NotSent,
    OrderMissing,
    RateLimited,
    RateUsage,
    Refused,
    Unknown,
)
from vibe_quant.domain.commands import Flatten, OperatorEvent, Pause, Reload, Resume, Stop
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.market_events import Candle, Depth, Level, Mark, MarketEvent, Quote, Trade
from vibe_quant.domain.rules import Brackets, SymbolRules

__all__ = [
    "AccountEvent",
    "AccountSnapshot",
    "AnswerEvent",
    "BalanceUpdate",
    "Candle",
    "ContractNews",
    "DeadManAck",
    "Depth",
    "Event",
    "Flatten",
    "Hold",
    "JournalState",
    "Level",
    "LeverageUpdate",
    "Mark",
    "MarketEvent",
    "NotSent",
    "OpenOrdersRead",
    "OperatorEvent",
    "OrderMissing",
    "OrderResult",
    "OrderUpdate",
    "Pause",
    "PositionUpdate",
    "PositionsRead",
    "Quote",
    "RateLimited",
    "RateUsage",
    "Refused",
    "Reload",
    "Resume",
    "RulesLoaded",
    "ServerTime",
    "Stop",
    "StopReport",
    "StopsRead",
    "StreamDown",
    "StreamUp",
    "Timer",
    "Trade",
    "Unknown",
    "UnlistedLeg",
]


@dataclass(frozen=True, slots=True)
class StreamUp:
    """A socket delivers."""

    stream: Stream
    recv_ms: int


@dataclass(frozen=True, slots=True)
class StreamDown:
    """A socket is gone, or silent beyond belief."""

    stream: Stream
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RulesLoaded:
    """Symbol rules, and the maintenance brackets where they were read too."""

    rules: SymbolRules
    recv_ms: int
    brackets: Brackets = ()
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ServerTime:
    """Server time = monotonic now + ``offset_ms``."""

    offset_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class ContractNews:
    """The exchange has announced a change of a contract (contractInfo): its rules are read again at once."""

    symbol: str
    status: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class UnlistedLeg:
    """The stream tells of a position in a contract that was not listed yet when the list was read; its own name."""

    raw: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class JournalState:
    """Whether the journal can be written; while it cannot, discretionary orders wait."""

    ok: bool
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """The program itself holds discretion back, for a ``reason``; None: no more.  No command of an operator's."""

    recv_ms: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Timer:
    """The moment that ``Engine.deadline`` asked for has come."""

    recv_ms: int


OrderResult = OrderUpdate | Refused | Unknown | NotSent
"""What may come of a submit, cancel or amendment: how the order stands, why it was not done, or that nobody knows."""
AnswerEvent = OrderResult | OrderMissing | RateUsage | RateLimited | DeadManAck
Event = (
    MarketEvent
    | AccountEvent
    | AnswerEvent
    | OperatorEvent
    | StreamUp
    | StreamDown
    | RulesLoaded
    | ServerTime
    | ContractNews
    | UnlistedLeg
    | JournalState
    | Hold
    | Timer
)

"""The states, events and effects of one order's life; core/machine.py steps through them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from vibe_quant.domain.enums import ExecutionState


@dataclass(frozen=True, slots=True)
class Working:
    """What every state with an order knows of it.

    ``expires_ms`` None: no TTL.  ``settled_ms`` is server time: from then on "does not exist" counts.
    """

    client_id: str
    expires_ms: int | None
    cooldown_ms: int
    settled_ms: int


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing under way."""


@dataclass(frozen=True, slots=True)
class Placing:
    """The request has left; ``unwanted`` is the reason to cancel the order as soon as it is known to live."""

    order: Working
    since_ms: int
    unwanted: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The order rests, as far as was known at ``since_ms``; ``unwanted``: why it is to be cancelled when due."""

    order: Working
    since_ms: int = 0
    unwanted: str | None = None


@dataclass(frozen=True, slots=True)
class Canceling:
    """A cancel has left."""

    order: Working
    reason: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Cooldown:
    """The order has ended; the next one waits."""

    until_ms: int


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Nobody knows whether the order lives; it is asked for until told.

    ``listing_ms``: when the exchange had said "does not exist" late enough; a list of open orders asked for since then
    settles it.  ``cancel_ms``: a cancel that was refused or lost is not sent again before, whatever is told meanwhile.
    """

    order: Working
    since_ms: int
    ask_ms: int
    unwanted: str | None
    listing_ms: int | None = None
    alarm_ms: int = 0
    cancel_ms: int = 0


State = Idle | Placing | Waiting | Canceling | Cooldown | Doubtful
FREE: Final = (Idle, Cooldown)
"""States without an order; for isinstance, which takes a tuple several times as fast as a union."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """An order leaves."""

    order: Working


@dataclass(frozen=True, slots=True)
class Live:
    """A report says that the order lives."""


@dataclass(frozen=True, slots=True)
class Done:
    """A report says that the order has ended."""


@dataclass(frozen=True, slots=True)
class RefusedOrder:
    """The order was refused, or never left."""


class Plain(StrEnum):
    """Events without data."""

    LOST = "lost"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_LOST = "cancel_lost"
    CANCEL_NOT_SENT = "cancel_not_sent"
    AMEND_LOST = "amend_lost"
    QUERY_NOT_SENT = "query_not_sent"
    STREAM_LOST = "stream_lost"


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The order is not wanted any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A query answered "does not exist" at server time ``server_ms``."""

    server_ms: int


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A list of open orders, asked for at ``asked_ms`` (monotonic), does not hold the order."""

    asked_ms: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; ``may_cancel`` False where the cancel budget is spent."""

    may_cancel: bool = True


MachineEvent = Submitted | Live | Done | RefusedOrder | Plain | Withdraw | Missing | Unlisted | Tick


class Effect(StrEnum):
    """What the side does after a step."""

    CANCEL = "cancel"
    ASK = "ask"
    READ = "read"
    ENDED = "ended"
    ALARM = "alarm"


def name_of(state: State) -> ExecutionState:
    """The state's public name."""
    match state:
        case Idle():
            return ExecutionState.IDLE
        case Placing():
            return ExecutionState.PLACING
        case Waiting():
            return ExecutionState.WAITING
        case Canceling():
            return ExecutionState.CANCELING
        case Cooldown():
            return ExecutionState.COOLDOWN
        case Doubtful():
            return ExecutionState.DOUBTFUL
        case _:
            assert_never(state)

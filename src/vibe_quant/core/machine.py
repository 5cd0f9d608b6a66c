"""One order's life on a side: a pure step from (state, event) to (state, effects).

Cells read ``NEXT`` or ``NEXT +effect...``; ``.`` stays and does nothing; ``!`` cannot happen and raises.

    event             IDLE     PLACING           WAITING           CANCELING         COOLDOWN  DOUBTFUL
    submitted         PLACING  !                 !                 !                 PLACING   !
    live              .        WAITING           .                 .                 .         WAITING
    live(unwanted)    .        CANCELING +cancel .                 .                 .         CANCELING +cancel
    done              .        COOLDOWN +ended   COOLDOWN +ended   COOLDOWN +ended   .         COOLDOWN +ended
    refused           .        COOLDOWN +ended   .                 .                 .         COOLDOWN +ended
    lost              .        DOUBTFUL +ask     .                 .                 .         .
    cancel_refused    .        .                 .                 DOUBTFUL +ask     .         .
    cancel_lost       .        .                 .                 DOUBTFUL +ask     .         .
    cancel_not_sent   .        .                 .                 WAITING           .         .
    amend_lost        .        .                 DOUBTFUL +ask     DOUBTFUL +ask     .         .
    stream_lost       .        DOUBTFUL +ask     DOUBTFUL +ask     DOUBTFUL +ask     .         .
    withdraw          .        PLACING           CANCELING +cancel .                 .         DOUBTFUL
    missing(early)    .        .                 .                 .                 .         DOUBTFUL
    missing(late)     .        .                 .                 .                 .         DOUBTFUL +read
    unlisted(unasked) .        .                 .                 .                 .         .
    unlisted(asked)   .        .                 .                 .                 .         COOLDOWN +ended
    tick(early)       .        .                 .                 .                 .         .
    tick(due)         .        DOUBTFUL +ask     CANCELING +cancel DOUBTFUL +ask     IDLE      DOUBTFUL +ask
    tick(alarm)       .        DOUBTFUL +ask     CANCELING +cancel DOUBTFUL +ask     IDLE      DOUBTFUL +ask +alarm
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from vibe_quant.domain.enums import ExecutionState

ANSWER_MS = 5000  # no answer at all for so long: treated as unknown
ASK_MS = 500  # between two queries while in doubt
SETTLE_MS = 2000  # after timestamp + recvWindow, "does not exist" is believed (behaviour 7)
ALARM_MS = 10_000  # in doubt for so long: an alarm


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
    """The order rests."""

    order: Working


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
    settles it.
    """

    order: Working
    since_ms: int
    ask_ms: int
    unwanted: str | None
    listing_ms: int | None = None
    alarm_ms: int = 0


State = Idle | Placing | Waiting | Canceling | Cooldown | Doubtful


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


Step = tuple[State, tuple[Effect, ...]]
ASK = (Effect.ASK,)
CANCEL = (Effect.CANCEL,)
ENDED = (Effect.ENDED,)


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


def step(state: State, event: MachineEvent, now: int) -> Step:
    """The next state and what is to be done; pure.

    Raises:
        ValueError: an order was submitted while another one of this machine may live.
    """
    match state:
        case Idle() | Cooldown():
            return _rest(state, event, now)
        case Placing():
            return _placing(state, event, now)
        case Waiting():
            return _waiting(state, event, now)
        case Canceling():
            return _canceling(state, event, now)
        case Doubtful():
            return _doubtful(state, event, now)
        case _:
            assert_never(state)


def deadline(state: State) -> int | None:
    """When the state wants a tick; None: never."""
    match state:
        case Idle():
            return None
        case Placing(since_ms=since) | Canceling(since_ms=since):
            return since + ANSWER_MS
        case Waiting(order=order):
            return order.expires_ms
        case Cooldown(until_ms=until):
            return until
        case Doubtful(ask_ms=ask):
            return ask
        case _:
            assert_never(state)


def _rest(state: Idle | Cooldown, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted(order=order):
            return Placing(order, now), ()
        case Tick() if isinstance(state, Cooldown) and now >= state.until_ms:
            return Idle(), ()
        case _:
            return state, ()


def _placing(state: Placing, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted():
            raise ValueError(f"{state.order.client_id} is still on its way")
        case Live() if state.unwanted is not None:
            return Canceling(state.order, state.unwanted, now), CANCEL
        case Live():
            return Waiting(state.order), ()
        case Done() | RefusedOrder():
            return _cool(state.order, now)
        case Plain.LOST | Plain.STREAM_LOST:
            return _doubt(state.order, state.unwanted, now)
        case Withdraw(reason=reason):
            return replace(state, unwanted=reason), ()
        case Tick() if now >= state.since_ms + ANSWER_MS:
            return _doubt(state.order, state.unwanted, now)
        case _:
            return state, ()


def _waiting(state: Waiting, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted():
            raise ValueError(f"{state.order.client_id} still rests")
        case Done():
            return _cool(state.order, now)
        case Plain.AMEND_LOST | Plain.STREAM_LOST:
            return _doubt(state.order, None, now)
        case Withdraw(reason=reason):
            return Canceling(state.order, reason, now), CANCEL
        case Tick(may_cancel=True) if state.order.expires_ms is not None and now >= state.order.expires_ms:
            return Canceling(state.order, "ttl", now), CANCEL
        case _:
            return state, ()


def _canceling(state: Canceling, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted():
            raise ValueError(f"{state.order.client_id} is still being cancelled")
        case Done():
            return _cool(state.order, now)
        case Plain.CANCEL_REFUSED | Plain.CANCEL_LOST | Plain.AMEND_LOST | Plain.STREAM_LOST:
            return _doubt(state.order, state.reason, now)
        case Plain.CANCEL_NOT_SENT:
            return Waiting(replace(state.order, expires_ms=now + ASK_MS)), ()
        case Tick() if now >= state.since_ms + ANSWER_MS:
            return _doubt(state.order, state.reason, now)
        case _:
            return state, ()


def _doubtful(state: Doubtful, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted():
            raise ValueError(f"{state.order.client_id} is in doubt")
        case Live() if state.unwanted is not None:
            return Canceling(state.order, state.unwanted, now), CANCEL
        case Live():
            return Waiting(state.order), ()
        case Done() | RefusedOrder():
            return _cool(state.order, now)
        case Withdraw(reason=reason):
            return replace(state, unwanted=reason), ()
        case Missing(server_ms=server) if server > state.order.settled_ms:
            since = now if state.listing_ms is None else state.listing_ms
            return replace(state, listing_ms=since, ask_ms=now + ASK_MS), (Effect.READ,)
        case Missing():
            return replace(state, ask_ms=now + ASK_MS), ()
        case Unlisted(asked_ms=asked) if state.listing_ms is not None and asked >= state.listing_ms:
            return _cool(state.order, now)
        case Tick() if now >= state.ask_ms:
            return _ask_again(state, now)
        case _:
            return state, ()


def _ask_again(state: Doubtful, now: int) -> Step:
    again = replace(state, ask_ms=now + ASK_MS)
    if now < state.alarm_ms:
        return again, ASK
    return replace(again, alarm_ms=now + ALARM_MS), (Effect.ASK, Effect.ALARM)


def _doubt(order: Working, unwanted: str | None, now: int) -> Step:
    return Doubtful(order, now, now + ASK_MS, unwanted, alarm_ms=now + ALARM_MS), ASK


def _cool(order: Working, now: int) -> Step:
    return Cooldown(now + order.cooldown_ms), ENDED

"""One order's life on a side: a pure step from (state, event) to (state, effects).

Cells read ``NEXT`` or ``NEXT +effect...``; ``.`` stays and does nothing; ``!`` cannot happen and raises.

    event             IDLE     PLACING           WAITING           CANCELING         COOLDOWN  DOUBTFUL
    submitted         PLACING  !                 !                 !                 PLACING   !
    live              .        WAITING           .                 .                 .         WAITING
    live(unwanted)    .        CANCELING +cancel .                 .                 .         CANCELING +cancel
    live(soon)        .        CANCELING +cancel .                 .                 .         WAITING
    done              .        COOLDOWN +ended   COOLDOWN +ended   COOLDOWN +ended   .         COOLDOWN +ended
    refused           .        COOLDOWN +ended   .                 .                 .         COOLDOWN +ended
    lost              .        DOUBTFUL +ask     .                 .                 .         .
    cancel_refused    .        .                 .                 DOUBTFUL +ask     .         .
    cancel_lost       .        .                 .                 DOUBTFUL +ask     .         .
    cancel_not_sent   .        .                 .                 WAITING           .         .
    amend_lost        .        .                 DOUBTFUL +ask     DOUBTFUL +ask     .         .
    query_not_sent    .        .                 .                 .                 .         DOUBTFUL
    stream_lost       .        DOUBTFUL +ask     DOUBTFUL +ask     DOUBTFUL +ask     .         .
    withdraw          .        PLACING           CANCELING +cancel .                 .         DOUBTFUL
    withdraw(again)   .        PLACING           .                 .                 .         DOUBTFUL
    missing(early)    .        .                 .                 .                 .         DOUBTFUL
    missing(late)     .        .                 .                 .                 .         DOUBTFUL +read
    unlisted(unasked) .        .                 .                 .                 .         .
    unlisted(asked)   .        .                 DOUBTFUL +ask     .                 .         COOLDOWN +ended
    tick(early)       .        .                 .                 .                 .         .
    tick(due)         .        DOUBTFUL +ask     CANCELING +cancel DOUBTFUL +ask     IDLE      DOUBTFUL +ask
    tick(alarm)       .        DOUBTFUL +ask     CANCELING +cancel DOUBTFUL +ask     IDLE      DOUBTFUL +ask +alarm
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from vibe_quant.core.order_states import (
    Canceling,
    Cooldown,
    Done,
    Doubtful,
    Effect,
    Idle,
    Live,
    MachineEvent,
    Missing,
    Placing,
    Plain,
    RefusedOrder,
    State,
    Submitted,
    Tick,
    Unlisted,
    Waiting,
    Withdraw,
    Working,
)

ANSWER_MS = 5000  # no answer at all for so long: treated as unknown
ASK_MS = 500  # between two queries while in doubt
UNSENT_MS = 2000  # the same, where queries do not leave this host
SETTLE_MS = 2000  # after timestamp + recvWindow, "does not exist" is believed (behaviour 7)
ALARM_MS = 10_000  # in doubt for so long: an alarm


Step = tuple[State, tuple[Effect, ...]]
ASK = (Effect.ASK,)
CANCEL = (Effect.CANCEL,)
ENDED = (Effect.ENDED,)


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
            return Waiting(state.order, now), ()
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
            return _doubt(state.order, state.unwanted, now)
        case Unlisted(asked_ms=asked) if asked > state.since_ms:
            return _doubt(state.order, state.unwanted, now)
        case Withdraw(reason=reason) if state.unwanted is None:
            return Canceling(state.order, reason, now), CANCEL
        case Tick(may_cancel=True) if state.order.expires_ms is not None and now >= state.order.expires_ms:
            return Canceling(state.order, state.unwanted or "ttl", now), CANCEL
        case _:
            return state, ()


def _canceling(state: Canceling, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted():
            raise ValueError(f"{state.order.client_id} is still being cancelled")
        case Done():
            return _cool(state.order, now)
        case Plain.CANCEL_REFUSED | Plain.CANCEL_LOST | Plain.AMEND_LOST | Plain.STREAM_LOST:
            return _doubt(state.order, state.reason, now, now + ASK_MS)
        case Plain.CANCEL_NOT_SENT:
            return Waiting(replace(state.order, expires_ms=now + ASK_MS), now, state.reason), ()
        case Tick() if now >= state.since_ms + ANSWER_MS:
            return _doubt(state.order, state.reason, now)
        case _:
            return state, ()


def _doubtful(state: Doubtful, event: MachineEvent, now: int) -> Step:
    match event:
        case Submitted():
            raise ValueError(f"{state.order.client_id} is in doubt")
        case Live():
            return _found_alive(state, now)
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
        case Plain.QUERY_NOT_SENT:
            return replace(state, ask_ms=now + UNSENT_MS), ()
        case Tick() if now >= state.ask_ms:
            return _ask_again(state, now)
        case _:
            return state, ()


def _found_alive(state: Doubtful, now: int) -> Step:
    if state.unwanted is None:
        return Waiting(state.order, now), ()
    if now < state.cancel_ms:
        return Waiting(replace(state.order, expires_ms=state.cancel_ms), now, state.unwanted), ()
    return Canceling(state.order, state.unwanted, now), CANCEL


def _ask_again(state: Doubtful, now: int) -> Step:
    again = replace(state, ask_ms=now + ASK_MS)
    if now < state.alarm_ms:
        return again, ASK
    return replace(again, alarm_ms=now + ALARM_MS), (Effect.ASK, Effect.ALARM)


def _doubt(order: Working, unwanted: str | None, now: int, cancel_ms: int = 0) -> Step:
    return Doubtful(order, now, now + ASK_MS, unwanted, alarm_ms=now + ALARM_MS, cancel_ms=cancel_ms), ASK


def _cool(order: Working, now: int) -> Step:
    return Cooldown(now + order.cooldown_ms), ENDED

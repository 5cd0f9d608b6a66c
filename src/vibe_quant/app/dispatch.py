"""Carries intents to the exchange and brings their outcomes back as events: the only place that does so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from vibe_quant.app.breaker import Breaker
from vibe_quant.app.round_trips import RoundTrips
from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.codes import Reaction, reaction_of
from vibe_quant.domain.enums import RequestKind
from vibe_quant.domain.intents import (
    AmendOrder,
    ArmDeadMan,
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    FetchMark,
    FetchPositions,
    FetchRules,
    FetchSnapshot,
    Halt,
    Intent,
    Notify,
    OrderIntent,
    PlaceStop,
    QueryOrder,
    ReadOpenOrders,
    ReadStops,
    Request,
)
from vibe_quant.domain.requests import KINDS, client_id_of
from vibe_quant.log import log
from vibe_quant.ports import (
    Accepted,
    AuthLost,
    Banned,
    Clock,
    Exchange,
    Failure,
    NotSent,
    Outcome,
    RateLimited,
    Rejected,
    Sink,
    Unknown,
)

NO_SUCH_ORDER = -2013
RATE_LIMIT = -1003
TOLD_BY_STREAM = frozenset({RequestKind.SUBMIT, RequestKind.CANCEL, RequestKind.AMEND, RequestKind.CANCEL_STOP})


@dataclass(frozen=True, slots=True)
class Ears:
    """Who else hears of outcomes: ``accepted`` the user stream's watchdog, ``clock_off`` the clock's measurement.

    ``accepted`` is told when the request left, monotonic ms: the stream may tell of it before the answer comes.
    """

    accepted: Callable[[int], None]
    clock_off: Callable[[], None]
    known: Callable[[], Sequence[str]]
    """The symbols whose orders a read of the whole account must cover."""


@dataclass
class Dispatch:
    """One an application.  ``defects`` counts what no adapter may do: raise."""

    exchange: Exchange
    clock: Clock
    breaker: Breaker
    tell: Sink
    ears: Ears
    defects: int = 0
    sent: dict[RequestKind, int] = field(default_factory=dict)
    trips: RoundTrips = field(default_factory=RoundTrips)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, intents: Sequence[Intent], now: int) -> None:
        """Let each request leave in a task of its own; what the breaker blocks is answered at once."""
        for intent in intents:
            if isinstance(intent, Notify | Halt):
                continue
            kind = KINDS[type(intent)]
            blocked = self.breaker.blocks(intent, now)
            if blocked is not None:
                self.refuse(intent, blocked)
                continue
            self.sent[kind] = self.sent.get(kind, 0) + 1
            task = asyncio.create_task(self._carry(kind, intent), name=f"{kind} {client_id_of(intent)}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def refuse(self, intent: Request, why: str) -> None:
        """Answer a request that does not leave."""
        kind = KINDS[type(intent)]
        self.tell(ev.NotSent(kind, _symbol(intent), client_id_of(intent), self.clock.now_ms(), why))

    async def settle(self, timeout_s: float) -> None:
        """Wait for the requests under way, at most so long, then give them up."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, kind: RequestKind, intent: Request) -> None:
        left_ms = self.clock.now_ms()
        try:
            outcome = await self._ask(intent)
        except Exception as defect:  # noqa: BLE001 - whatever an adapter raises, the order's fate is unknown
            self.defects += 1
            text = "a defect: the request has raised; its outcome counts as not known"
            log(le.REQUEST_FAILED, defect=defect, symbol=_symbol(intent) or None, request=kind, text=text)
            outcome = Unknown(f"a defect of the program ({type(defect).__name__})")
        self._heard(kind, intent, outcome, left_ms)

    def _heard(self, kind: RequestKind, intent: Request, outcome: Outcome[Any], left_ms: int) -> None:
        now = self.clock.now_ms()
        self.trips.heard(kind, outcome, now - left_ms)
        if self.breaker.learn(outcome, now):
            text = (
                "REST failed too often in a row: only cancels, stops, panic and reads pass for a while (breaker open)"
            )
            log(le.BREAKER_OPEN, text=text)
        if isinstance(outcome, Accepted):
            if kind in TOLD_BY_STREAM:
                self.ears.accepted(left_ms)
            self.tell(outcome.value)
            return
        if isinstance(outcome, Rejected) and reaction_of(outcome.code) is Reaction.RESYNC_CLOCK:
            self.ears.clock_off()
        self.tell(_failed(kind, intent, outcome, now))

    def _ask(self, intent: Request) -> Awaitable[Outcome[Any]]:  # noqa: C901 - one case an intent
        exchange = self.exchange
        match intent:
            case OrderIntent():
                return exchange.submit(intent)
            case CancelOrder():
                return exchange.cancel(intent)
            case AmendOrder():
                return exchange.amend(intent)
            case QueryOrder():
                return exchange.query(intent)
            case ReadOpenOrders():
                return exchange.open_orders(intent.symbol)
            case PlaceStop():
                return exchange.place_stop(intent)
            case CancelStop():
                return exchange.cancel_stop(intent)
            case ReadStops():
                return exchange.open_stops(intent.symbol)
            case ArmDeadMan():
                return exchange.countdown(intent.symbol, intent.countdown_ms)
            case DisarmDeadMan():
                return exchange.countdown(intent.symbol, 0)
            case FetchSnapshot():
                return exchange.snapshot(intent.symbol, self.ears.known())
            case FetchPositions():
                return exchange.positions()
            case FetchMark():
                return exchange.mark(intent.symbol)
            case FetchRules():
                return exchange.rules(intent.symbol, intent.since_ms)
            case _:
                assert_never(intent)


def _failed(kind: RequestKind, intent: Request, failure: Failure, now: int) -> ev.Event:
    """What a failure means to the core; of a 429 or 418 it has been told apart, here it only was not done."""
    symbol, client_id = _symbol(intent), client_id_of(intent)
    match failure:
        case Rejected(code=code) if kind is RequestKind.QUERY and code == NO_SUCH_ORDER:
            return ev.OrderMissing(symbol, client_id, failure.exch_ms, now)
        case Rejected(code, message, exch_ms) | AuthLost(code, message, exch_ms):
            return ev.Refused(kind, symbol, client_id, code, now, exch_ms, message)
        case RateLimited(detail=detail) | Banned(detail=detail) | NotSent(detail=detail):
            return ev.NotSent(kind, symbol, client_id, now, detail)
        case Unknown(detail=detail):
            return ev.Unknown(kind, symbol, client_id, now, detail)
        case _:
            assert_never(failure)


def _symbol(intent: Request) -> str:
    return intent.symbol or ""

"""Intents to requests, outcomes to events; what the breaker lets through; and what a defect of an adapter becomes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from tests.app.fake_exchange import FakeClock, FakeExchange, order

from vibe_quant.app.breaker import Breaker, is_failure
from vibe_quant.app.dispatch import Dispatch, Ears
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.enums import (
    ExecutionMode,
    NoticeKind,
    OrderType,
    PositionSide,
    RequestKind,
    Severity,
    SignalReason,
    TimeInForce,
)
from vibe_quant.domain.requests import KINDS
from vibe_quant.domain.settings import BreakerSettings
from vibe_quant.ports import Accepted, AuthLost, Banned, NotSent, RateLimited, Rejected, Unknown

S = "BTC/USDT:USDT"
L = PositionSide.LONG
D = Decimal


def submit(reason: SignalReason = SignalReason.LONG_PRIMARY, client_id: str = "vq-r-1") -> it.OrderIntent:
    return it.OrderIntent(
        S, L, client_id, OrderType.LIMIT, D(1), D(60_000), TimeInForce.GTX, ExecutionMode.MAKER_ONLY, reason, 1
    )


EVERY: tuple[it.Request, ...] = (
    submit(),
    it.CancelOrder(S, "vq-r-1", "ttl"),
    it.AmendOrder(S, L, "vq-r-1", D(1), D(60_001)),
    it.QueryOrder(S, "vq-r-1"),
    it.ReadOpenOrders(S),
    it.PlaceStop(S, L, "vq-ps-1", D(50_000), None, "stands"),
    it.CancelStop(S, L, "vq-ps-1", "flat"),
    it.ReadStops(S),
    it.ArmDeadMan(S, 120_000),
    it.DisarmDeadMan(S),
    it.FetchSnapshot(None, "start"),
    it.FetchPositions("a change"),
    it.FetchMark(S),
    it.FetchRules(S, "start"),
)
ORDERS = ("submit", "cancel", "amend", "query", "open_orders")
STOPS = ("place_stop", "cancel_stop", "open_stops", "countdown", "countdown")
NAMES = (*ORDERS, *STOPS, "snapshot", "positions", "mark", "rules")
METHODS = dict(zip((type(intent) for intent in EVERY), NAMES, strict=True))


class Bench:
    def __init__(self, failures: int = 5) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.told: list[ev.Event] = []
        self.accepted: list[int] = []
        self.clock_asked = 0
        self.breaker = Breaker(BreakerSettings(failures=failures, block_s=60))
        ears = Ears(self.accepted.append, self._ask, lambda: (S,))
        self.dispatch = Dispatch(self.exchange, self.clock, self.breaker, self.told.append, ears)

    def _ask(self) -> None:
        self.clock_asked += 1

    async def send(self, *intents: it.Intent) -> list[ev.Event]:
        """What is told of them."""
        before = len(self.told)
        self.dispatch.send(intents, self.clock.now_ms())
        await self.dispatch.settle(5)
        return self.told[before:]


def test_every_intent_that_is_for_the_exchange_has_its_kind_and_its_request() -> None:
    for_people = {it.Notify, it.Halt}
    assert set(KINDS) == set(it.Intent.__args__) - for_people == set(METHODS)


@pytest.mark.parametrize("intent", EVERY, ids=lambda intent: type(intent).__name__)
async def test_each_intent_asks_for_what_it_says_and_its_answer_is_told(intent: it.Request) -> None:
    bench = Bench()
    (told,) = await bench.send(intent)
    (name, _) = bench.exchange.asked[0]
    assert name == METHODS[type(intent)]
    if isinstance(intent, it.QueryOrder):  # the scripted exchange knows no such order
        assert isinstance(told, ev.OrderMissing)
    else:
        assert not isinstance(told, ev.Refused | ev.Unknown | ev.NotSent)
    assert bench.dispatch.sent == {KINDS[type(intent)]: 1}


async def test_what_is_for_people_is_not_sent() -> None:
    bench = Bench()
    assert await bench.send(it.Notify(NoticeKind.RISK, Severity.INFO, "x"), it.Halt(None, None, "y")) == []
    assert bench.exchange.asked == []


FAILURES: list[tuple[Any, type[Any]]] = [
    (Rejected(-2022, "ReduceOnly Order is rejected.", 7), ev.Refused),
    (Rejected(503, "Service Unavailable.", 7), ev.Refused),
    (AuthLost(-2015, "no", 7), ev.Refused),
    (Unknown("no answer"), ev.Unknown),
    (NotSent("banned"), ev.NotSent),
    (RateLimited(1000, "429"), ev.NotSent),
    (Banned(1000, "418"), ev.NotSent),
    (RuntimeError("a defect"), ev.Unknown),
]


@pytest.mark.parametrize(("outcome", "event"), FAILURES, ids=lambda x: getattr(x, "__name__", type(x).__name__))
@pytest.mark.parametrize("intent", EVERY, ids=lambda intent: type(intent).__name__)
async def test_each_failure_of_each_request_becomes_its_event(intent: it.Request, outcome: Any, event: Any) -> None:
    bench = Bench()
    bench.exchange.answers(METHODS[type(intent)], outcome)
    (told,) = await bench.send(intent)
    assert type(told) is event
    assert told.request is KINDS[type(intent)]  # type: ignore[union-attr]
    assert told.symbol == (intent.symbol or "")  # type: ignore[union-attr]
    assert told.client_id == getattr(intent, "client_id", "")  # type: ignore[union-attr]
    assert bench.dispatch.defects == isinstance(outcome, RuntimeError)


async def test_a_missing_order_is_missing_only_where_it_was_asked_for() -> None:
    bench = Bench()
    gone = Rejected(-2013, "Order does not exist.", 7)
    bench.exchange.answers("query", gone)
    bench.exchange.answers("cancel", gone)
    asked, cancelled = await bench.send(it.QueryOrder(S, "a"), it.CancelOrder(S, "b", "ttl"))
    assert asked == ev.OrderMissing(S, "a", 7, bench.clock.now_ms())
    assert isinstance(cancelled, ev.Refused)


async def test_the_stream_is_expected_to_tell_of_what_was_accepted_and_of_nothing_else() -> None:
    bench = Bench()
    bench.exchange.answers("cancel", Unknown("lost"))
    await bench.send(*EVERY)
    streamed = {RequestKind.SUBMIT, RequestKind.AMEND, RequestKind.CANCEL_STOP}
    assert len(bench.accepted) == len(streamed)


async def test_a_timestamp_that_was_refused_asks_for_the_clock() -> None:
    bench = Bench()
    bench.exchange.answers("submit", Rejected(-1021, "Timestamp outside of the recvWindow.", 7))
    await bench.send(submit())
    assert bench.clock_asked == 1


async def test_an_open_breaker_lets_through_what_protects_and_what_asks() -> None:
    bench = Bench(failures=2)
    bench.exchange.answers("query", Unknown("timeout"))
    await bench.send(it.QueryOrder(S, "a"), it.QueryOrder(S, "b"))
    assert bench.breaker.is_open(bench.clock.now_ms())
    told = await bench.send(*EVERY, submit(SignalReason.PANIC, "vq-r-2"), submit(SignalReason.STOP_REMAINDER, "vq-r-3"))
    held = {event.request for event in told if isinstance(event, ev.NotSent)}
    assert held == {RequestKind.SUBMIT, RequestKind.AMEND, RequestKind.DEAD_MAN, RequestKind.RULES}
    submitted = [arguments[0].client_id for name, arguments in bench.exchange.asked if name == "submit"]
    assert submitted == ["vq-r-2", "vq-r-3"]


async def test_an_open_breaker_lets_a_countdown_that_runs_be_refreshed_or_it_takes_the_stops_and_begins_none() -> None:
    bench = Bench(failures=1)
    bench.exchange.answers("query", Unknown("timeout"))
    await bench.send(it.QueryOrder(S, "a"))
    (held,) = await bench.send(it.ArmDeadMan(S, 120_000))
    assert isinstance(held, ev.NotSent)
    assert bench.breaker.is_open(bench.clock.now_ms())
    (told,) = await bench.send(it.ArmDeadMan(S, 120_000, refreshes=True))
    assert isinstance(told, ev.DeadManAck)


def test_the_breaker_opens_after_failures_in_a_row_only_and_closes_with_an_answer() -> None:
    breaker = Breaker(BreakerSettings(failures=3, block_s=60))
    refusal, lost = Rejected(-2022, "", 0), Unknown("")
    assert [breaker.learn(o, 0) for o in (lost, lost, refusal, lost, lost)] == [False] * 5
    assert breaker.learn(lost, 0)
    assert breaker.is_open(59_999)
    assert not breaker.is_open(60_000)
    assert breaker.learn(lost, 60_000)  # one failure after the block is enough
    assert breaker.opened == 2
    assert not breaker.learn(Accepted(order(S, "a")), 60_001)
    assert not breaker.is_open(60_002)
    assert not breaker.learn(lost, 60_003)


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (Unknown(""), True),
        (Rejected(-1001, "", 0), True),
        (Rejected(-1008, "", 0), True),
        (Rejected(503, "", 0), True),
        (Rejected(-2022, "", 0), False),
        (Rejected(-5022, "", 0), False),
        (Rejected(403, "", 0), False),
        (AuthLost(-2015, "", 0), False),
        (NotSent(""), None),
        (RateLimited(1), None),
        (Banned(1), None),
        (Accepted(1), False),
    ],
)
def test_timeouts_5xx_and_unknown_outcomes_are_failures_and_refusals_are_none(
    outcome: Any, failed: bool | None
) -> None:
    assert is_failure(outcome) is failed


async def test_requests_that_do_not_end_are_given_up_at_the_end() -> None:
    bench = Bench()

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    bench.exchange.submit = hang  # type: ignore[assignment]
    bench.dispatch.send([submit()], 0)
    await bench.dispatch.settle(0.01)
    assert bench.told == []

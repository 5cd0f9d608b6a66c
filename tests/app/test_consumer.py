"""The consumer: what leaves when, in which order it is recorded, who sees what, and that timers are not starved."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from tests.app.fake_exchange import FakeClock, FakeExchange, order

from vibe_quant.app.breaker import Breaker
from vibe_quant.app.consumer import Consumer
from vibe_quant.app.dispatch import Dispatch, Ears
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.observers import Observer
from vibe_quant.app.recorder import WAIT_MS, Recorder
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.enums import (
    ExecutionMode,
    OrderStatus,
    OrderType,
    PositionSide,
    SignalReason,
    TimeInForce,
)
from vibe_quant.domain.settings import BreakerSettings
from vibe_quant.ports import Entry, JournalBroken, Outcome

S = "BTC/USDT:USDT"
L = PositionSide.LONG
D = Decimal


def submit(reason: SignalReason = SignalReason.LONG_PRIMARY) -> it.OrderIntent:
    return it.OrderIntent(
        S, L, "vq-r-1", OrderType.LIMIT, D(1), D(60_000), TimeInForce.GTX, ExecutionMode.MAKER_ONLY, reason, 1
    )


STOP = it.PlaceStop(S, L, "vq-ps-1", D(50_000), None, "stands")
CANCEL = it.CancelOrder(S, "vq-r-1", "ttl")
QUOTE = ev.Quote(S, 1, 1, D(1), D(1), D(2), D(1))
TRADE = ev.Trade(S, 1, 1, D(1), D(1), True)


class Scripted:
    """An engine that answers each kind of event by script, and wants to be woken when told to."""

    def __init__(self) -> None:
        self.answers: dict[type, list[it.Intent]] = {}
        self.due: int | None = None
        self.seen: list[ev.Event] = []

    def handle(self, event: ev.Event, now: int) -> list[it.Intent]:
        self.seen.append(event)
        if isinstance(event, ev.Timer):
            self.due = None
        return list(self.answers.get(type(event), ()))

    def deadline(self) -> int | None:
        return self.due


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.inbox = Inbox()
        self.engine = Scripted()
        self.order: list[str] = []
        self.after: list[ev.Event] = []
        self.looked: list[tuple[ev.Event, Sequence[it.Intent], ev.Quote | None]] = []
        self.broken = False
        ears = Ears(lambda _: None, lambda: None, tuple)
        breaker = Breaker(BreakerSettings())
        self.dispatch = Dispatch(self.exchange, self.clock, breaker, self.inbox.put, ears)
        self.dispatch.send = self._send  # type: ignore[method-assign]
        self.observer = Observer("test", lambda _, *pair: self.looked.append(pair))
        recorder = Recorder(self, "vq", self.inbox.put)
        recorder.patient = True
        self.consumer = Consumer(
            self.engine,  # type: ignore[arg-type]  # of Engine it needs these two methods
            self.inbox,
            self.clock,
            self.dispatch,
            recorder,
            [self.observer],
            self.after.append,
        )

    trouble = ""

    def write(self, entries: Sequence[Entry]) -> None:
        if self.broken:
            raise JournalBroken("the disk is full")
        self.order += [f"row {entry.client_id}" for entry in entries]

    def close(self) -> None:
        """Nothing to end."""

    def _send(self, intents: Sequence[it.Intent], now: int) -> None:
        self.order += [f"send {type(intent).__name__}" for intent in intents]

    def handle(self, event: ev.Event, *answers: it.Intent) -> bool:
        self.engine.answers = {type(event): list(answers)}
        acted = self.consumer.handle(event, self.clock.now)
        self.observer.drain()
        return acted


def test_an_order_is_on_the_disk_before_it_leaves() -> None:
    desk = Desk()
    assert desk.handle(QUOTE, submit())
    assert desk.order == ["row vq-r-1", "send OrderIntent"]


def test_what_protects_leaves_before_anything_is_written() -> None:
    desk = Desk()
    desk.handle(QUOTE, CANCEL, STOP, submit(SignalReason.PANIC))
    assert desk.order[:2] == ["send PlaceStop", "send OrderIntent"]
    assert desk.order[-1] == "send CancelOrder"
    assert sorted(desk.order[2:-1]) == ["row vq-ps-1", "row vq-r-1", "row vq-r-1"]


def test_what_cannot_be_written_is_not_sent_at_discretion_and_all_else_is() -> None:
    desk = Desk()
    desk.broken = True
    desk.handle(QUOTE, submit(), CANCEL, STOP, submit(SignalReason.STOP_REMAINDER))
    assert desk.order == ["send PlaceStop", "send OrderIntent", "send CancelOrder"]
    told = [event for event in (desk.inbox.take(), desk.inbox.take()) if isinstance(event, ev.NotSent)]
    assert [event.client_id for event in told] == ["vq-r-1"]


def test_market_news_that_caused_nothing_is_shown_to_nobody_but_the_first_quote_of_a_symbol() -> None:
    desk = Desk()
    for event in (QUOTE, QUOTE, TRADE):
        assert not desk.handle(event)
    assert desk.looked == [(QUOTE, [], QUOTE)]
    assert desk.after == []
    desk.handle(order(S, "vq-r-1", OrderStatus.NEW))
    assert desk.looked[-1][2] == QUOTE
    assert len(desk.after) == 1
    assert desk.consumer.handled == 4


async def running(desk: Desk) -> asyncio.Task[None]:
    task = asyncio.create_task(desk.consumer.run())
    await asyncio.sleep(0.01)
    return task


async def test_a_timer_that_is_due_comes_before_what_waits_and_only_once() -> None:
    desk = Desk()
    desk.inbox.put(TRADE)
    desk.engine.due = desk.clock.now
    task = await running(desk)
    assert desk.engine.seen == [ev.Timer(desk.clock.now), TRADE]
    task.cancel()


async def test_a_moment_that_stays_due_keeps_no_news_waiting() -> None:
    """A defect of the engine's would otherwise keep fills, and a stop, from it for ever."""
    desk = Desk()
    handle, moment = desk.engine.handle, desk.clock.now

    def stays_due(event: ev.Event, now: int) -> list[it.Intent]:
        out = handle(event, now)
        desk.engine.due = moment
        return out

    desk.engine.handle = stays_due  # type: ignore[method-assign]
    desk.engine.due = moment
    for event in (TRADE, QUOTE):
        desk.inbox.put(event)
    task = await running(desk)
    assert desk.engine.seen[:5] == [ev.Timer(moment), TRADE, ev.Timer(moment), QUOTE, ev.Timer(moment)]
    desk.inbox.put(ev.Stop(1))
    await asyncio.sleep(0.01)
    assert ev.Stop(1) in desk.engine.seen
    task.cancel()


async def test_what_protects_is_on_its_way_before_the_disk_is_waited_for() -> None:
    desk = Desk()
    del desk.dispatch.send
    place = desk.exchange.place_stop

    async def placing(stop: it.PlaceStop) -> Outcome[ev.StopReport]:
        desk.order.append("on the wire")
        return await place(stop)

    desk.exchange.place_stop = placing  # type: ignore[method-assign]
    desk.engine.answers = {ev.Quote: [STOP], ev.Trade: [submit()]}
    desk.inbox.put(QUOTE)
    desk.inbox.put(TRADE)
    task = await running(desk)
    assert desk.order[:3] == ["on the wire", "row vq-ps-1", "row vq-r-1"], "and before the next event is looked at"
    task.cancel()


async def test_what_left_is_recorded_though_the_program_ends_in_that_moment() -> None:
    desk = Desk()
    desk.engine.answers = {ev.Quote: [STOP]}
    desk.inbox.put(QUOTE)
    task = asyncio.create_task(desk.consumer.run())
    await asyncio.sleep(0)
    assert desk.order == ["send PlaceStop"]
    task.cancel()
    await asyncio.wait([task])
    assert desk.order == ["send PlaceStop", "row vq-ps-1"]


async def test_it_wakes_for_a_deadline_without_news() -> None:
    desk = Desk()
    desk.engine.due = desk.clock.now + 20
    task = await running(desk)
    assert desk.engine.seen == []
    desk.clock.now += 20
    await asyncio.sleep(0.05)
    assert desk.engine.seen == [ev.Timer(desk.clock.now)]
    task.cancel()


async def test_a_flood_does_not_keep_the_loop_from_others() -> None:
    desk = Desk()
    for _ in range(1000):
        desk.inbox.put(TRADE)
    turns = 0
    task = asyncio.create_task(desk.consumer.run())
    async with asyncio.timeout(10):
        while len(desk.engine.seen) < 1000:
            turns += 1
            await asyncio.sleep(0)
    assert turns > 10
    task.cancel()


async def test_a_report_that_caused_nothing_is_written_soon_without_news() -> None:
    desk = Desk()
    desk.inbox.put(order(S, "vq-r-1", OrderStatus.NEW))
    task = await running(desk)
    assert desk.order == []
    desk.clock.now += WAIT_MS
    await asyncio.sleep(2 * WAIT_MS / 1000)
    assert desk.order == ["row vq-r-1"]
    task.cancel()


async def test_rows_that_wait_are_tried_again_without_news() -> None:
    desk = Desk()
    desk.broken = True
    desk.handle(QUOTE, submit())
    task = await running(desk)
    desk.broken = False
    desk.clock.now += 1000
    desk.inbox.put(TRADE)
    await asyncio.sleep(0.01)
    assert "row vq-r-1" in desk.order
    task.cancel()
    assert await asyncio.wait([task])

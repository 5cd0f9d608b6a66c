"""Application: wires the engine to its feeds, the exchange and the journal, and carries it from start to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from vibe_quant.app.breaker import Breaker
from vibe_quant.app.closing import Closing
from vibe_quant.app.consumer import Consumer
from vibe_quant.app.counted import Counted, Streams
from vibe_quant.app.dispatch import Dispatch, Ears
from vibe_quant.app.holding import Holding
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.levels import Levels
from vibe_quant.app.observers import Observer
from vibe_quant.app.readiness import unprotected
from vibe_quant.app.recorder import Recorder
from vibe_quant.app.sockets import Sockets
from vibe_quant.app.supervisor import Supervisor, TaskDiedError
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.core.engine import Engine
from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Event, Reload, Stop, StreamUp
from vibe_quant.domain.measures import Keys
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.spread import Spread
from vibe_quant.log import log
from vibe_quant.ports import Clock, Entry, Exchange, Journal, MarketFeed, UserFeed

DONE = 0
FAILED = 1
REFUSED = 3
LOOK_S = 0.1
PROTECT_S = 20.0
ENGINE = "engine"
STARTS, STARTING = "start", "the start is not over"


async def _none_unlisted(symbols: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG001 - as they are asked
    """All are listed."""
    return ()


async def _at_once(app: Application) -> None:
    """Nothing is left of the start."""


class Goal(Enum):
    """When the application ends by itself."""

    SERVE = "when it is told to"
    FLAT = "when every managed leg is flat and its stop is gone"
    PROTECT = "when every managed leg has its protective stop: the start was refused otherwise"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the world gives it.  ``first`` are events to be fed before all else (a pause that stands, say)."""

    clock: Clock
    run: str
    random: RandomSource
    exchange: Exchange
    market: MarketFeed
    user: UserFeed
    journal: Journal
    time_sync: TimeSync
    observers: Sequence[Observer] = ()
    beside: Mapping[str, Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=dict)
    """Tasks that run as long as the application does, by name."""
    holding: Holding | None = None
    """Through which those beside hold discretion back; None: they do not."""
    first: Sequence[Event] = ()
    streams: Streams = dict
    """What the streams' codecs have counted."""
    keys: Callable[[], Keys] = Keys
    """What became of the user stream's listen keys."""
    unlisted: Callable[[Sequence[str]], Awaitable[tuple[str, ...]]] = _none_unlisted
    """Which of these symbols the exchange does not list."""
    retune: Callable[[Settings], None] = lambda _: None
    """Takes new settings, whole and checked, at the moment that the engine has; raises nothing."""
    commits: Spread = field(default_factory=Spread)
    """How long the journal's commits took."""
    booked: Container[tuple[str, int]] = ()
    """Trades that others have journalled, or will."""
    prelude: Callable[[Application], Awaitable[None]] = _at_once
    """What is left of the start while streams, stops and panic work already; discretion waits for its end."""


class Application:
    """One a process.  ``inbox`` is the sink of all that ``parts`` were made with."""

    def __init__(self, settings: Settings, inbox: Inbox, parts: Parts) -> None:
        self.settings = settings
        self.inbox = inbox
        self.parts = parts
        self.engine = Engine(settings, parts.run, parts.random)
        self.holding = parts.holding or Holding(parts.clock, inbox.put)
        self.breaker = Breaker(settings.shared.breaker)
        self.levels = Levels(self.breaker.is_open, parts.clock.now_ms())
        self.counted = Counted(parts.clock, self.levels, inbox, parts.streams, parts.observers)
        self.dispatch = Dispatch(parts.exchange, parts.clock, self.breaker, inbox.put, self._ears())
        self.recorder = Recorder(parts.journal, settings.shared.client_order_prefix, inbox.put, parts.booked)
        self.consumer = Consumer(
            self.engine, inbox, parts.clock, self.dispatch, self.recorder, parts.observers, self._after
        )
        self.supervisor = Supervisor()
        self.ready_ms: int | None = None
        """When all three streams were up for the first time, monotonic ms."""
        self.at_work = False
        """Nothing of the start is left: discretion may begin as soon as what it needs is there."""
        self.first = list(parts.first)
        self.goal = Goal.SERVE
        self.over = False
        """The journal is closed, or about to be."""
        self.sockets = Sockets()
        self._followed = -1
        self._up: set[Stream] = set()

    async def run(self, goal: Goal = Goal.SERVE) -> int:
        """Work until told to stop, or the goal is reached; the exit code of the process."""
        self.goal = goal
        for event in self.first:
            self.inbox.put(event)
        self.holding.put(STARTS, STARTING)
        self._start()
        course = asyncio.ensure_future(self._course(goal))
        try:
            await self.supervisor.watch(course)
            code = course.result()
        except TaskDiedError as died:
            text = f"{died}: the program ends. Orders of it may rest at the exchange and are cancelled at the next "
            log(le.PROGRAM_FAILED, defect=died, text=f"{text}start; protective stops stand.")
            code = FAILED
        finally:
            course.cancel()
            await self._end()
        return code

    @property
    def refused(self) -> bool:
        """The start was: nothing but stops is placed, then it ends."""
        return self.goal is Goal.PROTECT

    @property
    def consuming(self) -> bool:
        """The engine takes events: from the start until all is put away."""
        return ENGINE in self.supervisor.names

    def stop(self) -> None:
        """What SIGTERM and SIGINT mean: an event like any other."""
        self.inbox.put(Stop(self.parts.clock.now_ms()))

    def _ears(self) -> Ears:
        return Ears(
            accepted=self.parts.user.expect,
            clock_off=self.parts.time_sync.ask,
            known=lambda: tuple(self.engine.desks),
        )

    def _start(self) -> None:
        parts, start = self.parts, self.supervisor.start
        start(ENGINE, self.consumer.run())
        for observer in parts.observers:
            start(f"observer {observer.name}", observer.run())
        start("clock", parts.time_sync.run())
        start("counts", self.counted.run())
        start("user stream", parts.user.run())
        start("market streams", parts.market.run())
        for name, work in parts.beside.items():
            start(name, work())
        self._follow()

    async def _course(self, goal: Goal) -> int:
        """Wait for the goal or a stop, then see the stop through."""
        refused = goal is Goal.PROTECT
        if not refused:
            await self._finish_start()
        if goal is Goal.FLAT:
            await self._until(self._flat)
        elif refused:
            await self._until(self._protected, PROTECT_S)
        else:
            await self._until(lambda: False)
        self.stop()
        closing = Closing(self.engine, self.parts.exchange, self.inbox, self.settings)
        clean = await closing.see_through()
        await self.dispatch.settle(1.0)
        if refused:
            return REFUSED
        return DONE if clean else FAILED

    async def _finish_start(self) -> None:
        """See the rest of the start through, or a stop, and then let discretion begin."""
        prelude = asyncio.ensure_future(self.parts.prelude(self))
        try:
            await self._until(prelude.done)
            if prelude.done():
                prelude.result()
                self.holding.put(STARTS, None)
                self.at_work = self.recorder.patient = True
        finally:
            prelude.cancel()

    async def _until(self, reached: Callable[[], bool], within_s: float | None = None) -> None:
        """Wait until ``reached()``, a stop, or so long."""
        loop = asyncio.get_running_loop()
        end = None if within_s is None else loop.time() + within_s
        while not (self.engine.house.stopping or reached()):
            if end is not None and loop.time() >= end:
                text = f"not every position has its protective stop after {within_s} s; see above why"
                log(le.STOPS_MISSING, after_s=within_s, text=text)
                return
            await asyncio.sleep(LOOK_S)

    def _flat(self) -> bool:
        """Every managed leg is known to be flat, and no own stop stands for one."""
        legs = self.engine.legs()
        return all(leg.flat for leg in legs) and not any(
            side.stop.desk.ledger.stops for desk in self.engine.desks.values() for side in desk.sides.values()
        )

    def _protected(self) -> bool:
        """The account is known, and each leg that can be liquidated has a stop that was read back."""
        return unprotected(self.engine) is None

    def _after(self, event: Event) -> None:
        """After each event that is not market news."""
        now = self.parts.clock.now_ms()
        self.levels.see(event, now)
        self.sockets.see(event)
        if isinstance(event, Reload):
            self._retune(event.settings)
        if isinstance(event, StreamUp):
            self._up.add(event.stream)
            if self.ready_ms is None and len(self._up) == len(Stream):
                self.ready_ms = now
        self._follow()

    def _retune(self, settings: Settings) -> None:
        """What the shell holds of the settings changes with the engine's, before anything else happens."""
        self.settings = settings
        self.breaker.retune(settings.shared.breaker)
        self.parts.retune(settings)

    def _follow(self) -> None:
        version = self.engine.wants_version
        if version != self._followed:
            self._followed = version
            self.parts.market.follow(self.engine.wants())

    async def _end(self) -> None:
        self.over = True
        await self.supervisor.stop()
        for observer in self.parts.observers:
            observer.drain()
        now = self.parts.clock.now_ms()
        body = {"run": self.parts.run, **self.counted.body()}
        self.recorder.append([Entry("end", self.parts.clock.server_ms(), body)], now)
        self.counted.say()
        await self.parts.exchange.close()
        self.parts.journal.close()

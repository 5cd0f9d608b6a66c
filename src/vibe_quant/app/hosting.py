"""Carries one run in a loop: the embedded exchange beside it, signals into it, its observers, its cards at the end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from vibe_quant.app.application import DONE, Application, Goal
from vibe_quant.app.aside import running_aside
from vibe_quant.app.cards import Cards
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.app.exit_log import ExitLog
from vibe_quant.app.front_list import front_list
from vibe_quant.app.fronts import Fronts
from vibe_quant.app.garbage import spare
from vibe_quant.app.narrator import Narrator
from vibe_quant.app.observers import Observer
from vibe_quant.app.places import journal_file
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.reload import Reloader
from vibe_quant.app.reload_watch import ReloadWatch
from vibe_quant.app.session import Plan, run_session, tell
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.urls import Endpoints, simulated
from vibe_quant.config.loader import Loaded
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import LogLevel
from vibe_quant.domain.settings import Settings
from vibe_quant.domain.side_view import SideView
from vibe_quant.journal.reader import JournalReader
from vibe_quant.log import log
from vibe_quant.sim.front.box_options import BoxOptions
from vibe_quant.sim.server import SimServer


@dataclass(frozen=True, slots=True)
class Reach:
    """An exchange that is there already; no credentials: its market is watched, and no more."""

    endpoints: Endpoints
    credentials: Credentials | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be run, and against what: an exchange that is there, or one to embed, which brings its own keys."""

    loaded: Loaded
    exchange: Reach | BoxOptions
    state: Path
    until_flat: bool
    version: str
    out: TextIO
    pg_password: str | None = field(default=None, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Where tokens and the service manager's socket are named."""
    lines: Callable[[int], tuple[str, ...]] = field(default=lambda _: (), repr=False)
    """The newest lines of the log."""
    whisper: Callable[[str], None] = field(default=lambda _: None, repr=False)
    """Tells the person at standard error what stands in no log."""
    terminal: bool = False
    """A person does sit there."""
    heed: Callable[[LogLevel], None] = field(default=lambda _: None, repr=False)
    """Gives the log another level."""


Hosting = Callable[[Job, Redactor], Coroutine[Any, Any, int]]
Work = Callable[[Plan], Awaitable[int]]


SIGNALS = (signal.SIGINT, signal.SIGTERM)
IGNORED = (*SIGNALS, signal.SIGHUP)
"""At the end."""


class _Course:
    """The run as the signals and the cards see it."""

    def __init__(self, room: ControlRoom) -> None:
        self._room = room
        self.cards: Cards | None = None
        self.reloader: Reloader | None = None
        self.app: Application | None = None
        self.task: asyncio.Future[int] | None = None
        self._stopping = False

    def began(self, app: Application) -> None:
        self.app = app
        self._room.began(app)
        if self.cards is not None:
            self.cards.began(app)
        if self.reloader is not None:
            self.reloader.keep()
        spare()
        if self._stopping:
            app.stop()

    def stop(self, number: signal.Signals) -> None:
        """The first signal stops; a second changes nothing."""
        if self._stopping:
            return
        self._stopping = True
        self._room.stops()
        text = f"{number.name}: stopping; own orders are cancelled, protective stops stay"
        log(le.STOP_ASKED, signal=number.name, text=text)
        if self.app is not None:
            self.app.stop()
        elif self.task is not None:
            self.task.cancel()

    def ruling(self) -> Settings:
        return self._room.loaded.settings if self.app is None else self.app.engine.settings

    def look(self, symbol: str, side: PositionSide) -> SideView | None:
        return None if self.app is None else self.app.engine.side_view(symbol, side)


async def host(job: Job, redactor: Redactor, work: Work = run_session) -> int:
    """Run ``work`` until it is over; its exit code.  SIGINT and SIGTERM are ignored from then on."""
    settings, room = job.loaded.settings, ControlRoom(job.loaded, job.version, job.state)
    room.lines = job.lines
    course = _Course(room)
    fronts = _fronts(job, room, redactor)
    exits = ExitLog(JournalReader(journal_file(settings.shared, job.state)))
    cards = Cards(course.ruling, course.look, job.out, exits, fronts.cost)
    room.so_far, course.cards = cards.progress, cards
    own = _own_observers(settings, cards, room, fronts)

    def told(notice: Notify) -> None:
        tell(notice)
        fronts.notice(notice)

    def adopted(loaded: Loaded) -> None:
        room.loaded = loaded

    def retuned(ruling: Settings) -> None:
        job.heed(ruling.shared.log.level)
        fronts.retune(ruling.shared)

    reloader = course.reloader = room.reloading = Reloader(job.loaded, job.state, lambda: course.app, told, adopted)
    reloads = ReloadWatch(reloader, told)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(fronts.running())
        await stack.enter_async_context(running_aside("reload", reloads.run))
        reach, server = await _reached(stack, job.exchange, redactor)
        plan = replace(
            _plan(job, reach), observers=(*own, *fronts.observers()), started=course.began, retune=retuned, tell=told
        )
        try:
            return await _see_through(course, work(plan), server, reloads)
        finally:
            room.stops()
            cards.close()


def _fronts(job: Job, room: ControlRoom, redactor: Redactor) -> Fronts:
    fronts = Fronts(
        front_list(
            job.loaded.settings.shared,
            room,
            room,
            job.state,
            job.environment,
            redactor,
            lambda: room.app,
            job.whisper,
            terminal=job.terminal,
        )
    )
    room.front_counts = fronts.counts
    return fronts


def _own_observers(settings: Settings, cards: Cards, room: ControlRoom, fronts: Fronts) -> tuple[Observer, ...]:
    """Those that every run has; what one fails at is told by the ways to the operator."""
    narrator = Narrator(settings.shared.client_order_prefix)
    return (
        Observer("narrator", narrator.see, tell=fronts.notice),
        Observer("cards", cards.see, missed=cards.missed, tell=fronts.notice),
        Observer("operations", room.see, tell=fronts.notice),
    )


async def _reached(
    stack: AsyncExitStack, exchange: Reach | BoxOptions, redactor: Redactor
) -> tuple[Reach, SimServer | None]:
    """The exchange, begun where it is to be embedded: its keys are secrets from then on."""
    if isinstance(exchange, Reach):
        return exchange, None
    server = await stack.enter_async_context(SimServer(exchange))
    redactor.add(server.api_key)
    redactor.add(server.api_secret)
    return Reach(simulated(server.rest, server.ws), Credentials(server.api_key, server.api_secret)), server


def _plan(job: Job, reach: Reach) -> Plan:
    """What the job says of the run."""
    return Plan(
        settings=job.loaded.settings,
        endpoints=reach.endpoints,
        credentials=reach.credentials,
        state=job.state,
        goal=Goal.FLAT if job.until_flat else Goal.SERVE,
        version=job.version,
        config_hash=job.loaded.sha256,
        configuration=str(job.loaded.path),
        pg_password=job.pg_password,
    )


async def _see_through(course: _Course, work: Awaitable[int], server: SimServer | None, reloads: ReloadWatch) -> int:
    """Wait for the run; an embedded exchange that ends before it ends it too."""
    loop = asyncio.get_running_loop()
    course.task = asyncio.ensure_future(work)
    waiting: set[asyncio.Future[int] | asyncio.Future[None]] = {course.task}
    if server is not None:
        waiting.add(asyncio.ensure_future(server.failed()))
    for number in SIGNALS:
        loop.add_signal_handler(number, course.stop, number)
    loop.add_signal_handler(signal.SIGHUP, reloads.hang_up)
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if course.task in done:
            return DONE if course.task.cancelled() else course.task.result()
        for ended in done:
            ended.result()
        raise RuntimeError("the embedded exchange has ended")
    finally:
        _ignore_signals(loop)
        for left in waiting:
            left.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _ignore_signals(loop: asyncio.AbstractEventLoop) -> None:
    """From here to the end of the process: a second signal must not kill what is putting itself away."""
    signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
    for number in IGNORED:
        loop.remove_signal_handler(number)  # which brings the default back
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED)

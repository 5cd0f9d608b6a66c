"""``operations.Operations`` over the running application: what an operator asks and commands, by whichever way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from vibe_quant.app import picture
from vibe_quant.app.application import Application, Goal
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.commanding import Commanding, answered, cancelled, ended, live, resumed, standing, told
from vibe_quant.app.notebook import JournalNotebook
from vibe_quant.app.picture import Progress
from vibe_quant.app.places import journal_file
from vibe_quant.app.readiness import ready
from vibe_quant.app.report import report_aside
from vibe_quant.app.spelling import meant
from vibe_quant.breath import Breath
from vibe_quant.config.loader import Loaded
from vibe_quant.config.ruling import ruling
from vibe_quant.core.looks import unmanaged
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Intent
from vibe_quant.domain.side_view import PauseView
from vibe_quant.domain.status import Answer, ConfigChange, LegStatus, ReloadPlan, Report, Status, Why
from vibe_quant.ports import Clock, JournalBroken

NO_LINES: tuple[str, ...] = ()
STARTING = "The service is still starting and cannot take this yet: ask again in a moment."
STOPPING = "The service is stopping: own orders are being cancelled, protective stops stay. Nothing more is taken."
NOTED = (
    "The service is still starting: {} is paused before anything discretionary is sent, and it is journalled then. "
    "Until the start is over a restart would not know of it."
)
WORKING = "working"
MOST_REPORTS = 4
SLOW = (
    "The command waits behind other news and was not taken yet; it takes effect as soon as it is. Look at the status "
    "again in a moment."
)
NO_RELOAD = "A reload is not available in this run: restart the service to take a changed configuration."


class Reloading(Protocol):
    """Who reads the configuration again (``Operations.plan_reload``, ``apply_reload``)."""

    async def plan(self, by: str) -> ReloadPlan:
        """What would change."""
        ...

    async def apply(self, token: str, by: str, *, drop_stops: bool = False) -> Answer:
        """Apply that plan."""
        ...


class ControlRoom:
    """One a process; there before the application is, and after it has ended."""

    def __init__(self, loaded: Loaded, version: str, state: Path) -> None:
        self.loaded = loaded
        self.version = version
        self.state = state
        self.app: Application | None = None
        self.lines: Callable[[int], tuple[str, ...]] = lambda _: NO_LINES
        """The newest lines of the log."""
        self.front_counts: Callable[[], tuple[tuple[str, int], ...]] = tuple
        """What the ways to the operator have counted."""
        self.so_far: Callable[[str, PositionSide], Progress | None] = lambda _symbol, _side: None
        """How far an exit has come."""
        self.reloading: Reloading | None = None
        self._clock = SystemClock()
        self._started_ms = self._clock.wall_ms()
        self._stopping = False
        self._noted: list[ev.Pause] = []
        self._commanding = Commanding()
        self._one_report = asyncio.Lock()
        self._reports = 0
        self._notebook = JournalNotebook(journal_file(loaded.settings.shared, state), self._writing)

    def began(self, app: Application) -> None:
        """The application is about to work: what was asked before is fed right after what stood before this start."""
        self.app = app
        noted, self._noted = self._noted, []
        later = app.parts.clock.now_ms() - self._clock.now_ms()
        for pause in noted:
            until = None if pause.until_ms is None else pause.until_ms + later
            app.first.append(replace(pause, recv_ms=pause.recv_ms + later, until_ms=until))

    def stops(self) -> None:
        """The run is to end, or has ended."""
        self._stopping = True

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine (``app.observers``)."""
        self._commanding.see(now, event, intents, quote)

    # What is asked.

    def status(self) -> Status:
        """The picture now."""
        now = self._time.now_ms()
        return self._status(tuple(self._legs(now)), now)

    async def drawn(self) -> Status:
        """The same, in pieces."""
        breath, legs = Breath(), []
        for leg in self._legs(self._time.now_ms()):
            legs.append(leg)
            await breath()
        return self._status(tuple(legs), self._time.now_ms())

    def _legs(self, now: int) -> Iterator[LegStatus]:
        return iter(()) if self.app is None else picture.legs(self.app, self.so_far, now, self._time.offset_ms)

    def _status(self, legs: tuple[LegStatus, ...], now: int) -> Status:
        app, offset = self.app, self._time.offset_ms
        shared = self.loaded.settings.shared
        used, limit = (None, None) if app is None else app.engine.house.pacing.weight(now)
        return Status(
            venue=shared.venue.value,
            version=self.version,
            run="" if app is None else app.parts.run,
            phase=self._phase(),
            ready=self._phase() == WORKING and ready(app),
            now_ms=now + offset,
            started_ms=self._started_ms,
            configuration=str(self.loaded.path),
            config_hash=self.loaded.sha256,
            paused=self._paused(offset),
            held=None if app is None else app.engine.house.held,
            level="" if app is None else app.levels.level.value,
            breaker_open=app is not None and app.breaker.is_open(now),
            journal_trouble="" if app is None else app.parts.journal.trouble,
            weight_used=used,
            weight_limit=limit,
            legs=legs,
            streams=() if app is None else picture.streams(app, offset),
            counts=(*(() if app is None else picture.counts(app)), *self.front_counts()),
            unmanaged=() if app is None else unmanaged(app.engine.house, app.engine.desks),
        )

    def why(self, symbol: str, side: PositionSide) -> Why | None:
        """Why the side does what it does; None where it is not managed, or before that is known."""
        app = self.app
        now = self._time.now_ms()
        found = None if app is None else app.engine.why(symbol, side, now)
        if app is None or found is None:
            return None
        return picture.why(symbol, side, found, app.parts.clock.offset_ms)

    def names(self, text: str) -> str | None:
        """The managed symbol that a person means."""
        return meant(text, self._symbols())

    def log_lines(self, count: int) -> tuple[str, ...]:
        """The newest lines of the log, oldest first."""
        return self.lines(count)

    def config(self, symbol: str | None) -> tuple[ConfigChange, ...] | None:
        """What rules, secrets masked."""
        if symbol is not None and symbol not in self._symbols():
            return None
        return ruling(self.loaded, symbol)

    async def report(self, since_ms: int) -> Report:
        """From the journal, since a moment (epoch ms); one after another, for each takes a part of the loop's time."""
        if self._reports >= MOST_REPORTS:
            raise JournalBroken(f"{self._reports} reports are being read already: ask again in a moment")
        path = journal_file(self.loaded.settings.shared, self.state)
        self._reports += 1
        try:
            async with self._one_report:
                return await report_aside(path, since_ms, self._time.server_ms())
        finally:
            self._reports -= 1

    # What is commanded.

    async def pause(self, symbol: str | None, for_ms: int | None, by: str, *, panic: bool = False) -> Answer:
        """Stop discretion and cancel its live orders."""
        if for_ms is not None and for_ms <= 0:
            return Answer(False, "A pause of no time is none: nothing was done.")
        refused = self._unmanaged(symbol, None) or self._ending()
        if refused is not None:
            return refused
        now = self._time.now_ms()
        command = ev.Pause(now, symbol, None if for_ms is None else now + for_ms, panic, by)
        app = self.app
        if app is None:
            self._noted.append(command)
            return Answer(True, NOTED.format(symbol or "everything"))
        before = live(app.engine, symbol, now, urgent=panic)
        said = await self._commanding.give(app, command)
        if said is None:
            return self._untaken()
        orders = (*before, *cancelled(said), *live(app.engine, symbol, now, urgent=panic))
        return answered(app, f"{told(said)} {await ended(app, orders)}")

    async def resume(self, symbol: str | None, by: str) -> Answer:
        """End pauses and halts."""
        refused = self._unmanaged(symbol, None) or self._ending()
        if refused is not None:
            return refused
        app = self.app
        if app is None:
            return Answer(False, STARTING)
        now = self._time.now_ms()
        undone = standing(app.engine, symbol, now)
        said = await self._commanding.give(app, ev.Resume(now, symbol, by))
        if said is None:
            return self._untaken()
        return answered(app, f"{told(said)} {resumed(app.engine, undone)}".rstrip())

    async def flatten(self, symbol: str | None, side: PositionSide | None, by: str) -> Answer:
        """Work it to zero without signals."""
        refused = self._unmanaged(symbol, side) or self._ending()
        if refused is not None:
            return refused
        app = self.app
        if app is None:
            return Answer(False, STARTING)
        said = await self._commanding.give(app, ev.Flatten(self._time.now_ms(), symbol, side, by))
        return self._untaken() if said is None else answered(app, told(said))

    async def plan_reload(self, by: str) -> ReloadPlan:
        """Read the configuration file again, and say what would change."""
        return ReloadPlan("", (), (NO_RELOAD,)) if self.reloading is None else await self.reloading.plan(by)

    async def apply_reload(self, token: str, by: str, *, drop_stops: bool = False) -> Answer:
        """Apply that plan."""
        if self.reloading is None:
            return Answer(False, NO_RELOAD)
        return await self.reloading.apply(token, by, drop_stops=drop_stops)

    # What is noted.

    def note(self, kind: str, body: Mapping[str, Any]) -> bool:
        """Write a row of ``kind`` (``operations.Notebook``)."""
        return self._notebook.note(kind, body)

    def last(self, kind: str) -> Mapping[str, Any] | None:
        """The newest row of ``kind``."""
        return self._notebook.last(kind)

    @property
    def _time(self) -> Clock:
        return self._clock if self.app is None else self.app.parts.clock

    def _writing(self) -> Application | None:
        return None if self.app is None or self.app.over else self.app

    def _phase(self) -> str:
        app = self.app
        if self._stopping or (app is not None and (app.over or app.engine.house.stopping)):
            return "stopping"
        if app is None:
            return "starting"
        if app.goal is Goal.PROTECT:
            return "protecting"
        return WORKING if app.at_work else "starting"

    def _paused(self, offset_ms: int) -> tuple[str, ...]:
        pauses = [] if self.app is None else list(self.app.engine.pauses())
        pauses += [PauseView(pause.symbol, pause.until_ms, pause.panic) for pause in self._noted]
        return tuple(picture.pause_words(pause, offset_ms) for pause in pauses)

    def _symbols(self) -> tuple[str, ...]:
        listed = self.loaded.settings.symbols if self.app is None else self.app.engine.settings.symbols
        met = () if self.app is None else tuple(self.app.engine.desks)
        return tuple(dict.fromkeys([*(symbol for symbol, _ in listed), *met]))

    def _unmanaged(self, symbol: str | None, side: PositionSide | None) -> Answer | None:
        """A refusal where the command would mean nobody."""
        settings = self.loaded.settings if self.app is None else self.app.engine.settings
        if symbol is None:
            return None
        found = settings.of(symbol)
        if found is None:
            return Answer(False, f"{symbol} is not managed by this service: nothing was done.")
        if side is not None and side not in found.sides:
            return Answer(False, f"{symbol} {side} is not managed by this service: nothing was done.")
        return None

    def _untaken(self) -> Answer:
        """The engine did not take it in time, or never will."""
        return self._ending() or Answer(False, SLOW)

    def _ending(self) -> Answer | None:
        return Answer(False, STOPPING) if self._phase() == "stopping" else None

"""The whole program over loopback against the exchange in a box, in one loop; and what every story must keep.

async with stage(faults=[...]) as on:
    await on.flat()
# leaving the block stops the program, and judges what the exchange has seen
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from loguru import logger
from tests.e2e.truth import Leg, Truth

from vibe_quant.app.application import DONE, Application, Goal
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.app.observers import Observer
from vibe_quant.app.places import FILE
from vibe_quant.app.session import Plan, run_session
from vibe_quant.app.wire import StreamTimes
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.urls import simulated
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Event
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.settings import Settings
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.verify import verify
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.instruments import exchange_name
from vibe_quant.sim.server import SimServer
from vibe_quant.sim.switches import Switches

D = Decimal
BTC = "BTC/USDT:USDT"
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
BARE_MS = 3000
"""The bound on a leg without its stop, once the program is at work: behaviour 10's two seconds after a stop has fired,
and what reading and placing take."""
START_MS = 4000
"""And at a start: that it may take, and the placing of the first stop."""
LATENCY_MS = 5
CONFIG = """
global:
  venue: sim
  ws:
    reconnect: {initial_delay_ms: 200, max_delay_ms: 1000}
  breaker: {failures: 5, block_s: 2}
  stop_timeout_s: 10
  execution:
    order_ttl_ms: 300
    repost_cooldown_ms: 20
    min_signal_interval_ms: 20
    max_order_notional: 4000
    base_mult: 20
  risk:
    reconcile_interval_s: 5
  strategy:
    names: [patient]
    patient: {horizon_s: 12, endgame_s: 4, child_s: 2, max_touch_share: 1, reprice_ms: 300}
symbols:
  "BTC/USDT:USDT": {}
"""


def settings(text: str = CONFIG, *, more: Mapping[str, Any] | None = None) -> Settings:
    """Settings of the stories; ``more`` replaces fields of the shared part."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(text, encoding="utf-8")
        loaded = ConfigLoader().load(path).settings
    return replace(loaded, shared=replace(loaded.shared, **(more or {}))) if more else loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the exchange holds and what befalls it.  ``seats``: (leg, quantity) of ``symbol``, the exchange's name.

    Of two crossed legs of one symbol only the larger has a price at which it is liquidated, and so a stop: a story that
    promises a stop for each leg puts the other one into a symbol ``beside``: (symbol, leg, quantity).
    """

    seats: tuple[tuple[PositionSide, str], ...] = ((LONG, "0.3"),)
    beside: tuple[tuple[str, PositionSide, str], ...] = ()
    symbol: str = "BTCUSDT"
    others: tuple[str, ...] = ()
    """More symbols, in which nothing is held at first."""
    wallet: str = "6000"
    scenario: str = "calm"
    hurts: PositionSide | None = None
    speed: str = "1"
    seed: int = 7
    faults: tuple[Mapping[str, Any], ...] = ()
    switches: Switches = field(default_factory=Switches)
    permissions: Mapping[str, bool] = field(default_factory=dict)
    latency_ms: int = LATENCY_MS
    hedge_mode: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def legs(self) -> tuple[tuple[str, PositionSide, str], ...]:
        """All that is held at first."""
        return (*((self.symbol, side, qty) for side, qty in self.seats), *self.beside)

    def options(self) -> BoxOptions:
        """As the box takes them."""
        return BoxOptions(
            markets=(
                MarketSource(CATALOGUE[self.symbol], self.scenario, self.hurts),
                *(MarketSource(CATALOGUE[other]) for other in self.others),
            ),
            seed=self.seed,
            speed=D(self.speed),
            wallets={"USDT": D(self.wallet)},
            positions=tuple(Seat(symbol, side, D(qty)) for symbol, side, qty in self.legs),
            latency_ms=self.latency_ms,
            faults=list(self.faults),
            switches=self.switches,
            permissions=self.permissions,
            hedge_mode=self.hedge_mode,
            **self.more,
        )


class Stage:
    """One exchange and the program beside it, which may be started again on the same journal."""

    def __init__(self, server: SimServer, scene: Scene, chosen: Settings, folder: Path) -> None:
        self.server = server
        self.scene = scene
        self.settings = chosen
        self.times = StreamTimes()
        self.pg_password: str | None = None
        self.room: ControlRoom | None = None
        """Through which the operator asks and commands, where a story has one."""
        self.folder = folder
        self.app: Application | None = None
        self.notices: list[Notify] = []
        self.intents: list[Intent] = []
        self.events: list[Event] = []
        """What the engine was told, market news without an answer left out."""
        self.pairs: list[tuple[Event, tuple[Intent, ...]]] = []
        """The same, each with what the engine asked for then."""
        self.log: list[str] = []
        self.began_ms = server.box.now
        self.code: int | None = None
        seats = {(symbol, side): D(qty) for symbol, side, qty in scene.legs}
        self.truth = Truth(server.box, chosen.shared.client_order_prefix, seats)
        self.added: dict[Leg, Decimal] = {}
        self._task: asyncio.Task[int] | None = None
        self._sink = logger.add(lambda text: self.log.append(str(text)), level="DEBUG", format="{level} {message}")

    def start(self, goal: Goal = Goal.SERVE) -> None:
        """Let the program begin, in a task of its own."""
        self.began_ms = self.server.box.now
        credentials = Credentials(self.server.api_key, self.server.api_secret)
        plan = Plan(
            settings=self.settings,
            endpoints=simulated(self.server.rest, self.server.ws),
            credentials=credentials,
            state=self.folder,
            goal=goal,
            version="test",
            config_hash="0" * 64,
            pg_password=self.pg_password,
            observers=self._observers(),
            times=self.times,
            started=self._began,
        )
        self.app, self.code = None, None
        self._task = asyncio.create_task(run_session(plan), name="program")

    def _observers(self) -> list[Observer]:
        own = [Observer("notices", self._see)]
        return own if self.room is None else [*own, Observer("operations", self.room.see)]

    def _began(self, app: Application) -> None:
        self.app = app
        if self.room is not None:
            self.room.began(app)

    def _see(self, now: int, event: Event, intents: Iterable[Intent], quote: object) -> None:
        self.events.append(event)
        self.pairs.append((event, tuple(intents)))
        self.intents += intents
        self.notices += [intent for intent in intents if isinstance(intent, Notify)]

    async def until(self, reached: Callable[[], object], within_s: float = 30, what: str = "") -> None:
        """Wait until ``reached()``; fails after ``within_s``, or where the program has ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not reached():
            if self._task is not None and self._task.done():
                if self._task.exception() is not None:
                    raise AssertionError("the program has failed") from self._task.exception()
                raise AssertionError(f"the program has ended with {self._task.result()} before {what or 'it'}")
            assert loop.time() < end, f"{what or 'it'} was not reached in {within_s} s\n{self.told()}"
            await asyncio.sleep(0.02)

    async def working(self, within_s: float = 10) -> Application:
        """Wait until the program has all streams and has sent an order."""
        await self.until(lambda: self.truth.own, within_s, "a first order")
        assert self.app is not None
        return self.app

    async def flat(self, within_s: float = 40) -> None:
        """Wait until the exchange holds no position of the scene, no stop of ours stands, and the program knows."""
        await self.until(lambda: not any(self.truth.left(leg) for leg in self.truth.seats), within_s, "flat")
        await self.until(lambda: not self.truth.stops(), 10, "the end of the stops")
        await self.until(lambda: not self.truth.live(), 10, "the end of the orders")

    async def protected(self, within_s: float = 10) -> None:
        """Wait until no leg is without its stop."""
        await self.until(lambda: not self.truth.bare_now(), within_s, "a stop for each leg")

    async def act(self, kind: str, **fields: Any) -> None:
        """Let something happen at the exchange now."""
        await self._post("act", {"kind": kind, **fields})

    async def fault(self, kind: str, **fields: Any) -> None:
        """Declare a fault now."""
        await self._post("faults", {"kind": kind, **fields})

    async def _post(self, command: str, body: Mapping[str, Any]) -> None:
        url = f"{self.server.control}/{command}"
        async with aiohttp.ClientSession() as client, client.post(url, data=json.dumps(body)) as answer:
            assert answer.status == 200, await answer.text()

    async def stop(self, within_s: float = 15) -> int:
        """End the program as SIGTERM does; its exit code."""
        assert self._task is not None
        if self.app is not None:
            self.app.stop()
        else:
            self._task.cancel()
        async with asyncio.timeout(within_s):
            return await self.ended()

    async def ended(self) -> int:
        """Wait for the program to end by itself; its exit code."""
        assert self._task is not None
        await asyncio.wait([self._task])
        self.code = None if self._task.cancelled() else self._task.result()
        assert self.code is not None
        return self.code

    async def kill(self) -> None:
        """End the program without a last word, as far as one process can: nothing it began goes on."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        if self.app is not None:
            await self.app.dispatch.settle(0)

    @property
    def journal(self) -> JournalReader:
        """What the program has recorded."""
        return JournalReader(self.folder / FILE)

    def told(self) -> str:
        """The last lines of the log, for a failure's message."""
        return "\n".join(line.rstrip() for line in self.log[-60:])

    def judge(self, *, bare_ms: int | None = BARE_MS, overlaps: bool = False, cancelled: Iterable[str] = ()) -> None:
        """The promises of every story; ``bare_ms`` None: this one is about a leg that cannot have its stop.

        ``overlaps``: panic in doubt may have two orders; ``cancelled``: foreign orders that others have cancelled.
        """
        truth = self.truth
        assert self.server.defects == [], "the exchange itself has a defect"
        assert truth.opening() == []
        assert truth.over_closed(self.added) == []
        if not overlaps:
            assert truth.two_at_once() == []
        assert set(truth.foreign_cancelled()) <= set(cancelled)
        assert truth.box.limits.sent_while_banned == 0
        if bare_ms is not None:
            assert truth.bare_ms(self.began_ms + START_MS) <= bare_ms, truth.box.bare_legs.stretches
        assert self.app is None or self.app.dispatch.defects == 0, self.told()
        verdict = verify(self.folder / FILE)
        assert verdict.good, verdict
        secrets = (self.server.api_secret, self.server.api_key)
        assert not any(secret in line for line in self.log for secret in secrets)

    async def end(self) -> None:
        """Whatever the program is doing, end it."""
        logger.remove(self._sink)
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])


@asynccontextmanager
async def stage(
    folder: Path,
    scene: Scene | None = None,
    *,
    chosen: Settings | None = None,
    times: StreamTimes | None = None,
    start: bool = True,
    judged: bool = True,
    **judgement: Any,
) -> AsyncIterator[Stage]:
    """A served exchange with the program at work; at the end it is stopped (exit 0 unless the story has done so)."""
    scene = scene or Scene()
    async with SimServer(scene.options()) as server:
        on = Stage(server, scene, chosen or settings(), folder)
        on.times = times or on.times
        try:
            if start:
                on.start()
            yield on
            if on.code is None and start:
                assert await on.stop() == DONE, on.told()
            if judged:
                on.judge(**judgement)
        finally:
            await on.end()


def exchange_symbol(symbol: str = BTC) -> str:
    """The exchange's name of a symbol."""
    return exchange_name(symbol)

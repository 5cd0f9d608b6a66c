"""The program as a process of its own beside an exchange in the test's loop: started, signalled, killed, then read.

async with house(tmp_path) as at:
    run = at.start()
    await run.until(lambda: at.truth.own)
    run.kill()
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from typing import Any

from tests.e2e.stage import CONFIG, Scene
from tests.e2e.truth import Leg, Truth

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.places import FILE
from vibe_quant.domain.enums import Stream
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.verify import verify
from vibe_quant.sim.front.faults import RequestFate, read_faults
from vibe_quant.sim.front.http import HttpRequest, HttpResponse
from vibe_quant.sim.order_records import SimOrder
from vibe_quant.sim.server import SimServer

ROOT = Path(__file__).resolve().parents[2]
KEY, SECRET = "VIBE_QUANT_API_KEY", "VIBE_QUANT_API_SECRET"
LOOK_S = 0.01
PATIENCE_S = 60.0
"""A start takes two seconds of a processor, of which others may have the most."""
PREFIX = "vq"
CLOCKS_MS = 1000
STREAMS = {"/public": Stream.BOOK, "/market": Stream.MARKET, "/private": Stream.USER}
Spy = Callable[[str], None]
"""Told "POST /fapi/v1/order"."""


@dataclass(slots=True, eq=False)
class Run:
    """One process.  ``began`` is the loop's time of its start, ``began_ms`` the wall's."""

    number: int
    process: asyncio.subprocess.Process
    began: float
    folder: Path
    began_ms: int

    @property
    def pid(self) -> int:
        """Of the process."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """It has not ended, as far as the loop knows."""
        return self.process.returncode is None

    @property
    def out(self) -> str:
        """What it has written to standard output."""
        return (self.folder / f"out-{self.number}").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """What it has written to standard error."""
        return (self.folder / f"err-{self.number}").read_text(encoding="utf-8")

    def age_s(self) -> float:
        """Since its start."""
        return asyncio.get_running_loop().time() - self.began

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended gets none.

        Not by ``Popen.send_signal``: that looks whether the process has ended, and so takes its exit code away from the
        loop's own watcher, which then tells 255.
        """
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without a last word."""
        self.signal(signal.SIGKILL)

    async def ended(self, within_s: float = PATIENCE_S) -> int:
        """Wait for its end; its exit code, negative where a signal ended it."""
        try:
            async with asyncio.timeout(within_s):
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"it has not ended in {within_s} s\n{self.told()}") from None

    async def until(self, reached: Callable[[], object], within_s: float = PATIENCE_S, what: str = "it") -> None:
        """Wait until ``reached()``; fails after ``within_s``, or where the process has ended."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not reached():
            assert self.alive, f"the program has ended with {self.process.returncode} before {what}\n{self.told()}"
            assert loop.time() < end, f"{what} was not reached in {within_s} s\n{self.told()}"
            await asyncio.sleep(LOOK_S)

    async def says(self, words: str, within_s: float = PATIENCE_S) -> None:
        """Wait until it has said so on standard error."""
        await self.until(lambda: words in self.err, within_s, repr(words))

    def told(self) -> str:
        """The end of what it has said, for a failure's message."""
        return f"{self.out[-2000:]}\n{self.err[-6000:]}"


@dataclass(slots=True)
class Spies:
    """Told of each request: when it ``arrived`` and when it was ``worked``, before its answer leaves."""

    arrived: list[Spy] = field(default_factory=list)
    worked: list[Spy] = field(default_factory=list)

    def watch(self, server: SimServer) -> None:
        """Look at each request of this server."""
        arrive, work = server.box.arrive, server.box.work

        def arriving(request: HttpRequest, now: int) -> RequestFate:
            fate = arrive(request, now)
            for spy in self.arrived[:]:
                spy(f"{request.method} {request.path}")
            return fate

        def working(request: HttpRequest, fate: RequestFate, now: int) -> HttpResponse:
            answer = work(request, fate, now)
            for spy in self.worked[:]:
                spy(f"{request.method} {request.path}")
            return answer

        setattr(server.box, "arrive", arriving)  # noqa: B010 - a spy on one object
        setattr(server.box, "work", working)  # noqa: B010


class House:
    """An exchange, a configuration and a folder; runs of the program come and go."""

    def __init__(self, server: SimServer, scene: Scene, folder: Path, config: str) -> None:
        self.server = server
        self.scene = scene
        self.folder = folder
        self.config = folder / "config.yaml"
        self.config.write_text(with_logs(config, folder / "logs"), encoding="utf-8")
        seats = {(scene.symbol, side): Decimal(qty) for side, qty in scene.seats}
        self.truth = Truth(server.box, PREFIX, seats)
        self.added: dict[Leg, Decimal] = {}
        self.spies = Spies()
        self.spies.watch(server)
        self.runs: list[Run] = []

    @property
    def state(self) -> Path:
        """Folder of the journal."""
        return self.folder / "state" / "sim"

    @property
    def journal(self) -> JournalReader:
        """What the program has recorded."""
        return JournalReader(self.state / FILE)

    @property
    def now(self) -> int:
        """The exchange's clock, epoch ms."""
        return self.server.box.now

    async def start(
        self, *more: str, environment: Mapping[str, str] | None = None, rest: str | None = None, ws: str | None = None
    ) -> Run:
        """Begin a process; its keys come by its environment."""
        number = len(self.runs)
        where = ("--exchange-rest", rest or self.server.rest, "--exchange-ws", ws or self.server.ws)
        arguments = ("--config", str(self.config), *where, "--state", str(self.folder / "state"), *more)
        keys = {KEY: self.server.api_key, SECRET: self.server.api_secret}
        run = await begin(self.folder, number, arguments, {**keys, **(environment or {})})
        self.runs.append(run)
        return run

    def act(self, kind: str, **fields: Any) -> None:
        """Let something happen at the exchange now."""
        box = self.server.box
        box.plan.add(read_faults([{"kind": kind, **fields}]), box.now, passing=True)
        box.advance(box.now)

    def fault(self, kind: str, **fields: Any) -> None:
        """Declare a fault now."""
        self.server.box.plan.add(read_faults([{"kind": kind, **fields}]), self.now)

    def since(self, run: Run) -> list[SimOrder]:
        """The orders of this process, or of a later one: a dead one's may arrive after its successor has begun."""
        newest = reversed(self.server.box.exchange.venue.by_id.values())
        recent = takewhile(lambda order: order.created_ms >= run.began_ms - CLOCKS_MS, newest)
        found = [o for o in recent if is_own(o.client_id) and token_ms(o.client_id) >= run.began_ms]
        return found[::-1]

    def streams(self) -> set[Stream]:
        """Classes of the sockets that are open now."""
        paths = [session.path for session in self.server.box.hub.sessions]
        return {stream for path in paths for start, stream in STREAMS.items() if path.startswith(start)}

    async def working(self, run: Run, within_s: float = PATIENCE_S) -> None:
        """Wait until this process has all streams and has sent an order: its start is over."""
        await run.until(lambda: self.since(run), within_s, "a first order")

    def judge(self, *, overlaps: bool = False) -> None:
        """The promises that hold for any row of runs; ``overlaps``: another one's orders carry our prefix."""
        truth = self.truth
        assert self.server.defects == []
        assert truth.opening() == []
        assert truth.over_closed(self.added) == []
        assert overlaps or truth.two_at_once() == []
        assert truth.foreign_cancelled() == []
        assert truth.box.limits.sent_while_banned == 0
        verdict = verify(self.state / FILE)
        assert verdict.good, verdict

    async def end(self) -> None:
        """Whatever still runs, end it."""
        for run in self.runs:
            run.kill()
            await run.process.wait()


async def begin(folder: Path, number: int, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Run:
    """Start ``vibe-quant run`` with these arguments and nothing of the test's environment but the path."""
    loop = asyncio.get_running_loop()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    with (folder / f"out-{number}").open("wb") as out, (folder / f"err-{number}").open("wb") as err:
        began, began_ms = loop.time(), SystemClock().wall_ms()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vibe_quant", "run", *arguments),
            stdout=out,
            stderr=err,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT / "src"), **environment},
        )
    return Run(number, process, began, folder, began_ms)


def is_own(client_id: str) -> bool:
    """Whether an order of the program, its stops excepted, carries this id."""
    return client_id.startswith(f"{PREFIX}-") and not client_id.startswith(f"{PREFIX}-ps-")


def token_ms(client_id: str) -> int:
    """When the run that chose this id began, epoch ms by the wall: it is in the id."""
    return int(client_id.split("-")[1], 36)


def with_logs(config: str, folder: Path) -> str:
    """The configuration with a place for its log files, and a port for its page that nobody else has."""
    return re.sub(
        r"^global:\n",
        f"global:\n  web: {{port: 0}}\n  log: {{folder: '{folder}', level: debug}}\n",
        config,
        flags=re.MULTILINE,
    )


@asynccontextmanager
async def house(
    folder: Path, scene: Scene | None = None, config: str = CONFIG, *, judged: bool = True, overlaps: bool = False
) -> AsyncIterator[House]:
    """A served exchange; at the end every process is killed, and the promises are judged."""
    scene = scene or Scene()
    async with SimServer(scene.options()) as server:
        at = House(server, scene, folder, config)
        try:
            yield at
            if judged:
                at.judge(overlaps=overlaps)
        finally:
            await at.end()


def written(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder, whole."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def tell(text: str) -> None:
    """Numbers for whoever runs the test with -s."""
    sys.stdout.write(f"\n{text}\n")

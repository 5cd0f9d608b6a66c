"""What must not happen and does: a task dies, the engine has a defect, the exchange is gone; then the process ends."""

from __future__ import annotations

import asyncio
import io
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.test_service import EMBEDDED

from vibe_quant.app import hosting, session
from vibe_quant.app.application import FAILED
from vibe_quant.app.launch import RunOptions, launch
from vibe_quant.app.wire import Wire, open_wire
from vibe_quant.core.engine import Engine
from vibe_quant.domain.events import AccountSnapshot, Event
from vibe_quant.domain.intents import Intent
from vibe_quant.journal.verify import verify
from vibe_quant.sim.front.box_options import BoxOptions
from vibe_quant.sim.server import SimServer

STANDING = "protective stops stand"


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A run leaves them ignored, for its process ends with it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@dataclass
class Life:
    """Runs that are launched in this process, each against its embedded exchange."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    servers: list[SimServer] = field(default_factory=list)
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def run(self) -> int:
        """From the start to the end; its exit code."""
        born, kept = SimServer, self.servers

        def make(options: BoxOptions) -> SimServer:
            kept.append(born(options))
            return kept[-1]

        self.monkeypatch.setattr(hosting, "SimServer", make)
        config = self.folder / "config.yaml"
        slow = EMBEDDED.replace("horizon_s: 4", "horizon_s: 60").replace("qty: 0.02", "qty: 0.2")
        config.write_text(slow.replace("LOGS", str(self.folder / "logs")), encoding="utf-8")
        return launch(RunOptions(config=config, state=self.folder / "state"), {}, self.out, self.err)

    @property
    def secret(self) -> str:
        """What may not be told."""
        return self.servers[-1].api_secret

    def stops(self) -> list[str]:
        """Those that stand at the exchange."""
        return [algo.client_id for algo in self.servers[-1].box.exchange.algos.open]

    def judge(self, *says: str) -> None:
        """It said what happened, showed no secret, and left the stops and a journal in order."""
        log = (self.folder / "logs" / "vibe-quant.log").read_text(encoding="utf-8")
        for text in (self.err.getvalue(), log):
            assert [words for words in says if words not in text] == [], text
            assert self.secret not in text
            assert self.servers[-1].api_key not in text
        assert verify(self.folder / "state" / "sim" / "journal.sqlite").good


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    return Life(tmp_path, monkeypatch)


def when_stopped(life: Life) -> Callable[[], bool]:
    """Whether a stop stands."""
    return lambda: bool(life.servers) and bool(life.stops())


def test_a_stream_task_that_dies_ends_the_process(life: Life) -> None:
    ready = when_stopped(life)

    def broken(*parts: Any, **named: Any) -> Wire:
        wire = open_wire(*parts, **named)
        live = wire.market.run

        async def run() -> None:
            feeding = asyncio.ensure_future(live())
            while not ready():
                await asyncio.sleep(0.02)
            feeding.cancel()
            raise RuntimeError(f"a defect at https://x/?signature=abcdef0123456789 with {life.secret}")

        life.monkeypatch.setattr(wire.market, "run", run)
        return wire

    life.monkeypatch.setattr(session, "open_wire", broken)
    assert life.run() == FAILED
    life.judge("CRITICAL", "the task market streams has ended", STANDING, "RuntimeError: a defect")
    assert life.stops()
    assert "abcdef0123456789" not in life.err.getvalue()


def test_a_task_that_ends_without_a_word_ends_the_process(life: Life) -> None:
    ready = when_stopped(life)

    def ending(*parts: Any, **named: Any) -> Wire:
        wire = open_wire(*parts, **named)
        live = wire.user.run

        async def run() -> None:
            feeding = asyncio.ensure_future(live())
            while not ready():
                await asyncio.sleep(0.02)
            feeding.cancel()

        life.monkeypatch.setattr(wire.user, "run", run)
        return wire

    life.monkeypatch.setattr(session, "open_wire", ending)
    assert life.run() == FAILED
    life.judge("CRITICAL", "the task user stream has ended", STANDING)
    assert life.stops()


def test_a_defect_of_the_engine_ends_the_process(life: Life) -> None:
    handle, ready = Engine.handle, when_stopped(life)

    def failing(engine: Engine, event: Event, now: int) -> list[Intent]:
        if isinstance(event, AccountSnapshot) or not ready():
            return handle(engine, event, now)
        raise ZeroDivisionError(f"in the middle of things, {life.secret}")

    life.monkeypatch.setattr(Engine, "handle", failing)
    assert life.run() == FAILED
    life.judge("CRITICAL", "the task engine has ended", STANDING, "ZeroDivisionError: in the middle of things")
    assert life.stops()


def test_the_end_of_the_embedded_exchange_is_the_end_of_the_process(life: Life) -> None:
    ready = when_stopped(life)
    failed = SimServer.failed

    async def gone(server: SimServer) -> None:
        watching = asyncio.ensure_future(failed(server))
        while not ready():
            await asyncio.sleep(0.02)
        watching.cancel()
        raise OSError(f"no market any more, {server.api_secret}")

    life.monkeypatch.setattr(SimServer, "failed", gone)
    assert life.run() == FAILED
    life.judge("CRITICAL", "no market any more")


def test_an_embedded_exchange_that_just_ends_is_said(life: Life) -> None:
    ready = when_stopped(life)

    async def over(_: SimServer) -> None:
        while not ready():
            await asyncio.sleep(0.02)

    life.monkeypatch.setattr(SimServer, "failed", over)
    assert life.run() == FAILED
    life.judge("CRITICAL", "the embedded exchange has ended")

"""The command line in the test's process, before a control socket that is really served, with canned answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.operations_fake import FakeOperations
from typer.testing import CliRunner, Result

from vibe_quant.app.places import SOCKET
from vibe_quant.cli.app import app
from vibe_quant.sim.front.box_options import BoxOptions
from vibe_quant.sim.server import SimServer
from vibe_quant.web.control_socket import ControlSocket

PATIENCE_S = 30.0
CONFIG = """
global:
  venue: sim
  log: {folder: 'LOGS'}
symbols:
  "BTC/USDT:USDT": {sides: [LONG]}
  "ETH/USDT:USDT": {execution: {order_ttl_ms: 1200}}
"""


@dataclass
class Cli:
    """``folder`` holds config.yaml, state and logs; nothing of the tester's own environment is heard."""

    folder: Path
    operations: FakeOperations = field(default_factory=FakeOperations)

    def __post_init__(self) -> None:
        self.config.write_text(CONFIG.replace("LOGS", str(self.folder / "logs")), encoding="utf-8")

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "config.yaml"

    @property
    def socket(self) -> Path:
        """Where the service of that configuration listens."""
        return self.folder / "state" / "sim" / SOCKET

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.folder / "logs" / "vibe-quant.log"

    def __call__(self, *arguments: object, said: str | None = None, **environment: str) -> Result:
        """Run a command; ``said`` is standard input."""
        told = {"VIBE_QUANT_CONFIG": str(self.config), "VIBE_QUANT_STATE": str(self.folder / "state"), **environment}
        unset = dict.fromkeys(("RUNTIME_DIRECTORY", "STATE_DIRECTORY", "LOGS_DIRECTORY", "VIBE_QUANT_SOCKET"))
        return CliRunner().invoke(app, [str(a) for a in arguments], input=said, env={**unset, **told})

    @contextmanager
    def running(self) -> Iterator[None]:
        """A service answers meanwhile."""
        with serving(self.socket, self.operations):
            yield


@contextmanager
def beside() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of its own: the command line waits for its answers in the test's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()


@contextmanager
def serving(socket: Path, operations: FakeOperations) -> Iterator[None]:
    """The control socket."""
    with beside() as loop:
        task = asyncio.run_coroutine_threadsafe(ControlSocket(socket, operations).run(), loop)
        try:
            asyncio.run_coroutine_threadsafe(_there(socket), loop).result(PATIENCE_S)
            yield
        finally:
            # Whoever has only looked whether somebody answers is gone without a word: the server hears of it first.
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), loop).result(PATIENCE_S)
            task.cancel()
            asyncio.run_coroutine_threadsafe(_gone(socket), loop).result(PATIENCE_S)


@contextmanager
def exchange(options: BoxOptions) -> Iterator[SimServer]:
    """An exchange in a box that is served."""
    with beside() as loop:
        server = asyncio.run_coroutine_threadsafe(_started(options), loop).result(PATIENCE_S)
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(_stopped(server), loop).result(PATIENCE_S)


async def _started(options: BoxOptions) -> SimServer:
    server = SimServer(options)
    await server.start()
    return server


async def _stopped(server: SimServer) -> None:
    await server.stop()
    await asyncio.sleep(0.02)


async def _there(socket: Path) -> None:
    while not socket.exists():
        await asyncio.sleep(0.005)


async def _gone(socket: Path) -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    if others:
        await asyncio.wait(others)
    while socket.exists():
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)  # what was closed is told so a turn later

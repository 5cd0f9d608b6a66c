"""WebSocket servers made by hand, and an owner that writes down what a socket tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from random import Random
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from vibe_quant.binance.backoff import Backoff
from vibe_quant.binance.dial import SocketTimes
from vibe_quant.binance.link import Address, Link
from vibe_quant.binance.silence import Silence
from vibe_quant.binance.stream_socket import StreamSocket
from vibe_quant.domain.settings import ReconnectSettings, WsSettings

QUICK = ReconnectSettings(initial_delay_ms=20, max_delay_ms=100, multiplier=Decimal(2), jitter=Decimal("0.2"))
QUICK_WS = WsSettings(reconnect=QUICK)
TIMES = SocketTimes(
    open_ms=500,
    close_ms=100,
    ping_ms=10_000,
    pong_ms=10_000,
    life_ms=3_600_000,
    renew_again_ms=50,
    proof_ms=50,
    steady_ms=60,
    ack_ms=150,
)
Handler = Callable[[ServerConnection, int], Awaitable[None]]


class Owner:
    """Writes down what it is told."""

    def __init__(self, url: str, silence: Silence | None = None, secret: str = "") -> None:
        self.url = url
        self.secret = secret
        self.silence = silence or Silence(1_000, expected=lambda: False)
        self.told: list[str] = []
        self.frames: list[bytes] = []

    async def address(self) -> Address:
        return Address(self.url, self.secret)

    async def tend(self, link: Link) -> None:
        link.flows()

    def frame(self, frame: bytes) -> bool:
        self.frames.append(frame)
        return not frame.startswith(b"ack")

    def up(self) -> None:
        self.told.append("up")

    def down(self, detail: str) -> None:
        self.told.append(f"down {detail}")

    @property
    def ups(self) -> int:
        return self.told.count("up")


class Desk:
    """A socket that runs, its owner and its lines for the log."""

    def __init__(self, owner: Owner, times: SocketTimes = TIMES, settings: ReconnectSettings = QUICK) -> None:
        self.owner = owner
        self.said: list[str] = []
        random = Random(1)
        self.socket = StreamSocket("book", owner, Backoff(settings, random), random, self.said.append, times)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        async with at_work(self.socket.run()) as task:
            yield task


@asynccontextmanager
async def at_work(work: Any) -> AsyncIterator[asyncio.Task[None]]:
    """Run it, cancel it in the end, and see that it goes within a second and leaves no task behind."""
    before = asyncio.all_tasks()
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        began = loop.time()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert loop.time() - began < 1
        await asyncio.sleep(0.01)
        left = [t for t in asyncio.all_tasks() - before if is_ours(t)]
        assert left == [], left


def is_ours(task: asyncio.Task[Any]) -> bool:
    """Whether the program started it, whose tasks have names, or its connection did; not the test's server."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    of_connection = frame is not None and isinstance(frame.f_locals.get("self"), ClientConnection)
    return of_connection or not task.get_name().startswith("Task-")


class Server:
    """A server whose ``handler(connection, n)`` deals with the nth connection, counted from 0."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.connections: list[ServerConnection] = []
        self.paths: list[str] = []
        self.opened_at: list[float] = []
        self.url = ""

    async def handle(self, connection: ServerConnection) -> None:
        number = len(self.connections)
        self.connections.append(connection)
        self.opened_at.append(asyncio.get_running_loop().time())
        assert connection.request is not None
        self.paths.append(connection.request.path)
        with suppress(ConnectionClosed):
            await self._handler(connection, number)


@asynccontextmanager
async def served(handler: Handler, **options: Any) -> AsyncIterator[Server]:
    server = Server(handler)
    async with serve(server.handle, "127.0.0.1", 0, compression=None, close_timeout=0.1, **options) as listening:
        port = listening.sockets[0].getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}"
        try:
            yield server
        finally:
            for connection in server.connections:
                connection.transport.abort()


async def until(true: Callable[[], object], seconds: float = 3) -> None:
    """Wait for it."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def stay(connection: ServerConnection, number: int = 0) -> None:
    """Say nothing."""
    await connection.wait_closed()


async def freeze(connection: ServerConnection) -> None:
    """Half-open: nothing is read, said or answered."""
    connection.transport.pause_reading()
    while not connection.transport.is_closing():
        await asyncio.sleep(0.02)


async def tick(connection: ServerConnection, number: int = 0) -> None:
    """A frame each 10 ms, with the connection's number."""
    while True:
        await connection.send(f"{number}")
        await asyncio.sleep(0.01)

"""A server on loopback that answers by script, byte for byte, and keeps what it was asked; a client to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType

from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.urls import Endpoints
from vibe_quant.domain import events as ev

KEY, SECRET = "CANARY" + "k" * 58, "CANARY" + "s" * 58
KEYS = Credentials(KEY, SECRET)
SERVER_MS = 1_790_000_000_000
ORDER: dict[str, str | int | None] = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "positionSide": "LONG",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "60000.1",
    "newClientOrderId": "vq-1",
}


@dataclass
class HandClock:
    """A clock that stands still until told."""

    now: int = 1_000_000
    server: int = SERVER_MS

    def now_ms(self) -> int:
        return self.now

    def server_ms(self) -> int:
        return self.server

    @property
    def offset_ms(self) -> int:
        return self.server - self.now

    def pass_ms(self, ms: int) -> None:
        self.now += ms
        self.server += ms


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def query(self) -> str:
        """The parameters, wherever they were."""
        return self.body or self.target.partition("?")[2]


Act = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def answer(body: str = "{}", status: int = 200, content_type: str = "application/json", **headers: str) -> Act:
    """A whole answer; a name's underscores are hyphens."""

    async def act(_: Seen, writer: asyncio.StreamWriter) -> None:
        raw = body.encode()
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Type: {content_type}", f"Content-Length: {len(raw)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + raw)
        await writer.drain()

    return act


def raw(data: bytes, then_close: bool = True) -> Act:
    """These bytes, and the end of the connection."""

    async def act(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if then_close:
            writer.close()

    return act


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Break the connection without a word."""
    writer.transport.abort()


async def silence(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Never answer."""


@dataclass
class Desk:
    """``script`` is used up from the left, then ``usual`` answers; ``connections`` counts."""

    usual: Act = field(default_factory=answer)
    script: deque[Act] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    base: str = ""
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self.serve(reader, writer))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                seen = await _read(reader)
                self.seen.append(seen)
                act = self.script.popleft() if self.script else self.usual
                await act(seen, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def __aenter__(self) -> Desk:
        self._server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self.serving):
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body.decode())


@dataclass
class Stage:
    """A desk, a client to it, the client's clock, and what the client told."""

    desk: Desk
    client: RestClient
    clock: HandClock
    told: list[ev.Event]

    @property
    def limits_told(self) -> list[ev.RateLimited]:
        return [event for event in self.told if isinstance(event, ev.RateLimited)]


def endpoints(base: str, sapi: bool = True) -> Endpoints:
    return Endpoints(base, base if sapi else None, "", "", "")


@asynccontextmanager
async def staged(
    *script: Act, keys: Credentials | None = KEYS, timeout_ms: int = 2000, sapi: bool = True
) -> AsyncIterator[Stage]:
    clock, told = HandClock(), list[ev.Event]()
    async with Desk(script=deque(script)) as desk:
        client = RestClient(endpoints(desk.base, sapi), keys, clock, told.append, timeout_ms=timeout_ms)
        try:
            yield Stage(desk, client, clock, told)
        finally:
            await client.close()

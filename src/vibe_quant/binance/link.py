"""One connection from its handshake to its end: frames in, control messages out, and whether it still lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from vibe_quant.binance.abreast import end
from vibe_quant.binance.dial import NoConnection
from vibe_quant.binance.silence import Silence

BREATH = 256
"""Frames in a row after which others get their turn: reading what has arrived already never waits."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect; ``secret`` is a part of ``url`` that nobody may read; ``names`` are the streams in it."""

    url: str
    secret: str = ""
    names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Address({len(self.names)} streams)"


class SocketOwner(Protocol):
    """What a socket works for.  ``frame``, ``up`` and ``down`` never wait."""

    silence: Silence

    async def address(self) -> Address:
        """Where to connect; may wait until there is reason to.  Raises NoConnection."""
        ...

    async def tend(self, link: Link) -> None:
        """Say on this connection what must be said, as long as it lives; ``link.flows()`` when what is wanted does.

        Raises:
            NoConnection: the connection is of no use.
        """
        ...

    def frame(self, frame: bytes) -> bool:
        """Take a message; whether it was data."""
        ...

    def up(self) -> None:
        """There is a connection, and what is wanted flows; its first frames may have come just before."""
        ...

    def down(self, detail: str) -> None:
        """There is none any more."""
        ...


class Link:
    """One connection.

    ``ready`` is done when what is wanted flows, ``first`` when the first data came, ``over`` when the connection has
    ended; then ``detail`` says why, and ``dropped`` that it was this program which gave it up.
    """

    def __init__(self, connection: ClientConnection, address: Address, owner: SocketOwner) -> None:
        """The connection is open; reading begins now."""
        loop = asyncio.get_running_loop()
        self.address = address
        self.ready: asyncio.Future[None] = loop.create_future()
        self.first: asyncio.Future[None] = loop.create_future()
        self.detail = ""
        self.dropped = False
        self._connection = connection
        self._owner = owner
        self._opened = self._fed_at = loop.time()
        self._fed = 0
        parts = {"read": self._read(), "tend": self._tend(), "watch": self._watch()}
        self._tasks = [asyncio.create_task(part, name=f"socket {name}") for name, part in parts.items()]
        self.over: asyncio.Task[None] = asyncio.create_task(self._whole(), name="socket")

    @property
    def steady_ms(self) -> int:
        """How long it delivered; where no data is expected, how long it has stood."""
        until = self._fed_at if self._owner.silence.limit_ms else asyncio.get_running_loop().time()
        return int((until - self._opened) * 1000)

    def flows(self) -> None:
        """What is wanted flows."""
        if not self.ready.done():
            self.ready.set_result(None)

    def check(self) -> None:
        """Raise what ended it, if that was a defect of its owner."""
        if self.over.done() and not self.over.cancelled():
            self.over.result()

    async def send(self, text: str) -> None:
        """One message; a connection that has ended swallows it."""
        with suppress(ConnectionClosed):
            await self._connection.send(text)

    def drop(self, detail: str) -> None:
        """Give it up at once, without a close that a dead peer would not answer."""
        if not self.detail:
            self.detail, self.dropped = detail, True
        self._connection.transport.abort()

    async def close(self) -> None:
        """End it in order where that is possible, within the close timeout."""
        try:
            await self._connection.close()
        finally:
            self._connection.transport.abort()
            await end([self.over, *self._tasks])

    async def _whole(self) -> None:
        """Until its reading ends; a part that fails by a defect ends all of it."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _read(self) -> None:
        try:
            await self._read_first()
            await self._read_on()
        except ConnectionClosed as closed:
            self.detail = self.detail or _why(closed, self.address.secret)

    async def _read_first(self) -> None:
        recv, take = self._connection.recv, self._owner.frame
        while not take(await recv(decode=False)):
            pass
        self._fed += 1
        if not self.first.done():
            self.first.set_result(None)

    async def _read_on(self) -> None:
        recv, take = self._connection.recv, self._owner.frame
        while True:
            for _ in range(BREATH):
                if take(await recv(decode=False)):
                    self._fed += 1
            await asyncio.sleep(0)

    async def _tend(self) -> None:
        try:
            await self._owner.tend(self)
        except NoConnection as useless:
            self.drop(useless.reason)
        await asyncio.Event().wait()

    async def _watch(self) -> None:
        silence = self._owner.silence
        seen, quiet_ms = 0, 0
        while True:
            await asyncio.sleep(silence.tick_ms / 1000)
            limit_ms = silence.limit_ms
            if self._fed != seen:
                seen, quiet_ms = self._fed, 0
                self._fed_at = asyncio.get_running_loop().time()
                silence.heard()
            elif limit_ms is None:
                quiet_ms = 0
            else:
                quiet_ms += silence.tick_ms
                if quiet_ms >= limit_ms and not self.detail:
                    silence.expired()
                    self.drop(f"connected and silent for {limit_ms / 1000:g} s")


def _why(closed: ConnectionClosed, secret: str) -> str:
    """In words; what the exchange wrote, at most a line of it and nothing secret."""
    if closed.rcvd is not None:
        told = closed.rcvd.reason.replace(secret, "***") if secret else closed.rcvd.reason
        said = "".join(c for c in told if c.isprintable())[:80]
        return f"closed by the exchange, code {closed.rcvd.code}" + (f" ({said})" if said else "")
    if closed.sent is not None:
        return f"closed by this side, code {closed.sent.code} ({closed.sent.reason})"
    return "the connection broke"


Say = Callable[[str], None]
"""Takes a line for the log."""

"""One browser that looks: it gets the next picture when it has drawn the last; for one that does not none is built."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from socket import SO_SNDBUF, SOL_SOCKET

from aiohttp import WSMsgType, web

STUCK_S = 20.0
MOST_SENT = 16_384
"""Bytes that may wait in this process for a browser, one picture excepted."""
MOST_CARRIED = 65_536
"""Bytes that the system may hold for it: it would take megabytes."""


class Viewer:
    """At most one picture is under way."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.WriteTransport) -> None:
        transport.set_write_buffer_limits(high=MOST_SENT)
        carrier = transport.get_extra_info("socket")
        if carrier is not None:
            carrier.setsockopt(SOL_SOCKET, SO_SNDBUF, MOST_CARRIED)
        self._socket = socket
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._next: bytes | None = None
        self._wake = asyncio.Event()
        self._offered_s = 0.0
        self._drawn = True

    def waits(self) -> bool:
        """Whether it has taken the last and drawn it; one that has not for long is dropped."""
        if self._drawn and self._next is None:
            return True
        if self._loop.time() - self._offered_s > STUCK_S:
            self.drop()
        return False

    def offer(self, picture: bytes) -> None:
        """Send it, to one that waits."""
        self._next, self._drawn = picture, False
        self._offered_s = self._loop.time()
        self._wake.set()

    def drop(self) -> None:
        """End it at once, whatever is under way."""
        self._transport.abort()

    async def serve(self) -> None:
        """Send and listen until it goes."""
        sending = asyncio.create_task(self._send(), name="page")
        try:
            async for message in self._socket:
                if message.type is WSMsgType.TEXT:
                    self._drawn = True
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._next is not None:
                    await self._socket.send_frame(self._next, WSMsgType.TEXT)
                    self._next = None

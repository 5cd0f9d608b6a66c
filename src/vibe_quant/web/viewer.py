"""One browser that looks: it gets the next picture when it has drawn the last, and only the newest."""

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
    """At most one picture is under way and one waits, which a newer one replaces."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.WriteTransport) -> None:
        transport.set_write_buffer_limits(high=MOST_SENT)
        carrier = transport.get_extra_info("socket")
        if carrier is not None:
            carrier.setsockopt(SOL_SOCKET, SO_SNDBUF, MOST_CARRIED)
        self._socket = socket
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: bytes | None = None
        self._wake = asyncio.Event()
        self._sent_s: float | None = None  # since when one is under way

    def offer(self, picture: bytes) -> None:
        """Take it instead of what waits; one who has not drawn the last for long is dropped."""
        if self._sent_s is not None and self._loop.time() - self._sent_s > STUCK_S:
            self.drop()
            return
        self._waiting = picture
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
                    self._sent_s = None
                    self._wake.set()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self._wake.wait()
                self._wake.clear()
                if self._waiting is None or self._sent_s is not None:
                    continue
                picture, self._waiting = self._waiting, None
                self._sent_s = self._loop.time()
                await self._socket.send_frame(picture, WSMsgType.TEXT)

"""One WebSocket as the hub sees it: frames collect while the loop turns and leave in one write."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

TEXT = 0x81
MOST_WAITING = 32 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """A whole unmasked text frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT, size)) + payload
    if size < 65_536:
        return bytes((TEXT, 126, size >> 8, size & 255)) + payload
    return bytes((TEXT, 127)) + size.to_bytes(8, "big") + payload


SHORT = tuple(bytes((TEXT, size)) for size in range(126))
LONG = tuple(bytes((TEXT, 126, size >> 8, size & 255)) for size in range(2048))


class SocketWire:
    """Frames go past aiohttp's writer straight to its transport, many in a write: one write a frame is the bottleneck.

    That is sound because nothing is compressed and each write holds whole frames.  A client that reads so slowly that
    ``MOST_WAITING`` bytes pile up loses its connection.
    """

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        """``transport`` is that of the request which ``socket`` was prepared from."""
        self._socket = socket
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        self._closing: asyncio.Task[object] | None = None
        self._pinging: set[asyncio.Task[None]] = set()

    def send(self, payload: bytes) -> None:
        """One text frame, after those sent before it."""
        waiting = self._waiting
        if not waiting:
            self._loop.call_soon(self._flush)
        size = len(payload)
        if size < 126:
            waiting.append(SHORT[size])
            waiting.append(payload)
        elif size < 2048:
            waiting.append(LONG[size])
            waiting.append(payload)
        else:
            waiting.append(frame(payload))

    def _flush(self) -> None:
        transport = self._transport
        data = b"".join(self._waiting)
        self._waiting.clear()
        if transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > MOST_WAITING:
            transport.abort()

    def ping(self, payload: bytes) -> None:
        """A ping frame, after what was sent."""
        self._flush()
        task = self._loop.create_task(self._ping(payload))
        self._pinging.add(task)
        task.add_done_callback(self._pinging.discard)

    async def _ping(self, payload: bytes) -> None:
        with suppress(ConnectionError):  # it went away meanwhile; the reader of the socket finds out
            await self._socket.ping(payload)

    def close(self, code: int, reason: str) -> None:
        """An orderly close, after what was sent."""
        self._flush()
        if self._closing is None:
            self._closing = self._loop.create_task(self._socket.close(code=code, message=reason.encode()))

    def abort(self) -> None:
        """The connection breaks without a word."""
        self._waiting.clear()
        self._transport.abort()

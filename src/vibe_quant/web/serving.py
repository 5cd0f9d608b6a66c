"""aiohttp's server as this program wants it: no signals of its own, no access log, a quick end, and never given up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from vibe_quant.domain.log_events import UNSERVED
from vibe_quant.log import log
from vibe_quant.web.socket_file import SocketTakenError

AGAIN_S = 15.0
END_S = 0.5
KEEPALIVE_S = 30.0
MOST_CONNECTIONS = 64


@asynccontextmanager
async def served(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    """Serve on this socket, which is closed at the end."""
    runner = web.AppRunner(
        app, handle_signals=False, access_log=None, shutdown_timeout=END_S, keepalive_timeout=KEEPALIVE_S
    )
    server: asyncio.Server | None = None
    try:
        await runner.setup()
        server = await asyncio.get_running_loop().create_server(_bounded(runner.server), sock=listening)
        yield
    finally:
        if server is not None:
            server.close()
        await runner.cleanup()
        listening.close()


class _TooMany(asyncio.Protocol):
    """One connection more than there may be: ended at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


def _bounded(server: web.Server | None) -> Callable[[], asyncio.BaseProtocol]:
    """Connections that ask nothing must not use up the descriptors that trading needs."""
    if server is None:
        raise RuntimeError("the runner was not set up")

    def accepted() -> asyncio.BaseProtocol:
        return server() if len(server.connections) < MOST_CONNECTIONS else _TooMany()

    return accepted


async def had(what: str, open_it: Callable[[], socket.socket], cure: Callable[[OSError], str]) -> socket.socket:
    """A listening socket, tried for until there is one; each reason is said once, with its cure."""
    told = ""
    while True:
        try:
            return open_it()
        except SocketTakenError as taken:
            reason = str(taken)
        except OSError as error:
            reason = cure(error)
        if reason != told:
            told = reason
            log(UNSERVED, what=what, again_s=AGAIN_S, text=f"{reason}. Trading goes on, and this is tried again")
        await asyncio.sleep(AGAIN_S)

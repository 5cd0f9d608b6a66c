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


@asynccontextmanager
async def served(app: web.Application, listening: socket.socket) -> AsyncIterator[None]:
    """Serve on this socket, which is closed at the end."""
    runner = web.AppRunner(
        app, handle_signals=False, access_log=None, shutdown_timeout=END_S, keepalive_timeout=KEEPALIVE_S
    )
    try:
        await runner.setup()
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()
        listening.close()


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

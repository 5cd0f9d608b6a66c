"""The front of the command line: the API on a Unix socket whose file mode is the guard."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.log_events import SERVED
from vibe_quant.domain.status import ExitCost
from vibe_quant.log import log
from vibe_quant.operations import Operations
from vibe_quant.web.api import Api
from vibe_quant.web.asks import LARGEST
from vibe_quant.web.replies import plainly
from vibe_quant.web.serving import had, served
from vibe_quant.web.socket_file import SocketFile

PEER = struct.Struct("3i")


class ControlSocket:
    """``operations.Front``: what happens does not concern it, it only answers."""

    name = "control socket"

    def __init__(self, path: Path, operations: Operations, routes: Sequence[web.RouteDef] = ()) -> None:
        """``routes`` beside those of the API."""
        self._file = SocketFile(path)
        self._operations = operations
        self._routes = tuple(routes)

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """Nothing of it is kept."""

    def notice(self, notice: Notify) -> None:
        """Nothing of it is kept."""

    def cost(self, cost: ExitCost) -> None:
        """Nothing of it is kept."""

    async def run(self) -> None:
        """Serve until cancelled; the file goes with it."""
        listening = await had(self.name, self._file.open, self._cure)
        try:
            async with served(self._app(), listening):
                log(SERVED, what=self.name, address=str(self._file.path))
                await asyncio.Event().wait()
        finally:
            self._file.remove()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[plainly], client_max_size=LARGEST)
        app.add_routes([*Api(self._operations, caller).routes(), *self._routes])
        return app

    def _cure(self, error: OSError) -> str:
        reason = error.strerror or type(error).__name__
        return f"{self._file.path} cannot be made ({reason}); see who owns its folder, and whether the disk is full"


def caller(request: web.Request) -> str:
    """Who is at the other end, as the kernel knows it."""
    found = None if request.transport is None else request.transport.get_extra_info("socket")
    if found is None:
        return "cli"
    _, uid, _ = PEER.unpack(found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
    return f"cli (uid {uid})"

"""The page, the API, metrics and health over TCP: put together and served; where that fails, tried again."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence

from aiohttp import web

from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.log_events import SERVED
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.domain.status import ExitCost
from vibe_quant.log import log
from vibe_quant.operations import Operations
from vibe_quant.ports import Clock
from vibe_quant.web.api import Api
from vibe_quant.web.asks import LARGEST
from vibe_quant.web.gate import Gate, forbidding, is_near
from vibe_quant.web.health import Health, Meter
from vibe_quant.web.page_files import PageFiles
from vibe_quant.web.picture import Picture
from vibe_quant.web.push import Push
from vibe_quant.web.replies import plainly
from vibe_quant.web.serving import had, served
from vibe_quant.web.token import Misses, Token
from vibe_quant.web.trail import Trail

QUEUE = 64
LOOPBACK = "127.0.0.1"
BY = "page"

Announce = Callable[[str], None]
"""Told the page's address, once it is served."""


class WebFront:
    """A front.  ``own`` is the prefix of own client ids; ``announce`` may add what belongs to the address."""

    name = "page"

    def __init__(
        self,
        settings: WebSettings,
        operations: Operations,
        token: Token,
        own: str,
        clock: Clock,
        announce: Announce,
        meter: Meter | None = None,
    ) -> None:
        self._settings = settings
        self._operations = operations
        self._announce = announce
        self._meter = meter
        self._trail = Trail(own, clock)
        self._gate = Gate(token, Misses(clock.now_ms), is_near(settings.host))
        self._picture = Picture(operations, self._trail, clock)
        self._push = Push(self._picture, self._gate, operations)

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """Keep what the page will show; and count."""
        if self._meter is not None:
            self._meter.see(now, event, intents, quote)
        self._trail.see(now, event, intents)

    def notice(self, notice: Notify) -> None:
        """For the list of events; and count."""
        if self._meter is not None:
            self._meter.notice(notice)
        self._trail.notice(notice)

    def cost(self, cost: ExitCost) -> None:
        """For the list of events; and count."""
        if self._meter is not None:
            self._meter.cost(cost)
        self._trail.cost(cost)

    async def run(self) -> None:
        """Serve until cancelled."""
        listening = await had(self.name, self._open, self._cure)
        host, port = listening.getsockname()[:2]
        async with served(self._app(), listening):
            address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
            log(SERVED, what=self.name, address=address)
            self._announce(address)
            await self._push.run()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[plainly, self._gate.middleware], client_max_size=LARGEST)
        app.on_response_prepare.append(forbidding)
        health = Health(self._operations, self._meter)
        for part in (Api(self._operations, lambda _: BY), health, self._picture, self._push, PageFiles()):
            app.add_routes(part.routes())
        return app

    def _open(self) -> socket.socket:
        host = LOOPBACK if self._settings.host == "localhost" else self._settings.host
        found = socket.getaddrinfo(
            host, self._settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST
        )
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setblocking(False)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(QUEUE)
        except BaseException:
            listening.close()
            raise
        return listening

    def _cure(self, error: OSError) -> str:
        where = f"{self._settings.host} port {self._settings.port}"
        match error.errno:
            case errno.EADDRINUSE:
                return f"{where} is in use by another program; end that one, or set global.web.port to another"
            case errno.EACCES:
                return f"{where} is not allowed to this user; set global.web.port to one above 1023"
            case errno.EADDRNOTAVAIL:
                return f"{where}: this host has no such address; set global.web.host to one of its own, or 127.0.0.1"
            case _:
                reason = error.strerror or type(error).__name__
                return f"{where} cannot be served ({reason}); set global.web.host to an address, not a name"

"""SimServer: the exchange in a box on free ports, started and stopped in a loop that runs already."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.box_options import BoxOptions
from vibe_quant.sim.server.clock import WallClock
from vibe_quant.sim.server.driver import Clock, Driver
from vibe_quant.sim.server.handlers import ControlHandler, ExchangeHandler
from vibe_quant.sim.server.http_server import HttpServer

LOG = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class SimServer:
    """``async with SimServer(BoxOptions()) as server:`` serves until the block ends.

    ``rest``, ``ws`` and ``control`` are base URLs without a slash at the end, ``api_key`` and ``api_secret`` sign by
    HMAC; ``box`` is the exchange itself.  Nothing but ``host`` is bound, which is loopback unless told otherwise.
    """

    def __init__(
        self,
        options: BoxOptions,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        control_port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        """A port of zero takes a free one.  The exchange exists, with its time standing, until it is started.

        ``clock`` stands in for the wall clock; where it leaps, timers strike and the markets go on as they were.
        """
        self._clock = clock or WallClock()
        self.defects: list[Exception] = []
        """What no request may bring about, and did; the client heard -1000, the log has the traceback."""
        self.box = Box(options, self._clock.now_ms(), self._defect)
        self._host = host
        self._ports = (port, control_port)
        self._driver: Driver | None = None
        self._runners: list[web.ServerRunner] = []
        self.rest = self.ws = self.control = ""

    @property
    def api_key(self) -> str:
        """The key that signs by HMAC."""
        return self.box.hmac_key

    @property
    def api_secret(self) -> str:
        """Its secret."""
        return self.box.hmac_secret

    async def start(self) -> None:
        """Bind, serve, and let the market run.

        Raises:
            OSError: the address cannot be bound.
        """
        driver = Driver(self.box, self._clock)
        self._driver = driver
        try:
            port = await self._serve(ExchangeHandler(self.box, driver).handle, self._ports[0])
            control = await self._serve(ControlHandler(self.box, driver).handle, self._ports[1])
        except OSError:
            await self.stop()
            raise
        name = f"[{self._host}]" if ":" in self._host else self._host
        self.rest, self.ws = f"http://{name}:{port}", f"ws://{name}:{port}"
        self.control = f"http://{name}:{control}"
        driver.start()

    async def stop(self) -> None:
        """Close every socket and stop the market; raises what ended it before its time."""
        try:
            if self._driver is not None:
                await self._driver.stop()
        finally:
            for session in self.box.hub.sessions:
                session.drop()
            for runner in self._runners:
                await runner.cleanup()
            self._runners.clear()

    async def failed(self) -> None:
        """Return never, unless the market's task ends: then raise what ended it."""
        if self._driver is None:
            raise RuntimeError("the server was not started")
        await self._driver.ended()

    def _defect(self, defect: Exception) -> None:
        self.defects.append(defect)
        LOG.error("a request could not be worked; its client was answered -1000", exc_info=defect)

    async def _serve(self, handler: Handler, port: int) -> int:
        runner = web.ServerRunner(HttpServer(handler, access_log=None), shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, self._host, port, reuse_address=True)
        await site.start()
        bound: int = runner.addresses[0][1]
        return bound

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

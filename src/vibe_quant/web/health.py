"""What machines ask: does the loop live, is the service ready, and its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.status import ExitCost, Status
from vibe_quant.operations import Operations
from vibe_quant.web.replies import reply


class Meter(Protocol):
    """Counts what happens, and writes it for Prometheus."""

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        """One call of the engine."""
        ...

    def notice(self, notice: Notify) -> None:
        """A notice of the shell's own."""
        ...

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        ...

    async def text(self, status: Status) -> tuple[bytes, str]:
        """The numbers, and their content type."""
        ...


class Health:
    """``meter`` None: there are no metrics."""

    def __init__(self, operations: Operations, meter: Meter | None) -> None:
        self._operations = operations
        self._meter = meter

    def routes(self) -> list[web.RouteDef]:
        """/healthz, /readyz and /metrics."""
        routes = [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]
        return routes if self._meter is None else [*routes, web.get("/metrics", self._metrics)]

    async def _alive(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        return reply({"alive": True})

    async def _ready(self, request: web.Request) -> web.Response:  # noqa: ARG002
        status = await self._operations.drawn()
        if status.ready:
            return reply({"ready": True})
        return reply({"ready": False, "reason": unready(status)}, 503)

    async def _metrics(self, request: web.Request) -> web.Response:  # noqa: ARG002
        if self._meter is None:
            raise web.HTTPNotFound
        body, kind = await self._meter.text(await self._operations.drawn())
        return web.Response(body=body, headers={"Content-Type": kind})


def unready(status: Status) -> str:
    """Why it is not ready."""
    down = [stream.name for stream in status.streams if not stream.up]
    reasons = [
        "" if status.phase == "working" else f"it is {status.phase}",
        status.held or "",
        f"no connection: {', '.join(down)}" if down else "",
        status.journal_trouble,
        "the breaker is open" if status.breaker_open else "",
    ]
    return "; ".join(reason for reason in reasons if reason) or "it does not say why"

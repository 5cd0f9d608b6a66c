"""What an operator asks and commands, as addresses: /api/* over ``Operations``, the same on socket and port."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from aiohttp import web

from vibe_quant.operations import Operations
from vibe_quant.ports import JournalBroken
from vibe_quant.web import asks
from vibe_quant.web.replies import AskError, answered, reply

MOST_LINES = 2000
FEW_LINES = 100
WHAT_TO_FLATTEN = (
    'nothing was done: a flatten says what it is to close, a symbol ({"symbol": "BTC", "side": "LONG"}; both sides '
    'without a side), or everything ({"all": true})'
)

Who = Callable[[web.Request], str]
"""Who asks, for the journal: "cli (uid 1000)", "page"."""


class Api:
    """``who`` names each who commands; whether they may is decided before (``web.gate``)."""

    def __init__(self, operations: Operations, who: Who) -> None:
        self._operations = operations
        self._who = who

    def routes(self) -> list[web.RouteDef]:
        """Everything under /api/ but the push."""
        return [
            web.get("/api/status", self._status),
            web.get("/api/why/{symbol}/{side}", self._why),
            web.get("/api/report", self._report),
            web.get("/api/logs", self._logs),
            web.get("/api/config", self._config),
            web.get("/api/version", self._version),
            web.post("/api/pause", self._pause),
            web.post("/api/resume", self._resume),
            web.post("/api/flatten", self._flatten),
            web.post("/api/reload/plan", self._plan),
            web.post("/api/reload/apply", self._apply),
        ]

    async def _status(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        return reply(await self._operations.drawn())

    async def _why(self, request: web.Request) -> web.Response:
        name = asks.symbol(self._operations, unquote(request.match_info["symbol"]))
        side = asks.side(request.match_info["side"])
        why = None if name is None or side is None else self._operations.why(name, side)
        if why is None:
            raise AskError(404, f"{name} {side} is not managed; the configuration leaves this side alone")
        return reply(why)

    async def _report(self, request: web.Request) -> web.Response:
        since_ms = asks.number(request, "since_ms", None, 0, asks.MOST_MS)
        try:
            return reply(await self._operations.report(since_ms))
        except JournalBroken as broken:
            raise AskError(503, str(broken)) from None

    async def _logs(self, request: web.Request) -> web.Response:
        return reply(self._operations.log_lines(asks.number(request, "n", FEW_LINES, 1, MOST_LINES)))

    async def _config(self, request: web.Request) -> web.Response:
        name = asks.symbol(self._operations, request.query.get("symbol"))
        rules = self._operations.config(name)
        if rules is None:
            raise AskError(404, f"{name} is not managed")
        return reply(rules)

    async def _version(self, request: web.Request) -> web.Response:  # noqa: ARG002
        status = await self._operations.drawn()
        return reply({"version": status.version, "venue": status.venue, "run": status.run})

    async def _pause(self, request: web.Request) -> web.Response:
        ask = await asks.read(request, asks.PauseAsk)
        name, for_ms = asks.symbol(self._operations, ask.symbol), asks.pause_ms(ask.for_ms)
        return answered(await self._operations.pause(name, for_ms, self._who(request), panic=ask.panic))

    async def _resume(self, request: web.Request) -> web.Response:
        ask = await asks.read(request, asks.ResumeAsk)
        name = asks.symbol(self._operations, ask.symbol)
        return answered(await self._operations.resume(name, self._who(request)))

    async def _flatten(self, request: web.Request) -> web.Response:
        ask = await asks.read(request, asks.FlattenAsk)
        name, side = asks.symbol(self._operations, ask.symbol), asks.side(ask.side)
        if ask.whole is (name is not None) or (ask.whole and side is not None):
            raise AskError(400, WHAT_TO_FLATTEN)
        return answered(await self._operations.flatten(name, side, self._who(request)))

    async def _plan(self, request: web.Request) -> web.Response:
        await asks.read(request, asks.NothingAsk)
        return reply(await self._operations.plan_reload(self._who(request)))

    async def _apply(self, request: web.Request) -> web.Response:
        ask = await asks.read(request, asks.ApplyAsk)
        answer = await self._operations.apply_reload(ask.token, self._who(request), drop_stops=ask.drop_stops)
        return answered(answer)

"""What the page is shown: the status with the newest marks and events, built once for all who look."""

from __future__ import annotations

import msgspec
from aiohttp import web

from vibe_quant.domain.log_events import PICTURE_FAILED
from vibe_quant.log import log
from vibe_quant.ports import Clock, Operations
from vibe_quant.web import asks
from vibe_quant.web.course import FINEST_MS, Courses
from vibe_quant.web.replies import AskError, reply
from vibe_quant.web.trail import Trail

FAILED = msgspec.json.encode(
    {"kind": "failed", "text": "A defect: the service cannot describe itself, and its log says why. Trading goes on."}
)


class Picture:
    """What happened before the page was opened is asked for apart: a symbol's course with its marks, and the events."""

    def __init__(self, operations: Operations, trail: Trail, clock: Clock) -> None:
        self._operations = operations
        self._trail = trail
        self._clock = clock
        self._courses = Courses()
        self._looked_ms = 0
        self._failed = ""

    def routes(self) -> list[web.RouteDef]:
        """/api/trace and /api/events."""
        return [web.get("/api/trace", self._trace), web.get("/api/events", self._events)]

    def look(self) -> None:
        """Keep the prices of now, once a second at most."""
        now = self._clock.now_ms()
        if now - self._looked_ms < FINEST_MS and self._looked_ms:
            return
        self._looked_ms = now
        try:
            self._courses.look(self._clock.server_ms(), self._operations.status().legs)
        except Exception as defect:  # noqa: BLE001 - the page is no part of trading
            self._fail(defect)

    def built(self) -> bytes:
        """The picture now; where there is none, a sentence instead of it."""
        try:
            return msgspec.json.encode(
                {
                    "kind": "picture",
                    "at_ms": self._clock.server_ms(),
                    "status": self._operations.status(),
                    "marks": list(self._trail.newest),
                    "events": self._trail.tail(),
                }
            )
        except Exception as defect:  # noqa: BLE001
            self._fail(defect)
            return FAILED

    def _fail(self, defect: Exception) -> None:
        """Say it once, however often it is tried."""
        what = f"{type(defect).__name__}: {defect}"
        if what != self._failed:
            self._failed = what
            log(PICTURE_FAILED, defect=defect, text="a defect: the page has no picture of the service; trading goes on")

    async def _trace(self, request: web.Request) -> web.Response:
        symbol = asks.symbol(self._operations, request.query.get("symbol"))
        if symbol is None:
            raise AskError(400, "symbol is missing; name one that is managed")
        return reply({"symbol": symbol, "points": self._courses.points(symbol), "marks": self._trail.marks(symbol)})

    async def _events(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        return reply(list(self._trail.events))

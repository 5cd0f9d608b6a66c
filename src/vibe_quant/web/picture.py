"""What the page is shown: the status with the newest marks and events, built once for all who look."""

from __future__ import annotations

import msgspec
from aiohttp import web

from vibe_quant.domain.log_events import PICTURE_FAILED
from vibe_quant.domain.status import Status
from vibe_quant.log import log
from vibe_quant.operations import Operations
from vibe_quant.ports import Clock
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

    @property
    def is_due(self) -> bool:
        """Whether the prices of now are to be kept, whoever looks: once a second."""
        return not self._looked_ms or self._clock.now_ms() - self._looked_ms >= FINEST_MS

    async def look(self) -> Status | None:
        """The status now, its prices kept where that is due; None: there is none, and the log says why."""
        due = self.is_due
        if due:
            self._looked_ms = self._clock.now_ms()
        try:
            status = await self._operations.drawn()
            if due:
                self._courses.look(self._clock.server_ms(), status.legs)
        except Exception as defect:  # noqa: BLE001 - the page is no part of trading
            self._fail(defect)
            return None
        return status

    def built(self, status: Status | None) -> bytes:
        """The picture with that status; without one a sentence instead of it."""
        if status is None:
            return FAILED
        return msgspec.json.encode(
            {
                "kind": "picture",
                "at_ms": self._clock.server_ms(),
                "status": status,
                "marks": list(self._trail.newest),
                "events": self._trail.tail(),
            }
        )

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

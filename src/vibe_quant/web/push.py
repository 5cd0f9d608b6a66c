"""Pushes pictures to who looks: built four times a second while anybody can draw one, seldomer where they are large."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import WSMsgType, web

from vibe_quant.domain.status import Status
from vibe_quant.operations import Operations
from vibe_quant.web.gate import Gate, peer
from vibe_quant.web.picture import Picture
from vibe_quant.web.replies import AskError
from vibe_quant.web.viewer import MOST_SENT, Viewer

PERIOD_S = 0.25
SHARE = 3
"""After a picture so many times as long as it took; most of that was rest between its pieces."""
MOST_VIEWERS = 16
HELLO_S = 5.0
LARGEST = 1024
NOT_ADMITTED = 4401
"""A WebSocket's close code: the token is wrong or missing."""
MOST_REASON = 120
"""Bytes of the reason that goes with it."""
WORDLESS = "the first message is the token"


class HelloAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A browser's first message."""

    token: str | None = None


class Push:
    """/api/push, a WebSocket.

    The browser says ``{"token": ...}``, hears whether it may command, and answers each picture with any text when it
    has drawn it.
    """

    def __init__(self, picture: Picture, gate: Gate, operations: Operations) -> None:
        self._picture = picture
        self._gate = gate
        self._operations = operations
        self._viewers: set[Viewer] = set()
        self._connected = 0
        self.built = 0
        """Pictures since the start."""

    def routes(self) -> list[web.RouteDef]:
        """/api/push."""
        return [web.get("/api/push", self._handle)]

    async def run(self) -> None:
        """Build for who looks, and keep the prices for who will; at the end nobody is waited for."""
        try:
            await self._build()
        finally:
            for viewer in self._viewers:
                viewer.drop()

    async def _build(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            waiting = [viewer for viewer in self._viewers if viewer.waits()]
            if waiting or self._picture.is_due:
                status = await self._picture.look()
                if waiting:
                    picture = self._picture.built(status)
                    self.built += 1
                for viewer in waiting:
                    viewer.offer(picture)
            spent = loop.time() - began
            await asyncio.sleep(max(PERIOD_S - spent, spent * SHARE))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=LARGEST, timeout=1.0, writer_limit=MOST_SENT)
        if not socket.can_prepare(request).ok:
            raise AskError(426, "this address is for the page: it is asked as a WebSocket")
        if self._connected >= MOST_VIEWERS:
            raise AskError(503, f"{MOST_VIEWERS} pages look at this service already; close one", 5)
        self._connected += 1
        try:
            await socket.prepare(request)
            await self._show(socket, request)
        finally:
            self._connected -= 1
        return socket

    async def _show(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        try:
            may_command = await self._hello(socket, peer(request))
        except AskError as error:
            await socket.close(code=NOT_ADMITTED, message=error.text.encode()[:MOST_REASON], drain=False)
            return
        if not isinstance(request.transport, asyncio.WriteTransport):
            return  # it has gone meanwhile
        hello = msgspec.json.encode(_welcome(self._operations.status(), may_command))
        await socket.send_frame(hello, WSMsgType.TEXT)
        viewer = Viewer(socket, request.transport)
        self._viewers.add(viewer)
        try:
            await viewer.serve()
        finally:
            self._viewers.discard(viewer)

    async def _hello(self, socket: web.WebSocketResponse, who: str) -> bool:
        """Whether it may command.

        Raises:
            AskError: it may not even look.
        """
        try:
            async with asyncio.timeout(HELLO_S):
                message = await socket.receive()
            if message.type is not WSMsgType.TEXT:
                raise AskError(401, WORDLESS)
            token = msgspec.json.decode(message.data, type=HelloAsk).token
        except (TimeoutError, msgspec.DecodeError):
            raise AskError(401, WORDLESS) from None
        known = token is not None and self._gate.knows(token, who)
        if not known and not self._gate.near:
            raise AskError(401, "the token is wrong" if token else "this address needs the token")
        return known


def _welcome(status: Status, may_command: bool) -> dict[str, object]:
    return {"kind": "hello", "may_command": may_command, "version": status.version, "venue": status.venue}

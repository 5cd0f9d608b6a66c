"""Carries requests and frames between aiohttp and the box: delays and losses by fault happen here, nothing else."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.http import HttpRequest, HttpResponse
from vibe_quant.sim.front.streams.session import Session
from vibe_quant.sim.server.driver import Driver
from vibe_quant.sim.server.http_server import ILLEGAL, as_aiohttp
from vibe_quant.sim.server.wire import SocketWire

LARGEST_BODY = 1024 * 1024
LARGEST_MESSAGE = 64 * 1024


class ExchangeHandler:
    """REST and WebSockets of the exchange on one port, as the base URLs of clients expect."""

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, or one socket's whole life."""
        if request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        return await self._rest(request)

    async def _rest(self, request: web.BaseRequest) -> web.StreamResponse:
        received = await read(request)
        if isinstance(received, HttpResponse):
            return as_aiohttp(received)
        fate = self._box.arrive(received, self._driver.now())
        await asyncio.sleep(fate.delay_ms / 1000)
        answer = None if fate.reset else self._box.work(received, fate, self._driver.now())
        self._driver.changed()
        await asyncio.sleep(fate.answer_delay_ms / 1000)
        if answer is None or fate.lost:
            drop(request)
            return web.Response(status=503)
        return as_aiohttp(answer)

    async def _socket(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=LARGEST_MESSAGE)
        transport = request.transport
        if transport is None or not self._box.hub.carries(path) or not shakes_hands(socket, request):
            asked = HttpRequest(request.method, path, query, ip=request.remote or "")
            return as_aiohttp(self._box.gate.no_such_path(asked, self._driver.now()))
        await socket.prepare(request)
        session = self._box.hub.open(path, query, SocketWire(socket, transport), self._driver.now())
        self._driver.changed()
        await self._listen(socket, session)
        return socket

    async def _listen(self, socket: web.WebSocketResponse, session: Session) -> None:
        try:
            async for message in socket:
                now = self._driver.now()
                if message.type is WSMsgType.TEXT:
                    session.receive(message.data, now)
                elif message.type is WSMsgType.PING:
                    if session.pinged(now):
                        await socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    session.pong(now)
                elif message.type is WSMsgType.BINARY:
                    session.receive(message.data.decode(errors="replace"), now)
                self._driver.changed()
        finally:
            session.gone()


class ControlHandler:
    """The control port: what is true, what shall go wrong."""

    def __init__(self, box: Box, driver: Driver) -> None:
        self._box = box
        self._driver = driver

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One command."""
        received = await read(request)
        if isinstance(received, HttpResponse):
            return as_aiohttp(received)
        now = self._driver.now()
        answer = self._box.control.handle(received.method, received.path, received.body, now)
        self._box.advance(now)
        self._driver.changed()
        return as_aiohttp(answer)


def shakes_hands(socket: web.WebSocketResponse, request: web.BaseRequest) -> bool:
    """Whether the request is a handshake that can be answered."""
    try:
        return socket.can_prepare(request).ok
    except UnicodeEncodeError:  # aiohttp quotes the faulty header in its own refusal, where it may be no text
        return False


async def read(request: web.BaseRequest) -> HttpRequest | HttpResponse:
    """The whole request; an answer where it is too large or breaks off."""
    path, _, query = request.raw_path.partition("?")
    body = b""
    while True:
        try:
            chunk = await request.content.read(LARGEST_BODY)
        except (ConnectionError, web.RequestPayloadError):
            return ILLEGAL
        if not chunk:
            break
        body += chunk
        if len(body) > LARGEST_BODY:
            return HttpResponse(413, b"<html><body>413 Request Entity Too Large</body></html>", {}, "text/html")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return HttpRequest(request.method, path, query, body, headers, request.remote or "")


def drop(request: web.BaseRequest) -> None:
    """Break the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()

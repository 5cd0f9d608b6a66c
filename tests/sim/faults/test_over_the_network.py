"""What only a network shows: broken connections, silence, and the control port, on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, ServerDisconnectedError, WSMsgType
from tests.sim.faults.rig import LONG, SYMBOL, D
from yarl import URL

from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer


class Client:
    def __init__(self, server: SimServer, http: ClientSession) -> None:
        self.server = server
        self.http = http

    async def control(self, method: str, path: str, body: object = None) -> Any:
        async with self.http.request(method, self.server.control + path, json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def fault(self, kind: str, **more: Any) -> None:
        await self.control("POST", "/faults", {"kind": kind, "when": {"once": True}} | more)

    async def order(self) -> tuple[int, Any]:
        clock = await self.http.get(self.server.rest + "/fapi/v1/time")
        params = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "MARKET", "quantity": "0.01"}
        query = urlencode(params | {"timestamp": (await clock.json())["serverTime"]})
        query += "&signature=" + hmac.new(self.server.api_secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = URL(f"{self.server.rest}/fapi/v1/order?{query}", encoded=True)
        async with self.http.post(url, headers={"X-MBX-APIKEY": self.server.api_key}) as answer:
            return answer.status, await answer.text()

    async def leg(self) -> Any:
        return (await self.control("GET", "/state"))["legs"][0]["qty"]


@asynccontextmanager
async def served() -> AsyncIterator[Client]:
    options = BoxOptions(markets=(MarketSource(CATALOGUE[SYMBOL]),), positions=(Seat(SYMBOL, LONG, D(2)),))
    async with SimServer(options) as server, ClientSession() as http:
        yield Client(server, http)


async def hears(socket: ClientWebSocketResponse) -> bool:
    """Whether anything comes within 0.3 s."""
    try:
        await socket.receive(timeout=0.3)
    except TimeoutError:
        return False
    return True


def test_lost_requests_and_acknowledgements_break_the_connection() -> None:
    async def run() -> None:
        async with served() as client:
            for kind, left in (("request_lost", "2"), ("ack_lost", "1.99")):
                await client.fault(kind, where={"endpoint": "POST /fapi/v1/order"})
                with pytest.raises(ServerDisconnectedError):
                    await client.order()
                assert await client.leg() == left
            await client.fault("ack_late", delay_ms=150)
            began = asyncio.get_running_loop().time()
            assert (await client.order())[0] == 200
            assert asyncio.get_running_loop().time() - began >= 0.15
            await client.fault("proxy_error", reached=False, where={"endpoint": "POST /fapi/v1/order"})
            status, text = await client.order()
            assert (status, text[:6]) == (502, "<html>")

    asyncio.run(run())


def test_sockets_fall_silent_hang_and_break() -> None:
    async def run() -> None:
        async with served() as client:
            socket = await client.http.ws_connect(client.server.ws + "/public/ws/btcusdt@bookTicker")
            assert await hears(socket)
            await client.control(
                "POST", "/act", {"kind": "sockets_silent", "classes": ["public"], "for_s": 600, "name": "s"}
            )
            while await hears(socket):
                pass
            await socket.send_str('{"method":"LIST_SUBSCRIPTIONS","id":1}')
            assert (await socket.receive_json(timeout=1))["id"] == 1
            await client.control("DELETE", "/faults/s")
            while not await hears(socket):
                pass
            await client.control("POST", "/act", {"kind": "sockets_half_open"})
            while await hears(socket):
                pass
            await socket.send_str('{"method":"LIST_SUBSCRIPTIONS","id":2}')
            await socket.ping()
            assert not await hears(socket)
            await client.control("POST", "/act", {"kind": "sockets_closed"})
            assert (await socket.receive(timeout=1)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)

    asyncio.run(run())

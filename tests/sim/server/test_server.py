"""The box behind real sockets: what the shell adds to the front, and what it must not add."""

from __future__ import annotations

import asyncio
import hmac
import io
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from time import time_ns
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import WSMsgType

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.front.box_options import BoxError, BoxOptions, MarketSource, Seat
from vibe_quant.sim.front.http import HttpRequest
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.server import SimServer
from vibe_quant.sim.server.wire import MOST_WAITING, frame

SYMBOL = "BTCUSDT"
OPTIONS = BoxOptions(
    (MarketSource(CATALOGUE[SYMBOL]),), positions=(Seat(SYMBOL, PositionSide.LONG, Decimal(2), Decimal(60_000)),)
)
Story = Callable[[SimServer, aiohttp.ClientSession], Awaitable[None]]


def served(story: Story, options: BoxOptions = OPTIONS) -> SimServer:
    """Run a story against a server of its own; nothing may have gone wrong unseen."""

    async def whole() -> SimServer:
        async with SimServer(options) as server, aiohttp.ClientSession() as client:
            await asyncio.wait_for(story(server, client), 30)
        assert server.defects == []
        return server

    return asyncio.run(whole())


def faults(*declared: dict[str, object]) -> BoxOptions:
    return replace(OPTIONS, faults=list(declared))


def signed(server: SimServer, **params: str) -> str:
    text = urlencode({**params, "timestamp": str(time_ns() // 1_000_000)})
    return f"{text}&signature={hmac.digest(server.api_secret.encode(), text.encode(), 'sha256').hex()}"


async def post(server: SimServer, client: aiohttp.ClientSession, path: str, **params: str) -> tuple[int, object]:
    headers = {"X-MBX-APIKEY": server.api_key, "Content-Type": "application/x-www-form-urlencoded"}
    async with client.post(server.rest + path, data=signed(server, **params), headers=headers) as answer:
        assert answer.content_type == "application/json"
        return answer.status, await answer.json()


async def place(server: SimServer, client: aiohttp.ClientSession, client_id: str) -> tuple[int, object]:
    quote = server.box.exchange.venue.market(SYMBOL).quote
    assert quote is not None
    price = str((quote.ask * Decimal("1.01")).quantize(Decimal("0.1")))
    order = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "LIMIT", "timeInForce": "GTC"}
    return await post(
        server, client, "/fapi/v1/order", **order, quantity="0.01", price=price, newClientOrderId=client_id
    )


def resting(server: SimServer) -> list[str]:
    return [order.client_id for order in server.box.exchange.open_orders(SYMBOL)]


def test_it_binds_to_loopback_and_takes_free_ports() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        assert server.rest.startswith("http://127.0.0.1:")
        assert server.ws.startswith("ws://127.0.0.1:")
        assert len({server.rest.rpartition(":")[2], server.control.rpartition(":")[2]}) == 2
        async with SimServer(OPTIONS) as other:
            assert other.rest != server.rest

    served(story)


def test_an_order_rests_and_the_user_stream_tells_of_it() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        key = server.box.listen_keys.create(server.box.now)
        async with client.ws_connect(f"{server.ws}/private/ws/{key}") as stream:
            status, answer = await place(server, client, "first")
            assert status == 200, answer
            told = json.loads((await stream.receive()).data)
        assert (told["e"], told["o"]["c"], told["o"]["X"]) == ("ORDER_TRADE_UPDATE", "first", "NEW")
        assert resting(server) == ["first"]

    served(story)


def test_the_market_runs_by_itself() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        names = "btcusdt@bookTicker/btcusdt@depth@100ms"
        async with client.ws_connect(f"{server.ws}/public/stream?streams={names}") as stream:
            seen: set[str] = set()
            while len(seen) < 2:
                seen.add(json.loads((await stream.receive()).data)["stream"])

    served(story)


def test_paths_that_carry_no_stream_are_refused_at_the_handshake() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(server.ws + "/nowhere/ws")
        assert refused.value.status == 404

    served(story)


def test_pings_are_answered_and_orderly_closes_are_told() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(server.ws + "/public/ws", autoping=False) as stream:
            await stream.ping(b"are you there")
            answer = await stream.receive()
            assert (answer.type, bytes(answer.data)) == (WSMsgType.PONG, b"are you there")
            await stream.send_bytes(b"\xff\xfe")
            assert json.loads((await stream.receive()).data)["code"] == 3
            server.box.hub.close_all(1001, "maintenance")
            closed = await stream.receive()
            assert (closed.type, closed.data, closed.extra) == (WSMsgType.CLOSE, 1001, "maintenance")

    served(story)


def test_the_server_pings_and_a_pong_keeps_the_socket() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(server.ws + "/public/ws", autoping=False) as stream:
            ping = await stream.receive()
            assert ping.type is WSMsgType.PING
            await stream.pong(ping.data)
            (session,) = server.box.hub.sessions
            while session.received == 0:
                await asyncio.sleep(0.01)

    served(story, replace(OPTIONS, ping_every_ms=50))


def test_a_client_that_does_not_read_loses_its_connection_and_delays_nobody() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        host, port = server.ws.removeprefix("ws://").split(":")
        deaf = socket.create_connection((host, int(port)))
        deaf.sendall(
            b"GET /public/ws/btcusdt@bookTicker HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        while not server.box.hub.sessions:
            await asyncio.sleep(0.01)
        payload = b"x" * 1_000_000
        for _ in range(2 * MOST_WAITING // len(payload)):
            server.box.hub.publish(StreamClass.PUBLIC, "btcusdt@bookTicker", payload)
            await asyncio.sleep(0)
        while server.box.hub.sessions:
            await asyncio.sleep(0.01)
        deaf.close()
        assert (await place(server, client, "unharmed"))[0] == 200

    served(story)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 2047, 2048, 65_535, 65_536, 200_000])
def test_frames_of_every_length_arrive_whole(size: int) -> None:
    payload = b"a" * size
    assert frame(payload).endswith(payload)

    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(server.ws + "/public/ws/x", max_msg_size=0) as stream:
            while not server.box.hub.sessions:
                await asyncio.sleep(0)
            server.box.hub.publish(StreamClass.PUBLIC, "x", payload)
            server.box.hub.publish(StreamClass.PUBLIC, "x", b"end")
            assert (await stream.receive()).data == payload.decode()
            assert (await stream.receive()).data == "end"

    served(story)


def test_a_lost_acknowledgement_breaks_the_connection_after_the_order_reached_the_book() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await place(server, client, "lost")
        assert resting(server) == ["lost"]

    served(story, faults({"kind": "ack_lost", "when": {"once": True}}))


def test_a_lost_request_breaks_the_connection_before_it() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.ClientConnectionError):
            await place(server, client, "lost")
        assert resting(server) == []

    served(story, faults({"kind": "request_lost", "when": {"once": True}}))


def test_a_late_acknowledgement_comes_after_the_event() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        key = server.box.listen_keys.create(server.box.now)
        async with client.ws_connect(f"{server.ws}/private/ws/{key}") as stream:
            order = asyncio.create_task(place(server, client, "late"))
            await stream.receive()
            assert not order.done()
            assert (await order)[0] == 200

    served(story, faults({"kind": "ack_late", "when": {"once": True}, "delay_ms": 150}))


def test_the_control_port_tells_the_truth_and_takes_faults() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        async with client.get(server.control + "/state") as answer:
            state = await answer.json()
        assert state["legs"][0]["qty"] == "2"
        fault = {"kind": "refuse", "when": {"once": True}, "code": -1001, "message": "x", "status": 503}
        async with client.post(server.control + "/faults", json=[fault]) as answer:
            assert answer.status == 200, await answer.text()
        assert await place(server, client, "refused") == (503, {"code": -1001, "msg": "x"})
        async with client.post(server.control + "/faults", data=b"{") as answer:
            assert answer.status == 400

    served(story)


def test_a_body_without_end_is_refused() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        async with client.post(server.rest + "/fapi/v1/order", data=io.BytesIO(b"x" * 2_000_000)) as answer:
            assert answer.status == 413

    served(story)


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02\x00\x01\n\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00\r\n\r\n"]
)
def test_what_is_no_http_is_answered_in_the_exchanges_form(raw: bytes) -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.rest.rpartition(":")[2]))
        writer.write(raw)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.") and b" 400 " in head
        assert json.loads(body)["code"] < 0
        writer.close()

    served(story)


def test_a_defect_is_told_to_nobody_and_kept(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def whole() -> None:
        async with SimServer(OPTIONS) as server, aiohttp.ClientSession() as client:

            def broken(*_: object) -> None:
                raise RuntimeError("secret of the inside")

            monkeypatch.setattr(server.box.exchange, "place", broken)
            status, answer = await place(server, client, "x")
            assert (status, "secret" in str(answer)) == (503, False)
            assert [str(defect) for defect in server.defects] == ["secret of the inside"]

    asyncio.run(whole())
    assert "secret of the inside" in caplog.text


def test_a_market_that_fails_ends_the_server_with_its_error() -> None:
    async def whole() -> None:
        async with SimServer(OPTIONS) as server:
            failed = asyncio.create_task(server.failed())

            def broken(*_: object) -> int:
                raise RuntimeError("broken tape")

            server.box.feed.pop = broken  # type: ignore[assignment]
            with pytest.raises(RuntimeError, match="broken tape"):
                await asyncio.wait_for(failed, 5)

    with pytest.raises(RuntimeError, match="broken tape"):
        asyncio.run(whole())


def test_options_that_do_not_fit_are_refused_with_the_reason() -> None:
    stray = Seat("ETHUSDT", PositionSide.LONG, Decimal(1))
    for options, reason in (
        (replace(OPTIONS, markets=()), "at least one symbol"),
        (replace(OPTIONS, markets=OPTIONS.markets * 2), "BTCUSDT is named twice"),
        (replace(OPTIONS, positions=(stray,)), "ETHUSDT, which is not among BTCUSDT"),
        (replace(OPTIONS, positions=(replace(stray, symbol=SYMBOL, qty=Decimal("0.00015")),)), "lot step 0.001"),
        (replace(OPTIONS, markets=(replace(OPTIONS.markets[0], scenario="nope"),)), "no market scenario 'nope'"),
    ):
        with pytest.raises(BoxError, match=reason):
            SimServer(options)


def test_the_same_seed_gives_the_same_market_and_keys() -> None:
    def touch(seed: int) -> tuple[object, ...]:
        box = Box(replace(OPTIONS, seed=seed), 1_800_000_000_000)
        box.advance(1_800_000_005_000)
        answer = box.call(HttpRequest("GET", "/fapi/v1/depth", "symbol=BTCUSDT&limit=20"), 1_800_000_005_000)
        assert answer is not None
        return answer.body, box.hmac_key

    assert touch(3) == touch(3)
    assert touch(3) != touch(4)


def test_with_latency_an_order_takes_its_time_to_the_book_and_back() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        order = asyncio.create_task(place(server, client, "far"))
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.02)
        assert resting(server) == []
        while resting(server) == []:
            await asyncio.sleep(0.005)
        assert not order.done()
        assert (await order)[0] == 200
        assert asyncio.get_running_loop().time() - began > 0.1

    served(story, replace(OPTIONS, latency_ms=120))


def test_a_handshake_with_bytes_that_are_no_text_is_refused() -> None:
    async def story(server: SimServer, client: aiohttp.ClientSession) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.rest.rpartition(":")[2]))
        writer.write(
            b"GET /public/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: \x80\r\n\r\n"
        )
        assert b" 404 " in (await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    served(story)

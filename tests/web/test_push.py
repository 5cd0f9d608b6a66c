"""Pictures pushed: the newest only, only to who keeps up, and nothing for who does not read."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from tests.operations_fake import BTC, LEG, NOW, STATUS, FakeOperations
from tests.web.stand import SECRET, Stand, stand

from vibe_quant.app.aside import GRACE_S
from vibe_quant.domain.status import Status
from vibe_quant.web import push, viewer

PATIENCE_S = 30.0
MANY = tuple(replace(LEG, symbol=f"C{number}/USDT:USDT") for number in range(200))


async def until(reached: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not reached():
            await asyncio.sleep(0.01)


async def opened(at: Stand, token: str | None = None) -> aiohttp.ClientWebSocketResponse:
    browser = await at.session.ws_connect(at.url + "api/push")
    await browser.send_json({"token": token})
    return browser


@asynccontextmanager
async def hung(at: Stand, count: int) -> AsyncIterator[list[asyncio.StreamWriter]]:
    """Browsers that shake hands, ask for pictures, and never read a byte."""
    writers = [await _hung(at) for _ in range(count)]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def _hung(at: Stand) -> asyncio.StreamWriter:
    where = urlsplit(at.url)
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect((where.hostname, where.port))
    made.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=made, limit=64)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    key = base64.b64encode(b"0123456789abcdef").decode()
    head = f"GET /api/push HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    writer.write(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
    writer.write(_frame(b'{"token":null}'))
    await writer.drain()
    return writer


def _frame(body: bytes) -> bytes:
    return bytes((0x81, 0x80 | len(body), 0, 0, 0, 0)) + body


async def test_pictures_come_when_the_last_was_drawn_and_are_the_newest() -> None:
    async with stand() as at:
        browser = await opened(at, SECRET)
        assert await browser.receive_json() == {
            "kind": "hello",
            "may_command": True,
            "version": "0.0",
            "venue": "sim",
        }
        first = await browser.receive_json(timeout=PATIENCE_S)
        assert first["kind"] == "picture"
        assert first["status"]["legs"][0]["symbol"] == BTC
        built = at.front._push.built
        at.operations.now = replace(STATUS, run="r2")
        await asyncio.sleep(3 * push.PERIOD_S)
        assert at.front._push.built == built  # for one who has not drawn the last
        at.operations.now = replace(STATUS, run="r3")
        await browser.send_str("drawn")
        assert (await browser.receive_json(timeout=PATIENCE_S))["status"]["run"] == "r3"
        await browser.close()


async def test_nothing_is_built_while_nobody_looks() -> None:
    async with stand() as at:
        await asyncio.sleep(3 * push.PERIOD_S)
        assert at.front._push.built == 0
        browser = await opened(at)
        await until(lambda: at.front._push.built)
        await browser.close()
        await until(lambda: not at.front._push._viewers)
        built = at.front._push.built
        await asyncio.sleep(3 * push.PERIOD_S)
        assert at.front._push.built <= built + 1


async def test_ten_that_never_read_cost_one_picture_each_and_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer, "STUCK_S", 3.0)
    async with stand(FakeOperations(replace(STATUS, legs=MANY))) as at, hung(at, 10):
        await until(lambda: len(at.front._push._viewers) == 10)
        reading = await opened(at)
        await reading.receive_json()
        size = len(at.front._picture.built(at.operations.now))
        assert size > 5 * viewer.MOST_SENT
        transports = [one._transport for one in at.front._push._viewers]
        pictures, most = 0, 0
        while len(at.front._push._viewers) > 1:
            message = await reading.receive(timeout=PATIENCE_S)
            assert len(message.data) > size / 2
            pictures += 1
            most = max([most, *(one.get_write_buffer_size() for one in transports if not one.is_closing())])
            await reading.send_str("drawn")
        assert 0 < most <= size + viewer.MOST_SENT
        assert pictures >= 3  # the one who reads has had his all the time
        assert len(at.front._push._viewers) == 1
        await reading.close()


async def test_one_who_answers_without_reading_is_held_back_too() -> None:
    async with stand(FakeOperations(replace(STATUS, legs=MANY))) as at, hung(at, 1) as (writer,):
        await until(lambda: at.front._push._viewers)
        (one,) = at.front._push._viewers
        size = len(at.front._picture.built(at.operations.now))
        most, built = 0, at.front._push.built
        end = asyncio.get_running_loop().time() + 8 * push.PERIOD_S
        while asyncio.get_running_loop().time() < end:
            writer.write(_frame(b"drawn"))
            await writer.drain()
            await asyncio.sleep(0.01)
            most = max(most, one._transport.get_write_buffer_size())
        assert 0 < most <= size + viewer.MOST_SENT
        assert at.front._push.built <= built + 1  # and costs nothing any more


async def test_its_end_waits_for_nobody() -> None:
    loop = asyncio.get_running_loop()
    async with stand() as at, hung(at, 10):
        await until(lambda: len(at.front._push._viewers) == 10)
        began = loop.time()
        at.task.cancel()
        await asyncio.gather(at.task, return_exceptions=True)
        assert loop.time() - began < GRACE_S


async def test_no_more_look_than_may_and_a_place_is_given_back() -> None:
    async with stand() as at:
        sockets = [await opened(at) for _ in range(push.MOST_VIEWERS)]
        status, said = await at.asked(
            "GET",
            "api/push",
            headers={
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
            },
        )
        assert status == 503
        assert "close one" in str(said)
        await sockets.pop().close()
        await until(lambda: at.front._push._connected < push.MOST_VIEWERS)
        again = await opened(at)
        assert (await again.receive_json())["kind"] == "hello"


@pytest.mark.parametrize(
    ("near", "first", "reason"),
    [
        (False, json.dumps({"token": None}), "this address needs the token"),
        (False, json.dumps({"token": "nonsense"}), "the token is wrong"),
        (True, "hello", "the first message is the token"),
        (True, json.dumps({"tokens": 1}), "the first message is the token"),
        (True, b"\x00", "the first message is the token"),
    ],
)
async def test_who_may_not_look_is_told_why(near: bool, first: Any, reason: str) -> None:
    async with stand(near=near) as at:
        browser = await at.session.ws_connect(at.url + "api/push")
        await (browser.send_bytes(first) if isinstance(first, bytes) else browser.send_str(first))
        message = await browser.receive(timeout=PATIENCE_S)
        assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, push.NOT_ADMITTED, reason)
        assert not at.front._push._viewers


async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "HELLO_S", 0.1)
    async with stand() as at:
        browser = await at.session.ws_connect(at.url + "api/push")
        assert (await browser.receive(timeout=PATIENCE_S)).data == push.NOT_ADMITTED
        await until(lambda: at.front._push._connected == 0)


async def test_looking_without_the_token_may_not_command_and_a_wrong_one_is_counted() -> None:
    async with stand() as at:
        for token in (None, "nonsense"):
            browser = await opened(at, token)
            assert (await browser.receive_json())["may_command"] is False
            await browser.close()
        assert at.front._gate._misses._clear_ms


async def test_a_service_that_cannot_describe_itself_is_said_and_comes_back() -> None:
    class Shaky(FakeOperations):
        broken = False

        def status(self) -> Status:
            if self.broken:
                raise RuntimeError("no picture")
            return self.now

    operations = Shaky()
    async with stand(operations) as at:
        browser = await opened(at)
        await browser.receive_json()
        operations.broken = True
        kinds = []
        while "failed" not in kinds:
            kinds.append((await browser.receive_json(timeout=PATIENCE_S))["kind"])
            await browser.send_str("drawn")
        operations.broken = False
        while kinds[-1] != "picture":
            kinds.append((await browser.receive_json(timeout=PATIENCE_S))["kind"])
            await browser.send_str("drawn")


async def test_prices_are_kept_for_who_opens_the_page_later() -> None:
    async with stand() as at:
        await until(lambda: at.front._picture._courses.points(BTC))
        _, said = await at.asked("GET", "api/trace?symbol=btc")
        assert isinstance(said, dict)
        point = said["points"][0]
        assert point[1:] == ["60910.1", "60910.2", "60911.2"]
        assert point[0] > NOW - 10**12

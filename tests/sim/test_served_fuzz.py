"""Over real sockets: broken HTTP, handshakes and frames end in an error of the exchange, or in a closed line.

Nothing that a client sends makes the server speak of itself, log a defect, or fail the next client.
"""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource
from vibe_quant.sim.server.runner import SimServer

PING = b"GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\n"
SHAKE = (
    b"GET /public/ws/btcusdt@bookTicker HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b64encode(b"k" * 16) + b"\r\n"
)
END = b"\r\n"
REQUESTS: dict[str, bytes] = {
    "noise": bytes(range(256)),
    "a TLS greeting": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 40,
    "no version": b"GET /fapi/v1/ping\r\n\r\n",
    "a method alone": b"GET\r\n\r\n",
    "a version of the future": b"GET /fapi/v1/ping HTTP/9.9\r\n\r\n",
    "no host": b"GET /fapi/v1/ping HTTP/1.1\r\n\r\n",
    "an unknown method": b"BREW /fapi/v1/order HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long method": b"G" * 20_000 + b" / HTTP/1.1\r\n\r\n",
    "a long path": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path of bytes": b"GET /fapi/v1/\xff\xfe\xe5 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a query of bytes": b"GET /fapi/v1/depth?symbol=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "half an escape": b"GET /fapi/v1/depth?symbol=%f HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absolute address": b"GET http://example.invalid/fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "an address that is none": b"GET http://[::1/fapi/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT example.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header without a colon": PING + b"nonsense\r\n" + END,
    "a header without a name": PING + b": value\r\n" + END,
    "a header with a zero": PING + b"X-A: a\x00b\r\n" + END,
    "a header of bytes": PING + b"X-MBX-APIKEY: \xff\xfe\r\n" + END,
    "a folded header": PING + b"X-A: a\r\n  b\r\n" + END,
    "a huge header": PING + b"X-A: " + b"a" * 70_000 + b"\r\n" + END,
    "many headers": PING + b"".join(b"X-%d: a\r\n" % n for n in range(3000)) + END,
    "a negative length": POST + b"Content-Length: -1\r\n" + END,
    "a length of letters": POST + b"Content-Length: ten\r\n" + END,
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n" + END + b"ab",
    "a length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n" + END + b"0\r\n\r\n",
    "a body that breaks off": POST + b"Content-Length: 100\r\n" + END + b"symbol=",
    "a length beyond all": POST + b"Content-Length: 99999999999999999999\r\n" + END + b"a",
    "a chunk size of letters": POST + b"Transfer-Encoding: chunked\r\n" + END + b"zz\r\nabc\r\n0\r\n\r\n",
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n" + END + b"-3\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than said": POST + b"Transfer-Encoding: chunked\r\n" + END + b"2\r\nabcdef\r\n0\r\n\r\n",
    "a chunk that breaks off": POST + b"Transfer-Encoding: chunked\r\n" + END + b"ff\r\nabc",
    "a coding nobody knows": POST + b"Transfer-Encoding: gzip, brew\r\n" + END + b"abc",
    "a body that is no gzip": POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n" + END + b"abc",
    "a body that is no deflate": POST + b"Content-Encoding: deflate\r\nContent-Length: 3\r\n" + END + b"\xff\xff\xff",
    "a body too large": POST + b"Content-Length: 2000000\r\n" + END + b"a" * 2_000_000,
    "a body of bytes": POST + b"Content-Length: 4\r\n" + END + b"\xff\xfe=\x00",
    "an expectation": POST + b"Expect: miracles\r\nContent-Length: 1\r\n" + END + b"a",
    "another protocol": PING + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + END,
    "one after a broken one": b"GET\r\n\r\n" + PING + END,
    "a broken one after one": PING + END + b"\x00\x01\r\n\r\n",
}
HANDSHAKES: dict[str, bytes] = {
    "a handshake without a key": SHAKE.rpartition(b"Sec-WebSocket-Key")[0] + END,
    "a handshake with a short key": SHAKE.rpartition(b": ")[0] + b": abc\r\n" + END,
    "a handshake of another version": SHAKE.replace(b": 13", b": 99") + END,
    "a handshake by POST": SHAKE.replace(b"GET", b"POST") + END,
    "a handshake without Connection": SHAKE.replace(b"Connection: Upgrade\r\n", b"") + END,
    "a handshake at no stream": SHAKE.replace(b"/public/ws/", b"/nowhere/") + END,
    "a handshake at an endpoint": SHAKE.replace(b"/public/ws/btcusdt@bookTicker", b"/fapi/v1/ping") + END,
    "a handshake of bytes": SHAKE.replace(b"btcusdt", b"\xff\xfe") + END,
    "a handshake with 2000 names": SHAKE.replace(b"btcusdt@bookTicker", b"a/" * 2000) + END,
    "a handshake with a body": SHAKE + b"Content-Length: 5\r\n" + END + b"hello",
}
FINE = ("a handshake of bytes", "a handshake with 2000 names", "a handshake with a body")
FRAMES: dict[str, bytes] = {
    "not masked": b"\x81\x05hello",
    "reserved bits": b"\xf1\x80\x00\x00\x00\x00",
    "an opcode nobody knows": b"\x83\x80\x00\x00\x00\x00",
    "a length beyond all": b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
    "a long message": b"\x81\xff" + (200_000).to_bytes(8, "big") + b"\x00\x00\x00\x00" + b"a" * 200_000,
    "a control frame in pieces": b"\x09\x80\x00\x00\x00\x00",
    "a long ping": b"\x89\xfe\x00\x80\x00\x00\x00\x00" + b"a" * 128,
    "a continuation of nothing": b"\x80\x83\x00\x00\x00\x00abc",
    "a text in a text": b"\x01\x81\x00\x00\x00\x00a\x81\x81\x00\x00\x00\x00b",
    "text that is no UTF-8": b"\x81\x82\x00\x00\x00\x00\xff\xfe",
    "bytes": b"\x82\x82\x00\x00\x00\x00\xff\xfe",
    "no JSON": b"\x81\x83\x00\x00\x00\x00{a}",
    "deep JSON": b"\x81\xfe\x40\x00\x00\x00\x00\x00" + b"[" * 0x4000,
    "a close with half a code": b"\x88\x81\x00\x00\x00\x00\x03",
    "a close with a code of none": b"\x88\x82\x00\x00\x00\x00\x00\x07",
    "a close that is no UTF-8": b"\x88\x84\x00\x00\x00\x00\x03\xe8\xff\xfe",
    "half a frame": b"\x81\x85\x00\x00",
}


class Stage:
    """A served box, its loop, and what went wrong inside."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.defects: list[dict[str, Any]] = []
        self.server = SimServer(BoxOptions((MarketSource(CATALOGUE["BTCUSDT"]),), weight_limit=10**9))
        self.runner.get_loop().set_exception_handler(lambda _, context: self.defects.append(context))
        self.runner.run(self.server.start())

    def close(self) -> None:
        self.runner.run(self.server.stop())
        self.runner.close()

    def send(self, data: bytes, first: bytes = b"") -> bytes:
        """What comes back until the line is closed or still; with ``first``, after the answer to that."""
        return self.runner.run(self._send(data, first))

    async def _send(self, data: bytes, first: bytes) -> bytes:
        port = int(self.server.rest.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            if first:
                writer.write(first)
                await reader.readuntil(b"\r\n\r\n")
            writer.write(data)
            with suppress(ConnectionError):
                await writer.drain()
            return await read_all(reader)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def check_alive(self) -> None:
        """The next client is served, and nothing went wrong inside."""
        status, body = read_answer(self.send(PING + b"Connection: close\r\n" + END))
        assert (status, body) == (200, b"{}")
        assert not self.defects and not self.server.defects, (self.defects, self.server.defects)


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Until the line is closed, still, or has brought a whole answer; a while only where it brings a stream."""
    data = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.5):
            while part := await asyncio.wait_for(reader.read(65_536), 0.1):
                data += part
                if b"\r\n\r\n" in data and b"ontent-" in data:
                    break
    return data


def read_answer(data: bytes) -> tuple[int, bytes]:
    """(status, body) of the first answer."""
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length")), len(rest))
    return int(lines[0].split(b" ")[1]), rest[:length]


def check_words(answer: bytes) -> None:
    """Nothing of the inside shows."""
    for word in (b"Traceback", b"vibe_quant", b"site-packages", b".py"):
        assert word not in answer, answer[:2000]


def check(answer: bytes) -> None:
    """Nothing at all, or an answer in the exchange's form."""
    check_words(answer)
    if not answer:
        return
    status, body = read_answer(answer)
    assert status in (101, 200, 400, 401, 404, 413), answer[:500]
    if status in (400, 401, 404):
        error = json.loads(body)
        assert error["code"] < 0 and error["code"] != -1000 and error["msg"]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A defect inside is logged, and fails the test."""
    caplog.set_level(logging.INFO)
    yield
    logged = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not logged, [record.getMessage() for record in logged]


@pytest.mark.parametrize("name", [*REQUESTS, *HANDSHAKES])
def test_a_broken_request_is_refused(stage: Stage, name: str) -> None:
    check(stage.send({**REQUESTS, **HANDSHAKES}[name]))
    stage.check_alive()


@pytest.mark.parametrize("name", [name for name in HANDSHAKES if name not in FINE])
def test_a_broken_handshake_is_no_socket(stage: Stage, name: str) -> None:
    assert read_answer(stage.send(HANDSHAKES[name]))[0] in (400, 404)


@pytest.mark.parametrize("name", FRAMES)
def test_a_broken_frame_ends_its_socket_alone(stage: Stage, name: str) -> None:
    check_words(stage.send(FRAMES[name], first=SHAKE + END))
    stage.check_alive()


MANGLED = st.tuples(
    st.sampled_from([data for data in (*REQUESTS.values(), *HANDSHAKES.values()) if len(data) < 1000]),
    st.integers(0, 300),
    st.integers(0, 5),
    st.binary(max_size=8),
)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(parts=MANGLED)
def test_mangled_bytes_are_refused(stage: Stage, parts: tuple[bytes, int, int, bytes]) -> None:
    data, at, gone, put = parts
    check(stage.send(data[:at] + put + data[at + gone :]))
    assert not stage.defects


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=200))
def test_any_bytes_on_a_socket_are_survived(stage: Stage, data: bytes) -> None:
    check_words(stage.send(data, first=SHAKE + END))
    assert not stage.defects

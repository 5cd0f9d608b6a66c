"""One socket against servers that do everything a server can do wrong."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.binance.socket_desk import QUICK, TIMES, Desk, Owner, freeze, served, stay, tick, until
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from vibe_quant.binance.dial import NoConnection, SocketTimes
from vibe_quant.binance.link import Address, Link
from vibe_quant.binance.silence import Silence
from vibe_quant.domain.settings import ReconnectSettings

SECRET = "s3cr3tListenKey"


async def test_frames_come_through_and_up_is_told_once() -> None:
    async with served(tick) as server:
        desk = Desk(Owner(server.url))
        async with desk.running():
            await until(lambda: len(desk.owner.frames) > 5)
    assert desk.owner.told == ["up"]
    assert desk.owner.frames[0] == b"0"
    assert desk.said == []


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 4000])
async def test_a_close_frame_is_told_once_and_the_socket_comes_back(code: int) -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await connection.send("x")
        if number == 0:
            await connection.close(code, f"bye {SECRET}")
        await connection.wait_closed()

    async with served(handler) as server:
        desk = Desk(Owner(f"{server.url}/ws/{SECRET}", secret=SECRET))
        async with desk.running():
            await until(lambda: desk.owner.ups == 2)
    assert desk.owner.told == ["up", f"down closed by the exchange, code {code} (bye ***)", "up"]
    assert len(desk.said) == 1
    assert SECRET not in desk.said[0]


async def test_a_reset_is_told_once_and_the_socket_comes_back() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        if number == 0:
            await asyncio.sleep(0.02)
            connection.transport.abort()
        await connection.wait_closed()

    async with served(handler) as server:
        desk = Desk(Owner(server.url))
        async with desk.running():
            await until(lambda: desk.owner.ups == 2)
    assert desk.owner.told == ["up", "down the connection broke", "up"]


def refuse(status: int, headers: dict[str, str], times: int) -> Callable[[ServerConnection, Request], Response | None]:
    seen = 0

    def judge(connection: ServerConnection, request: Request) -> Response | None:
        nonlocal seen
        seen += 1
        if seen > times:
            return None
        response = connection.respond(http.HTTPStatus(status), "no")
        for name, value in headers.items():
            response.headers[name] = value
        return response

    return judge


@pytest.mark.parametrize("status", [302, 403, 404, 500, 503])
async def test_a_refused_handshake_is_tried_again(status: int) -> None:
    headers = {"Location": "ws://127.0.0.1:1/elsewhere"} if status == 302 else {}
    async with served(tick, process_request=refuse(status, headers, 2)) as server:
        desk = Desk(Owner(f"{server.url}/ws/{SECRET}", secret=SECRET))
        async with desk.running():
            await until(lambda: desk.owner.ups == 1)
    assert [f"HTTP {status}" in line for line in desk.said] == [True, True]
    assert SECRET not in "".join(desk.said)


@pytest.mark.parametrize(
    ("status", "headers", "wait_ms"),
    [(429, {"Retry-After": "1"}, 1000), (418, {}, 120_000), (429, {"Retry-After": "soon"}, 60_000)],
)
async def test_a_limit_is_waited_out_as_long_as_told(status: int, headers: dict[str, str], wait_ms: int) -> None:
    async with served(tick, process_request=refuse(status, headers, 1)) as server:
        desk = Desk(Owner(server.url))
        async with desk.running():
            await until(lambda: desk.said)
            assert f"HTTP {status}; tried again in {wait_ms} ms" in desk.said[0]
            if wait_ms == 1000:
                await asyncio.sleep(0.8)
                assert desk.owner.ups == 0
                await until(lambda: desk.owner.ups == 1)


async def test_nobody_listening_is_tried_again_with_growing_delays() -> None:
    async with served(tick) as server:
        url = server.url
    desk = Desk(Owner(url), settings=replace(QUICK, jitter=Decimal(0)))
    async with desk.running():
        await until(lambda: len(desk.said) == 5)
    assert [line.rpartition("in ")[2] for line in desk.said] == ["20 ms", "40 ms", "80 ms", "100 ms", "100 ms"]
    assert "unreachable" in desk.said[0]


async def test_a_handshake_that_takes_too_long_is_given_up() -> None:
    gate = asyncio.Event()

    async def slow(connection: ServerConnection, request: Request) -> None:
        await gate.wait()

    async with served(tick, process_request=slow) as server:
        desk = Desk(Owner(server.url), replace(TIMES, open_ms=60))
        async with desk.running():
            await until(lambda: desk.said)
            assert "no handshake within 0.06 s" in desk.said[0]
            gate.set()
            await until(lambda: desk.owner.ups == 1)


async def test_what_is_no_websocket_server_is_tried_again() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        desk = Desk(Owner(f"ws://127.0.0.1:{port}/{SECRET}", secret=SECRET))
        async with desk.running():
            await until(lambda: len(desk.said) == 2)
    assert "the handshake failed" in desk.said[0]
    assert SECRET not in "".join(desk.said)


async def test_a_server_without_tls_is_tried_again() -> None:
    async with served(tick) as server:
        desk = Desk(Owner(f"{server.url.replace('ws:', 'wss:')}/{SECRET}"))
        async with desk.running():
            await until(lambda: len(desk.said) == 2)
    assert "unreachable" in desk.said[0]
    assert SECRET not in "".join(desk.said)


async def test_an_address_that_is_none_is_said_without_it() -> None:
    desk = Desk(Owner(f"http://{SECRET}"))
    async with desk.running():
        await until(lambda: desk.said)
    assert "InvalidURI" in desk.said[0]
    assert SECRET not in desk.said[0]


async def test_a_frame_too_big_ends_the_connection_and_not_the_socket() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await connection.send("x" * (2 * 1024 * 1024 if number == 0 else 10))
        await connection.wait_closed()

    async with served(handler) as server:
        desk = Desk(Owner(server.url))
        async with desk.running():
            await until(lambda: desk.owner.frames)
    assert desk.owner.ups == 2
    assert "1009" in desk.owner.told[1]


async def test_silence_is_death_and_the_next_connection_is_made_at_once() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await connection.send("first")
        if number == 0:
            await connection.wait_closed()
        await tick(connection)

    async with served(handler) as server:
        desk = Desk(
            Owner(server.url, Silence(100)), settings=replace(QUICK, initial_delay_ms=60_000, max_delay_ms=60_000)
        )
        async with desk.running():
            await until(lambda: desk.owner.ups == 2)
            await asyncio.sleep(0.3)
    assert desk.owner.told == ["up", "down connected and silent for 0.1 s", "up"]


async def test_a_half_open_connection_is_given_up_by_silence_without_a_wait_for_its_close() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await connection.send("x")
        if number == 0:
            await freeze(connection)
        await tick(connection)

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(100)), replace(TIMES, close_ms=5000))
        async with desk.running():
            began = asyncio.get_running_loop().time()
            await until(lambda: desk.owner.ups == 2)
            assert asyncio.get_running_loop().time() - began < 0.6


async def test_a_half_open_connection_without_data_is_given_up_by_its_pongs() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await (freeze(connection) if number == 0 else stay(connection))

    async with served(handler) as server:
        desk = Desk(Owner(server.url), replace(TIMES, ping_ms=50, pong_ms=50))
        async with desk.running():
            await until(lambda: desk.owner.ups == 2)
    assert "keepalive ping timeout" in desk.owner.told[1]


async def test_cancelling_is_done_within_a_second_even_when_half_open() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await freeze(connection)

    async with served(handler) as server:
        desk = Desk(Owner(server.url))
        async with desk.running():  # asserts it
            await until(lambda: desk.owner.ups == 1)
    assert desk.owner.told == ["up"]


async def test_acknowledgements_are_no_data() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        while True:
            await connection.send("ack")
            await asyncio.sleep(0.01)

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(60)))
        async with desk.running():
            await until(lambda: desk.owner.ups == 2)


async def test_silences_grow_while_reconnecting_brings_nothing_and_are_short_again_after_data() -> None:
    silence = Silence(50, 200)

    async def handler(connection: ServerConnection, number: int) -> None:
        if number == 4:
            await connection.send("x")
        await connection.wait_closed()

    async with served(handler) as server:
        desk = Desk(Owner(server.url, silence))
        async with desk.running():
            await until(lambda: len(desk.owner.told) >= 10)
    downs = [told.rpartition("for ")[2] for told in desk.owner.told if told.startswith("down")]
    assert downs[:5] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s", "0.05 s"]


async def test_a_program_that_stood_still_suspects_nobody() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await tick(connection)

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(100)))
        async with desk.running():
            await until(lambda: desk.owner.frames)
            loop = asyncio.get_running_loop()
            began = loop.time()
            while loop.time() - began < 0.3:  # stands still
                pass
            await asyncio.sleep(0.05)
    assert desk.owner.told == ["up"]


async def test_connections_that_die_at_once_are_made_ever_more_slowly_and_good_ones_begin_anew() -> None:
    async def handler(connection: ServerConnection, number: int) -> None:
        await connection.send("x")
        if number == 4:
            end = asyncio.get_running_loop().time() + 0.15
            while asyncio.get_running_loop().time() < end:
                await connection.send("x")
                await asyncio.sleep(0.01)

    settings = replace(QUICK, jitter=Decimal(0))
    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(50)), settings=settings)
        async with desk.running():
            await until(lambda: len(desk.said) >= 6)
    delays = [line.rpartition("in ")[2] for line in desk.said]
    assert delays[:6] == ["20 ms", "40 ms", "80 ms", "100 ms", "20 ms", "40 ms"]


async def test_delays_are_never_longer_than_the_cap_and_differ() -> None:
    from random import Random

    from vibe_quant.binance.backoff import Backoff

    settings = ReconnectSettings(initial_delay_ms=1000, max_delay_ms=8000, multiplier=Decimal(3), jitter=Decimal("0.5"))
    backoff = Backoff(settings, Random(3))
    delays = [backoff.next_ms() for _ in range(50)]
    assert 500 <= delays[0] <= 1000
    assert 1500 <= delays[1] <= 3000
    assert all(4000 <= delay <= 8000 for delay in delays[2:])
    assert len(set(delays)) > 40
    backoff.reset()
    assert backoff.next_ms(at_once=True) == 0
    assert backoff.next_ms(at_once=True) > 0


async def test_a_drop_is_followed_by_another_connection_at_once() -> None:
    async with served(tick) as server:
        desk = Desk(Owner(server.url), settings=replace(QUICK, initial_delay_ms=60_000, max_delay_ms=60_000))
        async with desk.running():
            desk.socket.drop("nothing to drop yet")
            await until(lambda: desk.owner.ups == 1)
            desk.socket.drop("enough")
            await until(lambda: desk.owner.ups == 2)
    assert desk.owner.told == ["up", "down enough", "up"]


async def test_what_the_owner_does_wrong_ends_the_socket() -> None:
    class Faulty(Owner):
        def frame(self, frame: bytes) -> bool:
            raise ZeroDivisionError

    async with served(tick) as server:
        desk = Desk(Faulty(server.url))
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(desk.socket.run(), 2)
        await until(lambda: server.connections[0].state.name == "CLOSED")


async def test_a_connection_that_is_of_no_use_is_never_up() -> None:
    class Picky(Owner):
        async def tend(self, link: Link) -> None:
            if len(self.frames) < 3:
                await asyncio.sleep(0.03)
                raise NoConnection("not what was asked for")
            link.flows()
            link.flows()

    async with served(tick) as server:
        desk = Desk(Picky(server.url))
        async with desk.running():
            await until(lambda: desk.owner.ups == 1)
    assert desk.owner.told == ["up"]
    assert "not connected: not what was asked for" in desk.said[0]


async def test_an_address_that_is_not_to_be_had_is_waited_for() -> None:
    class Keyless(Owner):
        asked = 0

        async def address(self) -> Address:
            self.asked += 1
            if self.asked < 3:
                raise NoConnection("no key", 30)
            return await super().address()

    async with served(tick) as server:
        desk = Desk(Keyless(server.url))
        async with desk.running():
            await until(lambda: desk.owner.ups == 1)
    assert len(desk.said) == 2
    assert "tried again in 30 ms" in desk.said[0]


def test_an_address_shows_nothing() -> None:
    assert SECRET not in repr(Address(f"ws://x/{SECRET}", SECRET, ("a",)))


def test_the_usual_times_leave_room_before_the_exchange_ends_a_connection() -> None:
    assert SocketTimes().life_ms == 23 * 3_600_000
    assert SocketTimes().close_ms <= 500


async def test_nobody_is_left_waiting_for_a_stay() -> None:
    async with served(stay) as server:
        desk = Desk(Owner(server.url))
        async with desk.running():
            await until(lambda: desk.owner.ups == 1)

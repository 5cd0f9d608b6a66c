"""A connection is renewed before its end: beside the old one, told to nobody, and given up where it does not work."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.binance.socket_desk import TIMES, Desk, Owner, served, stay, tick, until
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from vibe_quant.binance.link import Address, Link
from vibe_quant.binance.silence import Silence

SHORT = replace(TIMES, life_ms=100)


async def test_a_renewal_is_told_to_nobody_and_loses_no_frame() -> None:
    number = 0
    waiting: list[ServerConnection] = []

    async def shout(connection: ServerConnection, n: int) -> None:
        waiting.append(connection)
        await connection.wait_closed()
        waiting.remove(connection)

    async with served(shout) as server:
        desk = Desk(Owner(server.url, Silence(500)), SHORT)
        async with desk.running():
            await until(lambda: waiting)
            while len(server.connections) < 4:
                for connection in tuple(waiting):
                    if connection.state.name == "OPEN":
                        await connection.send(str(number))
                number += 1
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
    assert desk.owner.told == ["up"]
    assert desk.said == []
    heard = {int(frame) for frame in desk.owner.frames}
    assert heard == set(range(number))


async def test_the_old_one_goes_only_when_the_new_one_has_delivered() -> None:
    speak = asyncio.Event()

    async def handler(connection: ServerConnection, n: int) -> None:
        if n == 1:
            await connection.send("ack")
            await speak.wait()
        await tick(connection, n)

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(5000)), SHORT)
        async with desk.running():
            await until(lambda: len(server.connections) == 2)
            await asyncio.sleep(0.1)
            assert server.connections[0].state.name == "OPEN"
            speak.set()
            await until(lambda: server.connections[0].state.name == "CLOSED")
            assert server.connections[0].close_code == 1000
            assert b"1" in desk.owner.frames
    assert desk.owner.told == ["up"]


async def test_where_no_data_is_expected_standing_for_a_while_is_enough() -> None:
    async with served(stay) as server:
        desk = Desk(Owner(server.url), SHORT)
        async with desk.running():
            await until(lambda: len(server.connections) == 3)
            await until(lambda: server.connections[1].state.name == "CLOSED")
            assert server.connections[0].state.name == "CLOSED"
    assert desk.owner.told == ["up"]


async def test_a_renewal_that_is_refused_leaves_the_old_one_and_is_tried_again() -> None:
    asked = 0

    def judge(connection: ServerConnection, request: Request) -> Response | None:
        nonlocal asked
        asked += 1
        return connection.respond(503, "no") if asked in (2, 3) else None

    async with served(tick, process_request=judge) as server:
        desk = Desk(Owner(server.url, Silence(500)), SHORT)
        async with desk.running():
            await until(lambda: len(server.connections) == 2)
            await until(lambda: b"1" in desk.owner.frames)
    assert desk.owner.told == ["up"]
    assert len(desk.said) == 2
    assert "not renewed: the handshake was refused with HTTP 503; the old connection stays" in desk.said[0]


async def test_a_renewal_that_brings_no_data_leaves_the_old_one() -> None:
    async def handler(connection: ServerConnection, n: int) -> None:
        if n == 1:
            await connection.wait_closed()
        await tick(connection, n)

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(60)), SHORT)
        async with desk.running():
            await until(lambda: b"2" in desk.owner.frames)
    assert desk.owner.told == ["up"]
    assert "not renewed: connected and silent" in desk.said[0]


async def test_the_old_one_lost_before_there_is_a_new_one_is_a_loss() -> None:
    gate = asyncio.Event()
    asked = 0

    async def judge(connection: ServerConnection, request: Request) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            await gate.wait()

    async with served(tick, process_request=judge) as server:
        desk = Desk(Owner(server.url), SHORT)
        async with desk.running():
            await until(lambda: asked == 2)
            server.connections[0].transport.abort()
            await until(lambda: desk.owner.ups == 2)
            gate.set()
    assert desk.owner.told == ["up", "down the connection broke", "up"]


async def test_the_old_one_lost_while_the_new_one_carries_nothing_yet_is_a_loss() -> None:
    class Slow(Owner):
        tended = 0

        async def tend(self, link: Link) -> None:
            self.tended += 1
            if self.tended == 2:
                await asyncio.sleep(30)
            link.flows()

    async with served(tick) as server:
        owner = Slow(server.url)
        desk = Desk(owner, SHORT)
        async with desk.running():
            await until(lambda: owner.tended == 2)
            server.connections[0].transport.abort()
            await until(lambda: owner.ups == 2)
            assert server.connections[1].state.name == "CLOSED"
    assert owner.told == ["up", "down the connection broke", "up"]


async def test_the_old_one_lost_when_the_new_one_is_open_is_none() -> None:
    async def handler(connection: ServerConnection, n: int) -> None:
        await (tick(connection, n) if n == 0 else stay(connection))

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(5000)), SHORT)
        async with desk.running():
            await until(lambda: len(server.connections) == 2)
            await asyncio.sleep(0.03)
            server.connections[0].transport.abort()
            await asyncio.sleep(0.03)
    assert desk.owner.told == ["up"]


async def test_cancelled_in_the_middle_of_a_renewal_nothing_stays_open() -> None:
    async def handler(connection: ServerConnection, n: int) -> None:
        await (tick(connection, n) if n == 0 else stay(connection))

    async with served(handler) as server:
        desk = Desk(Owner(server.url, Silence(5000)), SHORT)
        async with desk.running():
            await until(lambda: len(server.connections) == 2)
            await asyncio.sleep(0.03)
        await until(lambda: all(connection.state.name == "CLOSED" for connection in server.connections))


async def test_cancelled_while_a_renewal_waits_for_its_address_nothing_stays_open() -> None:
    class Slow(Owner):
        asked = 0

        async def address(self) -> Address:
            self.asked += 1
            if self.asked > 1:
                await asyncio.sleep(30)
            return await super().address()

    async with served(tick) as server:
        owner = Slow(server.url)
        desk = Desk(owner, SHORT)
        async with desk.running():
            await until(lambda: owner.asked == 2)
        await until(lambda: server.connections[0].state.name == "CLOSED")
    assert desk.owner.told == ["up"]

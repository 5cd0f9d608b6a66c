"""The served exchange's time: a clock that leaps, a machine that slept, a market faster than the machine."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from decimal import Decimal

import aiohttp
import pytest
from tests.sim.server.test_server import OPTIONS, SYMBOL, place, resting

from vibe_quant.sim.server import SimServer
from vibe_quant.sim.server.clock import WallClock

HOUR = 3_600_000


class LeapingClock(WallClock):
    """The wall clock, moved by hand on top."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


def test_a_clock_that_leaps_strikes_the_timers_and_leaves_the_market_where_it_was() -> None:
    async def story() -> None:
        clock = LeapingClock()
        async with SimServer(OPTIONS, clock=clock) as server, aiohttp.ClientSession() as client:
            assert (await place(server, client, "before"))[0] == 200
            server.box.listen_keys.create(server.box.now)
            market = server.box.exchange.venue.market(SYMBOL)
            assert market.quote is not None
            async with client.ws_connect(server.ws + "/private/ws") as stream:
                before, clock.ahead_ms = market.quote.bid, 8 * HOUR
                closed = await asyncio.wait_for(stream.receive(), 5)
                while closed.type is not aiohttp.WSMsgType.CLOSE:
                    closed = await asyncio.wait_for(stream.receive(), 5)
            assert (closed.data, closed.extra) == (1008, "Pong timeout")
            assert server.box.listen_keys.live is None
            async with client.get(server.rest + "/fapi/v1/time") as answer:
                assert abs((await answer.json())["serverTime"] - clock.now_ms()) < 2000
            async with client.get(f"{server.rest}/fapi/v1/ticker/bookTicker?symbol={SYMBOL}") as answer:
                touch = await answer.json()
            assert touch["time"] > clock.now_ms() - 2000
            assert abs(Decimal(touch["bidPrice"]) / before - 1) < Decimal("0.005")
            assert resting(server) == ["before"]

    asyncio.run(story())


def test_a_market_faster_than_the_machine_keeps_nobody_waiting() -> None:
    async def story() -> None:
        async with SimServer(replace(OPTIONS, speed=Decimal(100_000))) as server, aiohttp.ClientSession() as client:
            for number in range(5):
                started = time.monotonic()
                async with client.get(server.rest + "/fapi/v1/time") as answer:
                    told = (await answer.json())["serverTime"]
                assert abs(told - WallClock().now_ms()) < 3000, number
                assert time.monotonic() - started < 5
                await asyncio.sleep(0.1)

    asyncio.run(asyncio.wait_for(story(), 60))


def test_the_wall_clock_follows_the_wall_after_a_sleep_and_never_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, monotonic = [50_000 * 10**9], [7 * 10**9]
    monkeypatch.setattr(time, "time_ns", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic_ns", lambda: monotonic[0])
    clock = WallClock()
    for wall_s, monotonic_s, expected_s in ((1, 1, 50_001), (0, 1, 50_002), (30, 2, 50_031), (-100, 1, 50_032)):
        wall[0] += wall_s * 10**9
        monotonic[0] += monotonic_s * 10**9
        assert clock.now_ms() == expected_s * 1000

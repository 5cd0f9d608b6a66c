"""The user stream with its listen keys from the real adapter, over both kinds of sockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

from tests.binance.socket_desk import QUICK_WS, TIMES, at_work, until
from tests.binance.stream_desk import OPTIONS, USER_TIMES, Ear, SteadyClock, act

from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import simulated
from vibe_quant.binance.user_ws import UserDataWSClient, UserTimes
from vibe_quant.domain.enums import Stream
from vibe_quant.sim.server import SimServer


class Whole:
    """A user stream as it lives in the program."""

    def __init__(self, server: SimServer, times: UserTimes) -> None:
        ends, clock = simulated(server.rest, server.ws), SteadyClock()
        self.ear = Ear()
        self.rest = RestClient(ends, Credentials(server.api_key, server.api_secret), clock, lambda _: None)
        names = SymbolNames()
        keys = ExchangeAdapter(self.rest, names, clock)
        self.stream = UserDataWSClient(
            ends, names, clock, self.ear, QUICK_WS, Random(1), keys, say=self.ear.said.append, times=times
        )


async def course(options: object, fault: dict[str, object] | None, wanted: list[str]) -> Whole:
    """Run until this was told, a fault striking after the first of it."""
    async with SimServer(replace(OPTIONS, faults=options)) as server:
        whole = Whole(server, replace(USER_TIMES, keep_alive_ms=200, socket=TIMES))
        try:
            async with at_work(whole.stream.run()):
                if fault is not None:
                    await until(lambda: whole.ear.course(Stream.USER) == ["up"])
                    await act(server, **fault)
                await until(lambda: whole.ear.course(Stream.USER) == wanted, 10)
                await asyncio.sleep(0.5)
                assert whole.ear.course(Stream.USER) == wanted
        finally:
            await whole.rest.close()
        secrets = [server.api_key, server.api_secret, server.box.listen_keys.live or "-none-"]
        told = " ".join([*whole.ear.said, *whole.ear.reasons(Stream.USER)])
        assert not any(secret in told for secret in secrets)
        return whole


async def test_a_key_is_made_and_extended() -> None:
    whole = await course((), None, ["up"])
    assert whole.ear.said == []


async def test_a_key_that_belongs_to_nobody_is_found_when_it_is_extended() -> None:
    whole = await course([{"kind": "listen_key_bogus", "when": {"nth": 1}}], None, ["up", "down", "up"])
    assert whole.ear.reasons(Stream.USER) == ["the listen key was replaced"]


async def test_an_expired_key_is_replaced() -> None:
    whole = await course((), {"kind": "listen_key_expired"}, ["up", "down", "up"])
    assert whole.ear.reasons(Stream.USER) == ["the listen key expired"]


async def test_an_api_key_revoked_for_a_while_is_waited_for() -> None:
    whole = await course([{"kind": "key_revoked", "for_s": 0.5}], None, ["up"])
    assert whole.ear.said
    assert all("no listen key: refused with -2015" in line for line in whole.ear.said)

"""The user stream against an exchange in a box: listen keys, silence, and every fault of its socket."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import replace
from decimal import Decimal
from time import time_ns
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from tests.binance.socket_desk import TIMES, at_work, served, stay, until
from tests.binance.stream_desk import OPTIONS, USER_TIMES, Ear, Keys, SteadyClock, act, user_of
from websockets.asyncio.server import ServerConnection

from vibe_quant import ports
from vibe_quant.binance.owed import Owed
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import OrderUpdate, PositionUpdate
from vibe_quant.sim.server import SimServer

WITHOUT_KEY: list[ports.Failure] = [
    ports.NotSent("the breaker is open"),
    ports.Unknown("timeout"),
    ports.Rejected(-1000, "An unknown error", 0),
    ports.RateLimited(20),
    ports.Banned(20),
    ports.AuthLost(-2015, "Invalid API-key", 0),
]
COURSE = ["up", "down", "up"]


async def place(server: SimServer, name: str) -> None:
    """An order far away, whose report the user stream brings."""
    quote = server.box.exchange.venue.market("BTCUSDT").quote
    assert quote is not None
    price = str((quote.ask * Decimal("1.02")).quantize(Decimal("0.1")))
    order = {"symbol": "BTCUSDT", "side": "SELL", "positionSide": "LONG", "type": "LIMIT", "timeInForce": "GTC"}
    order |= {"quantity": "0.01", "price": price, "newClientOrderId": name}
    text = urlencode({**order, "timestamp": str(time_ns() // 1_000_000)})
    body = f"{text}&signature={hmac.digest(server.api_secret.encode(), text.encode(), 'sha256').hex()}"
    headers = {"X-MBX-APIKEY": server.api_key, "Content-Type": "application/x-www-form-urlencoded"}
    url = f"{server.rest}/fapi/v1/order"
    async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def test_orders_are_told_of_and_up_once() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        user = user_of(server.ws, ear, keys)
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            await place(server, "first")
            await until(lambda: ear.of(OrderUpdate))
            user.expect(SteadyClock().now_ms())  # the answer comes after the news
            await asyncio.sleep(0.3)
        assert server.box.listen_keys.live is not None  # never deleted
    (report,) = ear.of(OrderUpdate)
    assert isinstance(report, OrderUpdate)
    assert report.client_id == "first"
    assert ear.course(Stream.USER) == ["up"]
    assert ear.said == []


FAULTS: dict[str, dict[str, object]] = {
    "closed": {"kind": "sockets_closed", "code": 1008, "classes": ["private"]},
    "reset": {"kind": "sockets_closed", "classes": ["private"]},
    "half open": {"kind": "sockets_half_open", "for_s": 30, "classes": ["private"]},
    "expired": {"kind": "listen_key_expired"},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_told_once_and_mended(fault: str) -> None:
    ear = Ear()
    times = replace(USER_TIMES, socket=replace(TIMES, ping_ms=100, pong_ms=100))
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        user = user_of(server.ws, ear, keys, times)
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            first = server.box.listen_keys.live
            await act(server, **FAULTS[fault])
            await until(lambda: ear.course(Stream.USER) == COURSE)
            await place(server, "after")
            await until(lambda: ear.of(OrderUpdate))
            assert (server.box.listen_keys.live == first) == (fault != "expired")
    assert ear.course(Stream.USER) == COURSE
    assert len(ear.said) == 1
    assert first is not None
    assert first not in "".join([*ear.said, *ear.reasons(Stream.USER)])


async def test_connected_and_silent_is_found_by_an_accepted_request() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        user = user_of(server.ws, ear, Keys(server))
        user.expect(SteadyClock().now_ms())  # not up yet: nothing is owed
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            await asyncio.sleep(0.3)
            assert ear.course(Stream.USER) == ["up"]
            await act(server, kind="sockets_silent", for_s=30, classes=["private"])
            await place(server, "unheard")
            user.expect(SteadyClock().now_ms())
            await until(lambda: ear.course(Stream.USER) == COURSE, 1)
            await asyncio.sleep(0.3)
            await place(server, "heard")
            await until(lambda: ear.of(OrderUpdate))
    assert ear.reasons(Stream.USER) == ["connected and silent: an accepted request was not told of"]
    assert ear.course(Stream.USER) == COURSE


async def test_a_key_that_is_none_is_found_when_it_is_extended() -> None:
    ear = Ear()
    times = replace(USER_TIMES, keep_alive_ms=100)

    class Bogus(Keys):
        async def listen_key(self) -> ports.Outcome[str]:
            real = await super().listen_key()
            return ports.Accepted("bogus") if self.asked == 1 else real

    async with SimServer(OPTIONS) as server:
        user = user_of(server.ws, ear, Bogus(server), times)
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == COURSE)
            await place(server, "after")
            await until(lambda: ear.of(OrderUpdate))
            assert user.counted.replaced == 1
    assert ear.reasons(Stream.USER) == ["the listen key was replaced"]


async def test_a_key_that_is_gone_is_made_again_and_so_is_the_connection() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        user = user_of(server.ws, ear, keys, replace(USER_TIMES, keep_alive_ms=150))
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            server.box.listen_keys.on_gone = lambda key, now: None  # nobody says so
            server.box.listen_keys.expire_now(server.box.now)
            await until(lambda: ear.course(Stream.USER) == COURSE)
    assert ear.reasons(Stream.USER) == ["the listen key is gone"]


async def test_extending_goes_on_and_is_repeated_sooner_where_it_fails() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        user = user_of(server.ws, ear, keys, replace(USER_TIMES, keep_alive_ms=200))
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            keys.answers = [ports.Unknown("timeout"), ports.RateLimited(80)]
            await until(lambda: keys.extended == 2)
            began = asyncio.get_running_loop().time()
            await until(lambda: keys.extended == 3)
            assert asyncio.get_running_loop().time() - began > 0.07
            await until(lambda: keys.extended == 4)
            assert (user.counted.extended, user.counted.failed, user.counted.replaced) == (2, 2, 0)
    assert ear.course(Stream.USER) == ["up"]
    assert [line.rpartition("again in ")[2] for line in ear.said] == ["40 ms", "80 ms"]
    assert "the listen key was not extended" in ear.said[0]


async def test_without_a_connection_nothing_is_extended() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        keys.answers = [ports.Banned(120_000)]
        async with at_work(user_of(server.ws, ear, keys, replace(USER_TIMES, keep_alive_ms=10)).run()):
            await until(lambda: ear.said)
            await asyncio.sleep(0.1)
        assert keys.extended == 0


@pytest.mark.parametrize("failure", WITHOUT_KEY)
async def test_a_key_that_cannot_be_had_is_waited_for(failure: ports.Failure) -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        keys.answers = [failure, failure]
        async with at_work(user_of(server.ws, ear, keys).run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
    assert len(ear.said) == 2
    assert "not connected: no listen key" in ear.said[0]


async def test_a_ban_is_waited_out_as_long_as_told() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        keys = Keys(server)
        keys.answers = [ports.Banned(120_000)]
        async with at_work(user_of(server.ws, ear, keys).run()):
            await until(lambda: ear.said)
            await asyncio.sleep(0.2)
            assert keys.asked == 1
    assert "tried again in 120000 ms" in ear.said[0]


@pytest.mark.parametrize("every", [True, False])
async def test_it_is_renewed_without_a_word(every: bool) -> None:
    ear = Ear()
    options = replace(OPTIONS, switches=replace(OPTIONS.switches, every_socket_of_key_hears=every))
    async with SimServer(options) as server:
        user = user_of(server.ws, ear, Keys(server), replace(USER_TIMES, socket=replace(TIMES, life_ms=150)))
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            for n in range(12):
                await place(server, f"order{n}")
                await asyncio.sleep(0.06)
    heard = {event.client_id for event in ear.of(OrderUpdate) if isinstance(event, OrderUpdate)}
    assert heard == {f"order{n}" for n in range(12)}
    assert ear.course(Stream.USER) == ["up"]
    assert ear.said == []


async def test_another_key_met_in_a_renewal_is_a_loss() -> None:
    ear = Ear()
    async with SimServer(OPTIONS) as server:
        user = user_of(server.ws, ear, Keys(server), replace(USER_TIMES, socket=replace(TIMES, life_ms=200)))
        async with at_work(user.run()):
            await until(lambda: ear.course(Stream.USER) == ["up"])
            server.box.listen_keys.on_gone = lambda key, now: None
            server.box.listen_keys.expire_now(server.box.now)
            await until(lambda: ear.course(Stream.USER) == COURSE)
    assert ear.reasons(Stream.USER) == ["the listen key was replaced"]


async def test_remarks_go_to_the_log_and_positions_to_the_sink() -> None:
    ear = Ear()
    call = '{"e":"MARGIN_CALL","E":1,"cw":"3.1","p":[{"s":"BTCUSDT","ps":"LONG","pa":"1","mt":"CROSSED","iw":"0",'
    call += '"mp":"187.1","up":"-1.1","mm":"1.6"}]}'

    async def handler(connection: ServerConnection, number: int) -> None:
        await connection.send(call)
        await connection.send('{"what":')
        await stay(connection)

    class Anything:
        async def listen_key(self) -> ports.Outcome[str]:
            return ports.Accepted("k" * 64)

        async def keep_alive(self) -> ports.Outcome[None]:
            return ports.Accepted(None)

    async with served(handler) as server:
        keys: Any = Anything()
        user = user_of(server.url, ear, keys)
        async with at_work(user.run()):
            await until(lambda: len(ear.said) == 2)
            assert server.paths == ["/private/ws/" + "k" * 64]
    assert "margin call for BTC/USDT:USDT LONG" in ear.said[0]
    assert ear.of(PositionUpdate) == []


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 10_000


async def test_news_within_a_second_before_pays_and_older_news_does_not() -> None:
    hand, unpaid = Hand(), []
    owed = Owed(50, lambda: hand.now, lambda: unpaid.append(hand.now))
    owed.heard()
    hand.now += 1_000
    owed.expect(hand.now)
    hand.now += 2_000
    await asyncio.sleep(0.1)
    assert unpaid == []
    owed.expect(hand.now)
    owed.expect(hand.now + 10)
    hand.now += 30
    await asyncio.sleep(0.08)
    assert unpaid == []  # its time, not the loop's, is what counts
    hand.now += 60
    await asyncio.sleep(0.08)
    assert unpaid == [hand.now]


async def test_what_is_owed_is_forgotten_with_the_connection_and_paid_by_any_news() -> None:
    hand, unpaid = Hand(), []
    owed = Owed(20, lambda: hand.now, lambda: unpaid.append(hand.now))
    owed.expect(hand.now)
    owed.forget()
    owed.forget()
    hand.now += 100
    await asyncio.sleep(0.05)
    owed.expect(hand.now)
    owed.heard()
    hand.now += 100
    await asyncio.sleep(0.05)
    assert unpaid == []

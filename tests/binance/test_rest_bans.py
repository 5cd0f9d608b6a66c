"""418 and 429: nothing leaves during a ban, nothing but risk during a back-off, whoever was about to ask."""

from __future__ import annotations

import asyncio

import pytest
from tests.binance.rest_desk import ORDER, SERVER_MS, Act, Seen, answer, raw, silence, staged

from vibe_quant.binance.outcome import BAN_MS, MARGIN_MS
from vibe_quant.binance.rest import Hold
from vibe_quant.domain import events as ev
from vibe_quant.ports import Accepted, Banned, NotSent, RateLimited, Rejected, Unknown

POST, PUT, DELETE, GET = (f"fapiPrivate{verb}Order" for verb in ("Post", "Put", "Delete", "Get"))
BAN = '{"code":-1003,"msg":"Way too many requests; IP(1.2.3.4) banned until %d. Please use the websocket."}'
LIMIT = '{"code":-1003,"msg":"Too many requests; current limit of IP(1.2.3.4) is 2400 requests per minute."}'
SLOTS = '{"code":-1015,"msg":"Too many new orders; current limit is 300 orders per 10 SECOND."}'


async def test_a_ban_lets_nothing_out_until_its_end() -> None:
    async with staged(answer(BAN % (SERVER_MS + 9000), 418)) as stage:
        outcome = await stage.client.call(POST, ORDER)
        assert isinstance(outcome, Banned)
        until = stage.clock.now + 9000 + MARGIN_MS
        assert stage.limits_told == [ev.RateLimited(until, stage.clock.now, banned=True)]
        stage.clock.pass_ms(9000 + MARGIN_MS - 1)
        for hold in Hold:
            for name in (POST, PUT, DELETE, GET, "fapiPublicGetTime", "fapiPrivatePostListenKey"):
                refused = await stage.client.call(name, ORDER, hold)
                assert isinstance(refused, NotSent)
                assert "banned" in refused.detail
        assert len(stage.desk.seen) == 1
        stage.clock.pass_ms(1)
        assert await stage.client.call(POST, ORDER) == Accepted("{}")


async def test_of_two_bans_the_later_end_rules() -> None:
    """Two requests are under way when the first ban is told; the second is told a shorter one."""
    first, second = asyncio.Event(), asyncio.Event()

    def after(event: asyncio.Event, ms: int) -> Act:
        async def act(seen: Seen, writer: asyncio.StreamWriter) -> None:
            await event.wait()
            await answer(BAN % (SERVER_MS + ms), 418)(seen, writer)

        return act

    async with staged(after(first, 60_000), after(second, 5000)) as stage:
        one = asyncio.create_task(stage.client.call(GET, {}))
        while len(stage.desk.seen) < 1:
            await asyncio.sleep(0.005)
        two = asyncio.create_task(stage.client.call(GET, {}))
        while len(stage.desk.seen) < 2:
            await asyncio.sleep(0.005)
        first.set()
        assert isinstance(await one, Banned)
        second.set()
        assert isinstance(await two, Banned)
        stage.clock.pass_ms(59_000)
        assert isinstance(await stage.client.call(POST, ORDER, Hold.URGENT), NotSent)
        assert len(stage.desk.seen) == 2


async def test_a_request_that_waits_for_its_connection_does_not_leave_when_a_ban_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = asyncio.Event()

    async def ban_when_told(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await told.wait()
        await answer(BAN % (SERVER_MS + 60_000), 418)(seen, writer)

    async with staged(ban_when_told) as stage:
        one = asyncio.create_task(stage.client.call(GET, {}))
        while not stage.desk.seen:
            await asyncio.sleep(0.005)
        connect, waiting, go_on = hold_connections(stage.client)
        monkeypatch.setattr(*connect)
        others = [asyncio.create_task(stage.client.call(POST, ORDER, hold)) for hold in Hold]
        await waiting.wait()
        told.set()
        assert isinstance(await one, Banned)
        go_on.set()
        for outcome in await asyncio.gather(*others):
            assert isinstance(outcome, NotSent)
            assert "banned" in outcome.detail
        assert len(stage.desk.seen) == 1


def hold_connections(client: object) -> tuple[tuple[object, str, object], asyncio.Event, asyncio.Event]:
    """Connections that are asked for now come only when the second event is set; the first: one is asked for."""
    connector = client._wire._transport._session.connector  # type: ignore[attr-defined]
    real, waiting, go_on = connector.connect, asyncio.Event(), asyncio.Event()

    async def connect(*args: object, **kwargs: object) -> object:
        connection = await real(*args, **kwargs)
        waiting.set()
        await go_on.wait()
        return connection

    return (connector, "connect", connect), waiting, go_on


async def test_a_ban_counts_from_its_status_on_though_its_body_hangs() -> None:
    head = b"HTTP/1.1 418 I am a teapot\r\nContent-Length: 99\r\n%s\r\n{"
    for extra, wait in ((b"Retry-After: 30\r\n", 31_000), (b"", BAN_MS)):
        async with staged(raw(head % extra, then_close=False), timeout_ms=300) as stage:
            first = asyncio.create_task(stage.client.call(GET, {}))
            while not stage.desk.seen:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            assert isinstance(await stage.client.call(POST, ORDER, Hold.URGENT), NotSent)
            outcome = await first
            assert isinstance(outcome, Banned)
            assert outcome.wait_ms == wait
            assert len(stage.desk.seen) == 1


async def test_a_back_off_lets_risk_pass() -> None:
    async with staged(answer(LIMIT, 429, Retry_After="3")) as stage:
        assert isinstance(await stage.client.call(GET, {}), RateLimited)
        until = stage.clock.now + 4000
        assert stage.limits_told == [ev.RateLimited(until, stage.clock.now)]
        for name in (POST, DELETE, GET):
            assert isinstance(await stage.client.call(name, ORDER), NotSent)
        assert len(stage.desk.seen) == 1
        assert await stage.client.call(POST, ORDER, Hold.URGENT) == Accepted("{}")
        stage.clock.pass_ms(4000)
        assert await stage.client.call(POST, ORDER) == Accepted("{}")


async def test_a_spent_order_count_holds_orders_and_lets_cancels_go() -> None:
    async with staged(answer(SLOTS, 429, Retry_After="3")) as stage:
        outcome = await stage.client.call(POST, ORDER)
        assert isinstance(outcome, Rejected)
        assert outcome.code == -1015
        assert stage.limits_told == []
        for name in (POST, PUT):
            assert isinstance(await stage.client.call(name, ORDER), NotSent)
        for name in (DELETE, GET):
            assert await stage.client.call(name, ORDER) == Accepted("{}")
        assert await stage.client.call(POST, ORDER, Hold.URGENT) == Accepted("{}")
        stage.clock.pass_ms(4000)
        assert await stage.client.call(PUT, ORDER) == Accepted("{}")


async def test_a_request_under_way_when_the_ban_comes_is_not_taken_for_unsent() -> None:
    async with staged(silence, answer(BAN % (SERVER_MS + 60_000), 418), timeout_ms=150) as stage:
        first = asyncio.create_task(stage.client.call(POST, ORDER))
        while not stage.desk.seen:
            await asyncio.sleep(0.005)
        assert isinstance(await stage.client.call(GET, {}), Banned)
        assert isinstance(await first, Unknown)

"""What comes of broken connections, silence, half answers, web pages, and hosts that nobody reaches."""

from __future__ import annotations

import asyncio
import socket

import pytest
from tests.binance.rest_desk import (
    KEYS,
    ORDER,
    Act,
    Desk,
    HandClock,
    answer,
    endpoints,
    raw,
    reset,
    silence,
    staged,
)

from vibe_quant.binance.rest import Hold, RestClient
from vibe_quant.domain import events as ev
from vibe_quant.ports import Accepted, NotSent, RateLimited, Rejected, Unknown

POST, PUT, DELETE, GET = (f"fapiPrivate{verb}Order" for verb in ("Post", "Put", "Delete", "Get"))


@pytest.mark.parametrize("name", [POST, PUT, DELETE, GET])
async def test_a_connection_that_is_reset_leaves_the_outcome_unknown_and_nothing_is_repeated(name: str) -> None:
    async with staged(reset) as stage:
        assert isinstance(await stage.client.call(name, ORDER), Unknown)
        assert len(stage.desk.seen) == 1


@pytest.mark.parametrize("name", [POST, PUT, DELETE, GET])
async def test_a_kept_connection_that_the_server_drops_is_unknown_and_nothing_is_repeated(name: str) -> None:
    async with staged(answer(), reset) as stage:
        await stage.client.call("fapiPublicGetTime", {})
        assert isinstance(await stage.client.call(name, ORDER), Unknown)
        assert len(stage.desk.seen) == 2
        assert await stage.client.call(name, ORDER) == Accepted("{}")


async def test_an_idle_connection_that_the_server_gave_up_costs_nothing() -> None:
    async with staged(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as stage:
        await stage.client.call("fapiPublicGetTime", {})
        await asyncio.sleep(0.05)
        assert await stage.client.call(POST, ORDER) == Accepted("{}")
        assert stage.desk.connections == 2


SLOW = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{"


@pytest.mark.parametrize("name", [POST, PUT, DELETE, GET])
@pytest.mark.parametrize("act", [silence, raw(SLOW, then_close=False), raw(SLOW[:20], then_close=False)])
async def test_silence_is_unknown_after_the_timeout(name: str, act: Act) -> None:
    async with staged(act, timeout_ms=80) as stage:
        outcome = await asyncio.wait_for(stage.client.call(name, ORDER), 2)
        assert isinstance(outcome, Unknown)
        assert len(stage.desk.seen) == 1


@pytest.mark.parametrize(
    "data",
    [
        SLOW,
        b"",
        b"HTTP/1.1 200",
        b"no http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
)
async def test_broken_answers_are_unknown(data: bytes) -> None:
    async with staged(raw(data), raw(data)) as stage:
        assert isinstance(await stage.client.call(POST, ORDER), Unknown)
        assert isinstance(await stage.client.call(GET, {}), Unknown)
        assert len(stage.desk.seen) == 2


async def test_a_status_counts_though_its_body_breaks_off() -> None:
    head = b"HTTP/1.1 429 Slow down\r\nRetry-After: 4\r\nContent-Length: 99\r\n\r\n"
    async with staged(raw(head + b"{")) as stage:
        outcome = await stage.client.call(POST, ORDER)
        assert isinstance(outcome, RateLimited)
        assert outcome.wait_ms == 5000


@pytest.mark.parametrize("status", [403, 502, 504])
async def test_web_pages(status: int) -> None:
    page = answer("<html>Forbidden</html>", status, "text/html")
    async with staged(page, page) as stage:
        assert isinstance(await stage.client.call(POST, ORDER), Unknown)
        failed = await stage.client.call(GET, {})
        assert isinstance(failed, Rejected)
        assert failed.code == status


async def test_a_web_page_that_says_it_is_an_answer() -> None:
    page = answer("<html>Welcome</html>")
    async with staged(page, page) as stage:
        assert isinstance(await stage.client.call(POST, ORDER), Unknown)
        assert isinstance(await stage.client.call(GET, {}), Unknown)


async def test_a_redirect_is_not_followed() -> None:
    async with staged() as other:
        away = answer("", 307, Location=other.desk.base + "/fapi/v1/order")
        async with staged(away, away) as stage:
            assert isinstance(await stage.client.call(POST, ORDER), Unknown)
            assert isinstance(await stage.client.call(GET, {}), Rejected)
            assert other.desk.seen == []


async def test_no_connection_is_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = RestClient(endpoints(base), KEYS, HandClock(), list[ev.Event]().append)
        outcome = await client.call(POST, ORDER)
        await client.close()
    assert isinstance(outcome, NotSent)
    assert "no connection" in outcome.detail


async def test_a_host_that_takes_no_connections_is_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        try:
            for one in crowd:
                one.setblocking(False)
                one.connect_ex(address)
            base = f"http://127.0.0.1:{address[1]}"
            told = list[ev.Event]()
            client = RestClient(endpoints(base), KEYS, HandClock(), told.append, timeout_ms=5000, connect_ms=100)
            outcome = await asyncio.wait_for(client.call(POST, ORDER), 3)
            await client.close()
        finally:
            for one in crowd:
                one.close()
    assert isinstance(outcome, NotSent)
    assert "in time" in outcome.detail


async def test_an_encrypted_venue_whose_certificate_nobody_knows_is_not_sent_to() -> None:
    async with Desk() as desk:
        base = desk.base.replace("http:", "https:")
        client = RestClient(endpoints(base), KEYS, HandClock(), list[ev.Event]().append, timeout_ms=500)
        assert isinstance(await client.call(POST, ORDER), NotSent)
        await client.close()
        assert desk.seen == []


async def test_after_the_end_nothing_is_sent() -> None:
    async with staged() as stage:
        await stage.client.call(GET, {})
        await stage.client.close()
        await stage.client.close()
        assert isinstance(await stage.client.call(POST, ORDER, Hold.URGENT), NotSent)
        assert len(stage.desk.seen) == 1


async def test_a_call_that_is_cancelled_leaves_the_client_usable() -> None:
    async with staged(silence) as stage:
        task = asyncio.create_task(stage.client.call(POST, ORDER))
        while not stage.desk.seen:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await stage.client.call(POST, ORDER) == Accepted("{}")

"""The front as a whole: it is served, or one line says why not; connections are bounded; it ends when it is told to."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger
from tests.operations_fake import BTC, COST, FakeOperations
from tests.web.stand import PATIENCE_S, SECRET, stand
from tests.web.test_trail import TICK, order

from vibe_quant.app.clock import SystemClock
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.web import serving
from vibe_quant.web.front import WebFront
from vibe_quant.web.token import Token


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    number = logger.add(lambda message: lines.append(str(message)), format="{message}", level="WARNING")
    yield lines
    logger.remove(number)


def front(host: str = "127.0.0.1", port: int = 0, told: list[str] | None = None) -> WebFront:
    announce = (told if told is not None else []).append
    return WebFront(WebSettings(host=host, port=port), FakeOperations(), Token(SECRET), "vq", SystemClock(), announce)


async def test_a_port_in_use_is_one_line_with_its_cure_and_is_tried_again(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "AGAIN_S", 0.05)
    taken = socket.create_server(("127.0.0.1", 0))
    told: list[str] = []
    task = asyncio.create_task(front(port=taken.getsockname()[1], told=told).run())
    async with asyncio.timeout(PATIENCE_S):
        while not said:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        assert len(said) == 1
        assert "is in use by another program; end that one, or set global.web.port to another" in said[0]
        assert "Trading goes on" in said[0]
        assert not told
        taken.close()
        while not told:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("quant.invalid", "set global.web.host to an address, not a name"),
        ("192.0.2.1", "this host has no such address"),
    ],
)
async def test_an_address_that_cannot_be_had_is_said_with_its_cure(said: list[str], host: str, words: str) -> None:
    task = asyncio.create_task(front(host).run())
    async with asyncio.timeout(PATIENCE_S):
        while not said:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert words in said[0]


def test_a_port_that_is_not_allowed_names_its_cure() -> None:
    assert "one above 1023" in front()._cure(OSError(errno.EACCES, "Permission denied"))


@pytest.mark.parametrize("host", ["localhost", "::1"])
async def test_other_names_of_this_host_are_served_and_need_no_token_to_look(host: str) -> None:
    told: list[str] = []
    made = front(host, told=told)
    task = asyncio.create_task(made.run())
    async with asyncio.timeout(PATIENCE_S):
        while not told and not task.done():
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert told[0].startswith("http://127.0.0.1:" if host == "localhost" else "http://[::1]:")
    assert made._gate.near


async def test_what_happens_is_shown_on_the_page_and_counted() -> None:
    class Meter:
        seen = 0

        def see(self, *news: Any) -> None:
            self.seen += 1

        def notice(self, notice: Notify) -> None:
            self.seen += 1

        def cost(self, cost: Any) -> None:
            self.seen += 1

        async def text(self, status: Any) -> tuple[bytes, str]:
            return b"", "text/plain"

    meter = Meter()
    async with stand(meter=meter) as at:
        notice = Notify(NoticeKind.RISK, Severity.WARNING, "near")
        at.front.see(0, TICK, (order(), notice), None)
        at.front.notice(notice)
        at.front.cost(COST)
        _, events = await at.asked("GET", "api/events")
        _, trace = await at.asked("GET", "api/trace?symbol=btc")
    assert meter.seen == 3
    assert isinstance(events, list)
    assert [event["text"][:4] for event in events] == ["near", "near", "BTC/"]
    assert isinstance(trace, dict)
    assert trace["marks"][0]["symbol"] == BTC
    assert trace["marks"][0]["price"] == "100.5"


async def test_connections_that_ask_nothing_do_not_use_up_what_trading_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 3)
    async with stand() as at:
        host, port = "127.0.0.1", int(at.url.rstrip("/").rpartition(":")[2])
        idle = [await asyncio.open_connection(host, port) for _ in range(3)]
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection(host, port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(PATIENCE_S):
                await reader.readexactly(1)
        for _, one in (*idle, (reader, writer)):
            one.close()
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    assert (await at.asked("GET", "healthz"))[0] == 200
                    break
                except OSError:
                    await asyncio.sleep(0.02)


def test_the_folder_of_the_page_is_whole_and_names_no_other_host() -> None:
    from vibe_quant.web.page_files import FOLDER

    names = {path.name for path in FOLDER.iterdir()}
    for path in FOLDER.iterdir():
        text = path.read_text(encoding="utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "cookie"):
            assert word not in text, (path.name, word)
        addresses = {
            part.split('"')[0].split("'")[0] for part in text.split("http://")[1:] + text.split("https://")[1:]
        }
        assert addresses <= {"www.w3.org/2000/svg"}, path.name
        for part in text.split('from "./')[1:]:
            assert part.split('"')[0] in names, (path.name, part[:20])

"""Whether what looks at trading can hold it up: the program with everything around it hanging, beside it left alone.

The hostile world: Telegram's server takes requests and never answers, the disk of the log files takes a quarter of a
second a write and standard error is a pipe that nobody reads, somebody exports the journal to a disk that is as slow,
ten browsers look at the page and never read what they are sent, and Prometheus scrapes each second.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
from tests.bench.hosted_child import Hosted
from tests.bench.live_markets import STRATEGIES, Pace, box_of, config, instruments, seats
from tests.bench.live_process import Facts, folder, keys_of, process, row, say, spread, three

from vibe_quant.sim.server import SimServer

PAIRS = 5
ORDERS = int(os.environ.get("VQ_BENCH_ORDERS", "800"))
SYMBOLS, ORDERS_PER_S = 6, 30
"""Few, each as busy as the busiest recorded: then the market causes orders, not a budget that is free again."""
EXECUTION = "{order_ttl_ms: 60, repost_cooldown_ms: 0, min_signal_interval_ms: 40, maker_timeouts_to_escalate: 0}"
MOST = 0.2
KINDS = frozenset(os.environ.get("VQ_BENCH_TORMENTS", "telegram disk export browsers scrapes").split())
"""Which torments there are: one at a time tells whose an effect is."""
BROWSERS, SCRAPE_S, DISK_S, ACK_S = 10, 1.0, 0.25, 0.1
BOT = "123456789:AAbench_bench_bench_bench_bench_0123"
AROUND = """
global:
  web: {{enabled: {web}, port: {port}}}
  telegram: {{enabled: {telegram}, api_url: "{api}", allow: [{{chat: 1, user: 1}}]}}
"""
FRAME = b'\x81\x8e\x00\x00\x00\x00{"token":null}'
DRAWN = b"\x81\x80\x00\x00\x00\x00"
"""An empty text: the browser says that it has drawn what it was sent."""


@dataclass(slots=True)
class Torment:
    """What the hostile world has done, to see that it was there."""

    telegram: int = 0
    scrapes: int = 0
    slowest_scrape_s: float = 0.0
    browsers: int = 0
    exported: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def hanging_telegram(torment: Torment) -> AsyncIterator[str]:
    """Its address."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        torment.telegram += 1
        with suppress(ConnectionError):
            while await reader.read(65_536):
                pass
        writer.close()

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def stuck_browser(port: int, torment: Torment) -> None:
    """Looks again and again, says that it has drawn, and never reads."""
    loop = asyncio.get_running_loop()
    request = (
        f"GET /api/push HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    while True:
        with socket.socket() as one, suppress(OSError):
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(one, ("127.0.0.1", port))
            await loop.sock_sendall(one, request.encode())
            await asyncio.sleep(0.5)
            await loop.sock_sendall(one, FRAME)
            torment.browsers += 1
            while True:
                await asyncio.sleep(ACK_S)
                await loop.sock_sendall(one, DRAWN)
        await asyncio.sleep(0.5)


async def scraper(port: int, torment: Torment) -> None:
    """Prometheus."""
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        while True:
            began = loop.time()
            with suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    body = await answer.read()
                    torment.scrapes += answer.status == 200 and b"vibe_quant_orders_total" in body
                    torment.slowest_scrape_s = max(torment.slowest_scrape_s, loop.time() - began)
            await asyncio.sleep(SCRAPE_S)


async def export(journal: Path, torment: Torment) -> None:
    """Reads the journal again and again in one transaction each, a row at a time, as fast as a slow disk takes them."""
    while True:
        with suppress(sqlite3.Error):
            file = sqlite3.connect(f"{journal.absolute().as_uri()}?mode=ro", uri=True)
            try:
                rows = file.execute("SELECT body FROM entries ORDER BY seq")
                for _ in range(20):
                    torment.exported += len(rows.fetchmany(50))
                    await asyncio.sleep(DISK_S)
            finally:
                file.close()
        await asyncio.sleep(DISK_S)


@asynccontextmanager
async def unread_pipe(at: Path) -> AsyncIterator[str]:
    """A pipe that is open and full sooner or later."""
    path = at / "err"
    os.mkfifo(path)
    end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield str(path)
    finally:
        os.close(end)


@asynccontextmanager
async def tormented(at: Path, port: int, torment: Torment) -> AsyncIterator[None]:
    """All who look, while it works."""
    journal = at / "sim" / "journal.sqlite"
    work: list[Callable[[], Awaitable[None]]] = []
    work += [lambda: scraper(port, torment)] if "scrapes" in KINDS else []
    work += [lambda: export(journal, torment)] if "export" in KINDS else []
    work += [lambda: stuck_browser(port, torment)] * BROWSERS if "browsers" in KINDS else []
    tasks = [asyncio.ensure_future(one()) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def configured(at: Path, port: int, telegram: str | None, *, web: bool) -> Path:
    """The configuration of the load, with what is around it on or off."""
    path = config(at, STRATEGIES["orderbook_price"], EXECUTION, ORDERS_PER_S)
    on = str(telegram is not None and "telegram" in KINDS).lower()
    around = AROUND.format(web=str(web).lower(), port=port, telegram=on, api=telegram or "http://127.0.0.1:9")
    whole = path.read_text(encoding="utf-8").replace("\nglobal:\n", around, 1)
    path.write_text(whole, encoding="utf-8")
    return path


async def run_once(found: Sequence[Pace], torment: Torment | None) -> Facts:
    """Orders of the program, left alone or tormented."""
    of, port = instruments(SYMBOLS), free_port()
    async with AsyncExitStack() as stack:
        at = await stack.enter_async_context(folder())
        server = await stack.enter_async_context(SimServer(box_of(of, found, seats(of))))
        api, err = None, os.devnull
        if torment is not None:
            api = await stack.enter_async_context(hanging_telegram(torment))
            err = await stack.enter_async_context(unread_pipe(at)) if "disk" in KINDS else err
        path = configured(at, port, api, web=torment is not None)
        waits_s = DISK_S if torment is not None and "disk" in KINDS else 0.0
        task = Hosted(
            rest=server.rest, ws=server.ws, config=str(path), state=str(at), symbols=SYMBOLS, orders=ORDERS,
            disk_waits_s=waits_s, err=err,
        )  # fmt: skip
        tokens = {"VIBE_QUANT_TELEGRAM_TOKEN": BOT, "VIBE_QUANT_WEB_TOKEN": secrets.token_urlsafe(24)}
        more = {**keys_of(server, "VIBE_QUANT"), **tokens}
        child = await stack.enter_async_context(
            process("-m", "tests.bench.hosted_child", json.dumps(asdict(task)), more=more)
        )
        if torment is not None:
            await stack.enter_async_context(tormented(at, port, torment))
        return await child.step("result")


def without_commit(facts: Facts) -> tuple[float, float, float]:
    """(p50, p99, max) of an order's way, ms; the journal's disk is shown apart."""
    return spread(decided + written for decided, _, written in facts["orders"])


def commits(facts: Facts) -> tuple[float, float, float]:
    """(p50, p99, max) of the journal's part, ms."""
    return spread(journal for _, journal, _ in facts["orders"])


async def part_observers(recorded: Sequence[Pace]) -> None:
    """Five interleaved pairs, the first of each in turn."""
    found = [max(recorded, key=lambda pace: pace.messages)] * SYMBOLS
    torment = Torment()
    quiet: list[Facts] = []
    hostile: list[Facts] = []
    for number in range(PAIRS):
        for tormented_now in (False, True) if number % 2 == 0 else (True, False):
            facts = await run_once(found, torment if tormented_now else None)
            (hostile if tormented_now else quiet).append(facts)
            name = "tormented" if tormented_now else "left alone"
            say(f"  pair {number + 1}, {name}: {len(facts['orders'])} orders, {three(without_commit(facts))}")
    _table(quiet, hostile)
    say(
        f"  seen: {torment.telegram} calls of Telegram, {torment.scrapes} scrapes (slowest "
        f"{torment.slowest_scrape_s * 1000:.0f} ms), {torment.browsers} browsers, {torment.exported:,} rows exported; "
        f"pairs missed {[facts['missed'] for facts in hostile]}"
    )


def _table(quiet: Sequence[Facts], hostile: Sequence[Facts]) -> None:
    say(f"tick to order without the commit, medians of {PAIRS} runs: left alone / tormented")
    for name, at, aim in (("p50", 0, ""), ("p99", 1, f"less than {MOST:.0%} apart"), ("max", 2, "")):
        one, two = (median(without_commit(facts)[at] for facts in runs) for runs in (quiet, hostile))
        apart = two / one - 1
        row(f"  {name}", f"{one:.2f} / {two:.2f} ms  {apart:+.0%}", aim, abs(apart) < MOST if aim else None)
    one, two = (median(commits(facts)[1] for facts in runs) for runs in (quiet, hostile))
    row("  the journal's commit, p99", f"{one:.2f} / {two:.2f} ms  {two / one - 1:+.0%}")
    for name, of in (("CPU of a core", "cpu"), ("memory, MB", "rss_last")):
        share: Any = [
            median(facts[of] / (facts["wall"] if of == "cpu" else 1) for facts in runs) for runs in (quiet, hostile)
        ]
        row(f"  {name}", f"{share[0]:.2f} / {share[1]:.2f}")

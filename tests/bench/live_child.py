"""The measured process: a bare receive loop, ccxt alone, the streams alone, or the whole program; one JSON line a step.

Its argument is a task (JSON); the exchange's keys come by the environment.  It says "ready" when it is at work, and the
result when it has taken as many messages, seconds or orders as it was told; then it waits to be ended.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from time import perf_counter_ns
from typing import Any

from ccxt.async_support.binanceusdm import binanceusdm
from ccxt.base.errors import BaseError
from loguru import logger
from tests.bench.live_meter import Mark, Stopwatch, write_times
from websockets.asyncio.client import connect

from vibe_quant.app.application import Application, Goal
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.garbage import seldom_collected, spare
from vibe_quant.app.narrator import Narrator
from vibe_quant.app.observers import Observer
from vibe_quant.app.session import Plan, run_session
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.market_ws import MarketWSClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import simulated
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.domain.events import Event
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import WsSettings

LOOK_S = 0.02
PAUSE_S = 0.03
ORDER = {"symbol": "BTCUSDT", "side": "SELL", "positionSide": "LONG", "type": "LIMIT", "timeInForce": "GTX"} | {
    "quantity": "0.01",
    "price": "99999.9",
}
WARM_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked for.  ``cannon``: base URL of the markets where they are not the exchange's own."""

    what: str
    rest: str = ""
    ws: str = ""
    cannon: str = ""
    config: str = ""
    state: str = ""
    symbols: tuple[str, ...] = ()
    warm: int = 0
    messages: int = 0
    seconds: float = 0.0
    orders: int = 0
    within_s: float = 45.0


def tell(**facts: Any) -> None:
    """One line."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def difference(one: Mark, two: Mark, messages: int, **more: Any) -> dict[str, Any]:
    """What lies between two moments."""
    used = {"cpu": two.cpu - one.cpu, "wall": two.wall - one.wall, "messages": messages}
    return {"step": "result", **used, "rss_first": one.rss_mb, "rss_last": two.rss_mb, **more}


async def until(reached: Callable[[], bool]) -> None:
    """Look now and then."""
    while not reached():
        await asyncio.sleep(LOOK_S)


async def bare(task: Task) -> None:
    """The library's receive loop over both sockets, and nothing else."""
    options: dict[str, Any] = {"compression": None, "proxy": None, "max_queue": 4096, "close_timeout": 0.1}
    seen = 0

    async def receive(path: str) -> None:
        nonlocal seen
        async with connect(f"{task.cannon}/{path}", **options) as connection:
            recv = connection.recv
            while True:
                await recv(decode=False)
                seen += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(receive("public/stream"))
        group.create_task(receive("market/stream"))
        await measured(task, lambda: seen)


async def streams(task: Task) -> None:
    """Sockets and codec into a sink that counts."""
    seen = 0

    def sink(event: Event) -> None:
        nonlocal seen
        seen += 1

    names, clock = SymbolNames(), SystemClock()
    wanted = {f"{raw.removesuffix('USDT')}/USDT:USDT": raw for raw in task.symbols}
    for unified, raw in wanted.items():
        names.learn(unified, raw)
    ends = simulated(task.rest, task.cannon)
    client = MarketWSClient(ends, names, clock, sink, WsSettings(), Random(1))
    client.follow(dict.fromkeys(wanted, Wants()))
    async with asyncio.TaskGroup() as group:
        group.create_task(client.run())
        await measured(task, lambda: seen)


async def ccxt_alone(task: Task) -> None:
    """Plain ccxt signs and sends orders, after pauses as the program has them; a row of SQLite is synced between.

    What the exchange answers does not matter; each row is (until the order was written, until the row was synced), ns.
    """
    written = write_times()
    client = binanceusdm({"apiKey": os.environ["BENCH_KEY"], "secret": os.environ["BENCH_SECRET"]})
    client.enableRateLimit = False
    client.urls["api"] |= {"fapiPrivate": f"{task.rest}/fapi/v1"}
    rows: list[tuple[int, int]] = []
    with closing(sqlite3.connect(Path(task.state) / "bare.sqlite", isolation_level=None)) as file:
        file.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (at INTEGER, body TEXT)")
        for number in range(task.orders):
            await asyncio.sleep(PAUSE_S)
            began = perf_counter_ns()
            with suppress(BaseError):
                await client.fapiPrivatePostOrder({**ORDER, "newClientOrderId": f"bare-{number}"})
            sent, began_row = written[-1] - began, perf_counter_ns()
            file.execute("INSERT INTO row VALUES (?, ?)", (number, "x" * 300))
            rows.append((sent, perf_counter_ns() - began_row))
    await client.close()
    tell(step="result", orders=rows)
    await asyncio.Event().wait()


async def measured(task: Task, seen: Callable[[], int], counts: Callable[[], dict[str, int]] = dict[str, int]) -> None:
    """Warm up, count the messages, tell; then nothing more, until the process is ended from outside."""
    await until(lambda: seen() > 0)
    tell(step="ready")
    before = seen()
    await until(lambda: seen() - before >= task.warm)
    gc.collect()
    first, one, counted = seen(), Mark(), counts()
    if task.messages:
        await until(lambda: seen() - first >= task.messages)
    else:
        await asyncio.sleep(task.seconds)
    last, two = seen(), Mark()
    tell(**difference(one, two, last - first), **{name: n - counted[name] for name, n in counts().items()})
    await asyncio.Event().wait()


class Program:
    """The whole of it, as ``vibe-quant run`` has it, with markets from elsewhere where the task names a cannon."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.watch = Stopwatch()
        self.began = Mark()
        self._app: asyncio.Future[Application] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Session and measurement, side by side."""
        if self.task.orders:
            self.watch.attach()
        async with asyncio.TaskGroup() as group:
            group.create_task(run_session(self.plan()))
            await self.measure()

    def plan(self) -> Plan:
        """As ``app.hosting`` makes it."""
        task, loaded = self.task, ConfigLoader().load(Path(self.task.config))
        ends = simulated(task.rest, task.ws)
        if task.cannon:
            markets = simulated(task.rest, task.cannon)
            ends = replace(ends, ws_public=markets.ws_public, ws_market=markets.ws_market)
        return Plan(
            settings=loaded.settings,
            endpoints=ends,
            credentials=Credentials(os.environ["BENCH_KEY"], os.environ["BENCH_SECRET"]),
            state=Path(task.state),
            goal=Goal.SERVE,
            version="bench",
            config_hash=loaded.sha256,
            observers=[Observer("narrator", Narrator("vq").see)],
            started=self._started,
        )

    def _started(self, app: Application) -> None:
        spare()
        self._app.set_result(app)

    async def measure(self) -> None:
        """At work: every position is known and its market is there."""
        app, task = await self._app, self.task
        await until(lambda: self._at_work(app))
        ready = Mark()
        tell(step="working", seconds=ready.wall - self.began.wall, cpu=ready.cpu - self.began.cpu)
        await asyncio.sleep(WARM_S)
        if task.orders:
            await self._orders(app)
        market: Any = app.parts.market

        def counts() -> dict[str, int]:
            conflated, sent = sum(app.inbox.conflated.values()), sum(app.dispatch.sent.values())
            return {"handled": app.consumer.handled, "conflated": conflated, "sent": sent}

        await measured(task, lambda: int(market.codec.tally.frames), counts)

    def _at_work(self, app: Application) -> bool:
        held = [leg for leg in app.engine.legs() if leg.known and leg.qty > 0]
        states = [app.engine.market_state(leg.symbol) for leg in held]
        ready = app.ready_ms is not None and len(held) >= len(self.task.symbols)
        return ready and all(state is not None and state.bid is not None and state.last is not None for state in states)

    async def _orders(self, app: Application) -> None:
        one, watch = Mark(), self.watch
        seen, others = len(watch.done), watch.others
        loop = asyncio.get_running_loop()
        end = loop.time() + self.task.within_s
        await until(lambda: len(watch.done) - seen >= self.task.orders or loop.time() > end)
        done = watch.done[seen:]
        rows = [(o.decided - o.read, o.journalled - o.decided, o.written - o.journalled) for o in done]
        tell(**difference(one, Mark(), 0, orders=rows, others=watch.others - others))
        await asyncio.Event().wait()


async def main(task: Task) -> None:
    """Do it, until the process is ended from outside."""
    if task.what == "program":
        await Program(task).run()
    else:
        await {"bare": bare, "streams": streams, "ccxt": ccxt_alone}[task.what](task)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    logger.remove()
    if given.get("state"):
        logger.add(Path(given["state"]) / "bench.log", level="INFO")
    with seldom_collected():
        asyncio.run(main(Task(**given)))

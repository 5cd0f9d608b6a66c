"""What a market frame costs on its way from the socket to the sink, beside a bare receive loop over the same frames.

CPU time of this process, the best of several rounds: frames come from another, and the machine does other things too.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import monotonic_ns, perf_counter, process_time
from typing import Any

from websockets.asyncio.client import connect

from vibe_quant.binance.market_ws import MarketWSClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import Endpoints
from vibe_quant.domain.events import Event, StreamUp
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import WsSettings

CANNON = Path(__file__).with_name("frame_cannon.py")
FRAMES = 100_000
ROUNDS = 5
ABOVE_US = 10
SYMBOL = "BTC/USDT:USDT"
Cost = tuple[float, float]
"""(CPU seconds, wall seconds)."""


class MachineClock:
    """The machine's own; the exchange's is that of the frames."""

    def now_ms(self) -> int:
        """Monotonic ms."""
        return monotonic_ns() // 1_000_000

    def server_ms(self) -> int:
        """Before all frames, so that none is late."""
        return 1_600_000_000_000


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def cannon(frames: int) -> AsyncIterator[tuple[str, int]]:
    """Base URL of a cannon, and how many frames it fires at each who connects."""
    child = await asyncio.create_subprocess_exec(sys.executable, str(CANNON), str(frames), stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        port, count = (await child.stdout.readline()).split()
        yield f"ws://127.0.0.1:{int(port)}", int(count)
    finally:
        child.kill()
        await child.wait()


async def bare(url: str, count: int) -> Cost:
    """The library's receive loop, and nothing else."""
    options: dict[str, Any] = {"compression": None, "proxy": None, "max_queue": 4096, "close_timeout": 0.1}
    async with connect(f"{url}/public", **options) as connection:
        recv = connection.recv
        await recv(decode=False)
        cpu, wall = process_time(), perf_counter()
        for _ in range(count - 1):
            await recv(decode=False)
        return process_time() - cpu, perf_counter() - wall


async def whole(url: str, count: int) -> Cost:
    """Socket, codec and a sink that counts; from the first event to the last."""
    done = asyncio.Event()
    seen, cpu, wall = 0, 0.0, 0.0

    def sink(event: Event) -> None:
        nonlocal seen, cpu, wall
        if event.__class__ is not StreamUp:
            seen += 1
        if seen == count:
            done.set()
        elif seen == 1:
            cpu, wall = process_time(), perf_counter()

    names = SymbolNames()
    names.learn(SYMBOL, "BTCUSDT")
    nowhere = "ws://127.0.0.1:9"
    ends = Endpoints("", None, url, nowhere, nowhere)
    client = MarketWSClient(ends, names, MachineClock(), sink, WsSettings(), Random(1), say=lambda _: None)
    client.follow({SYMBOL: Wants()})
    task = asyncio.create_task(client.run())
    try:
        await asyncio.wait({task, asyncio.ensure_future(done.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        return process_time() - cpu, perf_counter() - wall
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def best(run: Callable[[str, int], Awaitable[Cost]], url: str, count: int) -> Cost:
    """The least of both."""
    costs = [await run(url, count) for _ in range(ROUNDS)]
    return min(cpu for cpu, _ in costs), min(wall for _, wall in costs)


def report(name: str, cost: Cost, count: int, aim: str = "") -> float:
    """One line; CPU nanoseconds a message."""
    cpu, wall = cost
    each = cpu / count * 1e9
    say(f"{name:<44}{each:>9,.0f} ns {count / cpu:>13,.0f} /s  {aim or f'({count / wall:,.0f} /s by the clock)'}")
    return each


async def bench_streams() -> None:
    """Both loops over the same frames."""
    async with cannon(FRAMES) as (url, count):
        least = report("bare websockets receive loop", await best(bare, url, count), count)
        cost = report("market frames to the sink, decoded", await best(whole, url, count), count)
    say(f"{'a market frame above the bare loop':<44}{cost - least:>9,.0f} ns{'':>17}aim: at most {ABOVE_US} us")


def main() -> None:
    """Print it."""
    asyncio.run(bench_streams())


if __name__ == "__main__":
    main()

"""The live program against the embedded exchange: CPU, tick to order, many symbols, memory, the start, its observers.

What is measured is always a process of its own (live_child.py): its CPU time, its memory, its moments.  The exchange is
served by this process; where frames shall come faster than markets are, frame_cannon.py fires them from a third.
Nothing is asserted: each figure stands beside its aim.  Names of parts as arguments run only these.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from tests.bench.live_child import PAUSE_S, Task
from tests.bench.live_markets import (
    PATIENT,
    STRATEGIES,
    Pace,
    box_of,
    cannon_of,
    config,
    instruments,
    paces,
    recorded_paces,
    seats,
)
from tests.bench.live_observers import part_observers
from tests.bench.live_process import Child, Facts, folder, keys_of, process, row, say, spread, three

from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.server import SimServer

HERE = Path(__file__).parent
SPREAD, SPREAD_MESSAGES = 20, 150_000
"""A quote gives way to the next of its symbol while the engine is behind: the share that was decided upon is shown."""
PACED_S = 15.0
ORDERS = 500
STARTS = 3
HOUR_S = 3600
ABOVE_US, P50_MS, P99_MS, READY_S, GROWN_MB = 10.0, 1.0, 3.0, 3.0, 10.0


@asynccontextmanager
async def cannon(of: Sequence[Instrument], found: Sequence[Pace]) -> AsyncIterator[tuple[Child, str]]:
    """The cannon and its base URL."""
    async with process(str(HERE / "frame_cannon.py")) as child:
        child.order(json.dumps(cannon_of(of, found)))
        yield child, f"ws://127.0.0.1:{int(await child.line())}"


@asynccontextmanager
async def measured(task: Task, keys: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """The process that does the task."""
    given = json.dumps(asdict(task))
    async with process("-m", "tests.bench.live_child", given, more=keys) as child:
        yield child


async def fired(
    what: str, count: int, messages: int, warm: int, found: Sequence[Pace], strategy: str = PATIENT
) -> Facts:
    """CPU and memory of a process of that kind while frames of ``count`` symbols come as fast as it takes them."""
    of = instruments(count)
    held = seats(of)
    async with folder() as at, cannon(of, found) as (gun, url), SimServer(box_of(of, None, held)) as server:
        names = tuple(one.symbol for one in of)
        path = str(config(at, strategy))
        ends: Facts = {"rest": server.rest, "ws": server.ws, "cannon": url, "config": path, "state": str(at)}
        task = Task(what=what, symbols=names, warm=warm, messages=messages, **ends)
        async with measured(task, keys_of(server)) as child:
            await child.step("ready")
            gun.order(f"fire {warm + messages + 20_000}")
            return await child.step("result")


def us(facts: Facts) -> float:
    """CPU microseconds a message."""
    return float(facts["cpu"] / facts["messages"] * 1e6)


async def part_decisions(recorded: Sequence[Pace]) -> None:
    """As fast as they go."""
    found = paces(SPREAD, recorded)
    bare = us(await fired("bare", SPREAD, SPREAD_MESSAGES, 20_000, found))
    row("bare websockets receive loop", f"{bare:.1f} us  {1e6 / bare:,.0f} /s")
    streams = us(await fired("streams", SPREAD, SPREAD_MESSAGES, 20_000, found))
    row("  and decoded", f"{streams:.1f} us  {1e6 / streams:,.0f} /s")
    for name, strategy in STRATEGIES.items():
        facts = await fired("program", SPREAD, SPREAD_MESSAGES, 20_000, found, strategy)
        cost = us(facts)
        share = 1 - facts["conflated"] / facts["messages"]
        row(f"live path to a decision, {name}", f"{cost:.1f} us  {1e6 / cost:,.0f} /s", f"({share:.1%} decided upon)")
        above = f"{cost - bare:.1f} us"
        row("  above the bare loop", above, f"at most {ABOVE_US:g} us", cost - bare <= ABOVE_US)


async def paced(count: int, found: Sequence[Pace], seconds: float) -> tuple[Facts, Facts]:
    """(its start, its work) of the program with so many positions, in markets of these paces.

    The cannon plays them: two hundred are more than the exchange of one process can play at their pace.
    """
    of = instruments(count)
    held = seats(of)
    async with folder() as at, cannon(of, found) as (_, url), SimServer(box_of(of, None, held)) as server:
        names = tuple(one.symbol for one in of)
        path = str(config(at))
        ends: Facts = {"rest": server.rest, "ws": server.ws, "cannon": url, "config": path, "state": str(at)}
        task = Task(what="program", symbols=names, seconds=seconds, **ends)
        async with measured(task, keys_of(server)) as child:
            working = await child.step("working")
            return working, await child.step("result")


async def part_symbols(recorded: Sequence[Pace]) -> None:
    """Twenty and two hundred positions, in markets as busy as the recorded ones."""
    for count in (20, 200):
        working, facts = await paced(count, paces(count, recorded), PACED_S)
        core, rate = facts["cpu"] / facts["wall"], facts["messages"] / facts["wall"]
        row(f"{count} symbols: from the first import to all at work", f"{working['seconds']:.1f} s")
        row(f"{count} symbols, {rate:,.0f} messages/s: of a core", f"{core:.0%}", "at most one core", core < 1)
        row("  CPU a message", f"{us(facts):.0f} us", f"({facts['sent'] / facts['wall']:.1f} requests/s)")
        row("  memory", f"{facts['rss_last']:.0f} MB")


async def part_memory(recorded: Sequence[Pace]) -> None:
    """An hour's messages of twenty symbols, as fast as they go."""
    found = paces(20, recorded)
    messages = int(sum(pace.messages for pace in found) * HOUR_S)
    facts = await fired("program", 20, messages, messages // 20, found)
    grown = facts["rss_last"] - facts["rss_first"]
    value = f"{facts['rss_first']:.0f} -> {facts['rss_last']:.0f} MB"
    row(f"memory over {messages:,} messages of 20 symbols", value, f"flat: +{GROWN_MB:g} MB", grown <= GROWN_MB)
    row("  sent in", f"{facts['wall']:.0f} s", f"({facts['messages'] / facts['wall']:,.0f} /s)")


LOADS = {
    "15 positions, 30 orders/s allowed, lives of 60 ms": (
        15,
        "{order_ttl_ms: 60, repost_cooldown_ms: 0, min_signal_interval_ms: 40, maker_timeouts_to_escalate: 0}",
        30,
    ),
    "3 positions, everything as the defaults have it": (3, "{maker_timeouts_to_escalate: 0}", 5),
}
BARE_ORDERS = 300


async def ordered(on: Path | None, found: Sequence[Pace], execution: str, orders_per_s: int) -> Facts:
    """Orders of the program, its journal in ``on``."""
    of = instruments(len(found))
    held = seats(of)
    async with folder(on) as at, SimServer(box_of(of, found, held)) as server:
        names = tuple(one.symbol for one in of)
        path = str(config(at, STRATEGIES["orderbook_price"], execution, orders_per_s))
        ends: Facts = {"rest": server.rest, "ws": server.ws, "config": path, "state": str(at)}
        task = Task(what="program", symbols=names, orders=ORDERS, **ends)
        async with measured(task, keys_of(server)) as child:
            return await child.step("result")


async def part_bare_orders(found: Sequence[Pace]) -> None:
    """ccxt and SQLite alone, in a process as idle as the program: what this machine asks for the two."""
    of = instruments(len(found))
    async with folder() as at, SimServer(box_of(of, found, seats(of))) as server:
        task = Task(what="ccxt", rest=server.rest, state=str(at), orders=BARE_ORDERS)
        async with measured(task, keys_of(server)) as child:
            rows = (await child.step("result"))["orders"]
    say(f"{len(rows)} orders of plain ccxt, {PAUSE_S * 1000:g} ms apart: p50 / p99 / max")
    row("  until the request is written", three(spread(sent for sent, _ in rows)))
    row("  one row of SQLite synced to this disk", three(spread(synced for _, synced in rows)))


async def part_orders(recorded: Sequence[Pace]) -> None:
    """From the frame that was read to the request that was written."""
    await part_bare_orders(paces(3, recorded))
    aim = f"p50 {P50_MS:g}, p99 {P99_MS:g} ms"
    for name, (count, execution, orders_per_s) in LOADS.items():
        rows = (await ordered(None, paces(count, recorded), execution, orders_per_s))["orders"]
        whole, rest = spread(sum(row) for row in rows), spread(row[0] + row[2] for row in rows)
        decided, journal, written = (spread(row[stage] for row in rows) for stage in range(3))
        say(f"tick to order, {len(rows)} orders that a frame caused; {name}: p50 / p99 / max")
        row("  frame read to request written", three(whole), aim, whole[0] < P50_MS and whole[1] < P99_MS)
        row("  of it until the decision", three(decided))
        row("  the journal's commit, on this disk", three(journal))
        row("  from there to the wire", three(written))
        row("  without the commit", three(rest), aim, rest[0] < P50_MS and rest[1] < P99_MS)


async def part_start(recorded: Sequence[Pace]) -> None:
    """From the start of the process to all streams and the first order."""
    of, found = instruments(2), paces(2, recorded)
    for number in range(STARTS):
        async with folder() as at, SimServer(box_of(of, found, seats(of))) as server:
            command = ("-m", "vibe_quant", "run", "--config", str(config(at)), "--state", str(at))
            where = ("--exchange-rest", server.rest, "--exchange-ws", server.ws)
            began = perf_counter()
            async with process(*command, *where, more=keys_of(server, "VIBE_QUANT")) as child:
                while not any(order.created_ms for order in server.box.exchange.venue.by_id.values()):
                    await asyncio.sleep(0.002)
                took = perf_counter() - began
                row(f"start {number + 1}: process to first order", f"{took:.2f} s", f"{READY_S:g} s", took <= READY_S)
                child.process.send_signal(signal.SIGTERM)
                await child.process.wait()


PARTS: dict[str, Callable[[Sequence[Pace]], Awaitable[None]]] = {
    "decisions": part_decisions,
    "orders": part_orders,
    "symbols": part_symbols,
    "memory": part_memory,
    "start": part_start,
    "observers": part_observers,
}


async def main(names: Sequence[str]) -> None:
    """All parts, or those named."""
    recorded, source = recorded_paces()
    mean = sum(pace.messages for pace in recorded) / len(recorded)
    say(f"live program; paces of {source}, {mean:.0f} messages/s a symbol; load average {os.getloadavg()[0]:.1f}")
    for name, part in PARTS.items():
        if not names or name in names:
            began = perf_counter()
            await part(recorded)
            say(f"  [{name}: {perf_counter() - began:.0f} s]")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

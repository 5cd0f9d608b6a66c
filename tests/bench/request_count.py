"""What the program asks of the exchange: requests and IP weight a minute by endpoint, while it works so many positions.

Arguments: numbers of symbols (20 and 100 unless told otherwise).  The exchange's own limit stands: what it refuses is
counted too.  The program runs as a process of its own (live_child.py).
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.bench.live import measured
from tests.bench.live_child import Task
from tests.bench.live_markets import Pace, box_of, config, instruments, seats
from tests.bench.live_process import folder, keys_of, row, say

from vibe_quant.sim.server import SimServer

SECONDS = 60.0
QUIET_S = 15.0
"""No stop for so long: there will be no more."""
PACE = Pace(2.0, 0.5)
"""Slow markets: what is counted is requests, and the machine must not be what holds them up."""
STRATEGY = "{names: [patient], patient: {horizon_s: 600, child_s: 5}}"
WEIGHT_1M = 2400


class Meter:
    """Counts calls and weight at the served exchange from ``begin`` to ``read``."""

    def __init__(self, server: SimServer) -> None:
        self._server = server
        self._weight = self._seen = 0
        self._calls: Counter[str] = Counter()
        self.most = 0
        """Most weight that one of the exchange's minutes had."""

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self._look()
            await asyncio.sleep(0.1)

    def begin(self) -> None:
        """Count from now on."""
        self._look()
        self._weight, self._calls = 0, Counter(self._server.box.gate.calls)

    def read(self) -> tuple[int, Counter[str]]:
        """(weight, calls by endpoint) since ``begin``."""
        self._look()
        return self._weight, Counter(self._server.box.gate.calls) - self._calls

    def _look(self) -> None:
        used = self._server.box.limits.used_weight("127.0.0.1", self._server.box.now)
        self._weight += used - self._seen if used >= self._seen else used
        self._seen, self.most = used, max(self.most, used)


async def counted(count: int, seconds: float = SECONDS) -> None:
    """Work so many positions, and print what was asked for meanwhile."""
    of = instruments(count)
    held = seats(of)
    options = replace(box_of(of, [PACE] * count, held), weight_limit=WEIGHT_1M, order_limits=(300, 1200))
    async with folder() as at, SimServer(options) as server:
        names = tuple(one.symbol for one in of)
        ends: dict[str, Any] = {"rest": server.rest, "ws": server.ws}
        task = Task(what="program", symbols=names, seconds=1e6, config=str(config(at, STRATEGY)), state=str(at), **ends)
        meter = Meter(server)
        watching = asyncio.create_task(meter.watch())
        async with measured(task, keys_of(server)):
            took = await _stopped(server, count)
            first = sum(server.box.gate.calls.values()), meter.most
            meter.begin()
            await asyncio.sleep(seconds)
            weight, calls = meter.read()
        watching.cancel()
        share = 60 / seconds
        say(f"{count} symbols: {took}; until then {first[0]} requests, most weight in a minute {first[1]}")
        row("  weight a minute", f"{weight * share:.0f}", f"at most {WEIGHT_1M}", weight * share <= WEIGHT_1M)
        row("  requests a minute", f"{sum(calls.values()) * share:.0f}")
        for name, number in calls.most_common():
            row(f"    {name}", f"{number * share:.0f}")
        earned = "429 was earned" if meter.most > WEIGHT_1M else "429 was never earned"
        say(
            f"  most weight in a minute {meter.most}: {earned}; sent while banned {server.box.limits.sent_while_banned}"
        )


async def _stopped(server: SimServer, count: int) -> str:
    """Wait until every leg that can be liquidated has its stop at the exchange; how long that took."""
    loop = asyncio.get_running_loop()
    began = last = loop.time()
    most = 0
    while loop.time() < last + QUIET_S and most < count:
        stops = {(algo.symbol, algo.position_side) for algo in server.box.exchange.algos.open}
        if len(stops) > most:
            most, last = len(stops), loop.time()
        await asyncio.sleep(0.1)
    return f"{most} stops stood after {last - began:.1f} s"


async def main(counts: Sequence[int]) -> None:
    """One after the other."""
    for count in counts:
        await counted(count)


if __name__ == "__main__":
    asyncio.run(main([int(text) for text in sys.argv[1:]] or [20, 100]))

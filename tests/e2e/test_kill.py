"""kill -9 at any moment of an exit, again and again on one account and journal, judged by the exchange's records."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median

import pytest
from tests.e2e.process import LOOK_S, PATIENCE_S, House, Run, house, tell, token_ms
from tests.e2e.stage import BARE_MS, CONFIG, LONG, SHORT, Scene

from vibe_quant.app.application import DONE
from vibe_quant.app.places import FILE
from vibe_quant.domain.enums import PositionSide
from vibe_quant.journal.verify import verify
from vibe_quant.sim.order_records import SimOrder

SYMBOL = "BTCUSDT"
SEATS = ((LONG, "0.3"), (SHORT, "0.1"))
LEAST = {LONG: Decimal("0.2"), SHORT: Decimal("0.04")}
"""Below this a leg is enlarged again, so that the exit goes on, and the LONG one keeps a liquidation price."""
EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 40, endgame_s: 4, child_s: 1")
ENDPOINTS = ("POST /fapi/v1/order", "DELETE /fapi/v1/order", "POST /fapi/v1/algoOrder", "GET /fapi/v1/openOrders")
WEIGHTS = (8, 5, 2, 1)
WINDOW_S = 2.0
"""Of a request: so long after it was signed the exchange may still work it."""
FALLBACK_S = 5.0
"""A request that has not come by then, after the start, does not."""
Trade = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a process is to be killed: so long after its start, after its first order, or at a request's arrival."""

    kind: str
    after_s: float = 0
    endpoint: str = ""
    nth: int = 1
    late_s: float = 0
    """The request is still on its way for so long after the death of who sent it."""


FIRST = Moment("early", after_s=1)
"""It shows how long a start takes on this machine."""


def drawn(random: Random, ready_s: float) -> Moment:
    """A moment by chance; ``ready_s`` is how long a start takes on this machine."""
    kind = random.choices(("start", "early", "arrived", "worked"), (3, 3, 4, 4))[0]
    if kind == "start":
        return Moment(kind, after_s=random.uniform(0, 1.2 * ready_s))
    if kind == "early":
        return Moment(kind, after_s=random.uniform(0, 3))
    endpoint = random.choices(ENDPOINTS, WEIGHTS)[0]
    late = random.uniform(0.05, WINDOW_S) if kind == "arrived" and random.random() < 0.4 else 0
    return Moment(kind, endpoint=endpoint, nth=random.randint(1, 6 if "/order" in endpoint else 2), late_s=late)


@dataclass(slots=True)
class Killing:
    """A row of lives and deaths of the program on one account."""

    at: House
    random: Random
    ready_s: list[float] = field(default_factory=list)
    """What the starts took that were waited for."""
    began: list[tuple[int, int | None]] = field(default_factory=list)
    """Of each life that came so far: the time of its first order (epoch ms), and of its death."""
    kinds: Counter[str] = field(default_factory=Counter)
    left_behind: int = 0
    enlarged: int = 0

    async def once(self) -> None:
        """Start, kill, and look at what is left."""
        self._feed()
        moment = drawn(self.random, median(self.ready_s[-20:])) if self.ready_s else FIRST
        run = await self._live_until(moment)
        code = await run.ended()
        assert code == -9, (moment, code, run.told())
        self._look(run)

    async def last(self) -> None:
        """A life that ends in order: nothing of ours is left but the stops."""
        run = await self.at.start()
        await self._started(run)
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE, run.told()
        assert self.at.truth.live() == [], run.told()
        self._look(run)

    async def _live_until(self, moment: Moment) -> Run:
        run = await self.at.start()
        if moment.endpoint:
            self._set_trap(run, moment)
            await self._trapped(run)
        elif moment.kind == "early":
            await self._started(run)
            await asyncio.sleep(moment.after_s)
        else:
            await asyncio.sleep(moment.after_s)
        run.kill()
        self.kinds[f"{moment.kind} {moment.endpoint}".strip()] += 1
        return run

    async def _trapped(self, run: Run) -> None:
        """Wait for the trap, at most so long after the start is over."""
        over_s: float | None = None
        while run.alive and run.age_s() < (over_s or PATIENCE_S):
            if over_s is None and self.at.since(run):
                over_s = run.age_s() + FALLBACK_S
            await asyncio.sleep(LOOK_S)
        self.kinds["no such request"] += run.alive

    def _set_trap(self, run: Run, moment: Moment) -> None:
        """Kill it at the request, while that is on its way to the exchange, or its answer on the way back."""
        seen = Counter[str]()
        if moment.late_s:
            self.kinds["its request arrives after its death"] += 1
            late = {"delay_ms": int(moment.late_s * 1000), "where": {"endpoint": moment.endpoint}}
            self.at.fault("request_late", when={"nth": moment.nth}, **late)

        def spy(endpoint: str) -> None:
            seen[endpoint] += 1
            if seen[moment.endpoint] == moment.nth:
                run.kill()

        spies = self.at.spies
        spies.arrived[:], spies.worked[:] = ([spy], []) if moment.kind == "arrived" else ([], [spy])

    async def _started(self, run: Run) -> None:
        await self.at.working(run)
        self.ready_s.append(run.age_s())

    def _feed(self) -> None:
        self.at.spies.arrived.clear()
        self.at.spies.worked.clear()
        for side, least in LEAST.items():
            seat = self.at.truth.seats[SYMBOL, side]
            missing = seat - self.at.truth.left((SYMBOL, side))
            if seat - missing < least:
                self.at.act("position_enlarged", symbol=SYMBOL, side=str(side), qty=str(missing))
                self.at.added[SYMBOL, side] = self.at.added.get((SYMBOL, side), Decimal(0)) + missing
                self.enlarged += 1

    def _look(self, run: Run) -> None:
        """What must be true whenever a process has died."""
        self.left_behind += len(self.at.truth.live())
        verdict = verify(self.at.state / FILE) if (self.at.state / FILE).exists() else None
        assert verdict is None or verdict.good, verdict
        mine = self.at.since(run)
        if not mine:
            return
        first = min(order.created_ms for order in mine)
        self.began.append((first, self.at.now))
        lacking = self._exchange_trades(run.began_ms).keys() - self._journalled().keys()
        assert not lacking, f"after a restart that was over the journal lacks {lacking}\n{run.told()}"

    def _exchange_trades(self, until_ms: int) -> dict[int, tuple[str, str, str, Decimal, Decimal]]:
        trades = self.at.server.box.history.trades
        return {
            t.trade_id: (t.symbol, str(t.position_side), str(t.side), t.qty, t.price)
            for t in trades
            if t.exch_ms < until_ms
        }

    def _journalled(self) -> dict[int, tuple[str, str, str, Decimal, Decimal]]:
        """Fills by trade id; each is journalled once."""
        found: dict[int, tuple[str, str, str, Decimal, Decimal]] = {}
        for row in self.at.journal.rows(kinds=("fill",)):
            body = row.data()
            assert body["trade_id"] not in found, f"journalled twice: {body}"
            numbers = Decimal(body["last_qty"]), Decimal(body["last_price"])
            found[body["trade_id"]] = (SYMBOL, row.side, str(body["side"]), *numbers)
        return found

    def add_up(self) -> int:
        """The fills of the journal are the exchange's trades, one by one; how many."""
        journalled, truth = self._journalled(), self._exchange_trades(1 << 62)
        assert journalled == truth, {key: (journalled.get(key), truth.get(key)) for key in {*journalled, *truth}}
        return len(truth)

    def bare_ms(self, side: PositionSide) -> int:
        """The longest that a leg had no stop for the whole of it while a process was past its start."""
        stretches = [b for b in self.at.server.box.bare_legs.stretches if b.key == (SYMBOL, side)]
        spans = [
            min(bare.until_ms or self.at.now, end or self.at.now) - max(bare.from_ms, start)
            for bare in stretches
            for start, end in self.began
        ]
        return max([0, *spans])

    def told(self, trades: int) -> str:
        """The numbers of the row."""
        kinds = "; ".join(f"{kind} {count}" for kind, count in sorted(self.kinds.items()))
        rows = self.at.journal.last_row()
        return (
            f"{len(self.at.runs)} lives ({kinds}); {len(self.began)} came to trade, after {median(self.ready_s):.1f} s "
            f"({max(self.ready_s):.1f} at most); {self.left_behind} orders rested at a death; {trades} trades, "
            f"{rows.seq if rows else 0} rows; legs enlarged {self.enlarged} times; {len(self.at.truth.own)} orders; "
            f"LONG without its whole stop at most {self.bare_ms(LONG)} ms"
        )


def orphans(own: Iterable[SimOrder]) -> Iterator[str]:
    """Orders of a dead run that lived when the first of a later one was placed; runs are told apart by their ids."""
    of: dict[int, list[SimOrder]] = defaultdict(list)
    for order in own:
        of[token_ms(order.client_id)].append(order)
    firsts = {run: min(order.created_ms for order in orders) for run, orders in of.items()}
    for run, first in firsts.items():
        for order in (order for other, orders in of.items() if other < run for order in orders):
            end = order.updated_ms if order.status.is_final else 1 << 62
            if end > first:
                yield f"{order.client_id}, until {end}, and the first of a later run from {first}"


async def killed(folder: Path, times: int, seed: int) -> str:
    """So many deaths; returns their numbers."""
    async with house(folder, Scene(seats=SEATS, seed=seed), EXIT) as at:
        row = Killing(at, Random(seed))
        for _ in range(times):
            await row.once()
        row.at.spies.arrived.clear()
        row.at.spies.worked.clear()
        await row.last()
        assert len(row.began) > times // 4, "too few lives have come to anything"
        assert list(orphans(at.truth.own)) == []
        assert row.bare_ms(LONG) <= BARE_MS
        return row.told(row.add_up())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
async def test_killed_at_any_moment_it_goes_on_where_it_was(tmp_path: Path, seed: int) -> None:
    tell(await killed(tmp_path, 5, seed))


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_killed_two_hundred_times_it_goes_on_where_it_was(tmp_path: Path) -> None:
    tell(await killed(tmp_path, 200, 4))

"""The exchange's clock: the fastest sample counts, a slow one that says nothing new does not, a jump is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from tests.app.fake_exchange import WALL_MS, FakeClock, FakeExchange

from vibe_quant.app.time_sync import OLD_MS, Measured, TimeSync, is_better, measure
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.ports import Accepted, Rejected, Unknown

TRUE = WALL_MS + 5_000


class Bench:
    """``trips``: (there, back) in ms of each request in turn; the exchange's clock is now + ``true``."""

    def __init__(self, trips: Sequence[tuple[int, int]], true: int = TRUE) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.true = true
        self.events: list[ev.Event] = []
        self.notices: list[Notify] = []
        self.sync = TimeSync(self.exchange, self.clock, self.events.append, self.notices.append)
        self.travel(trips)

    def travel(self, trips: Sequence[tuple[int, int]]) -> None:
        self.exchange.answers("server_time", *(self._trip(*trip) for trip in trips))

    def _trip(self, there: int, back: int) -> Callable[[], Accepted[int]]:
        def answer() -> Accepted[int]:
            self.clock.now += there
            value = self.clock.now + self.true
            self.clock.now += back
            return Accepted(value)

        return answer


async def test_the_fastest_of_five_counts_and_is_as_sure_as_half_its_time() -> None:
    bench = Bench([(90, 10), (10, 11), (40, 40), (300, 1), (12, 12)])
    found = await measure(bench.exchange, bench.clock)
    assert isinstance(found, Measured)
    assert found.uncertainty_ms == 11
    assert abs(found.offset_ms - TRUE) <= found.uncertainty_ms
    assert found.at_ms == 1_000_000 + 100 + 21
    assert bench.exchange.count("server_time") == 5


@pytest.mark.parametrize(("there", "back"), [(100, 0), (0, 100), (50, 50), (7, 0)])
async def test_wherever_in_the_trip_the_exchange_looked_the_truth_is_within(there: int, back: int) -> None:
    bench = Bench([(there, back)])
    found = await measure(bench.exchange, bench.clock)
    assert isinstance(found, Measured)
    assert abs(found.offset_ms - TRUE) <= found.uncertainty_ms


async def test_a_failure_ends_the_sampling_and_counts_only_where_nothing_is_known() -> None:
    bench = Bench([])
    lost = Unknown("no answer")
    bench.exchange.answers("server_time", lost)
    assert await measure(bench.exchange, bench.clock) == lost
    bench.exchange.answers("server_time", Accepted(bench.clock.now + TRUE), lost)
    assert await measure(bench.exchange, bench.clock) == Measured(TRUE, 0, bench.clock.now)


async def test_a_success_sets_the_clock_and_is_told() -> None:
    bench = Bench([(10, 10)])
    found = await bench.sync.once()
    assert isinstance(found, Measured)
    assert bench.clock.offset_ms == TRUE
    assert bench.events == [ev.ServerTime(TRUE, found.at_ms)]
    assert bench.notices == []


async def test_a_slow_trip_that_agrees_is_not_taken() -> None:
    bench = Bench([(10, 10)])
    await bench.sync.once()
    bench.travel([(900, 20)])
    await bench.sync.once()
    assert bench.clock.offset_ms == TRUE
    assert len(bench.events) == 1


async def test_a_jump_is_taken_and_told_even_by_a_slow_trip() -> None:
    bench = Bench([(10, 10)])
    await bench.sync.once()
    bench.true += 3_000
    bench.travel([(400, 400)])
    await bench.sync.once()
    assert bench.clock.offset_ms == TRUE + 3_000
    assert len(bench.events) == 2
    assert "3000 ms ahead of where it was expected (known to 400 ms)" in bench.notices[0].text
    bench.true -= 4_000
    bench.travel([(1, 1)])
    await bench.sync.once()
    assert "4000 ms behind" in bench.notices[1].text


async def test_a_small_step_is_taken_in_silence() -> None:
    bench = Bench([(10, 10)])
    await bench.sync.once()
    bench.true += 60
    await bench.sync.once()
    assert bench.clock.offset_ms == TRUE + 60
    assert bench.notices == []


def test_precision_is_forgotten_with_time() -> None:
    held = Measured(0, 5, 0)
    assert not is_better(Measured(3, 26, 0), held)
    assert is_better(Measured(3, 25, 0), held)
    assert is_better(Measured(3, 26, 2_000), held), "500 ppm of two seconds are a millisecond"
    assert is_better(Measured(106, 100, 0), held)
    assert not is_better(Measured(105, 100, 0), held)
    assert is_better(Measured(3, 1_000, 0), None)


async def test_long_without_a_measurement_is_said_once() -> None:
    bench = Bench([(1, 1)])
    bench.exchange.answers("server_time", Rejected(404, "Not Found", 0))
    assert isinstance(await bench.sync.once(), Rejected)
    assert bench.notices == [], "never measured: the start says it"
    bench.travel([(1, 1)])
    await bench.sync.once()
    bench.exchange.answers("server_time", Rejected(404, "Not Found", 0))
    await bench.sync.once()
    assert bench.notices == []
    bench.clock.now += OLD_MS
    await bench.sync.once()
    await bench.sync.once()
    (notice,) = bench.notices
    assert notice.severity is Severity.WARNING
    assert "15 minutes (404 Not Found)" in notice.text
    bench.travel([(1, 1)])
    await bench.sync.once()
    bench.exchange.answers("server_time", Unknown("timeout"))
    bench.clock.now += OLD_MS
    await bench.sync.once()
    assert len(bench.notices) == 2, "after a success it may be said anew"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def test_asked_it_measures_at_once_but_not_again_and_again() -> None:
    bench = Bench([(1, 1)])
    bench.sync.ask()
    task = asyncio.create_task(bench.sync.run(interval_s=60, asked_gap_s=0.3))
    await asyncio.sleep(0.05)
    assert bench.exchange.count("server_time") == 0, "the start has just measured"
    await until(lambda: bench.exchange.count("server_time") == 5)
    await asyncio.sleep(0.4)
    assert bench.exchange.count("server_time") == 5, "nobody asked again"
    bench.sync.ask()
    await until(lambda: bench.exchange.count("server_time") == 10)
    task.cancel()


async def test_it_measures_at_intervals_and_sooner_after_a_failure() -> None:
    bench = Bench([(1, 1)])
    task = asyncio.create_task(bench.sync.run(interval_s=0.02, asked_gap_s=0.0))
    await until(lambda: bench.exchange.count("server_time") >= 10)
    task.cancel()
    failing = Bench([])
    failing.exchange.answers("server_time", Unknown("timeout"))
    task = asyncio.create_task(failing.sync.run(interval_s=0.05, again_s=0.01, asked_gap_s=0.0))
    await until(lambda: failing.exchange.count("server_time") >= 4)
    task.cancel()

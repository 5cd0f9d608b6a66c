"""Application: what ends it, with which exit code, and what is left behind; over fake ports."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.app.fake_exchange import FakeClock, FakeExchange, order, rules

from vibe_quant.app.application import DONE, FAILED, REFUSED, STARTING, Application, Goal, Parts
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import Settings, SymbolSettings
from vibe_quant.ports import Accepted, Entry

S = "BTC/USDT:USDT"


class Running(FakeClock):
    """A clock that goes with the loop."""

    def now_ms(self) -> int:
        return self.now + round(asyncio.get_running_loop().time() * 1000) % 1_000_000_000


class Half:
    """Half of a random source: the same number always."""

    def random(self) -> float:
        return 0.5


class Feeds:
    """Both feeds: up at once, and then as long as they may."""

    def __init__(self, inbox: Inbox, clock: FakeClock, dies: bool = False) -> None:
        self._inbox = inbox
        self._clock = clock
        self._dies = dies
        self.followed: list[Mapping[str, Wants]] = []

    def follow(self, wanted: Mapping[str, Wants]) -> None:
        self.followed.append(wanted)

    def expect(self, now: int) -> None:
        """Nothing is owed."""

    async def run(self) -> None:
        for stream in Stream:
            self._inbox.put(ev.StreamUp(stream, self._clock.now_ms()))
        if self._dies:
            raise RuntimeError("a feed has failed")
        await asyncio.Event().wait()


class Book:
    trouble = ""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self.closed = False

    def write(self, entries: Sequence[Entry]) -> None:
        self.rows += entries

    def close(self) -> None:
        self.closed = True


class House:
    def __init__(self, *, dies: bool = False, **parts: Any) -> None:
        plain = Settings(symbols=((S, SymbolSettings()),))
        settings = replace(plain, shared=replace(plain.shared, stop_timeout_s=1))
        self.clock, self.inbox, self.book = Running(), Inbox(), Book()
        self.exchange = FakeExchange(self.clock)
        self.feeds = Feeds(self.inbox, self.clock, dies)
        made = {
            "clock": self.clock,
            "run": "r1",
            "random": Half(),
            "exchange": self.exchange,
            "market": self.feeds,
            "user": self.feeds,
            "journal": self.book,
            "time_sync": TimeSync(self.exchange, self.clock, self.inbox.put, lambda _: None),
            "first": [ev.RulesLoaded(rules(S), 0), ev.ServerTime(self.clock.offset_ms, 0)],
        }
        self.app = Application(settings, self.inbox, Parts(**{**made, **parts}))

    async def run(self, goal: Goal = Goal.SERVE, stop_after_s: float | None = 0.2) -> int:
        if stop_after_s is not None:
            asyncio.get_running_loop().call_later(stop_after_s, self.app.stop)
        async with asyncio.timeout(20):
            return await self.app.run(goal)


async def test_it_serves_until_it_is_told_to_stop_and_writes_its_last_row() -> None:
    house = House()
    assert await house.run() == DONE
    assert house.book.rows[-1].kind == "end"
    assert house.book.closed
    assert house.exchange.asked[-1] == ("close", ())
    assert house.app.ready_ms is not None
    assert S in house.feeds.followed[0]
    assert house.app.supervisor.names == ()


async def test_a_feed_that_dies_ends_the_program_with_a_code_that_has_it_restarted() -> None:
    house = House(dies=True)
    assert await house.run(stop_after_s=None) == FAILED
    assert house.book.rows[-1].kind == "end"


async def test_a_stop_that_cannot_be_verified_is_a_failure() -> None:
    house = House()
    listed = ev.OpenOrdersRead(S, (order(S, "vq-old-1"),), 0, 0, 0)
    house.exchange.answers("open_orders", Accepted(listed))
    assert await house.run() == FAILED


async def test_it_ends_by_itself_when_every_leg_is_known_to_be_flat() -> None:
    house = House()
    assert await house.run(Goal.FLAT, stop_after_s=None) == DONE


async def test_a_refused_start_ends_when_nothing_is_left_without_a_stop_and_never_frees_discretion() -> None:
    house = House()
    assert await house.run(Goal.PROTECT, stop_after_s=None) == REFUSED
    assert house.app.engine.house.held == STARTING


async def test_discretion_waits_for_the_rest_of_the_start() -> None:
    held: list[str | None] = []

    async def prelude(app: Application) -> None:
        await asyncio.sleep(0.1)
        held.append(app.engine.house.held)

    house = House(prelude=prelude)
    assert await house.run() == DONE
    assert held == [STARTING]
    assert house.app.engine.house.held is None


async def test_a_stop_does_not_wait_for_the_rest_of_the_start() -> None:
    async def prelude(app: Application) -> None:
        await asyncio.Event().wait()

    house = House(prelude=prelude)
    assert await house.run() == DONE
    assert house.app.engine.house.held == STARTING


async def test_what_runs_beside_it_is_supervised_too() -> None:
    async def short() -> None:
        """Ends, which it must not."""

    house = House(beside={"mirror": short})
    assert await house.run(stop_after_s=None) == FAILED

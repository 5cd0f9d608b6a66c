"""An observer that fails at something skips it and goes on: no defect may blind it until somebody restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter, sleep

import pytest

from vibe_quant.app import observers
from vibe_quant.app.defects import AGAIN_S, MOST_KINDS, Defects
from vibe_quant.app.fronts import Fronts
from vibe_quant.app.narrator import Narrator
from vibe_quant.app.observers import RESTS, Observer
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.settings import GlobalSettings, Settings
from vibe_quant.domain.status import ExitCost

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
TIMER, NEWS = ev.Timer(1), ev.ContractNews(BTC, "TRADING", 1)
ALARM = Notify(NoticeKind.RISK, Severity.ALARM, "BTC is in panic tier 1", BTC)
WITHIN_S = 20.0


@dataclass
class Eye:
    """Sees all but what it fails at."""

    fails_at: tuple[ev.Event, ...] = ()
    takes_s: float = 0.0
    seen: list[ev.Event] = field(default_factory=list)
    missed: list[str | None] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    looks: int = 0

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:
        self.looks += 1
        sleep(self.takes_s)
        if event in self.fails_at:
            raise ValueError("as the test wants it")
        self.seen.append(event)

    def observer(self, most: int = 100) -> Observer:
        return Observer(
            "eye", self.see, most, missed=self.missed.append, tell=lambda notice: self.told.append(notice.text)
        )


def shown(observer: Observer, *events: ev.Event) -> None:
    for event in events:
        observer.offer(1, event, (), None)
    observer.drain()


def test_what_it_fails_at_is_skipped_and_counted_and_it_sees_on(logged: list[str]) -> None:
    eye = Eye(fails_at=(NEWS,))
    observer = eye.observer()
    shown(observer, TIMER, NEWS, TIMER, NEWS, TIMER)
    assert eye.seen == [TIMER] * 3
    assert (observer.failed, observer.dropped) == (2, 0)
    assert eye.missed == [BTC, BTC]
    (line,) = [line for line in logged if "observer_failed |" in line]
    assert "observer=eye failed=1" in line
    assert "eye has failed at something that has happened (ContractNews), skips it" in line
    assert len(eye.told) == 1, "once a kind, not once an event"


def test_one_that_fails_at_everything_is_said_once_an_hour_with_how_often() -> None:
    clock = [0.0]
    defects = Defects(lambda: clock[0])

    def met(number: int = 0) -> int:
        try:
            raise ValueError(f"number {number}")
        except ValueError as defect:
            return defects.met(defect)

    assert [met(number) for number in range(1000)] == [1] + [0] * 999
    clock[0] = AGAIN_S - 1
    assert met() == 0
    clock[0] = AGAIN_S
    assert met() == 1001
    assert met() == 0
    assert defects.count == 1003


def test_another_kind_is_said_by_itself_but_no_text_that_always_differs_fills_the_log() -> None:
    defects = Defects(lambda: 0.0)
    kinds = [type(f"Error{number}", (Exception,), {}) for number in range(MOST_KINDS + 50)]
    said = [defects.met(kind()) for kind in kinds]
    assert said[:MOST_KINDS] == [1] * MOST_KINDS
    assert sum(said[MOST_KINDS:]) == 1, "all that come later are one kind"


async def test_it_sees_on_while_the_loop_runs() -> None:
    eye = Eye(fails_at=(NEWS,))
    observer = eye.observer()
    task = asyncio.create_task(observer.run())
    for event in (NEWS, TIMER, NEWS, TIMER):
        observer.offer(1, event, (), None)
    async with asyncio.timeout(WITHIN_S):
        while len(eye.seen) < 2:
            await asyncio.sleep(0)
    observer.offer(1, TIMER, (), None)
    async with asyncio.timeout(WITHIN_S):
        while len(eye.seen) < 3:
            await asyncio.sleep(0)
    task.cancel()
    assert await asyncio.wait([task])


async def test_a_dear_look_that_always_fails_takes_a_small_part_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observers, "LONGEST_REST_S", 0.2)
    eye = Eye(fails_at=(NEWS,), takes_s=0.005)
    observer = eye.observer()
    for _ in range(100):
        observer.offer(1, NEWS, (), None)
    task, began_s = asyncio.create_task(observer.run()), perf_counter()
    async with asyncio.timeout(WITHIN_S):
        while eye.looks < 5:
            await asyncio.sleep(0.01)
    task.cancel()
    assert await asyncio.wait([task])
    assert perf_counter() - began_s > 4 * RESTS * 0.005, "without a rest five looks take 0.025 s"


def test_what_was_dropped_is_missed_where_it_lacks_and_not_before() -> None:
    eye = Eye()
    observer = eye.observer(most=2)
    for _ in range(5):
        observer.offer(1, TIMER, (), None)
    assert (observer.dropped, eye.missed) == (3, [])
    observer.drain()
    assert (len(eye.seen), eye.missed) == (2, [None])
    for _ in range(3):
        observer.offer(1, TIMER, (), None)
    observer._look(1)  # a place is free: what comes now stands behind the gap
    observer.offer(1, NEWS, (), None)
    seen = len(eye.seen)
    observer.drain()
    assert eye.seen[seen:] == [TIMER, NEWS]
    assert eye.missed == [None, None]


def test_one_that_fails_at_the_news_that_it_lacks_something_goes_on() -> None:
    def fail(_: str | None) -> None:
        raise KeyError("as the test wants it")

    eye = Eye(fails_at=(NEWS,))
    observer = Observer("eye", eye.see, missed=fail)
    shown(observer, NEWS, TIMER)
    assert eye.seen == [TIMER]
    assert observer.failed == 2


class Ear:
    """A front that fails at its first notice, its first cost and its first settings."""

    name = "ear"

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.failed: set[type] = set()

    def see(self, *_: object) -> None: ...

    async def run(self) -> None: ...

    def notice(self, notice: Notify) -> None:
        self._hear(notice)

    def cost(self, cost: ExitCost) -> None:
        self._hear(cost)

    def retune(self, shared: GlobalSettings) -> None:
        self._hear(shared)

    def _hear(self, news: object) -> None:
        if type(news) not in self.failed:
            self.failed.add(type(news))
            raise RuntimeError("as the test wants it")
        self.heard.append(news)


def test_a_front_that_fails_at_a_notice_hears_the_next_alarm(logged: list[str]) -> None:
    ear, other = Ear(), Ear()
    other.failed = {Notify, GlobalSettings}
    fronts = Fronts([ear, other])
    shared = Settings().shared
    fronts.notice(ALARM)
    fronts.retune(shared)
    fronts.notice(ALARM)
    fronts.retune(shared)
    assert ear.heard == [ALARM, shared]
    assert other.heard == [ALARM, shared] * 2
    assert [observer.failed for observer in fronts.observers()] == [2, 0]
    (line,) = [line for line in logged if "observer_failed |" in line]
    assert "ear has failed at a notice" in line


def test_the_others_are_told_of_one_that_fails_at_what_it_sees() -> None:
    class Blind(Ear):
        def see(self, *_: object) -> None:
            raise ValueError("as the test wants it")

    blind, other = Blind(), Ear()
    other.failed = blind.failed = {Notify}
    fronts = Fronts([blind, other])
    shown(fronts.observers()[0], TIMER, TIMER)
    (notice,) = other.heard
    assert isinstance(notice, Notify)
    assert notice.severity is Severity.WARNING
    assert "skips it, and goes on with the next" in notice.text


@pytest.mark.parametrize("fails_first", [True, False])
def test_a_line_at_which_the_narrator_fails_takes_no_alarm_with_it(fails_first: bool, logged: list[str]) -> None:
    odd = Notify(NoticeKind.FILL, Severity.INFO, "odd", BTC, facts=(("a", "b", "c"),))  # type: ignore[arg-type]
    both = (odd, ALARM) if fails_first else (ALARM, odd)
    observer = Observer("narrator", Narrator("vq").see)
    observer.offer(1, TIMER, both, None)
    observer.drain()
    assert observer.failed == 1
    assert any("notice_risk |" in line and ALARM.text in line for line in logged)

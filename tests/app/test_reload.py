"""The file's side of a reload: what is watched, what is kept, what is said."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vibe_quant.app import reload as reloading
from vibe_quant.app.breaker import Breaker
from vibe_quant.app.fronts import Fronts
from vibe_quant.app.last_good import NAME, keep, newest, pointed_out
from vibe_quant.app.reload import MOST_SAID, Reloader
from vibe_quant.app.reload_watch import ReloadWatch
from vibe_quant.binance.weights import Weights
from vibe_quant.config import Loaded
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.config.problems import ConfigError, Problem
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import FetchRules, Notify
from vibe_quant.domain.settings import BreakerSettings, GlobalSettings, Settings
from vibe_quant.domain.status import ExitCost
from vibe_quant.ports import Unknown

TEXT = 'global:\n  watch: true\n  execution: {base_mult: 2}\nsymbols:\n  "BTC/USDT:USDT": {}\n'
EACH_S = 0.02
WITHIN_S = 20.0


@dataclass
class House:
    """A file, a pretended application, and what is told."""

    file: Path
    state: Path
    reloader: Reloader = field(init=False)
    told: list[Notify] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    unlisted: tuple[str, ...] = ()
    deaf: bool = False
    app: Any = None

    def __post_init__(self) -> None:
        self.file.write_text(TEXT, encoding="utf-8")
        loaded = ConfigLoader().load(self.file)
        engine = SimpleNamespace(settings=loaded.settings, house=SimpleNamespace(stopping=False))
        clock = SimpleNamespace(now_ms=lambda: 5, server_ms=lambda: 1_700_000_000_000)
        self.app = SimpleNamespace(
            at_work=True,
            refused=False,
            over=False,
            engine=engine,
            inbox=SimpleNamespace(put=self._put),
            parts=SimpleNamespace(clock=clock, unlisted=self._unlisted),
            recorder=SimpleNamespace(append=lambda rows, _now: self.rows.extend(rows)),
        )
        self.reloader = Reloader(loaded, self.state, lambda: self.app, self.told.append)

    def _put(self, event: ev.Reload) -> None:
        if not self.deaf:
            self.app.engine.settings = event.settings

    async def _unlisted(self, symbols: list[str]) -> tuple[str, ...]:
        return tuple(symbol for symbol in symbols if symbol in self.unlisted)

    def says(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def texts(self) -> list[str]:
        return [notice.text for notice in self.told]

    async def says_soon(self, words: str) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not any(words in text for text in self.texts()):
                await asyncio.sleep(EACH_S)


@pytest.fixture
def at(tmp_path: Path) -> House:
    return House(tmp_path / "config.yaml", tmp_path / "state")


@asynccontextmanager
async def watching(at: House) -> AsyncIterator[ReloadWatch]:
    watch = ReloadWatch(at.reloader, at.told.append, EACH_S)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        await asyncio.wait([task])


async def looks(times: int = 6) -> None:
    """Let it look so often."""
    await asyncio.sleep(times * EACH_S)


# --- the watch


async def test_a_changed_file_is_taken(at: House) -> None:
    async with watching(at):
        at.says("base_mult: 2", "base_mult: 3")
        await at.says_soon("execution.base_mult 2 -> 3")
    assert at.app.engine.settings.default.execution.base_mult == 3


async def test_a_file_that_only_its_time_has_changed_is_not(at: House) -> None:
    async with watching(at):
        os.utime(at.file, (1, 1))
        await looks()
    assert (at.told, at.rows) == ([], [])


async def test_a_file_that_is_gone_for_a_moment_is_waited_for(at: House) -> None:
    async with watching(at):
        text = at.file.read_text(encoding="utf-8")
        at.file.unlink()
        await looks()
        assert at.told == []
        at.file.write_text(text.replace("base_mult: 2", "base_mult: 4"), encoding="utf-8")
        await at.says_soon("execution.base_mult 2 -> 4")


async def test_one_that_cannot_be_read_is_no_news(at: House) -> None:
    async with watching(at):
        at.file.unlink()
        at.file.mkdir()
        await looks()
    assert at.told == []


async def test_it_waits_for_the_end_of_the_start_and_takes_what_came_before(at: House) -> None:
    app, at.app = at.app, None
    async with watching(at):
        at.says("base_mult: 2", "base_mult: 5")
        await looks()
        assert at.told == []
        at.app = app
        await at.says_soon("execution.base_mult 2 -> 5")


async def test_what_is_invalid_is_said_once_and_again_when_it_is_asked_for(at: House) -> None:
    async with watching(at) as watch:
        at.says("base_mult: 2", "base_mult: 0")
        await at.says_soon("Not reloaded (watch (the file has changed))")
        os.utime(at.file, (1, 1))
        await looks()
        assert len(at.told) == 1
        watch.hang_up()
        await at.says_soon("Not reloaded (SIGHUP)")
    assert all(notice.severity is Severity.WARNING for notice in at.told)


async def test_nothing_is_watched_without_the_knob(at: House) -> None:
    at.says("watch: true", "watch: false")
    plan = await at.reloader.plan("x")
    assert (await at.reloader.apply(plan.token, "x")).ok
    at.told.clear()
    async with watching(at):
        at.says("base_mult: 2", "base_mult: 3")
        await looks()
    assert at.told == []


async def test_sighup_tells_what_it_brings_and_what_it_could_not_do(at: House) -> None:
    async with watching(at) as watch:
        at.says('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {sides: [LONG]}')
        watch.hang_up()
        await at.says_soon("Reload (SIGHUP): BTC/USDT:USDT SHORT is not managed any more")
        at.app.engine.house.stopping = True
        watch.hang_up()
        await at.says_soon("Not reloaded (SIGHUP): the service is stopping. Nothing was changed")


async def test_a_file_that_changes_between_the_look_and_the_reload_is_left_for_the_next(
    at: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = at.reloader.plan

    async def slow(by: str) -> Any:
        plan = await planned(by)
        at.says("base_mult", "max_mult")
        return plan

    at.says("watch: true", "watch: false")
    monkeypatch.setattr(at.reloader, "plan", slow)
    async with watching(at) as watch:
        watch.hang_up()
        await at.says_soon("has changed since this was shown")


# --- the reloader


async def test_a_symbol_that_the_exchange_does_not_list_refuses_it(at: House) -> None:
    at.unlisted = ("NOPE/USDT:USDT",)
    at.says('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {}\n  "NOPE/USDT:USDT": {}')
    plan = await at.reloader.plan("x")
    assert plan.problems == ("symbols.NOPE/USDT:USDT: the exchange lists no such perpetual; correct the name",)
    answer = await at.reloader.apply(plan.token, "x")
    assert not answer.ok
    assert "NOPE" in answer.text


async def test_an_engine_that_does_not_take_it_in_time_is_not_said_to_have(
    at: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "TAKEN_S", 0.05)
    at.deaf = True
    at.says("base_mult: 2", "base_mult: 3")
    plan = await at.reloader.plan("x")
    answer = await at.reloader.apply(plan.token, "x")
    assert not answer.ok
    assert "has not taken it yet" in answer.text


async def test_a_start_that_was_refused_takes_none(at: House) -> None:
    at.app.at_work, at.app.refused = False, True
    at.says("base_mult: 2", "base_mult: 3")
    plan = await at.reloader.plan("x")
    answer = await at.reloader.apply(plan.token, "x")
    assert (answer.ok, "is stopping" in answer.text) == (False, True)


async def test_before_the_application_is_there_the_file_is_judged_without_the_exchange(at: House) -> None:
    at.app = None
    at.says('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {}\n  "NOPE/USDT:USDT": {}')
    plan = await at.reloader.plan("x")
    assert (plan.problems, [one.scope for one in plan.changes]) == ((), ["NOPE/USDT:USDT"])


async def test_comments_alone_change_the_file_and_nothing_else(at: House) -> None:
    at.says("global:", "# a word\nglobal:")
    plan = await at.reloader.plan("x")
    answer = await at.reloader.apply(plan.token, "me")
    assert answer.text == "Reloaded by me: nothing that rules has changed."
    assert at.reloader.loaded.content.startswith(b"# a word")


async def test_of_very_many_changes_the_first_are_said_and_two_hundred_journalled(at: House) -> None:
    names = [f"A{number}/USDT:USDT" for number in range(300)]
    at.says('  "BTC/USDT:USDT": {}\n', "".join(f'  "{name}": {{}}\n' for name in names))
    plan = await at.reloader.plan("x")
    answer = await at.reloader.apply(plan.token, "x")
    assert f"and {301 - MOST_SAID} more" in answer.text
    [row] = at.rows
    assert (len(row.body["changes"]), row.body["more"]) == (200, 101)


async def test_where_the_last_good_one_cannot_be_kept_it_is_said_and_the_reload_holds(at: House) -> None:
    at.state.write_text("a file where a folder should be", encoding="utf-8")
    at.says("base_mult: 2", "base_mult: 3")
    plan = await at.reloader.plan("x")
    assert (await at.reloader.apply(plan.token, "x")).ok
    assert any("cannot be kept" in text for text in at.texts())


# --- the last good file


def broken(path: Path) -> ConfigError:
    return ConfigError(path, [Problem("global", 1, "is wrong")])


def test_it_is_private_whole_and_the_newest_of_all_venues(tmp_path: Path) -> None:
    assert newest(tmp_path / "none") is None
    first = keep(tmp_path / "sim", b"one")
    os.utime(first, (1, 1))
    keep(tmp_path / "live", b"two")
    again = keep(tmp_path / "live", b"three")
    assert newest(tmp_path) == again == tmp_path / "live" / NAME
    assert again.read_bytes() == b"three"
    assert again.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in again.parent.iterdir()) == [NAME]


def test_a_leftover_of_a_keeping_that_was_cut_off_is_in_nobodys_way(tmp_path: Path) -> None:
    keep(tmp_path, b"one")
    (tmp_path / f".{NAME}.new").write_bytes(b"ha")
    assert keep(tmp_path, b"two").read_bytes() == b"two"


def test_an_error_of_the_file_names_it_where_there_is_one(tmp_path: Path) -> None:
    error = broken(tmp_path / "config.yaml")
    assert pointed_out(error, tmp_path) is error
    kept = keep(tmp_path / "sim", b"x")
    text = str(pointed_out(error, tmp_path))
    assert f"the last good one is {kept}, never used by itself" in text
    assert "is wrong" in text


# --- who holds a part of the settings


def test_the_breaker_counts_on_by_the_new_settings() -> None:
    breaker = Breaker(BreakerSettings(failures=5, block_s=1))
    lost, asked = Unknown("timeout"), FetchRules("BTC/USDT:USDT", "why")
    for _ in range(2):
        assert not breaker.learn(lost, 0)
    breaker.retune(BreakerSettings(failures=3, block_s=60))
    assert breaker.learn(lost, 0)
    last = breaker.blocks(asked, 59_999)
    assert last is not None
    assert last.startswith("the circuit breaker is open for another 1 s, after ")
    assert breaker.blocks(asked, 60_000) is None


def test_the_reserve_of_the_weight_may_be_another_at_any_time() -> None:
    weights = Weights(Decimal("0.2"))
    weights.limit = 100
    weights.leave(85, 0)
    assert weights.why_not(10, 0, acts=False) is not None
    weights.reserve = Decimal(0)
    assert weights.why_not(10, 0, acts=False) is None


class Deaf:
    """A front without knobs of its own."""

    name = "deaf"

    def see(self, *_: object) -> None: ...

    def notice(self, notice: Notify) -> None: ...

    def cost(self, cost: ExitCost) -> None: ...

    async def run(self) -> None: ...


class Tuned(Deaf):
    """One with; it fails at the second."""

    name = "tuned"

    def __init__(self) -> None:
        self.heard: list[GlobalSettings] = []
        self.notices = 0

    def notice(self, notice: Notify) -> None:
        self.notices += 1

    def retune(self, shared: GlobalSettings) -> None:
        if self.heard:
            raise RuntimeError("as the test wants it")
        self.heard.append(shared)


def test_fronts_with_knobs_are_told_and_one_that_fails_holds_nothing_up() -> None:
    one, two = Tuned(), Tuned()
    fronts = Fronts([Deaf(), one, two])
    shared = Settings().shared
    fronts.retune(shared)
    two.heard.clear()
    fronts.retune(shared)
    assert (one.heard, two.heard) == ([shared], [shared])
    fronts.notice(Notify(NoticeKind.LIFECYCLE, Severity.INFO, "still heard"))
    assert one.notices == 1


def test_loaded_holds_what_it_was_read_from(at: House) -> None:
    loaded: Loaded = at.reloader.loaded
    assert loaded.content == at.file.read_bytes()


async def test_who_asked_may_be_gone_before_the_engine_has_taken_it(at: House) -> None:
    """What waits in the inbox is taken all the same: nothing may go on showing the old configuration."""
    at.deaf, adopted = True, list[Loaded]()
    reloader = Reloader(at.reloader.loaded, at.state, lambda: at.app, at.told.append, adopted.append)
    at.says("base_mult: 2", "base_mult: 3")
    asking = asyncio.create_task(reloader.apply((await reloader.plan("x")).token, "x"))
    while not at.rows:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert adopted == [reloader.loaded]
    assert (at.state / NAME).read_bytes() == at.file.read_bytes()
    assert any("base_mult 2 -> 3" in text for text in at.texts())

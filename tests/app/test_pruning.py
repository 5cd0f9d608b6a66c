"""Old rows go in the pauses of trading, and never before anything else has had its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.journal.rows import T0, fill, opened

from vibe_quant.app import pruning as work
from vibe_quant.app.application import Application
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.database import Database
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.pruning import DAY_MS, Pruning, pruning
from vibe_quant.app.recorder import Recorder
from vibe_quant.domain import events as ev
from vibe_quant.journal import pruning as steps
from vibe_quant.journal.mirror import PostgresMirror
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.removal import KIND
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.verify import verify
from vibe_quant.ports import Entry, JournalBroken

ROWS = 60


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("REST_S", 0.0), ("BUSY_S", 0.001), ("FIRST_S", 0.001), ("EACH_S", 0.01)):
        monkeypatch.setattr(work, name, value)
    for name, value in (("STEP", 5), ("MOST", 4), ("LEAST", 1)):
        monkeypatch.setattr(steps, name, value)


@dataclass
class House:
    """A journal of old rows, and what of the program pruning looks at."""

    journal: SqliteJournal
    idle: bool = True
    writes: bool = True
    mirrored: int | None = None
    asked: int = 0
    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def pruning(self) -> Pruning:
        return Pruning(self.journal, 8, lambda: T0 + 9 * DAY_MS, lambda: self.mirrored, self._idle, self._write)

    def _idle(self) -> bool:
        self.asked += 1
        return self.idle

    def _write(self, kind: str, body: dict[str, Any]) -> bool:
        if self.writes:
            self.journal.write([Entry(kind, T0 + 9 * DAY_MS, body)])
        return self.writes

    @property
    def first(self) -> int:
        return next(JournalReader(self.journal.path).rows(most=1)).seq


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    journal = opened(tmp_path / "j")
    journal.write([fill(i, T0 + i) for i in range(ROWS)])
    one = House(journal)
    monkeypatch.setattr(work, "log", lambda event, **fields: one.log.append((event.name, fields)))
    yield one
    journal.close()


async def test_what_is_old_goes(house: House) -> None:
    assert await house.pruning().look() == ROWS
    assert house.first == ROWS + 1
    assert verify(house.journal.path).reason == ""
    assert await house.pruning().look() == 0


async def test_before_each_piece_everything_else_has_its_turn(house: House) -> None:
    """60 rows are read and go 5 at a time, three removals are written: never two pieces without a look between."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await house.pruning().look()
    task.cancel()
    pieces = ROWS // 5 * 2 + 3
    assert house.asked >= pieces
    assert turns >= pieces


async def test_while_something_waits_nothing_goes(house: House) -> None:
    house.idle = False
    task = asyncio.create_task(house.pruning().look())
    while house.asked < 20:
        await asyncio.sleep(0.001)
    assert house.first == 1
    assert JournalReader(house.journal.path).last_removal() is None
    house.idle = True
    assert await task == ROWS


async def test_work_that_comes_in_the_middle_stops_it_there(house: House) -> None:
    task = asyncio.create_task(house.pruning().look())
    while house.first == 1:
        await asyncio.sleep(0)
    house.idle = False
    for _ in range(20):
        await asyncio.sleep(0.001)
    stopped = house.first
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert house.first == stopped < ROWS
    house.idle = True
    assert await task == ROWS


async def test_what_a_run_before_has_named_goes_first(house: House) -> None:
    task = asyncio.create_task(house.pruning().look())
    while house.first == 1:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert 1 < house.first <= 20
    assert await house.pruning().look() == ROWS - 20
    assert house.first == ROWS + 1


async def test_what_is_not_mirrored_stays(house: House) -> None:
    house.mirrored = 17
    assert await house.pruning().look() == 15
    house.mirrored = 0
    assert await house.pruning().look() == 0
    assert house.first == 16


async def test_where_no_row_can_say_it_nothing_goes(house: House) -> None:
    house.writes = False
    assert await house.pruning().look() == 0
    assert house.first == 1


async def test_a_file_that_is_held_is_left_for_the_next_look(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteJournal, "remove", lambda *_: False)
    assert await house.pruning().look() == 20
    assert await house.pruning().look() == 0
    monkeypatch.undo()
    assert house.first == 1
    assert verify(house.journal.path).reason == ""


async def until(house: House, name: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while not any(event == name for event, _ in house.log):
            await asyncio.sleep(0.001)
    return next(fields for event, fields in house.log if event == name)


async def test_it_is_said_once_what_went(house: House) -> None:
    task = asyncio.create_task(house.pruning().run())
    said = await until(house, "journal_pruned")
    assert said["rows"] == ROWS
    assert "60 rows of the journal are older than 8 days" in said["text"]
    while house.asked < 200:
        await asyncio.sleep(0.001)
    task.cancel()
    assert len(house.log) == 1


async def test_a_journal_that_cannot_be_read_is_said_and_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> None:
        raise JournalBroken("journal x: a canary")

    monkeypatch.setattr(work, "left_over", fails)
    task = asyncio.create_task(house.pruning().run())
    said = await until(house, "journal_unpruned")
    assert said["text"] == "the journal's old rows stay where they are, and it grows: journal x: a canary"
    monkeypatch.setattr(work, "left_over", steps.left_over)
    await until(house, "journal_pruned")
    task.cancel()


class Clock(SystemClock):
    """The exchange's clock is ten years ahead by mistake."""

    def __init__(self, ahead_ms: int) -> None:
        super().__init__()
        self.ahead_ms = ahead_ms

    def server_ms(self) -> int:
        return self.wall_ms() + self.ahead_ms


async def in_a_run(house: House, clock: SystemClock, app: Any, first: int = 0) -> None:
    """For a while, and until row ``first`` is the first."""
    tasks = pruning(house.journal, 8, clock, Database().mirrored, lambda: cast("Application | None", app))
    assert list(tasks) == ["pruning"]
    task = asyncio.create_task(tasks["pruning"]())
    try:
        await asyncio.sleep(0.2)
        async with asyncio.timeout(20):
            while house.first < first:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def app_of(house: House, *, at_work: bool = True, over: bool = False, awaited: bool = True) -> Any:
    recorder = Recorder(house.journal, "vq", lambda _: None)
    return SimpleNamespace(at_work=at_work, over=over, recorder=recorder, inbox=SimpleNamespace(awaited=awaited))


@pytest.mark.parametrize("state", [{"at_work": False}, {"over": True}, {"awaited": False}])
async def test_only_at_work_and_only_while_nothing_comes(house: House, state: dict[str, bool]) -> None:
    await in_a_run(house, SystemClock(), app_of(house, **state))
    assert house.first == 1


async def test_a_clock_that_is_far_ahead_removes_nothing_that_is_young(house: House) -> None:
    clock = Clock(3650 * DAY_MS)
    house.journal.write([fill(1, clock.wall_ms())] * 10)
    await in_a_run(house, clock, app_of(house), ROWS + 1)
    left = list(JournalReader(house.journal.path).rows())
    assert [row.seq for row in left if row.kind != KIND] == list(range(ROWS + 1, ROWS + 11))


def test_for_ever_is_for_ever(house: House) -> None:
    assert pruning(house.journal, None, SystemClock(), Database().mirrored, lambda: None) == {}


def test_what_a_mirror_that_should_be_there_has(tmp_path: Path) -> None:
    assert Database().mirrored() is None
    assert Database(wanted=True).mirrored() == 0
    mirror = cast("PostgresMirror", SimpleNamespace(mirrored=7))
    assert Database(mirror=mirror).mirrored() == 7


async def test_the_inbox_knows_whether_it_is_waited_upon() -> None:
    inbox = Inbox()
    seen = [inbox.awaited]
    waiting = asyncio.create_task(inbox.arrived(None))
    await asyncio.sleep(0)
    seen.append(inbox.awaited)
    inbox.put(ev.Timer(1))
    seen.append(inbox.awaited)
    await waiting
    assert [*seen, inbox.awaited] == [False, True, False, False]

"""While a configuration is read again, orders and stops have their turn: it is read in pieces, and once."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from tests.app.test_reload import House

from vibe_quant.app.reload import AGAIN, Reloader
from vibe_quant.breath import PIECE_S, in_pieces
from vibe_quant.config.loader import ConfigLoader, Loaded
from vibe_quant.config.problems import ConfigError, FileProblem
from vibe_quant.config.steps import done

MANY = 200
ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "config").glob("*.yaml")), ROOT / "tests" / "config" / "broken" / "many.yaml"]
ODD = (
    "",
    "  x: [",
    "\tx: 1",
    "global: {venue: sim}",
    "  - 1",
    "x: &a [*a]",
    "? {a: 1}",
    "manage: nobody",
    "  venue: live",
)


def text(symbols: int, mult: int = 2) -> str:
    one = "{execution: {base_mult: %d, order_ttl_ms: 800}, strategy: {names: [patient]}}"
    return "global:\n  venue: sim\nsymbols:\n" + "".join(
        f'  "A{number}/USDT:USDT": {one % mult}\n' for number in range(symbols)
    )


@pytest.fixture
def large(tmp_path: Path) -> House:
    at = House(tmp_path / "config.yaml", tmp_path / "state")
    at.file.write_text(text(MANY), encoding="utf-8")
    at.reloader = Reloader(ConfigLoader().load(at.file), at.state, lambda: at.app, at.told.append)
    at.app.engine.settings = at.reloader.loaded.settings
    return at


@pytest.fixture(autouse=True)
def no_looks_for_garbage() -> Iterator[None]:
    """One at all that the tests have made takes as long as a reading."""
    gc.disable()
    yield
    gc.enable()


@asynccontextmanager
async def others() -> AsyncIterator[list[float]]:
    """The moments at which everything else has its turn, by the processor's time: hosts pause whom they like."""
    turns: list[float] = []

    async def look() -> None:
        while True:
            turns.append(thread_time())
            await asyncio.sleep(0)

    task = asyncio.create_task(look())
    await asyncio.sleep(0)
    try:
        yield turns
    finally:
        task.cancel()
        await asyncio.wait([task])


def reads(at: House, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which files are parsed from now on."""
    found: list[Path] = []
    steps = ConfigLoader.steps

    def counted(self: ConfigLoader, path: Path, *rest: Any) -> Any:
        found.append(path)
        return steps(self, path, *rest)

    monkeypatch.setattr(ConfigLoader, "steps", counted)
    return found


def judged(path: Path, pieces: bool) -> object:
    try:
        return asyncio.run(in_pieces(ConfigLoader().steps(path))) if pieces else ConfigLoader().load(path)
    except ConfigError as error:
        return error.problems
    except FileProblem as problem:
        return str(problem)


@pytest.mark.parametrize("path", [*FILES, Path("none.yaml")], ids=lambda path: path.name)
def test_what_is_read_in_pieces_is_the_same(path: Path) -> None:
    """Settings, sources with their lines, warnings, content; or every problem of it."""
    assert judged(path, pieces=True) == judged(path, pieces=False)


def test_so_it_is_of_a_file_that_is_broken_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of a real configuration once replaced by something odd."""
    monkeypatch.setattr("vibe_quant.breath.REST_S", 0)
    lines = (ROOT / "config" / "demo.yaml").read_text(encoding="utf-8").splitlines()
    path, kinds = tmp_path / "odd.yaml", set[type]()
    for number in range(len(lines)):
        odd = ODD[number % len(ODD)]
        path.write_text("\n".join([*lines[:number], odd, *lines[number + 1 :]]), encoding="utf-8")
        found = judged(path, pieces=True)
        assert found == judged(path, pieces=False), (number, odd)
        kinds.add(type(found))
    assert kinds == {tuple, Loaded}, "some are broken by it, and some are not"


def test_no_step_of_it_is_long(large: House) -> None:
    """Of what 200 symbols take, the longest step is a small part."""
    steps, took = ConfigLoader().steps(large.file), list[float]()
    began = thread_time()
    with pytest.raises(StopIteration) as end:
        while True:
            step = thread_time()
            next(steps)
            took.append(thread_time() - step)
    assert end.value.value == ConfigLoader().load(large.file)
    assert len(took) > 5 * MANY
    assert sorted(took)[-len(took) // 100] < (thread_time() - began) / 50, "one in a hundred: the host's own pauses"


async def test_others_have_their_turn_all_the_while_and_it_is_read_once(
    large: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = thread_time()
    done(ConfigLoader().steps(large.file))
    whole_s = thread_time() - began
    large.file.write_text(text(MANY, 3), encoding="utf-8")
    read = reads(large, monkeypatch)
    async with others() as turns:
        plan = await large.reloader.plan("x")
        answer = await large.reloader.apply(plan.token, "x")
    assert answer.ok, answer.text
    assert (len(plan.changes), len(read)) == (MANY, 1)
    gaps = sorted(later - sooner for sooner, later in pairwise(turns))
    assert sum(gap > PIECE_S / 10 for gap in gaps) > 20, "it was done in many pieces"
    assert sum(gap > whole_s / 2 for gap in gaps) == 0, "and not in a few"


async def test_many_who_ask_at_once_are_told_of_one_reading(large: House, monkeypatch: pytest.MonkeyPatch) -> None:
    large.file.write_text(text(MANY, 3), encoding="utf-8")
    read = reads(large, monkeypatch)
    plans = await asyncio.gather(*(large.reloader.plan(f"{number}") for number in range(20)))
    assert len(read) == 1
    assert all(plan == plans[0] for plan in plans)


async def test_what_changes_while_it_is_read_is_not_applied_unseen(large: House) -> None:
    large.file.write_text(text(MANY, 3), encoding="utf-8")
    planning = asyncio.create_task(large.reloader.plan("x"))
    async with asyncio.timeout(20):
        while not large.reloader._one_reads.locked():
            await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    large.file.write_text(text(MANY, 4), encoding="utf-8")
    plan = await planning
    assert {change.new for change in plan.changes} == {"3"}, "whole, as it was at one moment"
    answer = await large.reloader.apply(plan.token, "x")
    assert not answer.ok
    assert answer.text.startswith(AGAIN)
    again = await large.reloader.plan("x")
    assert (await large.reloader.apply(again.token, "x")).ok
    assert large.app.engine.settings.symbols[0][1].execution.base_mult == 4


async def test_a_stop_in_the_middle_leaves_all_as_it_was(large: House) -> None:
    before = large.app.engine.settings
    large.file.write_text(text(MANY, 3), encoding="utf-8")
    reading = asyncio.create_task(large.reloader.plan("x"))
    await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert large.app.engine.settings is before
    assert len((await large.reloader.plan("x")).changes) == MANY


async def test_a_file_that_is_no_configuration_is_refused_in_a_sentence_each_time(large: House) -> None:
    large.file.write_text("global: [\n", encoding="utf-8")
    one, two = await large.reloader.plan("x"), await large.reloader.plan("x")
    assert one.problems == two.problems
    assert "not valid YAML" in one.problems[0]

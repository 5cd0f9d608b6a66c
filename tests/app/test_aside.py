"""Work beside trading: it may raise, return or refuse to end, and nothing follows from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from loguru import logger

from vibe_quant.app import aside as asides
from vibe_quant.app.aside import aside, put_away, within
from vibe_quant.app.holding import Holding
from vibe_quant.domain import events as ev


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lambda text: lines.append(str(text)), format="{level} {message}")
    yield lines
    logger.remove(sink)


async def test_what_raises_is_said_and_begun_again(said: list[str]) -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        raise ValueError("no")

    task = asyncio.create_task(aside("the work", work, 0.01))
    await asyncio.sleep(0.1)
    assert begun > 1
    assert not task.done()
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert any("the work has failed; trading goes on without it" in line for line in said)


async def test_what_returns_is_over_and_no_task_dies() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    task = asyncio.create_task(aside("the work", work, 0.01))
    await asyncio.sleep(0.1)
    assert begun == [1]
    assert not task.done()
    await put_away(task)
    assert task.cancelled()


@pytest.mark.parametrize("stubborn", [1, 9])
async def test_what_does_not_end_holds_nothing_up(
    said: list[str], monkeypatch: pytest.MonkeyPatch, stubborn: int
) -> None:
    monkeypatch.setattr(asides, "GRACE_S", 0.05)
    left = stubborn
    over = asyncio.Event()

    async def work() -> None:
        nonlocal left
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                left -= 1
                if left < 0:
                    raise

    task = asyncio.create_task(aside("the work", work))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait_for(asyncio.wait([task]), 5)
    assert task.cancelled()
    assert any("is left behind" in line for line in said) is (stubborn > 1)
    over.set()
    await asyncio.sleep(0)


class Still:
    def now_ms(self) -> int:
        return 7

    def server_ms(self) -> int:
        return 8

    @property
    def offset_ms(self) -> int:
        return 1


def test_each_reason_is_ended_by_who_gave_it() -> None:
    told: list[ev.Event] = []
    holding = Holding(Still(), told.append)
    holding.put("start", "the start is not over")
    holding.put("lease", "another has it")
    holding.put("lease", "another has it")
    holding.put("start", None)
    holding.put("start", None)
    holding.put("lease", None)
    reasons = [event.reason for event in told if isinstance(event, ev.Hold)]
    both = "the start is not over; another has it"
    assert reasons == ["the start is not over", both, "another has it", None]


async def test_what_may_take_so_long_and_no_longer() -> None:
    done: list[int] = []

    async def work(seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not seconds:
            raise ValueError("no")
        done.append(1)

    await within(5, "short", work(0.01))
    assert done == [1]
    with pytest.raises(TimeoutError):
        await within(0.02, "long", work(60))
    with pytest.raises(ValueError, match="no"):
        await within(5, "wrong", work(0))
    outer = asyncio.create_task(within(60, "cancelled", work(60)))
    await asyncio.sleep(0.01)
    outer.cancel()
    await asyncio.wait([outer], timeout=5)
    assert outer.cancelled()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "cancelled"]

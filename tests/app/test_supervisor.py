"""Tasks by name: which end ends all, in which order."""

from __future__ import annotations

import asyncio

import pytest

from vibe_quant.app.supervisor import Supervisor, TaskDiedError


async def forever(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def soon(error: Exception | None) -> None:
    await asyncio.sleep(0.01)
    if error is not None:
        raise error


async def test_the_first_failure_is_told_with_its_name_and_cause_and_the_rest_end_in_order() -> None:
    supervisor, ended = Supervisor(), list[str]()
    supervisor.start("a", forever(ended, "a"))
    supervisor.start("broken", soon(ValueError("why")))
    supervisor.start("b", forever(ended, "b"))
    with pytest.raises(TaskDiedError, match="broken") as died:
        await supervisor.watch(asyncio.get_running_loop().create_future())
    assert isinstance(died.value.__cause__, ValueError)
    assert ended == []
    await supervisor.stop()
    assert ended == ["a", "b"]
    assert supervisor.names == ()


async def test_a_task_that_returns_is_dead_too() -> None:
    supervisor = Supervisor()
    supervisor.start("short", soon(None))
    with pytest.raises(TaskDiedError, match="short"):
        await supervisor.watch(asyncio.get_running_loop().create_future())
    await supervisor.stop()


async def test_a_task_cancelled_from_outside_ends_the_watch() -> None:
    supervisor = Supervisor()
    supervisor.start("a", forever([], "a"))
    task = next(task for task in asyncio.all_tasks() if task.get_name() == "a")
    asyncio.get_running_loop().call_later(0.01, task.cancel)
    with pytest.raises(TaskDiedError, match="outside"):
        await supervisor.watch(asyncio.get_running_loop().create_future())


async def test_the_watch_ends_with_what_it_waits_for() -> None:
    supervisor, ended = Supervisor(), list[str]()
    supervisor.start("a", forever(ended, "a"))
    await supervisor.watch(asyncio.ensure_future(asyncio.sleep(0.01)))
    await supervisor.stop()
    assert ended == ["a"]


async def test_a_name_is_given_once() -> None:
    supervisor = Supervisor()
    supervisor.start("a", forever([], "a"))
    with pytest.raises(ValueError, match="named a"):
        supervisor.start("a", forever([], "a"))
    await supervisor.stop()

"""Owns every task by name, in the order of their creation: the first that fails ends all, in that order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class TaskDiedError(Exception):
    """A task of the program ended that must not; the cause is its own exception, or none where it returned."""


class Supervisor:
    """A TaskGroup's semantics with a fixed order of ending.

    Tasks started by ``start`` may never end by themselves; the first that does, ends ``watch``.
    """

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Tasks under way, oldest first."""
        return tuple(self._tasks)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Begin a task.

        Raises:
            ValueError: one of that name is under way.
        """
        if name in self._tasks:
            work.close()
            raise ValueError(f"a task named {name} is under way")
        self._tasks[name] = asyncio.create_task(work, name=name)

    async def watch(self, until: asyncio.Future[Any]) -> None:
        """Return when ``until`` is done.

        Raises:
            TaskDiedError: a task ended before.
        """
        await asyncio.wait([until, *self._tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        for name, task in self._tasks.items():
            if task.done() and not task.cancelled():
                raise TaskDiedError(f"the task {name} has ended") from task.exception()
        if not until.done():
            raise TaskDiedError("a task was cancelled from outside")

    async def stop(self) -> None:
        """Cancel each task in the order of creation and wait for its end before the next."""
        for name in list(self._tasks):
            task = self._tasks.pop(name)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

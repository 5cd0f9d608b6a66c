"""Runs what belongs together side by side: the first that ends ends all, and none is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping


async def abreast(named: Mapping[str, Coroutine[object, object, None]]) -> None:
    """Run all until one returns or fails, or until cancelled; what failed is raised when the others are gone."""
    tasks = [asyncio.create_task(work, name=name) for name, work in named.items()]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(tasks)
    for task in done:
        task.result()


async def end(tasks: Iterable[asyncio.Task[object]]) -> None:
    """Cancel what runs, and wait until it is gone."""
    all_of_them = tuple(tasks)
    for task in all_of_them:
        task.cancel()
    await asyncio.gather(*all_of_them, return_exceptions=True)

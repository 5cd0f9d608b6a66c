"""Work that trading does not need: whatever becomes of it, it neither ends the program nor holds up its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from vibe_quant.domain import log_events as le
from vibe_quant.log import log

AGAIN_S = 60.0
GRACE_S = 1.0

Work = Callable[[], Coroutine[Any, Any, None]]


async def aside(name: str, work: Work, again_s: float = AGAIN_S) -> None:
    """Do it until cancelled; what raises is said and begun again later, what returns is over and is waited upon."""
    while True:
        task = asyncio.create_task(work(), name=name)
        try:
            await asyncio.wait([task])
        finally:
            await put_away(task)
        if task.cancelled() or task.exception() is None:
            await asyncio.Event().wait()
        text = f"a defect: {name} has failed; trading goes on without it. It is begun again in {again_s:.0f} s."
        log(le.TASK_FAILED, defect=task.exception(), task=name, again_s=again_s, text=text)
        await asyncio.sleep(again_s)


@asynccontextmanager
async def running_aside(name: str, work: Work) -> AsyncIterator[None]:
    """It is done inside of this."""
    task = asyncio.create_task(aside(name, work), name=name)
    try:
        yield
    finally:
        await put_away(task)


async def put_away(task: asyncio.Task[Any]) -> None:
    """Cancel it, twice where once is not enough: a database's driver first asks the server, which may not answer."""
    for _ in range(2):
        if task.done():
            return
        task.cancel()
        await asyncio.wait([task], timeout=GRACE_S)
    if not task.done():
        log(le.TASK_LEFT, task=task.get_name(), text=f"{task.get_name()} does not end and is left behind")


async def within(seconds: float, name: str, work: Coroutine[Any, Any, None]) -> None:
    """Do it, for so long at most.

    Raises:
        TimeoutError: it was not done by then, and was put away.
    """
    task = asyncio.create_task(work, name=name)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        late = not task.done()
        await put_away(task)
    if late:
        raise TimeoutError
    task.result()

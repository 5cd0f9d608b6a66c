"""The measured process of the observers' benchmark: ``vibe-quant run`` as it is, its orders timed from within.

Its argument is a ``Hosted`` (JSON); keys and tokens come by the environment.  It says "working" when it is at work, and
the result when it has sent as many orders as it was told, as one JSON line each; then it waits to be ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from tests.bench.live_child import WARM_S, difference, tell, until
from tests.bench.live_meter import Mark, Stopwatch

from vibe_quant.app.application import Application
from vibe_quant.app.hosting import Job, host
from vibe_quant.app.launch import RunOptions, launch
from vibe_quant.app.log_file import LogFile
from vibe_quant.app.log_writer import Line
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.session import Plan, run_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """What is asked for.  ``disk_waits_s``: each write of the log's files takes so long; ``err``: standard error."""

    rest: str
    ws: str
    config: str
    state: str
    symbols: int
    orders: int
    within_s: float = 120.0
    disk_waits_s: float = 0.0
    err: str = os.devnull


def slow_disk(waits_s: float) -> None:
    """Each write of a log file waits, as one does whose disk is slow: in the system, without the interpreter's lock."""
    plain = LogFile.write

    def waiting(itself: LogFile, lines: list[Line]) -> None:
        time.sleep(waits_s)
        plain(itself, lines)

    setattr(LogFile, "write", waiting)  # noqa: B010 - a method is replaced on purpose


class Run:
    """The run and its measurement, side by side."""

    def __init__(self, task: Hosted) -> None:
        self.task = task
        self.watch = Stopwatch()
        self.began = Mark()

    async def hosting(self, job: Job, redactor: Redactor) -> int:
        """``app.hosting.host``, looked at."""
        app: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
        self.watch.attach()

        def work(plan: Plan) -> Awaitable[int]:
            def started(found: Application) -> None:
                plan.started(found)
                app.set_result(found)

            return run_session(replace(plan, started=started))

        measuring = asyncio.create_task(self._measure(app))
        try:
            return await host(job, redactor, work)
        finally:
            measuring.cancel()

    async def _measure(self, found: asyncio.Future[Application]) -> None:
        app, task, watch = await found, self.task, self.watch
        await until(lambda: app.at_work and sum(leg.known and leg.qty > 0 for leg in app.engine.legs()) >= task.symbols)
        tell(step="working", seconds=Mark().wall - self.began.wall)
        await asyncio.sleep(WARM_S)
        one, seen, loop = Mark(), len(watch.done), asyncio.get_running_loop()
        end = loop.time() + task.within_s
        await until(lambda: len(watch.done) - seen >= task.orders or loop.time() > end)
        rows = [(o.decided - o.read, o.journalled - o.decided, o.written - o.journalled) for o in watch.done[seen:]]
        missed = {observer.name: observer.dropped for observer in app.parts.observers if observer.dropped}
        tell(**difference(one, Mark(), 0, orders=rows, missed=missed))


def complaints(path: str) -> TextIO:
    """Standard error: a file, or a pipe that somebody holds open and does not read."""
    return os.fdopen(os.open(path, os.O_WRONLY), "w", encoding="utf-8", buffering=1)


def main(task: Hosted) -> int:
    """Run until the process is ended from outside."""
    if task.disk_waits_s:
        slow_disk(task.disk_waits_s)
    options = RunOptions(config=Path(task.config), exchange_rest=task.rest, exchange_ws=task.ws, state=Path(task.state))
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        return launch(options, os.environ, out, complaints(task.err), Run(task).hosting)


if __name__ == "__main__":
    sys.exit(main(Hosted(**json.loads(sys.argv[1]))))

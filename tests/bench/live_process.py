"""What the live benchmarks share: measured processes, folders that do not stay, and how figures are printed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

from vibe_quant.sim.server import SimServer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Facts = dict[str, Any]


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(name: str, value: str, aim: str = "", met: bool | None = None) -> None:
    """One line of the table."""
    verdict = "" if met is None else "met" if met else "NOT MET"
    say(f"{name:<58}{value:>22}   {aim:<26}{verdict}".rstrip())


class Child:
    """A measured process, or the cannon."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        """What it says next."""
        assert self.process.stdout is not None
        said = (await self.process.stdout.readline()).decode()
        if not said:
            raise RuntimeError("a process of the benchmark has ended; see above why")
        return said

    async def step(self, name: str) -> Facts:
        """Its next line of that name."""
        while True:
            facts: Facts = json.loads(await self.line())
            if facts["step"] == name:
                return facts

    def order(self, text: str) -> None:
        """A line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())


@asynccontextmanager
async def process(*command: str, more: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
    """Begin it; kill it at the end."""
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths, **(more or {})},
        limit=1 << 24,
    )
    try:
        yield Child(child)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def keys_of(server: SimServer, prefix: str = "BENCH") -> dict[str, str]:
    """By the environment, as the program wants them."""
    key, secret = ("BENCH_KEY", "BENCH_SECRET")
    if prefix != "BENCH":
        key, secret = f"{prefix}_API_KEY", f"{prefix}_API_SECRET"
    return {key: server.api_key, secret: server.api_secret}


@asynccontextmanager
async def folder(on: Path | None = None) -> AsyncIterator[Path]:
    """A folder that does not stay: on the disk of the checkout unless told otherwise."""
    where = on or ROOT / "build" / "bench"
    where.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="vq-bench-", dir=where))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def spread(times_ns: Iterable[int]) -> tuple[float, float, float]:
    """(p50, p99, max), ms."""
    ms = [at / 1e6 for at in times_ns]
    cuts = quantiles(ms, n=100)
    return cuts[49], cuts[98], max(ms)


def three(of: tuple[float, float, float]) -> str:
    """As they are printed."""
    return " / ".join(f"{ms:.2f}" for ms in of) + " ms"

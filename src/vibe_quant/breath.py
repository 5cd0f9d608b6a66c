"""Work that nobody waits for is done in pieces, so that an order never waits for all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from time import perf_counter
from typing import TypeVar

PIECE_S = 0.000_3
REST_S = 0.002
Result = TypeVar("Result")


class Breath:
    """Called between the parts of a piece of work: after ``PIECE_S`` of it the loop is others' for ``REST_S``."""

    def __init__(self) -> None:
        self._began_s = perf_counter()

    async def __call__(self) -> None:
        """A rest, where it is time for one."""
        if perf_counter() - self._began_s < PIECE_S:
            return
        await asyncio.sleep(REST_S)
        self._began_s = perf_counter()


async def in_pieces(steps: Generator[None, None, Result]) -> Result:
    """What the steps return; raises what they raise."""
    breath = Breath()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        await breath()

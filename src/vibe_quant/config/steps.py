"""Work that may be done a step at a time: a generator that yields where others may have their turn."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")
Steps: TypeAlias = Generator[None, None, Result]


def done(steps: Steps[Result]) -> Result:
    """All of it at one go, for who has nothing else to do; raises what it raises."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result

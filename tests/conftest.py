"""What holds for all tests: machines are shared, so that no example is judged by the time it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from loguru import logger

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What goes into the log: "LEVEL event | key=value", with tracebacks."""
    lines: list[str] = []
    sink = logger.add(lambda text: lines.append(str(text)), format="{level} {message}", level=0)
    yield lines
    logger.remove(sink)

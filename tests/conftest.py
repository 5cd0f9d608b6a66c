"""What holds for all tests: machines are shared, so that no example is judged by the time it takes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import DefaultContext, getcontext

import pytest
from hypothesis import settings
from loguru import logger

settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

arithmetic = getcontext()
"""Made here, so that it is the one of every loop: what is changed in it by one test rules all that come after."""


@pytest.fixture(autouse=True)
def same_arithmetic() -> Iterator[None]:
    """Decimal's rules are put back: ccxt's ``decimal_to_precision``, which a client calls, sets its own for good."""
    yield
    arithmetic.prec, arithmetic.rounding = DefaultContext.prec, DefaultContext.rounding
    arithmetic.traps = DefaultContext.traps
    arithmetic.clear_flags()


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What goes into the log: "LEVEL event | key=value", with tracebacks."""
    lines: list[str] = []
    sink = logger.add(lambda text: lines.append(str(text)), format="{level} {message}", level=0)
    yield lines
    logger.remove(sink)

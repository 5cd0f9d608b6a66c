"""What holds for all tests: machines are shared, so that no example is judged by the time it takes.

The examples of the laws are the same at each run, so that a failure is of the change that it is seen with; new ones are
sought by VQ_SEEK, which says how many a law (``make seek``).

Coverage's tracer makes what computes much three to four times as slow: the longest runs, whose lines others reach as
well, are marked ``untraced`` and go without it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from decimal import DefaultContext, getcontext

import pytest
from hypothesis import settings
from loguru import logger

settings.register_profile("shared", deadline=None, derandomize=True)
settings.register_profile("seeking", deadline=None, max_examples=int(os.environ.get("VQ_SEEK", "1000")))
settings.load_profile("seeking" if "VQ_SEEK" in os.environ else "shared")

arithmetic = getcontext()
"""Made here, so that it is the one of every loop: what is changed in it by one test rules all that come after."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """pytest-cov's own ``no_cover`` leaves a second tracer at work in the processes of xdist."""
    tracer = sys.gettrace()
    if item.get_closest_marker("untraced"):
        sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


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


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    """A run that was hosted here ends with its signals ignored, and whatever is started after it would be born so."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)

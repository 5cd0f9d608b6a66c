"""When a defect of a part that goes on is to be said: each kind at its first, then once an hour with how often."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

AGAIN_S = 3600.0
MOST_KINDS = 50
"""Further ones are taken for one kind: a text that differs each time must not fill the log."""
Kind = tuple[str, str, int]
OTHER: Kind = ("", "", 0)


class Defects:
    """``count``: all that were met.  A kind is a type of exception and the line that raised it.

    ``now_s`` gives seconds that only grow.
    """

    def __init__(self, now_s: Callable[[], float] = perf_counter) -> None:
        self.count = 0
        self._now_s = now_s
        self._said: dict[Kind, tuple[float, int]] = {}  # when it was said last, and how often it has come since

    def met(self, defect: BaseException) -> int:
        """How often it has come since it was last said, this time too; 0: it is not to be said now."""
        self.count += 1
        kind, now_s = _kind(defect), self._now_s()
        if kind not in self._said and len(self._said) >= MOST_KINDS:
            kind = OTHER
        said_s, times = self._said.get(kind, (None, 0))
        if said_s is not None and now_s - said_s < AGAIN_S:
            self._said[kind] = (said_s, times + 1)
            return 0
        self._said[kind] = (now_s, 0)
        return times + 1


def _kind(defect: BaseException) -> Kind:
    trace = defect.__traceback__
    if trace is None:
        return type(defect).__name__, "", 0
    while trace.tb_next is not None:
        trace = trace.tb_next
    return type(defect).__name__, trace.tb_frame.f_code.co_filename, trace.tb_lineno

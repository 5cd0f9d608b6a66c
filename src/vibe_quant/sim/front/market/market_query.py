"""How requests for market data say what they want: symbol, limit, window of time, and what a call weighs by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

T = TypeVar("T")
DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)
DEPTH_DEFAULT = 500


def not_valid(name: str) -> Rejected:
    """-1130 of a value that can be read and may not be."""
    return Rejected(-1130, f"Data sent for parameter '{name}' is not valid.")


def read_limit(params: Params, default: int, most: int) -> int:
    """``limit`` from 1 to ``most``, or -1130."""
    value = params.integer("limit")
    if value is None:
        return default
    if not 1 <= value <= most:
        raise not_valid("limit")
    return value


def depth_limit(params: Params) -> int:
    """``limit`` of depth, which is one of seven, or -4021."""
    value = params.integer("limit")
    if value is None:
        return DEPTH_DEFAULT
    if value not in DEPTH_LIMITS:
        raise Rejected(-4021, f"'{value}' is not valid depth limit.")
    return value


def window(params: Params) -> tuple[int | None, int | None]:
    """(startTime, endTime) in epoch ms; -1130 below zero, -1023 where the start is after the end."""
    start, end = params.integer("startTime"), params.integer("endTime")
    for name, value in (("startTime", start), ("endTime", end)):
        if value is not None and value < 0:
            raise not_valid(name)
    if start is not None and end is not None and start > end:
        raise Rejected(-1023, "Start time is greater than end time.")
    return start, end


def within(rows: Sequence[T], at: Callable[[T], int], params: Params, most: int) -> list[T]:
    """At most ``most`` of rows in order of time: the first from startTime on, else the last until endTime."""
    start, end = window(params)
    chosen = [row for row in rows if (start is None or at(row) >= start) and (end is None or at(row) <= end)]
    return chosen[:most] if start is not None else chosen[-most:]


def by_limit(default: int, steps: Sequence[tuple[int, int]], above: int) -> Callable[[Params], int]:
    """Weight by ``limit``: that of the first step (most, weight) that it does not exceed, else ``above``."""

    def weigh(params: Params) -> int:
        try:
            value = params.integer("limit")
        except Rejected:  # the handler says so; until then the call costs what it costs by default
            value = None
        wanted = default if value is None else value
        return next((weight for most, weight in steps if wanted <= most), above)

    return weigh


def by_symbol(one: int, every: int) -> Callable[[Params], int]:
    """Weight of a call for one symbol, and of one for all."""
    return lambda params: one if params.get("symbol") else every

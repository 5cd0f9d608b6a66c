"""Holds one of our messages against a recorded one: keys, types, and how each number is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?")
NAMES = frozenset(
    "c clientOrderId clientAlgoId caid symbol s pair stream accountAlias msg i ps actualOrderId er".split()  # noqa: SIM905
)
"""Text whatever it looks like."""


def differences(recorded: Any, ours: Any, path: str = "") -> Iterator[str]:
    """What a client would see otherwise; each difference starts with its path."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        yield from (f"{path}.{key} is missing" for key in recorded.keys() - ours.keys())
        yield from (f"{path}.{key} is more" for key in ours.keys() - recorded.keys())
        for key in recorded.keys() & ours.keys():
            if key not in NAMES or not isinstance(recorded[key], str):
                yield from differences(recorded[key], ours[key], f"{path}.{key}")
            elif not isinstance(ours[key], str):
                yield f"{path}.{key} is no text"
    elif isinstance(recorded, list) and isinstance(ours, list):
        yield from _lists(recorded, ours, path)
    elif kind(recorded) != kind(ours):
        yield f"{path} is {kind(ours)}, recorded as {kind(recorded)}: {ours!r}, {recorded!r}"
    elif kind(recorded) == "numeric text" and not alike(recorded, ours):
        yield f"{path} is written {ours}, recorded {recorded}"


def _lists(recorded: list[Any], ours: list[Any], path: str) -> Iterator[str]:
    if recorded and not ours:
        yield f"{path} is empty"
    for one, other in zip(recorded, ours, strict=False):
        yield from differences(one, other, f"{path}[]")


def kind(value: Any) -> str:
    """The JSON type; texts that hold a number are a type of their own."""
    if isinstance(value, str):
        return "numeric text" if NUMBER.fullmatch(value) else "text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def decimals(text: str) -> int:
    """Digits behind the point."""
    return len(text.partition("E")[0].partition(".")[2])


def alike(recorded: str, ours: str) -> bool:
    """The same number of decimals, or both without a zero at the end, which tells of no padding."""
    if ("E" in recorded) != ("E" in ours):
        return False
    return decimals(recorded) == decimals(ours) or not (_padded(recorded) or _padded(ours))


def _padded(text: str) -> bool:
    return "." in text and text.endswith("0")

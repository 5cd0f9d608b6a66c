"""What is wrong with a configuration, said with key and line; one exception for a bad file, another for none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any

KeyPath = tuple[str | int, ...]
""" ("symbols", "BTC/USDT:USDT", "roi", "tiers", 0, "mult") """


class Empty(Enum):
    """A key with nothing written after it: it says nothing, so what it would override is inherited."""

    EMPTY = "empty"


EMPTY = Empty.EMPTY


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or unwise; ``line`` counts from 1, None where no line of the file says it."""

    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """``line 3: global.venue: ...``."""
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.path}: {self.message}" if self.path else f"{where}{self.message}"


class ConfigError(Exception):
    """The file was read and is not a valid configuration; carries every problem found, in order of lines."""

    def __init__(self, path: Path, problems: Iterable[Problem]) -> None:
        self.path = path
        self.problems = tuple(sorted(problems, key=lambda p: p.line or 0))
        count = f"{len(self.problems)} problem" + ("s" if len(self.problems) > 1 else "")
        super().__init__("\n".join([f"{path}: {count}; nothing was started", *(f"  {p}" for p in self.problems)]))


class FileProblem(Exception):  # noqa: N818  (no error of ours: there was no file to judge)
    """The file could not be read at all: it is missing, a directory, or not permitted."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


def dotted(path: KeyPath) -> str:
    """``global.roi.tiers[0].mult``; keys that a terminal could not show are escaped."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if step.isprintable() and step else repr(step))
    return text


def shown(value: Any) -> str:
    """A value as YAML would have it, in one short line."""
    if value is None or value is EMPTY:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros."""
    text = f"{value:f}"
    return re.sub(r"\.?0+\Z", "", text) if "." in text else text


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; case does not matter."""
    by_case = {k.lower(): k for k in known}
    found = get_close_matches(word.lower(), by_case, n=1, cutoff=0.6)
    return by_case[found[0]] if found else None

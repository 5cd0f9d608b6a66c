"""Lines of the log chosen by level and symbol; and a file that is followed across the turns of the day."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
STYLES = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+Z +([A-Z]+) ")
CHUNK = 1 << 16


@dataclass(slots=True)
class Choice:
    """``level`` is the least that is shown, ``symbols`` the spellings of the one that is meant (none: all).

    Lines of a traceback go with the line that they belong to.
    """

    level: str = LEVELS[0]
    symbols: tuple[str, ...] = ()
    _last: bool = True

    def __call__(self, line: str) -> bool:
        """Whether it is shown."""
        level = level_of(line)
        if level is not None:
            self._last = LEVELS.index(level) >= LEVELS.index(self.level) and self._is_of_symbol(line)
        return self._last

    def _is_of_symbol(self, line: str) -> bool:
        return not self.symbols or any(_named(name, line) for name in self.symbols)


def _named(name: str, line: str) -> bool:
    """As a word of its own: no BTC of WBTC."""
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", line) is not None


def level_of(line: str) -> str | None:
    """The level of a line of either form; None where no line begins here."""
    if line.startswith("{"):
        try:
            level = json.loads(line).get("level")
        except (ValueError, AttributeError):
            return None
        return level if level in LEVELS else None
    found = _TEXT.match(line)
    return found[1] if found is not None and found[1] in LEVELS else None


def newest(path: Path, count: int, wanted: Choice) -> tuple[list[str], int]:
    """The last ``count`` lines that are wanted, and how far the file was read.

    Raises:
        OSError: it cannot be read.
    """
    kept: deque[str] = deque(maxlen=count)
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        while line := file.readline():
            if line.endswith("\n") and wanted(line):
                kept.append(line)
            elif not line.endswith("\n"):
                return list(kept), file.tell() - len(line.encode(errors="replace"))
        return list(kept), file.tell()


def follow(path: Path, at: int, pause: Callable[[], None]) -> Iterator[str]:
    """What is appended from ``at`` on, whole lines, without end; a file that took its place is read from its begin.

    ``pause`` waits between two looks.
    """
    file = _open(path)
    if file is not None:
        file.seek(at)
    try:
        while True:
            if file is None:
                file = _open(path)
            if file is not None:
                yield from _whole(file)
                if _turned(path, file):
                    yield from _whole(file)
                    file.close()
                    file = None
                    continue
            pause()
    finally:
        if file is not None:
            file.close()


def _open(path: Path) -> TextIO | None:
    """None while there is none: between two files of the service."""
    try:
        return path.open(encoding="utf-8", errors="replace", newline="\n")
    except FileNotFoundError:
        return None


def _whole(file: TextIO) -> Iterator[str]:
    """Its new lines; half a line waits for its other half."""
    while True:
        at = file.tell()
        line = file.readline()
        if not line.endswith("\n"):
            file.seek(at)
            return
        yield line


def _turned(path: Path, file: TextIO) -> bool:
    """Whether another file stands at its place, or it was cut."""
    import os

    held = os.fstat(file.fileno())
    try:
        there = path.stat()
    except FileNotFoundError:
        return True
    return (there.st_dev, there.st_ino) != (held.st_dev, held.st_ino) or there.st_size < file.tell()

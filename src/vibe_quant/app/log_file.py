"""A log file that turns over by day (UTC) and by size, and whose every file says in its first line what it is of."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

from vibe_quant.app.log_age import OldFiles
from vibe_quant.app.log_writer import Line

MOST_BYTES = 50_000_000
MODE = 0o640


class LogFile:
    """``folder``/``name``.log, and beside it what was turned over: ``name``.<day>.<number>.log.

    ``head`` is the first line of each file.  A file that begins with another head (another venue, another version) is
    turned over at once.  What cannot be written is counted in ``lost``; ``failed`` hears the reason once, ``well`` what
    was lost when it can be written again, and gives the line that says so.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        head: str,
        old: OldFiles,
        failed: Callable[[Path, str], None],
        well: Callable[[int], str],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._path = folder / f"{name}.log"
        self._head = head
        self._old = old
        self._most = most_bytes
        self._failed_with = failed
        self._well = well
        self._fd: int | None = None
        self._size = 0
        self._day: date | None = None
        self._may_age = False
        self.lost = 0
        """Lines, since it was last well."""

    @property
    def path(self) -> Path:
        """The current file."""
        return self._path

    def ready(self) -> bool:
        """Always: a disk is waited for."""
        return True

    def write(self, lines: list[Line]) -> None:
        """Append them; never fails."""
        for day, several in groupby(lines, lambda line: line.at.astimezone(UTC).date()):
            self._write(day, list(several))

    def idle(self) -> bool:
        """Look after one of the old files."""
        self._may_age = self._may_age and self._day is not None and self._old.step(self._day)
        return self._may_age

    def close(self) -> None:
        """End; the next write would open it again."""
        fd, self._fd = self._fd, None
        if fd is not None:
            try:
                os.close(fd)
            except OSError as error:
                self._failed(error, 0)

    def _write(self, day: date, lines: list[Line]) -> None:
        lost = self.lost
        text = (self._well(lost) if lost else "") + "".join(line.text for line in lines)
        try:
            self._append(day, text.encode(errors="replace"))
        except (OSError, ValueError) as error:
            self._failed(error, len(lines))
        else:
            self.lost = 0

    def _append(self, day: date, data: bytes) -> None:
        if self._fd is not None and (self._size + len(data) > self._most or day != self._day):
            self.close()
            self._turn_over()
        fd = self._open(day) if self._fd is None else self._fd
        self._fd = fd
        self._put(fd, data)

    def _put(self, fd: int, data: bytes) -> None:
        left = memoryview(data)
        while left:
            done = os.write(fd, left)
            self._size += done
            left = left[done:]

    def _open(self, day: date) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and not self._continues(day):
            self._turn_over()
        fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
        self._size, self._day, self._may_age = os.fstat(fd).st_size, day, True
        if not self._size:
            self._put(fd, f"{self._head}\n".encode())
        return fd

    def _continues(self, day: date) -> bool:
        """True where the file that is there is of the same program, venue and day, and has room."""
        status = self._path.stat()
        if status.st_size >= self._most or _day_of(status) != day:
            return False
        with self._path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline(500).rstrip("\n")
        return not status.st_size or first.partition("started")[0] == self._head.partition("started")[0]

    def _turn_over(self) -> None:
        """Move the current file aside, under the day that it was written."""
        self._path.rename(self._old.name_for(_day_of(self._path.stat())))
        self._may_age = True

    def _failed(self, error: OSError | ValueError, lines: int) -> None:
        if not self.lost:
            self._failed_with(self._path, getattr(error, "strerror", None) or type(error).__name__)
        self.lost += lines
        fd, self._fd = self._fd, None
        if fd is not None:
            try:
                os.close(fd)
            except OSError:
                return


def _day_of(status: os.stat_result) -> date:
    return datetime.fromtimestamp(status.st_mtime, UTC).date()

"""A log file that turns over by size and by day (UTC), and whose every file says in its first line what it is of."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

NAME = "vibe-quant.log"
MOST_BYTES = 50_000_000
MODE = 0o640


class LogFile:
    """``folder``/vibe-quant.log, and beside it what was turned over: vibe-quant.<when>.log, ``keep`` of them.

    ``head`` is the first line of each file.  A file that begins with another head (another venue, another version) is
    turned over at once.  What cannot be written is counted in ``lost`` and said once to ``complain``.
    """

    def __init__(
        self, folder: Path, head: str, keep: int, complain: Callable[[str], None], most_bytes: int = MOST_BYTES
    ) -> None:
        self._path = folder / NAME
        self._head = head
        self._keep = keep
        self._most = most_bytes
        self._complain = complain
        self._file: TextIO | None = None
        self._size = 0
        self._day: date | None = None
        self.lost = 0

    @property
    def path(self) -> Path:
        """The current file."""
        return self._path

    def write(self, text: str, at: datetime) -> None:
        """Append whole lines; never fails, never waits but for the disk."""
        data = len(text.encode(errors="replace"))
        try:
            file = self._opened(at, data)
            file.write(text)
            file.flush()
        except (OSError, ValueError) as error:
            self._failed(getattr(error, "strerror", None) or type(error).__name__)
        else:
            self._size += data

    def close(self) -> None:
        """End; the next write would open it again."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self._failed(error.strerror or type(error).__name__)

    def _opened(self, at: datetime, more: int) -> TextIO:
        if self._file is not None and (self._size + more > self._most or at.date() != self._day):
            self.close()
            self._turn_over(at)
        if self._file is None:
            self._file = self._open(at)
        return self._file

    def _open(self, at: datetime) -> TextIO:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and not self._continues(at):
            self._turn_over(at)
        private = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        file = os.fdopen(private, "a", encoding="utf-8", errors="replace")
        self._size, self._day = self._path.stat().st_size, at.date()
        if not self._size:
            file.write(self._head + "\n")
            self._size = len(self._head) + 1
        return file

    def _continues(self, at: datetime) -> bool:
        """True where the file that is there is of the same program, venue and day, and has room."""
        status = self._path.stat()
        if status.st_size >= self._most or datetime.fromtimestamp(status.st_mtime, at.tzinfo).date() != at.date():
            return False
        with self._path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline(500).rstrip("\n")
        return not status.st_size or first.partition(", started")[0] == self._head.partition(", started")[0]

    def _turn_over(self, at: datetime) -> None:
        """Move the current file aside, and let the oldest go."""
        stamp = f"vibe-quant.{at:%Y%m%dT%H%M%S}-"
        taken = sorted(self._path.parent.glob(f"{stamp}*.log"))
        number = int(taken[-1].stem.removeprefix(stamp)) + 1 if taken else 0
        self._path.rename(self._path.with_name(f"{stamp}{number:03}.log"))
        turned = sorted(self._path.parent.glob("vibe-quant.*.log"))
        for old in turned[: max(0, len(turned) - self._keep)]:
            old.unlink()

    def _failed(self, reason: str) -> None:
        if not self.lost:
            self._complain(
                f"The log file {self._path} cannot be written ({reason}). The program goes on, and logs to standard "
                "error alone until it can be; make room, or mend the folder's permissions."
            )
        self.lost += 1
        self._file = None

"""Old log files: compressed after some days, removed after some more, and never more of them than the disk bears."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

MOST_BYTES = 2_000_000_000
"""Of all old files of a kind: the journal needs the same disk."""
PIECE = 256 * 1024
MODE = 0o640
PART = ".part"


class OldFiles:
    """Of one kind: ``folder``/``name``.<day>.<number>.log, with .gz at the end once compressed.

    ``keep`` and ``compress`` are days; ``ending`` is asked in the middle of a compression, which is given up then.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        keep: int,
        compress: int,
        ending: Callable[[], bool] = lambda: False,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._folder = folder
        self._name = name
        self._keep = keep
        self._compress = compress
        self._ending = ending
        self._most = most_bytes

    def name_for(self, day: date) -> Path:
        """A name that is free."""
        stem = f"{self._name}.{day:%Y-%m-%d}."
        taken = [int(path.name.removeprefix(stem)[:3]) for path in self._folder.glob(f"{stem}[0-9][0-9][0-9].log*")]
        return self._folder / f"{stem}{max(taken, default=-1) + 1:03}.log"

    def all(self) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob(f"{self._name}.[0-9][0-9][0-9][0-9]-*.log*"))

    def step(self, today: date) -> bool:
        """Look after one; False where nothing is left to do, or nothing can be done."""
        try:
            return self._removed(today) or self._compressed(today)
        except OSError:
            return False

    def _removed(self, today: date) -> bool:
        old = self.all()
        room = self._most - sum(path.stat().st_size for path in old)
        for path in old:
            if path.suffix == PART or self._age(path, today) > self._keep or (room < 0 and path == old[0]):
                path.unlink()
                return True
        return False

    def _compressed(self, today: date) -> bool:
        for path in self.all():
            if path.suffix == ".log" and self._age(path, today) > self._compress:
                return self._pack(path)
        return False

    def _pack(self, path: Path) -> bool:
        """Beside it, then in its place: a half of one is never taken for a whole one."""
        part, whole = path.with_name(f"{path.name}.gz{PART}"), path.with_name(f"{path.name}.gz")
        try:
            done = self._packed(path, part)
        except OSError:
            done = False
        if not done:
            part.unlink(missing_ok=True)
            return False
        part.rename(whole)
        path.unlink()
        return True

    def _packed(self, path: Path, part: Path) -> bool:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
        with path.open("rb") as source, os.fdopen(fd, "wb") as raw, gzip.GzipFile("", "wb", 6, raw) as packed:
            while piece := source.read(PIECE):
                if self._ending():
                    return False
                packed.write(piece)
        return True

    def _age(self, path: Path, today: date) -> int:
        """Days; what bears no day is of today."""
        text = path.name.removeprefix(f"{self._name}.")[:10]
        try:
            return (today - date.fromisoformat(text)).days
        except ValueError:
            return 0

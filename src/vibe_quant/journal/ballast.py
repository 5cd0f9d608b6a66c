"""Space that is held beside the journal and given up when the disk is full, so that the last words can be written."""

from __future__ import annotations

import os
from pathlib import Path

SIZE = 2 * 1024 * 1024
_CHUNK = bytes(64 * 1024)


class Ballast:
    """A file of ``size`` bytes that holds nothing; it is written out, so that its space is really taken."""

    def __init__(self, journal: Path, size: int = SIZE) -> None:
        self.path = journal.with_name(f"{journal.name}.ballast")
        self.size = size

    @property
    def held(self) -> bool:
        """Whether there is something to give up."""
        try:
            return self.path.stat().st_size >= self.size
        except OSError:
            return False

    def hold(self) -> bool:
        """Take the space where it is not held; False where there is not enough."""
        if self.held:
            return True
        try:
            if self._free() < 2 * self.size:  # to take the last of it would be the failure that this is held against
                return False
            self._write()
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Give the space up; False where there was none to give."""
        try:
            self.path.unlink()
        except OSError:
            return False
        return True

    def _free(self) -> int:
        disk = os.statvfs(self.path.parent)
        return disk.f_bavail * disk.f_frsize

    def _write(self) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            left = self.size
            while left > 0:
                left -= os.write(file, _CHUNK[:left])
            os.fsync(file)
        finally:
            os.close(file)

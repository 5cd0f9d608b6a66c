"""How far the journal had come, noted beside it: without this, rows cut off at its end would leave no trace."""

from __future__ import annotations

import os
import re
from pathlib import Path

from vibe_quant.journal.rows import Mark

_FORM = re.compile(rb"(\d{20}) ([0-9a-f]{64})\n")


def head_path(journal: Path) -> Path:
    """The file beside a journal that holds its head."""
    return journal.with_name(f"{journal.name}.head")


class Head:
    """Of one length whatever it says, so that noting it needs no space on a full disk; not synced.

    After a loss of power it may therefore lag behind the journal, which is harmless; it is never ahead of it.
    """

    def __init__(self, journal: Path) -> None:
        self._file = os.open(head_path(journal), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def note(self, mark: Mark) -> None:
        """Say how far the journal has come.

        Raises:
            OSError: it could not be noted.
        """
        os.pwrite(self._file, f"{mark.seq:020d} {mark.chain}\n".encode(), 0)

    def close(self) -> None:
        """End."""
        os.close(self._file)


def read_head(journal: Path) -> Mark | None:
    """What was noted last; None where nothing is, or nothing that can be read."""
    try:
        found = _FORM.fullmatch(head_path(journal).read_bytes())
    except OSError:
        return None
    return None if found is None else Mark(int(found[1]), found[2].decode())

"""Run as a program: writes old rows and removes old rows without end, and says when it has begun."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.journal import past

from vibe_quant.journal import pruning
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry


def main(path: Path, now: int) -> None:
    pruning.STEP, pruning.LEAST, pruning.MOST = 3, 1, 5
    journal = SqliteJournal(path, "w", ballast=4096)
    assert not journal.trouble, journal.trouble
    past.BOUND_MS = 0
    while True:
        now += 1  # what the turn before has written is old in this one
        journal.write([Entry("decision", now - 1, {"text": "x" * n}) for n in range(40)])
        for _ in past.steps(journal, now):
            os.write(1, b".")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

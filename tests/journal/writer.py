"""Run as a program: writes rows without end and prints, after each write, the last that was acknowledged."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry


def main(path: Path) -> None:
    journal = SqliteJournal(path, "w", ballast=4096)
    assert not journal.trouble, journal.trouble
    n = 0
    while True:
        n += 1
        journal.write([Entry("intent", n, {"text": "x" * (n % 300)}) for _ in range(1 + n % 4)])
        os.write(1, f"{journal.acknowledged.seq} {journal.acknowledged.chain}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))

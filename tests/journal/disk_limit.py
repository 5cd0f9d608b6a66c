"""Run as a program: writes rows until no file may grow any more, and on once it may; prints what happened."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry, JournalBroken


def main(path: Path) -> None:
    journal = SqliteJournal(path, "r1", ballast=64 * 1024)
    assert not journal.trouble, journal.trouble
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    acknowledged, failures, said = 0, 0, ""
    for i in range(3000):
        try:
            journal.write([Entry("intent", i, {"fill": "x" * 200}, "", "", f"vq-{i}")])
            acknowledged += 1
        except JournalBroken as error:
            failures, said = failures + 1, str(error)
            if failures == 3:
                break
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.write([Entry("end", 1, {})])
    after = journal.mend()
    print(json.dumps({"acknowledged": acknowledged + 1, "failures": failures, "said": said, "after": after}))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)  # as killed


if __name__ == "__main__":
    main(Path(sys.argv[1]))

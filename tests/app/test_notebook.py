"""What was noted last, where the row that tells it is damaged: the phone must be heard all the same."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from vibe_quant.app.notebook import JournalNotebook
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry


@pytest.mark.parametrize("body", ["{", "[1]", "7", "", "\x00"])
def test_a_damaged_row_is_as_good_as_none(tmp_path: Path, body: str) -> None:
    path = tmp_path / "journal.sqlite"
    book = SqliteJournal(path, "r1", ballast=0)
    book.write([Entry("telegram", 5, {"update_id": 7})])
    book.close()
    assert JournalNotebook(path, lambda: None).last("telegram") == {"update_id": 7}
    with closing(sqlite3.connect(path)) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute("UPDATE entries SET body = ?", (body,))
        file.commit()
    assert JournalNotebook(path, lambda: None).last("telegram") is None

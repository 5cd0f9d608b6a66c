"""What becomes of the journal where pruning is killed, kept from its file, or meets damage."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.journal import pruner
from tests.journal.past import STORY, T0, learnt, lived, prune
from tests.journal.rows import opened, tamper
from tests.journal.test_failures import environ

from vibe_quant.app.memory import DAY_MS
from vibe_quant.journal import sqlite_journal
from vibe_quant.journal.pruning import left_over
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.removal import KIND
from vibe_quant.journal.sqlite_file import BUSY_MS
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.verify import verify
from vibe_quant.ports import Entry, JournalBroken


def killed_while_pruning(path: Path, now: int, chance: random.Random) -> int:
    """How many pieces it had done."""
    command = [sys.executable, pruner.__file__, str(path), str(now)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environ())
    assert process.stdout is not None
    done = len(process.stdout.read(1))
    time.sleep(chance.uniform(0, 0.2))
    process.kill()
    done += len(process.stdout.read())
    process.wait()
    process.stdout.close()
    return done


def kill_in_a_loop(journal: SqliteJournal, times: int, seed: int) -> None:
    chance, path = random.Random(seed), journal.path
    now = lived(journal, STORY, pruned=False) + 30 * DAY_MS
    journal.close()
    before, gone, done = learnt(path, now), 0, 0
    for turn in range(times):
        done += killed_while_pruning(path, now - 10 * DAY_MS + turn * 60_000, chance)
        verdict = verify(path)
        assert verdict.good, verdict.reason
        assert verdict.removed >= gone
        assert learnt(path, now) == before
        gone = verdict.removed
    assert (gone > 0, done > times) == (True, True)


def test_a_kill_while_it_prunes(journals: Callable[[str], SqliteJournal]) -> None:
    kill_in_a_loop(journals("j"), 4, 1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_kills_while_it_prunes(journals: Callable[[str], SqliteJournal]) -> None:
    kill_in_a_loop(journals("j"), 100, 2)


@pytest.mark.usefixtures("small")
def test_whoever_holds_the_file_is_not_waited_for(journals: Callable[[str], SqliteJournal]) -> None:
    """Orders wait for the same file: it is tried again later, and is no trouble of the journal's."""
    journal = journals("j")
    now = lived(journal, STORY, pruned=False)
    prune(journal, now, 6)
    left = left_over(journal.path)
    held = sqlite3.connect(journal.path)
    held.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert not any(journal.remove(left[0]) for _ in range(5))
    assert time.monotonic() - began < 5 * BUSY_MS / 1000
    held.rollback()
    held.close()
    assert (journal.trouble, left_over(journal.path)) == ("", left)
    assert journal.remove(left[0])
    journal.close()
    assert not journal.remove(left[-1])


@pytest.mark.parametrize(("code", "trouble"), [("CORRUPT", ""), ("FULL", ""), ("IOERR_FSYNC", "the disk reports")])
def test_a_removal_that_fails_is_trouble_only_where_the_disk_is(
    ready: tuple[SqliteJournal, int], monkeypatch: pytest.MonkeyPatch, code: str, trouble: str
) -> None:
    journal, now = ready
    prune(journal, now, 6)
    left = left_over(journal.path)
    error = sqlite3.OperationalError("canary")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, f"SQLITE_{code}"), f"SQLITE_{code}"

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(sqlite_journal, "delete", fails)
    if trouble:
        with pytest.raises(JournalBroken, match=trouble):
            journal.remove(left[0])
    assert not journal.remove(left[0])
    assert trouble in journal.trouble
    assert bool(trouble) == bool(journal.trouble)
    monkeypatch.undo()
    journal.write([Entry("end", now)])
    assert (journal.trouble, journal.remove(left[0])) == ("", True)
    assert verify(journal.path).reason == ""


def test_rows_that_hold_no_data_of_their_kind_never_go(journals: Callable[[str], SqliteJournal], small: None) -> None:
    journal = journals("j")
    journal.write([Entry("fill", T0, {"trade_id": "seven", "exch_ms": 1}, "BTC/USDT:USDT", "LONG")] * 4)
    with pytest.raises(JournalBroken, match="rows 1 to 2 holds no data"):
        prune(journal, T0 + 20 * DAY_MS)
    journal.close()


def test_a_removal_that_cannot_be_read_is_said(ready: tuple[SqliteJournal, int]) -> None:
    journal, now = ready
    prune(journal, now)
    journal.close()
    last = max(row.seq for row in JournalReader(journal.path).rows(kinds=(KIND,)))
    tamper(journal.path, f"UPDATE entries SET body = '{{}}' WHERE seq = {last}")
    assert f"row {last}, which says what was removed, is damaged" in verify(journal.path).reason
    for question in (JournalReader(journal.path).standing, JournalReader(journal.path).unresolved_orders):
        with pytest.raises(JournalBroken, match="which says what was removed"):
            question()
    with pytest.raises(JournalBroken, match="which says what was removed"):
        left_over(journal.path)
    again = opened(journal.path)
    assert "which says what was removed" in again.trouble
    again.close()


def test_a_journal_of_the_form_before_goes_on_and_is_pruned(ready: tuple[SqliteJournal, int]) -> None:
    """As an older version left it: it verifies as it is, and opening it changes the guard and nothing else."""
    journal, now = ready
    journal.close()
    old = sqlite3.connect(journal.path)
    old.executescript(
        "DROP TABLE removal; DROP TRIGGER entries_no_delete; UPDATE alembic_version SET version_num = '0001';"
        "CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'never'); END"
    )
    old.close()
    before, rows = learnt(journal.path, now), list(JournalReader(journal.path).rows())
    assert verify(journal.path).reason == ""
    again = opened(journal.path, "r5")
    assert again.trouble == ""
    assert list(JournalReader(journal.path).rows()) == rows
    assert prune(again, now) > 30
    assert (verify(journal.path).reason, verify(journal.path).removed) == ("", 30)
    assert learnt(journal.path, now) == before
    again.close()

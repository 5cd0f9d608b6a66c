"""The journal's beginning goes: nothing that a restart learns goes with it, and what is left is still proved."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.journal import pruner
from tests.journal.past import BOUND_MS, HOUR_MS, T0, Act, Prune, learnt, lived, pasts, prune, steps
from tests.journal.rows import opened, tamper
from tests.journal.test_failures import environ

from vibe_quant.app import exit_log, memory, restart
from vibe_quant.app.memory import DAY_MS
from vibe_quant.app.start_findings import PASS_MS
from vibe_quant.domain.service_settings import KEEP_DAYS_LEAST
from vibe_quant.journal import carried, pruning, sqlite_journal
from vibe_quant.journal.head import head_path
from vibe_quant.journal.pruning import left_over
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.removal import KIND
from vibe_quant.journal.sqlite_file import BUSY_MS
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.verify import verify
from vibe_quant.ports import Entry, JournalBroken
from vibe_quant.telegram.doorkeeper import NOTE_LASTS_MS

LATER = st.sampled_from((0, HOUR_MS, 6 * DAY_MS, 30 * DAY_MS, 88 * DAY_MS)).map(lambda ms: ms + 12_345_677)


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "j"
    opened(path).close()
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removals of a few rows, so that short pasts have many."""
    monkeypatch.setattr(pruning, "STEP", 2)
    monkeypatch.setattr(pruning, "MOST", 4)
    monkeypatch.setattr(pruning, "LEAST", 1)


@pytest.fixture
def journals(blank: Path, tmp_path: Path) -> Callable[[str], SqliteJournal]:
    def fresh(name: str) -> SqliteJournal:
        path = tmp_path / name
        for old in tmp_path.glob(f"{name}*"):
            old.unlink()
        shutil.copy(blank, path)
        return SqliteJournal(path, "r1", ballast=0)

    return fresh


ENOUGH = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STALE = 20 * DAY_MS


@ENOUGH
@given(past=pasts, later_ms=LATER)
@example(past=[Act("pause", 0), *[Act("held", STALE)] * 3, Prune(60)], later_ms=7)
@example(past=[Act("flatten all", 0), Act("flat", 1), *[Act("held", STALE)] * 3, Prune(60), Act("exit", 0)], later_ms=7)
@example(past=[Act("order", 0), *[Act("held", STALE)] * 4, Prune(60), Prune(60), Act("end", 1)], later_ms=7)
@example(past=[Act("fill", 0), *[Act("held", 6 * DAY_MS, 1)] * 8, Prune(60), Act("telegram", 0)], later_ms=7)
@example(past=[Act("start", 1), *[Act("exit", DAY_MS)] * 12, Prune(60), Act("start", 1), Prune(60)], later_ms=7)
@example(past=[Act("pause", 0), *[Act("resume all", STALE)] * 3, Prune(9), Act("exit", 0)], later_ms=7)
@pytest.mark.usefixtures("small")
def test_what_a_restart_learns_is_the_same(
    journals: Callable[[str], SqliteJournal], past: Sequence[Act | Prune], later_ms: int
) -> None:
    """Whatever the past, whenever it was pruned, wherever a hand died at that: and the journal verifies."""
    whole, pruned = journals("whole"), journals("pruned")
    now = lived(whole, past, pruned=False)
    assert lived(pruned, past, pruned=True) == now
    whole.close()
    pruned.close()
    assert verify(pruned.path).reason == ""
    assert learnt(pruned.path, now + later_ms) == learnt(whole.path, now + later_ms)
    again = SqliteJournal(pruned.path, "r9", ballast=0)
    assert again.trouble == ""
    again.close()


STORY = (
    *(Act("pause", 0, 1), Act("order", 1), Act("fill", 2), Act("telegram", 3), Act("flatten all", 4), Act("flat", 5)),
    *[Act("held", HOUR_MS, which) for which in (0, 1, 2, 3) * 6],
    *(Act("held", STALE), Act("exit", 1), Act("order", 1), Act("end", 1)),
)


@pytest.mark.usefixtures("small")
def test_at_each_step_it_verifies_and_is_as_before(journals: Callable[[str], SqliteJournal]) -> None:
    journal = journals("j")
    now = lived(journal, STORY, pruned=False)
    before, rows, count = learnt(journal.path, now), list(JournalReader(journal.path).rows()), 0
    for _ in steps(journal, now):
        count += 1
        assert verify(journal.path).reason == ""
        assert learnt(journal.path, now) == before
    left = list(JournalReader(journal.path).rows())
    gone = left[0].seq - 1
    assert (count > 30, gone) == (True, 30)
    assert [row for row in left if row.kind != KIND] == rows[gone:]
    assert verify(journal.path).removed == gone
    assert prune(journal, now) == 0
    journal.close()


@pytest.fixture
def ready(journals: Callable[[str], SqliteJournal], small: None) -> Iterator[tuple[SqliteJournal, int]]:
    journal = journals("j")
    yield journal, lived(journal, STORY, pruned=False)
    journal.close()


def cut(path: Path, up_to: int) -> None:
    """Rows are removed by somebody who knows SQLite."""
    tamper(path, f"DELETE FROM entries WHERE seq <= {up_to}")


@pytest.mark.parametrize("done", [0, 6, 11, 200])
def test_a_beginning_that_was_removed_by_hand_is_found(ready: tuple[SqliteJournal, int], done: int) -> None:
    """At no step of a removal may the journal begin but where its own row says."""
    journal, now = ready
    prune(journal, now, done) if done else None
    journal.close()
    first = next(iter(JournalReader(journal.path).rows())).seq
    removal = JournalReader(journal.path).last_removal()
    named = {mark.seq for mark in removal.marks} if removal is not None else set()
    last = verify(journal.path).removed + verify(journal.path).rows
    kept = journal.path.read_bytes()
    for up_to in range(first, last):
        journal.path.write_bytes(kept)
        cut(journal.path, up_to)
        assert verify(journal.path).good == (up_to in named), up_to


def test_a_row_that_is_altered_or_taken_after_a_removal_is_found(ready: tuple[SqliteJournal, int]) -> None:
    journal, now = ready
    prune(journal, now, 9)  # some of what it names is still there
    journal.close()
    kept, rows = journal.path.read_bytes(), list(JournalReader(journal.path).rows())
    assert rows[0].seq > 1
    for row in rows:
        for deed in (
            f"UPDATE entries SET body = '{{}}' WHERE seq = {row.seq}",
            f"DELETE FROM entries WHERE seq = {row.seq}",
        ):
            journal.path.write_bytes(kept)
            tamper(journal.path, deed)
            assert not verify(journal.path).good, deed


def test_only_what_a_row_names_may_go(ready: tuple[SqliteJournal, int]) -> None:
    journal, now = ready
    prune(journal, now)
    first = next(iter(JournalReader(journal.path).rows())).seq
    with pytest.raises(sqlite3.IntegrityError, match="never altered or removed"):
        sqlite3.connect(journal.path).execute(f"DELETE FROM entries WHERE seq = {first}")


def test_a_damaged_row_never_goes(ready: tuple[SqliteJournal, int]) -> None:
    """It is evidence; and what it held is not known."""
    journal, now = ready
    tamper(journal.path, 'UPDATE entries SET body = \'{"command":"resume"}\' WHERE seq = 4')
    with pytest.raises(JournalBroken, match=r"row 4 does not match its checksum.*Nothing is removed"):
        prune(journal, now)
    assert next(iter(JournalReader(journal.path).rows())).seq == 1


def test_rows_that_are_not_mirrored_stay(ready: tuple[SqliteJournal, int]) -> None:
    journal, now = ready
    for _ in steps(journal, now, up_to=11):
        pass
    assert next(iter(JournalReader(journal.path).rows())).seq == 11
    for _ in steps(journal, now, up_to=0):
        raise AssertionError("the mirror has nothing")


def test_a_young_row_keeps_what_stands_behind_it(journals: Callable[[str], SqliteJournal], small: None) -> None:
    """A clock that was wrong for a moment removes nothing too early, and what is younger than asked never goes."""
    journal = journals("j")
    past = [*[Act("held", 0, 0)] * 5, Act("held", 3 * DAY_MS), *[Act("held", -HOUR_MS)] * 6]
    now = lived(journal, past, pruned=False)
    assert prune(journal, now + BOUND_MS - DAY_MS) > 0
    left = [row.at_ms for row in JournalReader(journal.path).rows() if row.kind != KIND]
    assert left == [T0 + 3 * DAY_MS - n * HOUR_MS for n in range(7)]
    journal.close()


def test_little_is_left_for_later(journals: Callable[[str], SqliteJournal]) -> None:
    journal = journals("j")
    now = lived(journal, [Act("held", 1)] * (pruning.LEAST * pruning.STEP - 2), pruned=False)
    assert prune(journal, now + BOUND_MS + DAY_MS) == pruning.LEAST - 1
    assert JournalReader(journal.path).last_removal() is None
    now = lived(journal, [Act("held", 1)] * 200, pruned=False)
    assert prune(journal, now + BOUND_MS + DAY_MS) > 2 * pruning.LEAST
    removal = JournalReader(journal.path).last_removal()
    assert removal is not None
    assert removal.rows == removal.up_to == len(removal.marks[1:]) * pruning.STEP
    journal.close()


def test_a_head_that_lags_behind_a_removal_is_harmless(ready: tuple[SqliteJournal, int]) -> None:
    journal, now = ready
    old = f"{3:020d} {next(r.chain for r in JournalReader(journal.path).rows() if r.seq == 3)}\n"
    prune(journal, now)
    journal.close()
    head_path(journal.path).write_text(old)
    assert verify(journal.path).reason == ""
    again = opened(journal.path)
    assert again.trouble == ""
    again.close()


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


def test_what_is_kept_reaches_as_far_as_it_is_asked_for() -> None:
    """Who looks back further than the youngest that may be removed asks for what is carried."""
    least = KEEP_DAYS_LEAST * DAY_MS
    assert least == BOUND_MS
    asked = (memory.LEGS_MS, exit_log.KEPT_MS + exit_log.MARGIN_MS, NOTE_LASTS_MS, PASS_MS)
    assert least >= max(asked) + DAY_MS // 2
    assert carried.TRADES_MS >= 2 * restart.MARGIN_MS
    assert carried.FORGOTTEN_MS >= memory.KEPT_MS + DAY_MS

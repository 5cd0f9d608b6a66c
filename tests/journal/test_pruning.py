"""The journal's beginning goes: nothing that a restart learns goes with it, and what is left is still proved."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.journal.past import BOUND_MS, HOUR_MS, STALE, STORY, T0, Act, Prune, learnt, lived, pasts, prune, steps
from tests.journal.rows import opened, tamper

from vibe_quant.app import exit_log, memory, restart
from vibe_quant.app.memory import DAY_MS
from vibe_quant.app.start_findings import PASS_MS
from vibe_quant.domain.service_settings import KEEP_DAYS_LEAST
from vibe_quant.journal import carried, pruning
from vibe_quant.journal.head import head_path
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.removal import KIND
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.verify import verify
from vibe_quant.ports import JournalBroken
from vibe_quant.telegram.doorkeeper import NOTE_LASTS_MS

LATER = st.sampled_from((0, HOUR_MS, 6 * DAY_MS, 30 * DAY_MS, 88 * DAY_MS)).map(lambda ms: ms + 12_345_677)


ENOUGH = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@ENOUGH
@given(past=pasts, later_ms=LATER)
@example(past=[Act("pause", 0), *[Act("held", STALE)] * 3, Prune(60)], later_ms=7)
@example(past=[Act("flatten all", 0), Act("flat", 1), *[Act("held", STALE)] * 3, Prune(60), Act("exit", 0)], later_ms=7)
@example(past=[Act("order", 0), *[Act("held", STALE)] * 4, Prune(60), Prune(60), Act("end", 1)], later_ms=7)
@example(past=[Act("fill", 0), *[Act("held", 6 * DAY_MS, 1)] * 8, Prune(60), Act("telegram", 0)], later_ms=7)
@example(past=[Act("fill", 0), Act("found", 500), *[Act("held", STALE, 1)] * 4, Prune(60)], later_ms=7)
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


def test_what_is_kept_reaches_as_far_as_it_is_asked_for() -> None:
    """Who looks back further than the youngest that may be removed asks for what is carried."""
    least = KEEP_DAYS_LEAST * DAY_MS
    assert least == BOUND_MS
    asked = (memory.LEGS_MS, exit_log.KEPT_MS + exit_log.MARGIN_MS, NOTE_LASTS_MS, PASS_MS)
    assert least >= max(asked) + DAY_MS // 2
    assert carried.TRADES_MS >= 2 * restart.MARGIN_MS
    assert carried.FORGOTTEN_MS >= memory.KEPT_MS + DAY_MS

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.journal.rows import T0, fill, intent, opened, tamper, written

from vibe_quant.journal.head import head_path
from vibe_quant.journal.verify import verify
from vibe_quant.ports import JournalBroken

ROWS = 12
COLUMNS = ("at_ms", "run", "kind", "symbol", "side", "client_id", "body", "chain")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "j"
    return written(path, [intent(i) if i % 2 else fill(i, T0 + i) for i in range(ROWS)])


def altered(seq: int, column: str, value: str) -> list[str]:
    return [f"UPDATE entries SET {column} = '{value}' WHERE seq = {seq}"]


def removed(seq: int) -> list[str]:
    return [f"DELETE FROM entries WHERE seq = {seq}"]


def closed_up(seq: int) -> list[str]:
    return [*removed(seq), *(f"UPDATE entries SET seq = {n - 1} WHERE seq = {n}" for n in range(seq + 1, ROWS + 1))]


def inserted(seq: int) -> list[str]:
    moved = [f"UPDATE entries SET seq = {n + 1} WHERE seq = {n}" for n in range(ROWS, seq - 1, -1)]
    copy = f"SELECT {seq}, {', '.join(COLUMNS)} FROM entries WHERE seq = {ROWS - seq + 1}"
    return [*moved, f"INSERT INTO entries {copy}"]


def swapped(one: int, two: int) -> list[str]:
    pairs = [(one, 9999), (two, one), (9999, two)]
    return [f"UPDATE entries SET seq = {new} WHERE seq = {old}" for old, new in pairs]


seqs = st.integers(1, ROWS)
edits = st.one_of(
    st.builds(altered, seqs, st.sampled_from(COLUMNS), st.from_regex(r"\A[a-z0-9{}]{0,8}\Z")),
    st.builds(removed, seqs),
    st.builds(closed_up, seqs),
    st.builds(inserted, seqs),
    st.lists(seqs, min_size=2, max_size=2, unique=True).map(lambda two: swapped(*two)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=edits)
def test_any_change_of_rows_is_found(good: Path, tmp_path: Path, statements: list[str]) -> None:
    path = tmp_path / "j"
    for name in ("j", "j.head"):
        shutil.copy(good.with_name(name), tmp_path / name)
    tamper(path, *statements)
    verdict = verify(path)
    assert not verdict.good
    assert verdict.rows < ROWS
    assert verdict.reason


def test_where_it_breaks_is_said(good: Path, tmp_path: Path) -> None:
    shutil.copy(good, tmp_path / "j")
    tamper(tmp_path / "j", *altered(7, "body", "{}"))
    verdict = verify(tmp_path / "j")
    assert (verdict.rows, verdict.first_bad) == (6, 7)
    assert "row 7 does not match its checksum" in verdict.reason


def test_a_tail_cut_off_is_found_by_the_head_alone(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "j"
    for name in ("j", "j.head"):
        shutil.copy(good.with_name(name), tmp_path / name)
    tamper(path, f"DELETE FROM entries WHERE seq > {ROWS - 2}")
    verdict = verify(path)
    assert verdict.reason == f"rows are missing at its end: {ROWS} had been written, {ROWS - 2} are there"
    head_path(path).write_bytes(b"nonsense")
    verdict = verify(path)
    assert verdict.good
    assert "cut off at the end cannot be told" in verdict.note


def test_another_history_of_the_same_length_is_found_by_the_head(good: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(i) for i in range(ROWS)])
    assert verify(path).good
    shutil.copy(head_path(good), head_path(path))
    assert "is not the one that had been written" in verify(path).reason
    assert "is not the one that had been written" in opened(path).trouble


def test_a_damaged_index_is_found(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(i) for i in range(3)])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_master SET sql = 'CREATE INDEX entries_kind_at ON entries (side, at_ms)'"
        " WHERE name = 'entries_kind_at'"
    )
    connection.commit()
    connection.close()
    assert "the file around them is damaged" in verify(path).reason


def test_any_overwritten_bytes_are_found_or_harmless(good: Path, tmp_path: Path) -> None:
    """A byte anywhere: what verifies has the rows that were written."""
    chance, content = random.Random(7), good.read_bytes()
    chain, found = verify(good).chain, 0
    for n in range(60):
        at = chance.randrange(len(content))
        path = tmp_path / f"j{n}"
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :])
        try:
            verdict = verify(path)
        except JournalBroken:
            found += 1
            continue
        found += not verdict.good
        assert not verdict.good or (verdict.rows, verdict.chain) == (ROWS, chain)
    assert found > 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"x" * 200 + content[200:],
        lambda content: content[: len(content) // 3],
        lambda content: content[:4096] + bytes(4096) + content[8192:],
        lambda content: b"",
    ],
)
def test_a_corrupt_file_is_refused_and_left_untouched(
    good: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "j"
    shutil.copy(head_path(good), head_path(path))
    path.write_bytes(damage(good.read_bytes()))
    before = path.read_bytes()
    journal = opened(path)
    assert "set all of j* " in journal.trouble
    with pytest.raises(JournalBroken):
        journal.write([intent(1)])
    assert path.read_bytes() == before
    try:
        assert not verify(path).good
    except JournalBroken as error:
        assert "cannot be read" in str(error)


def test_damage_further_in_is_found_where_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [])
    journal = opened(path)
    journal.write([intent(i) for i in range(400)])
    journal.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 4096 // 2
    content[middle * 4096 : (middle + 1) * 4096] = bytes(4096)
    path.write_bytes(content)
    verdict = verify(path)
    assert 0 < verdict.rows < 400
    assert verdict.first_bad == verdict.rows + 1
    assert "damaged" in verdict.reason
    assert opened(path).trouble


def test_a_span_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(i) for i in range(3)])
    tamper(path, "UPDATE entries SET at_ms = 'never', body = X'FF' WHERE seq = 2")
    verdict = verify(path)
    assert (verdict.first_bad, verdict.last_ms) == (2, None)


def test_what_cannot_be_read_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(JournalBroken, match="no such file"):
        verify(tmp_path / "j")
    (tmp_path / "other").write_text("hello " * 1000, encoding="utf-8")
    with pytest.raises(JournalBroken, match="cannot be read as a journal"):
        verify(tmp_path / "other")
    sqlite3.connect(tmp_path / "empty").close()
    with pytest.raises(JournalBroken, match="cannot be read as a journal"):
        verify(tmp_path / "empty")


def test_it_may_be_written_meanwhile(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    for i in range(5):
        journal.write([intent(i)])
        verdict = verify(tmp_path / "j")
        assert (verdict.good, verdict.rows) == (True, i + 1)
    journal.close()

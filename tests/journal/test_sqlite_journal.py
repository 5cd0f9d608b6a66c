from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from tests.journal.rows import SMALL, T0, intent, opened, tamper, written

from vibe_quant.journal import upgrade
from vibe_quant.journal.ballast import SIZE
from vibe_quant.journal.head import head_path
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import Row
from vibe_quant.journal.schema import LOCAL
from vibe_quant.journal.sqlite_journal import open_journal
from vibe_quant.journal.verify import verify
from vibe_quant.ports import Entry, JournalBroken

MIGRATIONS = Path(upgrade.__file__).parent / "migrations"


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.sqlite"
    seen: list[Row] = []
    journal = open_journal(path, "r1", lambda rows: seen.extend(rows))
    journal.write([intent(1), Entry("fill", T0 + 1, {"qty": Decimal("0.010"), "b": 1, "a": None}, "ÄÖ/USDT:USDT")])
    journal.write([intent(2)])
    journal.close()
    rows = list(JournalReader(path).rows())
    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[1].body == '{"a":null,"b":1,"qty":"0.010"}'
    assert (rows[1].symbol, rows[1].at_ms, rows[1].run) == ("ÄÖ/USDT:USDT", T0 + 1, "r1")
    assert seen == rows
    verdict = verify(path)
    assert verdict.good
    assert (verdict.rows, verdict.first_ms, verdict.last_ms, verdict.chain) == (3, T0, T0 + 1, rows[2].chain)


def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.sqlite"
    journal = open_journal(path, "r1")
    journal.write([intent(1)])
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    journal.close()
    path.chmod(0o644)
    open_journal(path, "r2").close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_chain_goes_on_where_the_run_before_ended(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(1), intent(2)])
    journal = opened(path, "r2")
    assert journal.acknowledged.seq == 2
    journal.write([intent(3)])
    journal.write([])
    journal.close()
    assert [(row.seq, row.run) for row in JournalReader(path).rows()] == [(1, "r1"), (2, "r1"), (3, "r2")]
    assert verify(path).good


def test_a_commit_is_synced(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    assert journal._connection is not None
    driver = journal._connection.connection.driver_connection
    assert driver is not None
    assert driver.execute("PRAGMA synchronous").fetchone() == (2,)
    assert driver.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    journal.close()


def test_rows_are_guarded_against_ordinary_statements(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(1)])
    connection = sqlite3.connect(path)
    for statement in ("UPDATE entries SET body = ''", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="never altered or removed"):
            connection.execute(statement)
    connection.close()


def test_a_body_that_is_no_plain_data_is_a_defect(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    with pytest.raises(TypeError):
        journal.write([Entry("decision", T0, {"what": object()})])
    journal.write([intent(1)])
    journal.close()


def test_the_tables_are_those_of_the_migrations(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [])
    fresh = tmp_path / "fresh"
    LOCAL.create_all(create_engine(f"sqlite:///{fresh}"))
    assert _shape(path) == _shape(fresh)


def _shape(path: Path) -> list[object]:
    connection = sqlite3.connect(path)
    columns = connection.execute("PRAGMA table_info(entries)").fetchall()
    indexes = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'entries'"
    ).fetchall()
    connection.close()
    return [*columns, *indexes]


@pytest.mark.parametrize(("which", "head"), [("local", upgrade.LOCAL_HEAD), ("mirror", upgrade.MIRROR_HEAD)])
def test_the_head_is_the_last_migration(which: str, head: str) -> None:
    last = max((MIGRATIONS / which / "versions").glob("v*.py")).read_text(encoding="utf-8")
    assert f'revision = "{head}"' in last


def test_alembic_is_not_loaded_where_nothing_is_to_migrate(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(1)])
    code = (
        "import sys; from pathlib import Path; from vibe_quant.journal.sqlite_journal import open_journal\n"
        f"j = open_journal(Path({str(path)!r}), 'r'); assert not j.trouble, j.trouble\n"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_journal_of_an_older_form_is_upgraded(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.touch()
    head_path(path).touch()
    journal = opened(path)
    assert not journal.trouble
    journal.write([intent(1)])
    journal.close()
    connection = sqlite3.connect(path)
    assert connection.execute(upgrade.READ_REVISION).fetchall() == [(upgrade.LOCAL_HEAD,)]
    connection.close()


def test_a_migration_that_fails_leaves_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(op, "create_index", fails)
        journal = opened(tmp_path / "j")
        assert "full" in journal.trouble
    journal.write([intent(1)])
    journal.close()
    assert verify(tmp_path / "j").good


def test_a_journal_of_a_newer_form_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(1)])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    journal = opened(path)
    assert re.search(r"newer version of this program.*9999.*Run that version again", journal.trouble)
    with pytest.raises(JournalBroken, match="newer version"):
        journal.write([intent(2)])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE entries SET body = '{}' WHERE seq = 3", "row 3 does not match"),
        ("DELETE FROM entries WHERE seq = 2", "row 2 is missing"),
        ("DELETE FROM entries WHERE seq = 4", "4 had been written, 3 are there"),
    ],
)
def test_a_tampered_journal_is_left_untouched(tmp_path: Path, statement: str, found: str) -> None:
    path = written(tmp_path / "j", [intent(i) for i in range(4)])
    tamper(path, statement)
    before = path.read_bytes()
    journal = opened(path)
    assert found in journal.trouble
    assert f"verify --path {path}" in journal.trouble
    assert not journal.writable
    with pytest.raises(JournalBroken, match="nothing is written to it"):
        journal.write([intent(9)])
    assert path.read_bytes() == before


def test_a_journal_set_aside_is_followed_by_a_new_one(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [intent(1), intent(2)])
    tamper(path, "DELETE FROM entries WHERE seq = 1")
    journal = opened(path)
    with pytest.raises(JournalBroken):
        journal.write([intent(3)])
    path.rename(tmp_path / "aside")
    with pytest.raises(JournalBroken, match="its head is still there: 2 rows"):
        journal.write([intent(3)])
    head_path(path).unlink()
    journal.write([intent(3)])
    assert (journal.trouble, journal.acknowledged.seq) == ("", 1)
    journal.close()
    assert verify(path).good


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "j")
    connection.execute("CREATE TABLE books (title TEXT)")
    connection.close()
    before = (tmp_path / "j").read_bytes()
    assert "another program's database" in opened(tmp_path / "j").trouble
    assert (tmp_path / "j").read_bytes() == before


def test_a_log_without_its_file_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "j-wal").write_bytes(b"x")
    assert "write-ahead log is still there" in opened(tmp_path / "j").trouble


def test_only_the_tail_is_looked_at_on_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "j", [intent(i) for i in range(6)])
    tamper(path, "UPDATE entries SET kind = 'x' WHERE seq = 2")
    monkeypatch.setattr("vibe_quant.journal.opening.TAIL_ROWS", 3)
    journal = opened(path)
    assert not journal.trouble
    journal.close()
    assert verify(path).first_bad == 2
    tamper_again = sqlite3.connect(path)
    tamper_again.execute("DELETE FROM entries WHERE seq = 3")
    tamper_again.commit()
    tamper_again.close()
    assert "row 3 is missing" in opened(path).trouble


def test_a_journal_moved_away_under_the_program(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = opened(path)
    journal.write([intent(1)])
    for file in list(tmp_path.iterdir()):
        file.rename(tmp_path / f"old-{file.name}")
    with pytest.raises(JournalBroken, match="moved or removed"):
        journal.write([intent(2)])
    assert journal.mend() == ""
    journal.write([intent(2)])
    assert journal.acknowledged.seq == 1
    journal.close()


def test_two_writers_do_not_break_the_chain(tmp_path: Path) -> None:
    one, two = opened(tmp_path / "j", "one"), opened(tmp_path / "j", "two")
    one.write([intent(1)])
    with pytest.raises(JournalBroken, match="another process has written"):
        two.write([intent(2)])
    two.write([intent(2)])
    one.close()
    two.close()
    assert verify(tmp_path / "j").rows == 2
    assert verify(tmp_path / "j").good


def test_the_ballast_is_taken(tmp_path: Path) -> None:
    opened(tmp_path / "j").close()
    assert (tmp_path / "j.ballast").stat().st_size == SMALL
    assert SIZE > SMALL

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from tests.journal import disk_limit, writer
from tests.journal.rows import intent, opened, written

from vibe_quant.journal import sqlite_journal
from vibe_quant.journal.reader import JournalReader
from vibe_quant.journal.rows import Mark
from vibe_quant.journal.sqlite_file import append
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.journal.verify import verify
from vibe_quant.ports import JournalBroken

ROOT = Path(__file__).parents[2]


def environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk is not permitted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(disk: Path) -> Path:
    rest = disk / "rest"
    file = os.open(rest, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space"):
        while True:
            os.write(file, bytes(4096))
    os.close(file)
    return rest


def test_a_full_disk(small_disk: Path) -> None:
    """The reserve carries the last words; then it is said and refused; with space it goes on by itself."""
    path = small_disk / "j"
    journal = SqliteJournal(path, "r1", ballast=128 * 1024)
    journal.write([intent(0)])
    rest = fill_up(small_disk)
    done = 1
    while not journal.trouble:
        journal.write([intent(done)])
        done += 1
    assert "reserve of 128 KiB" in journal.trouble
    assert not (small_disk / "j.ballast").exists()
    assert journal.writable
    assert "reserve" in journal.mend()
    with pytest.raises(JournalBroken, match="the disk is full") as caught:
        while True:
            journal.write([intent(done)])
            done += 1
    assert str(path) in str(caught.value)
    assert journal.trouble == str(caught.value)
    assert done > 5
    assert journal.acknowledged.seq == done
    rest.unlink()
    journal.write([intent(done)])
    assert "reserve" in journal.trouble
    assert journal.mend() == ""
    assert (small_disk / "j.ballast").stat().st_size == 128 * 1024
    journal.close()
    verdict = verify(path)
    assert (verdict.good, verdict.rows, verdict.note) == (True, done + 1, "")
    assert [row.client_id for row in JournalReader(path).rows()] == [f"vq-{i}" for i in range(done + 1)]


def test_a_disk_that_is_full_at_the_start(small_disk: Path) -> None:
    rest = fill_up(small_disk)
    journal = opened(small_disk / "j")
    assert "disk" in journal.trouble
    with pytest.raises(JournalBroken):
        journal.write([intent(1)])
    rest.unlink()
    journal.write([intent(1)])
    assert journal.trouble == ""
    journal.close()
    assert verify(small_disk / "j").good


def test_a_disk_that_takes_no_more_of_what_a_killed_run_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log goes into the file on opening, past SQLAlchemy: what fails there is said and tried again too."""
    path = tmp_path / "j"
    written(path, [intent(0), intent(1)])
    full = sqlite3.OperationalError("canary")
    full.sqlite_errorcode, full.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"

    def fails(_: object) -> bool:
        raise full

    monkeypatch.setattr(sqlite_journal, "secure", fails)
    journal = SqliteJournal(path, "r2", ballast=0)
    assert "the disk is full" in journal.trouble
    with pytest.raises(JournalBroken, match="the disk is full") as caught:
        journal.write([intent(2)])
    assert "canary" not in str(caught.value)
    monkeypatch.undo()
    journal.write([intent(2)])
    assert journal.trouble == ""
    journal.close()
    assert verify(path).rows == 3


def test_no_room_for_the_reserve_is_trouble_but_rows_are_written(small_disk: Path) -> None:
    journal = SqliteJournal(small_disk / "j", "r1", ballast=8 * 1024 * 1024)
    assert "could not be taken" in journal.trouble
    journal.write([intent(1)])
    assert "could not be taken" in journal.trouble
    journal.close()


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    path = tmp_path / "j"
    line = [sys.executable, disk_limit.__file__, str(path)]
    done = subprocess.run(line, check=False, capture_output=True, text=True, env=environ())
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["failures"] == 3
    assert "takes no more" in found["said"]
    assert found["after"] == ""
    assert verify(path).good
    assert verify(path).rows == found["acknowledged"]


def sqlite_error(code: int, name: str) -> OperationalError:
    error = sqlite3.OperationalError("canary")
    error.sqlite_errorcode, error.sqlite_errorname = code, name
    return OperationalError("INSERT canary", None, error)


@pytest.mark.parametrize("reached", [True, False], ids=["the row reached the file", "it did not"])
def test_a_failed_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reached: bool) -> None:
    """Nobody knows whether the row is there: the file is opened again, and a repeated write leaves it there once."""
    journal = opened(tmp_path / "j")
    journal.write([intent(1)])

    def fails(connection: Any, rows: Any) -> None:
        if reached:
            append(connection, rows)
        raise sqlite_error(sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite_journal, "append", fails)
        with pytest.raises(JournalBroken, match="error on reading or writing") as caught:
            journal.write([intent(2), intent(3)])
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert journal.acknowledged.seq == 1
    assert not journal.writable
    journal.write([intent(2), intent(3), intent(4)])
    assert (journal.trouble, journal.acknowledged.seq) == ("", 4)
    journal.close()
    assert [row.client_id for row in JournalReader(tmp_path / "j").rows()] == ["vq-1", "vq-2", "vq-3", "vq-4"]
    assert verify(tmp_path / "j").good


def test_a_failed_sync_and_then_other_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path / "j")

    def fails(connection: Any, rows: Any) -> None:
        append(connection, rows)
        raise sqlite_error(sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite_journal, "append", fails)
        with pytest.raises(JournalBroken):
            journal.write([intent(1), intent(2)])
    journal.write([intent(9)])
    journal.close()
    assert [row.client_id for row in JournalReader(tmp_path / "j").rows()] == ["vq-1", "vq-2", "vq-9"]
    assert verify(tmp_path / "j").good


def test_a_suspect_log_is_not_built_on_while_a_reader_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(tmp_path / "j")
    journal.write([intent(1)])
    error = sqlite_error(sqlite3.SQLITE_IOERR_FSYNC, "SQLITE_IOERR_FSYNC")

    def fails(*_: Any) -> None:
        raise error

    reader = sqlite3.connect(tmp_path / "j", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM entries").fetchone()
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_journal, "append", fails)
        with pytest.raises(JournalBroken):
            journal.write([intent(2)])
    with pytest.raises(JournalBroken, match="another process holds it"):
        journal.write([intent(2)])
    reader.close()
    journal.write([intent(2)])
    journal.close()
    assert verify(tmp_path / "j").rows == 2


def test_a_locked_file(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j")
    other = sqlite3.connect(tmp_path / "j", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(JournalBroken, match="another process holds it"):
        journal.write([intent(1)])
    assert time.monotonic() - started < 2
    assert journal.writable
    other.close()
    journal.write([intent(1)])
    assert journal.trouble == ""
    journal.close()


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (sqlite3.SQLITE_READONLY, "may not be written"),
        (sqlite3.SQLITE_CORRUPT, "its content is damaged"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
        (sqlite3.SQLITE_MISMATCH, "SQLite refuses it"),
    ],
)
def test_each_failure_has_its_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str) -> None:
    journal = opened(tmp_path / "j")

    def fails(*_: Any) -> None:
        raise sqlite_error(code, "NAME")

    monkeypatch.setattr(sqlite_journal, "append", fails)
    with pytest.raises(JournalBroken, match=says):
        journal.write([intent(1)])
    assert says in journal.trouble
    journal.close()


def as_nobody(action: Callable[[], None]) -> None:
    """In a child process that may not do what root may."""
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            action()
        except BaseException as error:  # noqa: BLE001 - the child must not return into pytest
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_file_that_may_not_be_written() -> None:
    with TemporaryDirectory() as folder:  # pytest's own folders are closed to other users
        Path(folder).chmod(0o755)
        _may_not_be_written(written(Path(folder) / "open" / "j", [intent(1)]))


def _may_not_be_written(path: Path) -> None:
    for file in path.parent.iterdir():
        file.chmod(0o444)
    path.parent.chmod(0o555)

    def read_only() -> None:
        journal = opened(path)
        assert "may not be written" in journal.trouble, journal.trouble
        assert verify(path).rows == 1

    def unreadable() -> None:
        assert "this user may read and write" in opened(path).trouble
        with pytest.raises(JournalBroken, match="may not read it"):
            verify(path)

    as_nobody(read_only)
    path.chmod(0o000)
    as_nobody(unreadable)
    path.parent.chmod(0o755)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = opened(tmp_path / "file" / "j")
    assert "cannot be opened" in journal.trouble
    journal.close()


def killed_while_writing(path: Path, chance: random.Random) -> Mark | None:
    """The last mark that was acknowledged before the writer was killed."""
    process = subprocess.Popen([sys.executable, writer.__file__, str(path)], stdout=subprocess.PIPE, env=environ())
    assert process.stdout is not None
    head = process.stdout.readline()
    time.sleep(chance.uniform(0, 0.15))
    process.kill()
    rest = process.stdout.read()
    process.wait()
    process.stdout.close()
    lines = [line for line in (head + rest).splitlines(keepends=True) if line.endswith(b"\n")]
    if not lines:
        return None
    seq, chain = lines[-1].decode().split()
    return Mark(int(seq), chain)


def kill_in_a_loop(path: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(times):
        mark = killed_while_writing(path, chance)
        verdict = verify(path)
        assert verdict.good, verdict.reason
        assert mark is not None
        assert verdict.rows >= mark.seq
        assert next(JournalReader(path).rows(after=mark.seq - 1, most=1)).chain == mark.chain


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    kill_in_a_loop(tmp_path / "j", 4, 1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_was_acknowledged_survives_many_kills(tmp_path: Path) -> None:
    kill_in_a_loop(tmp_path / "j", 100, 2)


def test_a_killed_writers_files_without_their_shared_memory(tmp_path: Path) -> None:
    mark = killed_while_writing(tmp_path / "j", random.Random(3))
    (tmp_path / "j-shm").unlink()
    assert mark is not None
    assert verify(tmp_path / "j").rows >= mark.seq

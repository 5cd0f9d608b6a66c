"""Log files: a day each, each says what it is of, old ones are compressed and removed, a full disk is said."""

from __future__ import annotations

import errno
import gzip
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vibe_quant.app.log_age import OldFiles
from vibe_quant.app.log_file import LogFile
from vibe_quant.app.log_writer import Line
from vibe_quant.app.logs import NAME, first_line
from vibe_quant.domain.settings import Venue

HEAD = first_line(Venue.SIM, "0.4.0", 1_795_000_000_000)
AT = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@dataclass
class Folder:
    """A log file and its old ones."""

    path: Path
    said: list[str] = field(default_factory=list)

    def log(self, most: int = 10_000, head: str = HEAD, keep: int = 3, compress: int = 1) -> LogFile:
        old = OldFiles(self.path, NAME, keep, compress)
        return LogFile(self.path, NAME, head, old, lambda _, why: self.said.append(why), "{} lost\n".format, most)

    @property
    def old(self) -> list[Path]:
        return sorted(self.path.glob("vibe-quant.2*"))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def line(text: str, at: datetime = AT) -> list[Line]:
    return [Line(f"{text}\n", at)]


def aged(path: Path, at: datetime) -> Path:
    """As if it was written then last."""
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def test_every_file_begins_with_what_it_is_of(folder: Folder) -> None:
    assert HEAD == "# vibe-quant log, venue sim, version 0.4.0, started 2026-11-18 11:06:40Z"
    log = folder.log(most=300)
    for number in range(40):
        log.write(line(f"line {number:03} {'x' * 40}"))
    log.close()
    files = [*folder.old, log.path]
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == HEAD
        assert len(lines) > 1
        assert path.stat().st_size <= 300
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
    kept = [one for path in files for one in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert [int(one.split()[1]) for one in kept] == list(range(40))


def test_a_new_day_is_a_new_file_even_within_one_write(folder: Folder) -> None:
    log = folder.log()
    log.write(line("one"))
    aged(log.path, AT)
    log.write([*line("two"), *line("three", AT + timedelta(days=1))])
    log.close()
    (old,) = folder.old
    assert old.read_text(encoding="utf-8") == f"{HEAD}\none\ntwo\n"
    assert log.path.read_text(encoding="utf-8") == f"{HEAD}\nthree\n"


def test_old_files_bear_the_day_of_their_lines(folder: Folder) -> None:
    for text in "ab":
        log = folder.log(most=80)
        log.write(line(text))
        log.close()
        aged(log.path, AT)
        log.write(line("later", AT + timedelta(days=3)))
        log.close()
        log.path.unlink()
    assert [path.name for path in folder.old] == ["vibe-quant.2026-11-21.000.log", "vibe-quant.2026-11-21.001.log"]


def test_a_restart_goes_on_in_the_file_unless_it_is_of_something_else(folder: Folder) -> None:
    now = datetime.fromtimestamp(folder.path.stat().st_mtime, UTC)
    for head in (HEAD, HEAD.replace("11:06", "12:07"), HEAD.replace("sim", "live")):
        log = folder.log(head=head)
        log.write(line("x", now))
        log.close()
    (old,) = folder.old
    assert old.read_text(encoding="utf-8") == f"{HEAD}\nx\nx\n"
    assert log.path.read_text(encoding="utf-8").startswith("# vibe-quant log, venue live, ")


def test_a_file_of_an_earlier_day_or_without_room_is_turned_over(folder: Folder) -> None:
    now = datetime.fromtimestamp(folder.path.stat().st_mtime, UTC)
    for most, at in ((10_000, now), (10_000, now + timedelta(days=2)), (70, now)):
        log = folder.log(most=most)
        log.write(line("x", at))
        log.close()
    assert len(folder.old) == 2


def test_what_cannot_be_written_is_said_once_an_outage_and_counted(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "folder")
    folder.path.write_text("a file stands where the folder should be", encoding="utf-8")
    log = folder.log()
    log.write(line("one"))
    log.write([*line("two"), *line("three")])
    assert (log.lost, folder.said) == (3, ["File exists"])
    folder.path.unlink()
    log.write(line("four"))
    assert log.path.read_text(encoding="utf-8") == f"{HEAD}\n3 lost\nfour\n"
    log.write(line("five"))
    assert (log.lost, len(folder.said)) == (0, 1)
    log.close()
    log.close()


def test_a_disk_that_fails_under_an_open_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    log = folder.log()
    log.write(line("one"))
    with monkeypatch.context() as disk:
        disk.setattr("vibe_quant.app.log_file.os.write", full)
        log.write(line("two"))
    aged(log.path, AT)  # whatever day the test is run on
    log.write(line("three"))
    log.close()
    assert folder.said == ["No space left on device"]
    assert log.path.read_text(encoding="utf-8") == f"{HEAD}\none\n1 lost\nthree\n"


def full(fd: int, data: bytes) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def days_of(folder: Folder) -> list[str]:
    return [path.name.removeprefix("vibe-quant.") for path in folder.old]


def test_old_files_are_compressed_and_then_removed(folder: Folder) -> None:
    for day in range(17, 22):
        (folder.path / f"vibe-quant.2026-11-{day}.000.log").write_text(f"of {day}\n" * 1000, encoding="utf-8")
    others = [folder.path / name for name in ("vibe-quant.errors.2026-11-01.000.log", "vibe-quant.log.old")]
    for other in others:
        other.write_text("another's", encoding="utf-8")
    log = folder.log(keep=3, compress=1)
    assert not log.idle()
    log.write(line("x"))
    while log.idle():
        pass
    log.close()
    assert days_of(folder) == [
        *(f"2026-11-{day}.000.log.gz" for day in (18, 19)),
        *(f"2026-11-{day}.000.log" for day in (20, 21)),
    ]
    packed = folder.old[0]
    assert gzip.decompress(packed.read_bytes()) == b"of 18\n" * 1000
    assert stat.S_IMODE(packed.stat().st_mode) & 0o007 == 0
    assert all(other.exists() for other in others)


def test_a_compression_that_is_not_done_leaves_the_file_whole(folder: Folder) -> None:
    whole = folder.path / "vibe-quant.2026-11-01.000.log"
    whole.write_text("x" * 1000, encoding="utf-8")
    (folder.path / "vibe-quant.2026-10-31.000.log.gz.part").write_text("half", encoding="utf-8")
    old = OldFiles(folder.path, NAME, 30, 1, ending=lambda: True)
    assert old.step(AT.date())  # the half of an earlier run
    assert not old.step(AT.date())
    assert folder.old == [whole]


def test_a_disk_without_room_for_a_compression_keeps_what_is_there(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = folder.path / "vibe-quant.2026-11-01.000.log"
    whole.write_text("x" * 1000, encoding="utf-8")
    monkeypatch.setattr("vibe_quant.app.log_age.gzip.GzipFile", lambda *how: full(0, b""))
    assert not OldFiles(folder.path, NAME, 30, 1).step(AT.date())
    assert folder.old == [whole]
    monkeypatch.setattr(Path, "unlink", lambda path: full(0, b""))
    assert not OldFiles(folder.path, NAME, 1, 1).step(AT.date())


def test_old_files_do_not_fill_the_disk(folder: Folder) -> None:
    for number in range(5):
        (folder.path / f"vibe-quant.2026-11-21.{number:03}.log").write_text("x" * 100, encoding="utf-8")
    (folder.path / "vibe-quant.2026-99-99.000.log").write_text("no day", encoding="utf-8")
    old = OldFiles(folder.path, NAME, 30, 1, most_bytes=250)
    while old.step(AT.date()):
        pass
    assert days_of(folder) == ["2026-11-21.003.log", "2026-11-21.004.log", "2026-99-99.000.log"]

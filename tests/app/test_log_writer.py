"""Nothing that waits, terminal, pipe or disk, holds up who writes: what it costs is lines, and they are counted."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import pytest
from loguru import logger

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.log_stream import Paper, StreamOutput
from vibe_quant.app.log_writer import Line
from vibe_quant.app.logs import Logs, first_line
from vibe_quant.app.redaction import Redactor
from vibe_quant.domain import log_events as le
from vibe_quant.domain.service_settings import LogForm, LogSettings
from vibe_quant.domain.settings import Venue
from vibe_quant.log import log

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEAD = first_line(Venue.SIM, "1", 1)
SRC = Path(__file__).resolve().parents[2] / "src"
QUICK_MS = 20_000
"""What many lines may cost the caller on a busy machine; a write that waits waits longer."""
PATIENCE_S = 40.0


class Valve(io.StringIO):
    """A file object whose writes wait until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = threading.Event()
        self.entered = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.open.wait(PATIENCE_S)
        return super().write(text)


@contextmanager
def pipe() -> Iterator[tuple[int, TextIO]]:
    """What nobody reads, unless the test does."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as out:
        yield reader, out
        os.close(reader)


def opened(folder: Path, err: TextIO) -> Logs:
    return Logs.open(LogSettings(), folder, HEAD, Redactor(), err)


def storm(lines: int) -> int:
    """Milliseconds for the caller."""
    clock = SystemClock()
    begin = clock.now_ms()
    for number in range(lines):
        log(le.NOTE, text=f"line {number} {'x' * 400}")
    return clock.now_ms() - begin


def all_of(reader: int) -> str:
    os.set_blocking(reader, False)
    data = b""
    while True:
        try:
            piece = os.read(reader, 65536)
        except BlockingIOError:
            return data.decode()
        if not piece:
            return data.decode()
        data += piece


def until(reached: Any) -> None:
    clock = SystemClock()
    end = clock.now_ms() + PATIENCE_S * 1000
    while not reached():
        assert clock.now_ms() < end
        threading.Event().wait(0.01)


def test_a_pipe_that_nobody_reads_holds_up_neither_the_caller_nor_the_file(tmp_path: Path) -> None:
    with pipe() as (reader, err):
        logs = opened(tmp_path, err)
        assert storm(2000) < QUICK_MS  # a pipe holds 64 KiB of these 900
        log(le.JOURNAL_FAILED, text="the last")
        until(lambda: "the last" in logs.path.read_text(encoding="utf-8"))
        assert logs.recent.lines(1)[0].endswith('journal_failed | text="the last"')
        begin = SystemClock().now_ms()
        assert not logs.close(within_s=0.3)
        assert SystemClock().now_ms() - begin < QUICK_MS
        assert "line 0 " in all_of(reader)


def test_it_flows_again_when_somebody_reads_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibe_quant.app.logs.MOST_CHARS", 100_000)
    with pipe() as (reader, err):
        logs = opened(tmp_path, err)
        storm(2000)
        log(le.JOURNAL_FAILED, text="an alarm comes through")
        text = all_of(reader)
        while not logs.flush(0.5):
            text += all_of(reader)
        assert logs.close()
        text += all_of(reader)
    dropped = [line.partition("count=")[2].partition(" ")[0] for line in text.splitlines() if "lines_dropped |" in line]
    assert dropped
    assert text.count("note |") + sum(map(int, dropped)) == 2000
    assert text.index("line 0 ") < text.index("comes through")


@pytest.mark.parametrize("loud", [False, True])
def test_a_file_object_that_blocks_stops_no_loop(tmp_path: Path, loud: bool) -> None:
    err = Valve()
    logs = opened(tmp_path, err)

    async def work() -> int:
        turns, done = 0, asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, done.set)
        while not done.is_set():
            log(le.JOURNAL_FAILED if loud else le.NOTE, text=f"turn {turns}")
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(work()) > 50
    assert err.entered.wait(PATIENCE_S)
    assert not logs.close(within_s=0.1)
    err.open.set()


def test_a_slow_disk_of_logs_stops_no_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, go_on = threading.Event(), threading.Event()
    write = os.write

    def slow(fd: int, data: Any) -> int:
        if threading.current_thread() is not threading.main_thread():
            stuck.set()
            go_on.wait(PATIENCE_S)
        return write(fd, data)

    monkeypatch.setattr("vibe_quant.app.log_file.os.write", slow)
    logs = opened(tmp_path, io.StringIO())
    log(le.NOTE, text="one")
    assert stuck.wait(PATIENCE_S)
    assert storm(2000) < QUICK_MS
    assert not logs.close(within_s=0.1)
    go_on.set()


def test_a_stopped_terminal_stops_nothing(tmp_path: Path) -> None:
    """What Ctrl-S does."""
    main, side = pty.openpty()
    with os.fdopen(side, "w", encoding="utf-8") as err:
        logs = opened(tmp_path, err)
        log(le.NOTE, text="before")
        assert logs.flush()
        termios.tcflow(side, termios.TCOOFF)
        assert storm(500) < QUICK_MS
        log(le.JOURNAL_FAILED, text="the last")
        until(lambda: "the last" in logs.path.read_text(encoding="utf-8"))
        termios.tcflow(side, termios.TCOON)
        text = ""

        def read_on() -> bool:
            nonlocal text
            text += os.read(main, 65536).decode()
            return "the last" in text

        until(read_on)
        assert logs.close()
    os.close(main)
    assert text.count("note |") == 501


STUCK = """
import os, sys, threading
from pathlib import Path
from vibe_quant.app.logs import Logs, first_line
from vibe_quant.app.redaction import Redactor
from vibe_quant.domain import log_events as le
from vibe_quant.domain.service_settings import LogForm, LogSettings
from vibe_quant.domain.settings import Venue
from vibe_quant.log import log

logs = Logs.open(LogSettings(), Path(sys.argv[1]), first_line(Venue.SIM, "1", 1), Redactor(), sys.stderr)
out = logs.paper(sys.stdout)
if sys.argv[2] == "write":  # as a terminal that says it can be written, and cannot
    import vibe_quant.app.log_stream as stream
    stream.StreamOutput._writable = lambda self: True
    stream.PIECE = 1 << 20
for number in range(3000):
    log(le.NOTE, text=f"line {number} " + "x" * 400)
    out.write("a card\\n" * 20)
done = logs.close(0.5)
Path(sys.argv[1], "done").write_text(str(done))
"""


@pytest.mark.parametrize("way", ["poll", "write"])
def test_the_process_ends_though_nobody_reads_it_even_from_within_write(tmp_path: Path, way: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, str(tmp_path), way],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    ) as process:
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert b"Fatal" not in process.stderr.read()
    assert (tmp_path / "done").read_text() == "False"


def test_a_pipe_whose_reader_is_gone_is_no_trouble(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    out = os.fdopen(writer, "w", encoding="utf-8")
    logs = opened(tmp_path, out)
    os.close(reader)
    log(le.NOTE, text="to nobody")
    log(le.NOTE, text="and again")
    assert logs.close()
    assert "and again" in logs.path.read_text(encoding="utf-8")
    out.close()


def test_what_does_not_go_at_once_goes_later_whole() -> None:
    with pipe() as (reader, out):
        os.set_blocking(out.fileno(), False)
        output = StreamOutput(out)
        text = "".join(f"{number:07}\n" for number in range(20_000))
        output.write([Line(text, AT)])
        assert not output.ready()
        read = all_of(reader)
        while not output.ready():
            read += all_of(reader)
        assert read + all_of(reader) == text


def test_cards_go_the_same_way(tmp_path: Path) -> None:
    out = Valve()
    out.isatty = lambda: True  # type: ignore[method-assign]
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor(["canary"]), io.StringIO())
    paper = logs.paper(out)
    assert (paper.isatty(), paper.writable(), paper.encoding) == (True, True, "utf-8")
    assert paper.write("a card of canary\n") == 17
    assert paper.write("") == 0
    paper.flush()
    out.open.set()
    assert logs.close()
    assert out.getvalue() == "a card of ***\n"


def test_paper_of_a_terminal_with_another_code() -> None:
    said: list[str] = []
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    paper = Paper(said.append, out)
    assert (paper.encoding, paper.isatty()) == ("latin-1", False)


def test_what_a_code_cannot_show_is_shown_otherwise() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="ascii") as out:
        StreamOutput(out).write([Line("币安\n", AT)])
        assert all_of(reader) == "\\u5e01\\u5b89\n"
    os.close(reader)


def test_json_lines_are_whole_and_no_secret_is_in_them(tmp_path: Path) -> None:
    err, form = io.StringIO(), LogForm.JSON
    head = first_line(Venue.SIM, "1", 1, form)
    logs = Logs.open(LogSettings(form=form), tmp_path, head, Redactor(['ca"na\\ry']), err)
    logs.say("a banner is no JSON")
    logger.info('what ca"na\\ry says\n"x"')
    try:
        raise ValueError('ca"na\\ry')
    except ValueError as defect:
        log(le.PROGRAM_FAILED, defect=defect, text="over")
    logs.close()
    lines = [json.loads(line) for line in err.getvalue().splitlines()]
    assert [(one["level"], one["event"], one["text"]) for one in lines] == [
        ("INFO", "note", 'what *** says\n"x"'),
        ("CRITICAL", "program_failed", "over"),
    ]
    assert "ValueError: ***" in lines[1]["trace"]
    first, *rest = logs.path.read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["venue"] == "sim"
    assert [json.loads(line)["event"] for line in rest] == ["note", "program_failed"]

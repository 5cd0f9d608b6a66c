"""The log: canary secrets stay out of it whoever writes, and each file says in its first line what it is of."""

from __future__ import annotations

import io
import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from loguru import logger

from vibe_quant.app.logs import Logs, first_line, folder_of
from vibe_quant.app.redaction import HIDDEN, Redactor
from vibe_quant.domain import log_events as le
from vibe_quant.domain.service_settings import LogForm, LogLevel, LogSettings
from vibe_quant.domain.settings import Venue
from vibe_quant.log import log

KEY = "canaryKeyAbCdEf0123456789"
SECRET = "canary/Secret+with=odd&chars'9876"
LISTEN = "canaryListen" + "x" * 52
PEM_LINE = "MC4CAQAwBQYDK2VwBCIEIcanarycanarycanarycanarycanary"
PEM = f"-----BEGIN PRIVATE KEY-----\n{PEM_LINE}\n-----END PRIVATE KEY-----\n"
CANARIES = ("canary",)
HEAD = first_line(Venue.SIM, "0.4.0", 1_795_000_000_000)
AT = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def err() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logs(tmp_path: Path, err: io.StringIO) -> Iterator[Logs]:
    opened = Logs.open(LogSettings(level=LogLevel.DEBUG), tmp_path, HEAD, Redactor([KEY, SECRET, PEM]), err)
    opened.redactor.add(LISTEN)
    yield opened
    opened.close()


def fail() -> None:
    local = SECRET  # a variable that a talkative traceback would print
    raise ValueError(f"GET /fapi/v1/order?signature={'ab' * 32}&key={KEY} {local}")


def caught(write: Callable[[], None]) -> None:
    try:
        fail()
    except ValueError:
        write()


@pytest.mark.parametrize(
    "write",
    [
        lambda: logger.info(f"key {KEY} secret {SECRET}"),
        lambda: logger.info("key {} secret {}", KEY, SECRET),
        lambda: logger.debug("{!r}", {"secret": SECRET, "listenKey": LISTEN}),
        lambda: caught(lambda: logger.exception("it failed")),
        lambda: caught(lambda: logging.getLogger("aiohttp.client").exception("it failed")),
        lambda: logging.getLogger("websockets.client").warning("connecting to %s", f"wss://x/ws/{LISTEN}"),
        lambda: logging.getLogger("asyncio").error("never retrieved", exc_info=ValueError(PEM)),
        lambda: logger.warning(f"pem {PEM} and {PEM_LINE}"),
        lambda: logger.warning(PEM.replace("\n", "\\n")),
    ],
)
def test_no_canary_is_written(write: Callable[[], None], logs: Logs, err: io.StringIO) -> None:
    write()
    assert logs.flush()
    for text in (err.getvalue(), logs.path.read_text(encoding="utf-8"), "\n".join(logs.recent.lines(99))):
        assert HIDDEN in text
        assert "canary" not in text
        assert "abab" not in text


def test_variables_are_not_in_tracebacks(logs: Logs, err: io.StringIO) -> None:
    caught(lambda: logger.exception("it failed"))
    assert logs.flush()
    assert "raise ValueError(" in err.getvalue()
    assert "local = " not in err.getvalue()
    assert "└" not in err.getvalue()


def test_arguments_that_do_not_fit_lose_no_line(tmp_path: Path, err: io.StringIO) -> None:
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor([SECRET]), err)
    logging.getLogger("sqlalchemy").error("bad %d", SECRET)
    logs.close()
    assert "logger=sqlalchemy text=\"'bad %d' with arguments that do not fit it\"" in err.getvalue()


def test_others_are_heard_from_warnings_on(logs: Logs, err: io.StringIO) -> None:
    talkative = logging.getLogger("websockets.client.test")
    talkative.setLevel(logging.DEBUG)
    talkative.debug("GET /ws/secret")
    talkative.info("connected")
    assert logs.flush()
    assert err.getvalue() == ""
    talkative.warning("odd")
    talkative.log(35, "between")
    warnings.showwarning("old", DeprecationWarning, "x.py", 1)
    assert logs.flush()
    assert [word in err.getvalue() for word in ("odd", "between", "py.warnings")] == [True] * 3


def test_a_line_is_one_line_without_control_characters(logs: Logs, err: io.StringIO) -> None:
    logger.info("msg\n2026-01-01 ERROR forged \x1b[31mred")
    assert logs.flush()
    (line,) = err.getvalue().splitlines()
    assert "\x1b" not in line
    assert line.endswith(r'''INFO     note | text="msg\n2026-01-01 ERROR forged \x1b[31mred"''')


def test_no_line_of_a_traceback_passes_for_a_line_of_the_log(logs: Logs, err: io.StringIO) -> None:
    try:
        raise ValueError("x\n2026-11-21 12:00:00.000Z ERROR    forged | \x1b[31mred")
    except ValueError:
        logger.exception("it failed")
    assert logs.flush()
    first, *trace = err.getvalue().splitlines()
    assert first.endswith('ERROR    note | text="it failed"')
    assert trace[-1] == r"    2026-11-21 12:00:00.000Z ERROR    forged | \x1b[31mred"
    assert all(line.startswith("    ") for line in trace)


def test_colours_on_a_terminal_only(tmp_path: Path) -> None:
    terminal = Terminal()
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor(), terminal)
    logger.error("red")
    logger.info("plain")
    logs.close()
    red, plain = terminal.getvalue().splitlines()
    assert red.startswith("\x1b[31m")
    assert "\x1b" not in plain
    assert "\x1b" not in logs.path.read_text(encoding="utf-8")


def test_the_level_rules_and_closing_gives_stdlib_logging_back(tmp_path: Path, err: io.StringIO) -> None:
    before = logging.getLogger().handlers[:]
    logs = Logs.open(LogSettings(level=LogLevel.WARNING), tmp_path, HEAD, Redactor(), err)
    logger.info("unsaid")
    logger.warning("said")
    logs.close()
    logger.warning("to nobody")
    assert err.getvalue().count("\n") == 1
    assert "said" in err.getvalue()
    assert logging.getLogger().handlers == before


def test_a_stream_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    gone = io.StringIO()
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor(), gone)
    gone.close()
    logger.warning("still in the file")
    logs.close()
    assert "still in the file" in logs.path.read_text(encoding="utf-8")


def test_errors_stand_in_a_file_of_their_own_too(logs: Logs, tmp_path: Path) -> None:
    log(le.NOTE, text="all is well")
    log(le.JOURNAL_FAILED, text="the disk is full")
    assert logs.flush()
    errors = (tmp_path / "vibe-quant.errors.log").read_text(encoding="utf-8").splitlines()
    assert errors[0] == HEAD
    assert [one.partition(" | ")[2] for one in errors[1:]] == ['text="the disk is full"']
    assert "the disk is full" in logs.path.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_is_said_to_the_person(tmp_path: Path, err: io.StringIO) -> None:
    (tmp_path / "logs").write_text("no folder", encoding="utf-8")
    logs = Logs.open(LogSettings(), tmp_path / "logs", HEAD, Redactor(), err)
    log(le.NOTE, text="heard all the same")
    assert logs.flush()
    assert "heard all the same" in err.getvalue()
    assert "ERROR    log_file_failed | path=" in err.getvalue()
    assert "The program goes on" in logs.recent.lines(1)[0]
    logs.close()


def test_what_is_said_again_and_again_is_one_line_with_a_count(logs: Logs, err: io.StringIO) -> None:
    for number in range(50):
        log(le.STREAM, text=f"user stream not connected; tried again in {number} ms")
    log(le.NOTE, text="between")
    logs.close()
    heard = [one.partition("Z ")[2] for one in err.getvalue().splitlines()]
    assert heard == [
        'WARNING  stream | text="user stream not connected; tried again in 0 ms"',
        "INFO     note | text=between",
        'WARNING  stream | repeated=49 text="user stream not connected; tried again in 49 ms"',
    ]


def test_the_newest_lines_are_there_to_be_asked_for(logs: Logs) -> None:
    for number in range(700):
        log(le.NOTE, text=f"{KEY} {number}")
    assert [one.rpartition("| ")[2] for one in logs.recent.lines(2)] == ['text="*** 698"', 'text="*** 699"']
    assert len(logs.recent.lines(9999)) == 500
    assert logs.recent.lines(0) == ()


def test_under_the_service_manager_lines_bear_priorities_and_no_time(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("w", encoding="utf-8") as err:
        status = os.fstat(ours.fileno())
        named = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        logs = Logs.open(LogSettings(level=LogLevel.DEBUG), tmp_path, HEAD, Redactor(), err, named)
        logs.say("BANNER\nof two lines")
        for level in le.Level:
            log(le.NOTE, level, text=level.lower())
        caught(lambda: logger.exception("it failed"))
        assert logs.close()
        lines = theirs.recv(65536).decode().splitlines()
    assert lines[:8] == [
        "<5>BANNER",
        "<5>of two lines",
        "<7>DEBUG    note | text=debug",
        "<6>INFO     note | text=info",
        "<4>WARNING  note | text=warning",
        "<3>ERROR    note | text=error",
        "<2>CRITICAL note | text=critical",
        '<3>ERROR    note | text="it failed"',
    ]
    assert all(one.startswith("<3>    ") for one in lines[8:])
    assert len(lines) > 10
    assert logs.path.read_text(encoding="utf-8").splitlines()[1].startswith("20")


def test_where_the_files_are() -> None:
    assert folder_of(LogSettings(), {}) == Path("logs")
    assert folder_of(LogSettings(), {"LOGS_DIRECTORY": "/var/log/vq:/var/log/b"}) == Path("/var/log/vq")
    assert folder_of(LogSettings(folder="here"), {"LOGS_DIRECTORY": "/var/log/vq"}) == Path("here")


@pytest.mark.parametrize(
    ("form", "err", "heard"),
    [
        (LogForm.TEXT, io.StringIO, True),
        (LogForm.JSON, io.StringIO, False),
        (LogForm.JSON, Terminal, True),
    ],
)
def test_what_is_whispered_stands_in_no_file(
    tmp_path: Path, form: LogForm, err: type[io.StringIO], heard: bool
) -> None:
    person = err()
    logs = Logs.open(LogSettings(form=form), tmp_path, HEAD, Redactor(["token"]), person)
    logs.whisper("The page: #token=token\n")
    log(le.NOTE, text="else")
    logs.close()
    assert ("The page: #token=token\n" in person.getvalue()) is heard
    assert "The page" not in logs.path.read_text(encoding="utf-8")
    assert "The page" not in "".join(logs.recent.lines(9))


def test_an_output_with_a_defect_is_said_by_the_others(
    tmp_path: Path, err: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: object, lines: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr("vibe_quant.app.logs.LogFile.write", fail)
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor(), err)
    log(le.NOTE, text="one")
    assert logs.flush(20)
    log(le.NOTE, text="two")
    assert logs.close()
    assert [line.partition("Z ")[2].partition(" | ")[0].split()[-1] for line in err.getvalue().splitlines()] == [
        "note",
        "output_failed",  # the file of all lines
        "output_failed",  # that of errors, which was to say so
        "note",
    ]


def test_another_level_while_it_runs(tmp_path: Path, err: io.StringIO) -> None:
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor(), err)
    log(le.NOTE, le.Level.DEBUG, text="unsaid")
    logs.heed(LogLevel.DEBUG)
    log(le.NOTE, le.Level.DEBUG, text="said")
    logs.close()
    logs.heed(LogLevel.DEBUG)
    log(le.NOTE, text="to nobody")
    assert [line.rpartition("=")[2] for line in err.getvalue().splitlines()] == ["said"]

"""The log: canary secrets stay out of it whoever writes, and each file says in its first line what it is of."""

from __future__ import annotations

import io
import logging
import stat
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from vibe_quant.app.log_file import LogFile
from vibe_quant.app.logs import Logs, first_line, folder_of
from vibe_quant.app.redaction import HIDDEN, Redactor
from vibe_quant.domain.service_settings import LogLevel, LogSettings
from vibe_quant.domain.settings import Venue

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
    for text in (err.getvalue(), logs.file.path.read_text(encoding="utf-8")):
        assert HIDDEN in text
        assert "canary" not in text
        assert "abab" not in text


def test_variables_are_not_in_tracebacks(logs: Logs, err: io.StringIO) -> None:
    caught(lambda: logger.exception("it failed"))
    assert "raise ValueError(" in err.getvalue()
    assert "local = " not in err.getvalue()
    assert "└" not in err.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "GET /fapi/v1/order?timestamp=1&signature=0123456789abcdef&x=1",
        "GET /x?signature%3D0123456789abcdef",
        "{'X-MBX-APIKEY': '0123456789abcdef'}",
        "('X-MBX-APIKEY', b'0123456789abcdef')",
        '{"listenKey":"0123456789abcdef"}',
        "wss://fstream/private/ws?listenKey=0123456789abcdef&events=ORDER",
        f"wss://fstream/private/ws/{'0123456789abcdef' * 4}",
        "-----BEGIN EC PRIVATE KEY-----\n0123456789abcdef",
    ],
)
def test_what_is_signed_or_a_key_is_hidden_though_nobody_registered_it(text: str) -> None:
    cleaned = Redactor().clean(text)
    assert "0123456789abcdef" not in cleaned
    assert HIDDEN in cleaned


def test_the_rest_of_a_line_stays() -> None:
    redactor = Redactor([KEY])
    assert redactor.clean(f"GET /x?a=1&signature={'f' * 64}&b=2 by {KEY}!") == "GET /x?a=1&signature=***&b=2 by ***!"
    assert redactor.clean("the listen key expired; signature of the call") == (
        "the listen key expired; signature of the call"
    )
    assert Redactor(["", " "]).clean("nothing to hide") == "nothing to hide"


def test_listen_keys_are_remembered_up_to_a_bound() -> None:
    redactor = Redactor([SECRET], most=8)
    for number in range(100):
        redactor.add(f"key{number:03}")
    assert redactor.clean(f"{SECRET} key099") == f"{HIDDEN} {HIDDEN}"
    assert redactor.clean("key000") == "key000"


def test_arguments_that_do_not_fit_lose_no_line(tmp_path: Path, err: io.StringIO) -> None:
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor([SECRET]), err)
    logging.getLogger("sqlalchemy").error("bad %d", SECRET)
    logs.close()
    assert "sqlalchemy: 'bad %d' with arguments that do not fit it" in err.getvalue()


def test_others_are_heard_from_warnings_on(logs: Logs, err: io.StringIO) -> None:
    talkative = logging.getLogger("websockets.client.test")
    talkative.setLevel(logging.DEBUG)
    talkative.debug("GET /ws/secret")
    talkative.info("connected")
    assert err.getvalue() == ""
    talkative.warning("odd")
    talkative.log(35, "between")
    warnings.showwarning("old", DeprecationWarning, "x.py", 1)
    assert [word in err.getvalue() for word in ("odd", "between", "py.warnings")] == [True] * 3


def test_a_line_is_one_line_without_control_characters(logs: Logs, err: io.StringIO) -> None:
    logger.info("msg\n2026-01-01 ERROR forged \x1b[31mred")
    (line,) = err.getvalue().splitlines()
    assert "\x1b" not in line
    assert line.endswith(r"INFO     msg\n2026-01-01 ERROR forged \x1b[31mred")


def test_colours_on_a_terminal_only(tmp_path: Path) -> None:
    terminal = Terminal()
    logs = Logs.open(LogSettings(), tmp_path, HEAD, Redactor(), terminal)
    logger.error("red")
    logger.info("plain")
    logs.close()
    red, plain = terminal.getvalue().splitlines()
    assert red.startswith("\x1b[31m")
    assert "\x1b" not in plain
    assert "\x1b" not in logs.file.path.read_text(encoding="utf-8")


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
    assert "still in the file" in logs.file.path.read_text(encoding="utf-8")


def file_of(folder: Path, most: int = 10_000, keep: int = 3, head: str = HEAD) -> LogFile:
    return LogFile(folder, head, keep, lambda text: None, most)


def turned(folder: Path) -> list[Path]:
    return sorted(folder.glob("vibe-quant.*.log"))


def test_every_file_begins_with_what_it_is_of(tmp_path: Path) -> None:
    assert HEAD == "# vibe-quant log, venue sim, version 0.4.0, started 2026-11-18 11:06:40Z"
    log = file_of(tmp_path, most=300, keep=4)
    for number in range(40):
        log.write(f"line {number:03} {'x' * 40}\n", AT)
    log.close()
    files = [*turned(tmp_path), log.path]
    assert len(files) == 5
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == HEAD
        assert len(lines) > 1
        assert path.stat().st_size <= 300
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0
    kept = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert [int(line.split()[1]) for line in kept] == list(range(40 - len(kept), 40))


def test_a_new_day_is_a_new_file(tmp_path: Path) -> None:
    log = file_of(tmp_path)
    log.write("one\n", AT)
    log.write("two\n", AT + timedelta(days=1))
    log.close()
    (old,) = turned(tmp_path)
    assert old.read_text(encoding="utf-8") == f"{HEAD}\none\n"
    assert log.path.read_text(encoding="utf-8") == f"{HEAD}\ntwo\n"


def test_a_restart_goes_on_in_the_file_unless_it_is_of_something_else(tmp_path: Path) -> None:
    now = datetime.fromtimestamp(tmp_path.stat().st_mtime, UTC)
    for head in (HEAD, HEAD.replace("11:06", "12:07"), HEAD.replace("sim", "live")):
        log = file_of(tmp_path, head=head)
        log.write("x\n", now)
        log.close()
    (old,) = turned(tmp_path)
    assert old.read_text(encoding="utf-8") == f"{HEAD}\nx\nx\n"
    assert log.path.read_text(encoding="utf-8").startswith("# vibe-quant log, venue live, ")


def test_a_file_of_an_earlier_day_or_without_room_is_turned_over(tmp_path: Path) -> None:
    now = datetime.fromtimestamp(tmp_path.stat().st_mtime, UTC)
    for most, at in ((10_000, now), (10_000, now + timedelta(days=2)), (70, now)):
        log = file_of(tmp_path, most=most)
        log.write("x\n", at)
        log.close()
    assert len(turned(tmp_path)) == 2


def test_what_cannot_be_written_is_said_once_and_stops_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    place = tmp_path / "folder"
    place.write_text("a file stands where the folder should be", encoding="utf-8")
    log = LogFile(place, HEAD, 3, said.append)
    log.write("one\n", AT)
    log.write("two\n", AT)
    assert log.lost == 2
    assert len(said) == 1
    assert "goes on" in said[0]
    place.unlink()
    log.write("three\n", AT)
    log.close()
    assert log.path.read_text(encoding="utf-8") == f"{HEAD}\nthree\n"


def test_where_the_files_are() -> None:
    assert folder_of(LogSettings(), {}) == Path("logs")
    assert folder_of(LogSettings(), {"LOGS_DIRECTORY": "/var/log/vq:/var/log/b"}) == Path("/var/log/vq")
    assert folder_of(LogSettings(folder="here"), {"LOGS_DIRECTORY": "/var/log/vq"}) == Path("here")

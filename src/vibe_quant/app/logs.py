"""Where log lines go: standard error for a person, files for later; none with a secret, whoever wrote it."""

from __future__ import annotations

import logging
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from loguru import logger

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.log_age import OldFiles
from vibe_quant.app.log_file import LogFile
from vibe_quant.app.log_fold import Fold
from vibe_quant.app.log_form import Form, Said, form_of, head_of, in_text, prioritised
from vibe_quant.app.log_stream import Paper, StreamOutput, is_journal, line_of
from vibe_quant.app.log_writer import MOST_CHARS, Lane, Line, LogWriter
from vibe_quant.app.redaction import Redactor
from vibe_quant.domain import log_events as le
from vibe_quant.domain.log_events import LOUD, Level, LogEvent
from vibe_quant.domain.service_settings import LogForm, LogLevel, LogSettings
from vibe_quant.domain.settings import Venue
from vibe_quant.log import Value, log

if TYPE_CHECKING:
    from loguru import Message, Record

DEFAULT_FOLDER = "logs"
NAME, ERRORS = "vibe-quant", "vibe-quant.errors"
ROUTED = logging.WARNING
"""Other people's loggers are heard from here on: below it websockets tells URLs, with listen keys in them."""
FLUSH_S = 3.0
"""How long the end waits for terminals and disks: less than the service manager does."""
RECENT = 500
NOTICE = 5
"""Syslog's number of what a person should see and is no warning."""


def first_line(venue: Venue, version: str, started_ms: int, form: LogForm = LogForm.TEXT) -> str:
    """What every log file begins with; ``started_ms`` epoch ms."""
    when = datetime.fromtimestamp(started_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return head_of(form, venue.value, version, when)


def folder_of(settings: LogSettings, environment: Mapping[str, str]) -> Path:
    """The configured folder, else the one the service manager made ($LOGS_DIRECTORY), else logs/."""
    made = environment.get("LOGS_DIRECTORY", "").partition(":")[0]
    return Path(settings.folder or made or DEFAULT_FOLDER)


class Recent:
    """The newest lines, as text, without secrets."""

    def __init__(self, most: int = RECENT) -> None:
        self._lines: deque[str] = deque(maxlen=most)
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        """Whole lines."""
        with self._lock:
            self._lines.extend(text.splitlines())

    def lines(self, count: int) -> tuple[str, ...]:
        """At most so many, oldest first."""
        with self._lock:
            return tuple(self._lines)[-count:] if count > 0 else ()


class Logs:
    """The program's log; while it is open every other sink of loguru is gone, and stdlib logging ends in it.

    Nothing here waits for a terminal or a disk but ``flush`` and ``close``.
    """

    def __init__(
        self, settings: LogSettings, folder: Path, head: str, redactor: Redactor, err: TextIO, *, journal: bool = False
    ) -> None:
        self.redactor = redactor
        self.recent = Recent()
        self._clock = SystemClock()
        self._journal = journal
        self._terminal = err.isatty()
        self._for_people = settings.form is LogForm.TEXT
        self._file_form = form_of(settings.form)
        self._err_form = form_of(settings.form, terminal=self._terminal, journal=journal)
        self._fold = Fold()
        self._lock = threading.Lock()
        self._writer = LogWriter(self._tick, self._too_slow, self._broken, MOST_CHARS)
        self._err = self._writer.lane(StreamOutput(err))
        self._files = [self._file(folder, name, head, settings) for name in (NAME, ERRORS)]
        self._all, self._errors = (self._writer.lane(file) for file in self._files)
        self._sink: int | None = None
        self._root: tuple[list[logging.Handler], int] = ([], logging.WARNING)

    @classmethod
    def open(
        cls,
        settings: LogSettings,
        folder: Path,
        head: str,
        redactor: Redactor,
        err: TextIO | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Logs:
        """Begin to log: ``head`` is the first line of each file, ``err`` standard error by default."""
        err = sys.stderr if err is None else err
        logs = cls(settings, folder, head, redactor, err, journal=is_journal(err, environment or {}))
        logs._begin(settings.level.upper())
        return logs

    @property
    def path(self) -> Path:
        """The current file of all lines."""
        return self._files[0].path

    def say(self, text: str) -> None:
        """Lines for the person at standard error, whatever the level; not where machines read it."""
        if self._for_people:
            lines = f"{self.redactor.clean(text)}\n"
            self._person(prioritised(lines, NOTICE) if self._journal else lines)

    def whisper(self, text: str) -> None:
        """Whole lines for the person at standard error alone, as they are; not where machines read it."""
        if self._for_people or self._terminal:
            self._person(prioritised(text, NOTICE) if self._journal else text)

    def paper(self, out: TextIO) -> TextIO:
        """What stands for standard output while the log is open."""
        lane = self._writer.lane(StreamOutput(out))
        paper = Paper(lambda text: self._writer.put(lane, line_of(self.redactor.clean(text), self._now())), out)
        return cast("TextIO", paper)

    def flush(self, within_s: float = FLUSH_S) -> bool:
        """Wait until all is written, so long at most; not for a loop."""
        return self._writer.flush(within_s)

    def close(self, within_s: float = FLUSH_S) -> bool:
        """End, once, and leave stdlib logging as it was; False where an output was too slow for the rest."""
        if self._sink is None:
            return True
        logger.remove(self._sink)
        self._sink = None
        root = logging.getLogger()
        root.handlers[:], level = self._root
        root.setLevel(level)
        logging.captureWarnings(False)
        self._emit(self._fold.rest(self._now()))
        done = self._writer.close(within_s)
        if done:
            for file in self._files:
                file.close()
        return done

    def heed(self, level: LogLevel) -> None:
        """From now on lines of this level and above are written; nothing once it is closed."""
        if self._sink is not None:
            before, self._sink = self._sink, self._added(level.upper())
            logger.remove(before)

    def _begin(self, level: str) -> None:
        logger.remove()
        self._sink = self._added(level)
        root = logging.getLogger()
        self._root = (root.handlers[:], root.level)
        root.handlers[:] = [_Routed(ROUTED)]
        root.setLevel(ROUTED)
        logging.captureWarnings(True)
        self._writer.start()

    def _added(self, level: str) -> int:
        # Neither variables nor calls further out in tracebacks: they would hold secrets.
        return logger.add(self._take, level=level, format=_trace, colorize=False, backtrace=False, diagnose=False)

    def _file(self, folder: Path, name: str, head: str, settings: LogSettings) -> LogFile:
        old = OldFiles(folder, name, settings.keep_days, settings.compress_days, lambda: self._writer.closing)
        return LogFile(folder, name, head, old, self._file_failed, self._file_well)

    def _take(self, message: Message) -> None:
        said = self._clean(message.record, str(message))
        with self._lock:
            now = self._fold.take(said)
        self._emit(now)

    def _clean(self, record: Record, trace: str) -> Said:
        """Each value by itself: quoted, a secret could be another text than the one that is known."""
        event, fields = record["extra"].get("event"), record["extra"].get("fields")
        if not isinstance(event, LogEvent) or not isinstance(fields, dict):
            event, fields = le.NOTE, {"text": record["message"]}
        trace = self.redactor.clean(trace).strip("\n") if trace else ""
        return Said(event, _level(record["level"].no), self._without_secrets(fields), record["time"], trace)

    def _without_secrets(self, fields: dict[str, Value]) -> dict[str, Value]:
        """All at once where there is none, which is always; else one by one."""
        clean, whole = self.redactor.clean, "\0".join([value for value in fields.values() if isinstance(value, str)])
        if clean(whole) == whole:
            return fields
        return {name: clean(value) if isinstance(value, str) else value for name, value in fields.items()}

    def _emit(self, several: Iterable[Said]) -> None:
        for said in several:
            loud = said.level in LOUD
            forms = {form: self._formed(form, said) for form in {in_text, self._file_form, self._err_form}}
            self.recent.add(forms[in_text])
            self._put(self._err, forms[self._err_form], said.at, loud)
            for lane in (self._all, self._errors) if loud else (self._all,):
                self._put(lane, forms[self._file_form], said.at, loud)

    def _formed(self, form: Form, said: Said) -> str:
        return self.redactor.clean(form(said))

    def _put(self, lane: Lane, text: str, at: datetime, loud: bool) -> None:
        self._writer.put(lane, Line(text, at, loud))

    def _person(self, text: str) -> None:
        self._writer.put(self._err, line_of(text, self._now()))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC)

    def _tick(self) -> None:
        with self._lock:
            due = self._fold.due(self._now())
        self._emit(due)

    def _own(self, event: LogEvent, **fields: Value) -> Said:
        return Said(event, event.level, fields, self._now())

    def _too_slow(self, count: int) -> Line:
        text = f"{count} lines are missing here: this output was too slow for them, and trading does not wait"
        return self._words(self._own(le.LINES_DROPPED, count=count, text=text))

    def _broken(self, defect: Exception) -> Line:
        text = f"a defect: an output of the log has failed ({type(defect).__name__}); the others go on"
        return self._words(self._own(le.OUTPUT_FAILED, text=text))

    def _words(self, said: Said) -> Line:
        return Line(self._formed(self._file_form, said), said.at, loud=True)

    def _file_failed(self, path: Path, reason: str) -> None:
        text = (
            f"The log file {path} cannot be written ({reason}). The program goes on, and logs to standard error alone "
            "until it can be; make room, or mend the folder's permissions."
        )
        said = self._own(le.LOG_FILE_FAILED, path=str(path), text=text)
        self.recent.add(self._formed(in_text, said))
        self._person(self._formed(self._err_form, said))

    def _file_well(self, lost: int) -> str:
        text = f"{lost} lines are missing here: the file could not be written"
        return self._formed(self._file_form, self._own(le.LINES_DROPPED, count=lost, text=text))


def _trace(record: Record) -> str:  # noqa: ARG001 - as loguru calls it
    return "{exception}"


def _level(number: int) -> Level:
    for least, level in ((50, Level.CRITICAL), (40, Level.ERROR), (30, Level.WARNING), (20, Level.INFO)):
        if number >= least:
            return level
    return Level.DEBUG


class _Routed(logging.Handler):
    """Hands stdlib records on."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = f"{record.msg!r} with arguments that do not fit it"
        defect = record.exc_info[1] if record.exc_info else None
        log(le.LIBRARY, _level(record.levelno), defect=defect, logger=record.name, text=text)

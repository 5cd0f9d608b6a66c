"""Where log lines go: standard error for a person, files for later; none with a secret, whoever wrote it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from vibe_quant.app.log_file import LogFile
from vibe_quant.app.redaction import Redactor
from vibe_quant.domain.service_settings import LogSettings
from vibe_quant.domain.settings import Venue

if TYPE_CHECKING:
    from loguru import Message, Record

DEFAULT_FOLDER = "logs"
COLOURS = {"DEBUG": "\x1b[2m", "WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[1;31m"}
PLAIN = "\x1b[0m"
ROUTED = logging.WARNING
"""Other people's loggers are heard from here on: below it websockets tells URLs, with listen keys in them."""


def first_line(venue: Venue, version: str, started_ms: int) -> str:
    """What every log file begins with; ``started_ms`` epoch ms."""
    when = datetime.fromtimestamp(started_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return f"# vibe-quant log, venue {venue.value}, version {version}, started {when}"


def folder_of(settings: LogSettings, environment: Mapping[str, str]) -> Path:
    """The configured folder, else the one the service manager made ($LOGS_DIRECTORY), else logs/."""
    made = environment.get("LOGS_DIRECTORY", "").partition(":")[0]
    return Path(settings.folder or made or DEFAULT_FOLDER)


@dataclass(slots=True)
class Logs:
    """The program's log; while it is open every other sink of loguru is gone, and stdlib logging ends in it."""

    redactor: Redactor
    file: LogFile
    err: TextIO
    colours: Mapping[str, str]
    _sinks: list[int] = field(default_factory=list)
    _root: tuple[list[logging.Handler], int] = field(default_factory=lambda: ([], logging.WARNING))

    @classmethod
    def open(
        cls, settings: LogSettings, folder: Path, head: str, redactor: Redactor, err: TextIO | None = None
    ) -> Logs:
        """Begin to log: ``head`` is the first line of each file, ``err`` standard error by default."""
        err = sys.stderr if err is None else err
        logs = cls(
            redactor,
            LogFile(folder, head, settings.keep_days, lambda text: _line(err, text)),
            err,
            COLOURS if err.isatty() else {},
        )
        logger.remove()
        level = settings.level.upper()
        for sink in (logs._to_person, logs._to_file):
            # Neither variables nor calls further out in tracebacks: they would hold secrets.
            logs._sinks.append(
                logger.add(sink, level=level, format=_layout, colorize=False, backtrace=False, diagnose=False)
            )
        root = logging.getLogger()
        logs._root = (root.handlers[:], root.level)
        root.handlers[:] = [_Routed(ROUTED)]
        root.setLevel(ROUTED)
        logging.captureWarnings(True)
        return logs

    def say(self, text: str) -> None:
        """Lines for the person at standard error, whatever the level."""
        _line(self.err, self.redactor.clean(text))

    def close(self) -> None:
        """End, and leave stdlib logging as it was."""
        for sink in self._sinks:
            logger.remove(sink)
        self._sinks.clear()
        root = logging.getLogger()
        root.handlers[:], level = self._root
        root.setLevel(level)
        logging.captureWarnings(False)
        self.file.close()

    def _to_person(self, message: Message) -> None:
        text = self.redactor.clean(message)
        colour = self.colours.get(message.record["level"].name)
        _line(self.err, text.rstrip("\n") if colour is None else f"{colour}{text.rstrip()}{PLAIN}")

    def _to_file(self, message: Message) -> None:
        self.file.write(self.redactor.clean(message), message.record["time"].astimezone(UTC))


def _line(out: TextIO, text: str) -> None:
    """A line to a stream that may be gone: nobody reads it then, and the program goes on."""
    try:
        out.write(text + "\n")
        out.flush()
    except (OSError, ValueError):
        return


def _layout(record: Record) -> str:
    """Time (UTC), level, message on one line: what comes from outside can neither forge a line nor steer a terminal."""
    extra = record["extra"]
    extra["at"] = record["time"].astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
    extra["text"] = "".join(c if c.isprintable() else repr(c)[1:-1] for c in record["message"])
    return "{extra[at]} {level: <8} {extra[text]}\n{exception}"


class _Routed(logging.Handler):
    """Hands stdlib records to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = f"{record.msg!r} with arguments that do not fit it"
        known = record.levelname in ("WARNING", "ERROR", "CRITICAL")
        logger.opt(exception=record.exc_info).log(
            record.levelname if known else record.levelno, f"{record.name}: {text}"
        )

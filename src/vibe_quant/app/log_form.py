"""How a line of the log looks: text for people, JSON for machines, priorities for the service manager's journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from vibe_quant.domain.log_events import Level, LogEvent
from vibe_quant.domain.service_settings import LogForm
from vibe_quant.log import Value, ordered, printable, rendered, shown

COLOURS = {
    Level.DEBUG: "\x1b[2m",
    Level.WARNING: "\x1b[33m",
    Level.ERROR: "\x1b[31m",
    Level.CRITICAL: "\x1b[1;31m",
}
PLAIN = "\x1b[0m"
PRIORITIES = {Level.DEBUG: 7, Level.INFO: 6, Level.WARNING: 4, Level.ERROR: 3, Level.CRITICAL: 2}
"""As syslog counts them."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line before it has a form; ``trace`` is a defect's traceback, ``repeated`` how many lines it stands for."""

    event: LogEvent
    level: Level
    fields: Mapping[str, Value]
    at: datetime
    trace: str = ""
    repeated: int = 0

    @property
    def whole(self) -> Mapping[str, Value]:
        """The fields, and how often it was repeated where it was."""
        return {**self.fields, "repeated": self.repeated} if self.repeated else self.fields


Form = Callable[[Said], str]
"""Whole lines, each with its end."""


def in_text(said: Said) -> str:
    """Time (UTC), level, event and fields; a traceback follows, indented, so that no line of it passes for another."""
    return f"{_at(said.at)} {_plain(said)}"


def in_colour(said: Said) -> str:
    """The same for a terminal."""
    colour, text = COLOURS.get(said.level), in_text(said)
    return text if colour is None else f"{colour}{text[:-1]}{PLAIN}\n"


def in_json(said: Said) -> str:
    """One object; decimals as strings, as everywhere."""
    body: dict[str, Any] = {"time": _at(said.at), "level": said.level, "event": said.event.name}
    body |= {name: _json(value) for name, value in ordered(said.event, said.whole).items()}
    if said.trace:
        body["trace"] = said.trace
    return f"{_one_line(json.dumps(body, ensure_ascii=False))}\n"


def in_journal(form: LogForm) -> Form:
    """For the service manager's journal, which knows the time by itself and takes a priority at each line's begin."""

    def lines(said: Said) -> str:
        text = in_json(said) if form is LogForm.JSON else _plain(said)
        return prioritised(text, PRIORITIES[said.level])

    return lines


def prioritised(text: str, priority: int) -> str:
    """Whole lines with ``<priority>`` before each."""
    return "".join(f"<{priority}>{line}\n" for line in text.splitlines())


def form_of(form: LogForm, *, terminal: bool = False, journal: bool = False) -> Form:
    """What suits the output."""
    if journal:
        return in_journal(form)
    if form is LogForm.JSON:
        return in_json
    return in_colour if terminal else in_text


def head_of(form: LogForm, venue: str, version: str, started: str) -> str:
    """What each file begins with; what stands before ``started`` tells what the file is of."""
    if form is LogForm.JSON:
        return json.dumps({"log": "vibe-quant", "venue": venue, "version": version, "started": started})
    return f"# vibe-quant log, venue {venue}, version {version}, started {started}"


def _plain(said: Said) -> str:
    trace = "".join(f"    {printable(line)}\n" for line in said.trace.splitlines())
    return f"{said.level:<8} {rendered(said.event, said.whole)}\n{trace}"


def _one_line(text: str) -> str:
    """JSON leaves the line ends of other alphabets as they are, and a reader that knows them would see a new line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _at(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def _json(value: Value) -> str | int | float | bool | None:
    return shown(value) if isinstance(value, Decimal) else value

"""The one way into the log: a declared event and its fields (``domain.log_events``), as ``event | key=value``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from loguru import logger

from vibe_quant.domain.log_events import Level, LogEvent

Value = str | int | float | bool | Decimal | None
_BARE = re.compile(r"[\w.:/+@%,;!*()\[\]#~^&$<>-]+")


def log(event: LogEvent, /, level: Level | None = None, defect: BaseException | None = None, **fields: Value) -> None:
    """Write a line; never waits, and never raises for what is in it.

    ``level``: one of the event's others; ``defect``: an exception whose traceback follows.  ``fields`` are exactly the
    declared ones, None where there is nothing to say.
    """
    chosen = str(event.level if level is None else level)
    logger.opt(exception=defect).bind(event=event, fields=fields).log(chosen, rendered(event, fields))


def rendered(event: LogEvent, fields: Mapping[str, Value]) -> str:
    """``event | key=value``: on one line whatever the values are, quoted where they have blanks."""
    pairs = [f"{name}={_quoted(shown(value))}" for name, value in ordered(event, fields).items() if value is not None]
    return " ".join([f"{event.name} |", *pairs])


def ordered(event: LogEvent, fields: Mapping[str, Value]) -> dict[str, Value]:
    """As declared, then what is not declared (a defect; a test looks for it), ``text`` last."""
    names = [*dict.fromkeys((*event.fields, *fields))]
    if "text" in names:
        names.remove("text")
        names.append("text")
    return {name: fields.get(name) for name in names}


def shown(value: Value) -> str:
    """A value as people write it: plain decimals, true and false."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value.normalize():f}" if value.is_finite() else str(value)
        case float():
            return f"{value:.12g}"
        case _:
            return str(value)


def printable(text: str) -> str:
    """What comes from outside can neither forge a line nor steer a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text) and text.isprintable():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'

"""How numbers, moments and stretches of time are written for a person; and what one writes for a stretch of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import typer

from vibe_quant.domain.status import RATIOS

NONE = "-"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
STRETCH = re.compile(r"([0-9]{1,9})(s|m|h|d|w)\Z")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
PERCENT = Decimal(100)
BRIEF_MS = 10_000


def number(value: Decimal | None) -> str:
    """As it is, without exponent and trailing zeros."""
    if value is None:
        return NONE
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Decimal | None, places: int = 2) -> str:
    """To so many places."""
    return NONE if value is None else f"{value:.{places}f}"


def price(value: Decimal | None) -> str:
    """To eight significant digits: an average has more than anybody reads."""
    return NONE if value is None else number(Decimal(f"{value:.8g}"))


def percent(ratio: Decimal | None, places: int = 2) -> str:
    """A ratio in percent."""
    return NONE if ratio is None else f"{ratio * PERCENT:.{places}f}%"


def stretch(ms: int | None) -> str:
    """A length of time by its two largest units: 3d04h, 2h05m, 4m30s, 12s."""
    if ms is None:
        return NONE
    seconds = max(0, ms) // 1000
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"
    return f"{seconds // 86_400}d{seconds % 86_400 // 3600:02}h"


def brief(ms: int) -> str:
    """A length of time that may be short: below ten seconds with what is less than one (0.06s, 4.9s)."""
    return f"{max(0, ms) / 1000:g}s" if ms < BRIEF_MS else stretch(ms)


def fact(name: str, value: str) -> tuple[str, str]:
    """A number behind a decision (``domain.status.Facts``), and its name, as a person reads them."""
    label = name.removesuffix("_ms").replace("_", " ")
    if name.endswith("_ms") and value.isdecimal():
        return label, brief(int(value))
    if name in RATIOS and NUMBER.fullmatch(value):
        return label, percent(Decimal(value))
    return label, value


def moment(at_ms: int | None) -> str:
    """A moment (epoch ms) in UTC, to the second; what is no time of this world as it stands."""
    if at_ms is None:
        return NONE
    try:
        return (EPOCH + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%d %H:%M:%SZ")
    except OverflowError:
        return f"{at_ms} ms"


def stretch_ms(text: str) -> int | None:
    """``30m``, ``24h``, ``7d``, ``90s``; None where it is none."""
    found = STRETCH.match(text)
    return None if found is None else int(found[1]) * UNITS_MS[found[2]]


def since_ms(text: str, now_ms: int) -> int:
    """A moment, epoch ms: a stretch of time before ``now_ms``, or a date or time (UTC where it does not say).

    Raises:
        typer.BadParameter: it is neither.
    """
    back = stretch_ms(text)
    if back is not None:
        return now_ms - back
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 24h, 7d, 2026-11-21 or 2026-11-21T14:30") from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - EPOCH) // timedelta(milliseconds=1)


def printable(text: str) -> str:
    """What comes from outside can neither forge a line nor steer a terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

"""What a person means by the words of a command: names, sides and spans of time in the spellings that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vibe_quant.domain.enums import PositionSide

SIDES = {
    **dict.fromkeys(("long", "多", "多头", "做多", "多单", "平多"), PositionSide.LONG),
    **dict.fromkeys(("short", "空", "空头", "做空", "空单", "平空"), PositionSide.SHORT),
}
ALL = frozenset({"all", "everything", "全部", "所有", "*"})
ALIASES = {
    "start": "help",
    "position": "positions",
    "pos": "positions",
    "stat": "status",
    "log": "logs",
    "continue": "resume",
    "flat": "flatten",
    "close": "flatten",
    "conf": "config",
}
UNITS_MS = {
    **dict.fromkeys(("s", "sec", "秒"), 1000),
    **dict.fromkeys(("", "m", "min", "分", "分钟"), 60_000),
    **dict.fromkeys(("h", "hour", "hours", "小时", "时"), 3_600_000),
    **dict.fromkeys(("d", "day", "days", "天", "日"), 86_400_000),
}
LEAST_SPAN_MS, MOST_SPAN_MS = 60_000, 30 * 86_400_000
_SPAN = re.compile(r"(\d{1,6})([^\d\s]*)")
_YES = re.compile(r"/?(?:yes|ok|confirm|确认|是)[\s:：]+([0-9a-zA-Z]{1,16})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command: its name as /help has it, and its words."""

    name: str
    words: tuple[str, ...]


def asked(text: str, own_name: str | None) -> Asked | None:
    """The command of a message; None: none, or one for another bot.  ``own_name`` is our bot's, where it is known."""
    found = text.strip()
    if not found.startswith(("/", "／")):
        return None
    head, *words = found[1:].replace("，", " ").replace(",", " ").split() or [""]
    name, _, whose = head.partition("@")
    if whose and own_name is not None and whose.lower() != own_name.lower():
        return None
    name = name.lower()
    return Asked(ALIASES.get(name, name), tuple(words))


def typed_nonce(text: str) -> str | None:
    """The nonce of a confirmation that was typed."""
    found = _YES.fullmatch(text.strip())
    return None if found is None else found[1].lower()


def side_of(word: str) -> PositionSide | None:
    """The side a word names."""
    return SIDES.get(word.lower())


def span_ms(word: str) -> int | None:
    """A length of time ("30m", "1h30m", "2小时", "30": minutes); None: it is none.  Bounds are not looked at."""
    if not re.fullmatch(rf"(?:{_SPAN.pattern})+", word):
        return None
    total = 0
    for count, unit in _SPAN.findall(word.lower()):
        if unit not in UNITS_MS:
            return None
        total += int(count) * UNITS_MS[unit]
    return total


def looks_like_span(word: str) -> bool:
    """True where a word begins with a digit and is meant as a time, and not as a symbol ("1000PEPE")."""
    return re.fullmatch(r"\d+\D{0,2}(?:\d+\D{0,2})?", word) is not None

"""Cuts a long message into parts that Telegram takes: at line ends where it can, never through a tag or an entity."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from vibe_quant.telegram.wording import Html

MOST = 4000
"""UTF-16 units of a part, tags included; Telegram takes 4096 without them."""
_TOKEN = re.compile(r"<[^<>]*>|&[#\w]+;|.", re.DOTALL)
_NAME = re.compile(r"</?(\w+)")
_TAG = re.compile(r"<[^<>]*>")


@dataclass(slots=True)
class _Part:
    """What is being filled; ``open`` are the tags that stand open at its end."""

    most: int
    text: str = ""
    size: int = 0
    open: list[str] = field(default_factory=list)
    parts: list[Html] = field(default_factory=list)
    bare: bool = True
    """Nothing but reopened tags stands in it."""

    @property
    def left(self) -> int:
        return self.most - self.size - sum(_units(_closing(tag)) for tag in self.open)

    def add(self, token: str) -> None:
        """Append; what does not fit begins the next part."""
        closing = token.startswith("</")
        need = 0 if closing else _units(token) + (_units(_closing(token)) if _is_tag(token) else 0)
        if need > self.left and not self.bare:
            self.turn()
        self.text += token
        self.size += _units(token)
        if closing:
            del self.open[-1:]
        elif _is_tag(token):
            self.open.append(token)
        else:
            self.bare = False

    def turn(self) -> None:
        """This part is full: its tags are closed, and opened again in the next."""
        if not self.bare:
            self.parts.append(Html((self.text + "".join(map(_closing, reversed(self.open)))).strip("\n")))
        self.text = "".join(self.open)
        self.size = _units(self.text)
        self.bare = True


def split(text: str, most: int = MOST) -> list[Html]:
    """The parts, in order; each shows something: a message of tags and blanks is refused as empty."""
    part = _Part(most)
    for line in text.splitlines(keepends=True):
        if _units(line) > part.left and _units(line) <= most:
            part.turn()
        for token in _TOKEN.findall(line):
            part.add(token)
    part.turn()
    return [found for found in part.parts if _TAG.sub("", found).strip()]


def _is_tag(token: str) -> bool:
    return len(token) > 1 and token.startswith("<")


def _closing(tag: str) -> str:
    found = _NAME.match(tag)
    return f"</{found[1]}>" if found else ""


def _units(text: str) -> int:
    """As Telegram counts: characters beyond the basic plane are two."""
    return len(text) + sum(c > "\uffff" for c in text)

"""What must be confirmed before it is done: one thing a person and chat, for a minute, by a nonce that works once."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Generic, TypeVar

LASTS_MS = 60_000
TRIES = 3
"""Wrong answers to one question before it is withdrawn."""
WRONG_TO_LOCK = 6
LOCK_MS = 600_000
REMEMBERED = 100

What = TypeVar("What")
Who = tuple[int, int]
"""(chat, user)."""


class Miss(StrEnum):
    """Why nothing is done."""

    GONE = auto()
    WRONG = auto()
    LOCKED = auto()


@dataclass(frozen=True, slots=True)
class Missed:
    """``left``: tries that are left, where that is told."""

    why: Miss
    left: int = 0


@dataclass(slots=True)
class _Asked(Generic[What]):
    nonce: str
    what: What
    until_ms: int
    wrong: int = 0


def new_nonce() -> str:
    """Eight hexadecimal digits that nobody can guess within a minute and six tries."""
    return secrets.token_hex(4)


class Confirmations(Generic[What]):
    """``wrong`` counts wrong answers since the start."""

    def __init__(self, nonce: Callable[[], str] = new_nonce) -> None:
        self.wrong = 0
        self._nonce = nonce
        self._asked: dict[Who, _Asked[What]] = {}
        self._gone: deque[tuple[Who, str]] = deque(maxlen=REMEMBERED)
        self._misses: dict[Who, deque[int]] = {}

    def ask(self, who: Who, what: What, now: int) -> str:
        """The nonce that confirms it; what this person was asked before is withdrawn."""
        self._drop(who)
        nonce = self._nonce()
        self._asked[who] = _Asked(nonce, what, now + LASTS_MS)
        return nonce

    def answer(self, who: Who, nonce: str, now: int) -> What | Missed:
        """What was asked, which nobody can have a second time; or why not."""
        if self.locked(who, now):
            return Missed(Miss.LOCKED)
        asked = self._asked.get(who)
        if asked is not None and now >= asked.until_ms:
            self._drop(who)
            asked = None
        if asked is not None and secrets.compare_digest(asked.nonce.encode(), nonce.encode()):
            self._drop(who)
            return asked.what
        if (who, nonce) in self._gone:
            return Missed(Miss.GONE)
        return self._wrong(who, asked, now)

    def locked(self, who: Who, now: int) -> bool:
        """True while nothing is taken from this person: too many wrong answers."""
        misses = self._misses.get(who)
        if misses is None:
            return False
        while misses and misses[0] <= now - LOCK_MS:
            misses.popleft()
        return len(misses) >= WRONG_TO_LOCK

    def _wrong(self, who: Who, asked: _Asked[What] | None, now: int) -> Missed:
        self.wrong += 1
        self._misses.setdefault(who, deque(maxlen=WRONG_TO_LOCK)).append(now)
        if asked is None:
            return Missed(Miss.GONE)
        asked.wrong += 1
        if asked.wrong >= TRIES:
            self._drop(who)
        return Missed(Miss.WRONG, TRIES - asked.wrong)

    def _drop(self, who: Who) -> None:
        asked = self._asked.pop(who, None)
        if asked is not None:
            self._gone.append((who, asked.nonce))

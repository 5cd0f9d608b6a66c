"""When each desk wants to be woken: worked out anew only for those of which it may have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Dated(Protocol):
    """Whatever knows its next moment."""

    def deadline(self, now: int) -> int | None:
        """Monotonic ms."""
        ...


class Agenda:
    """By symbol; what is kept may be too early, never too late.

    A moment that has come stays until the timer that it is for: desks name only moments to come, and news of others in
    between would lose it.
    """

    def __init__(self) -> None:
        self._due: dict[str, int | None] = {}

    def forget(self, now: int, symbol: str | None = None) -> None:
        """The symbol's moment may have changed; None: that of any."""
        for one in list(self._due) if symbol is None else (symbol,):
            due = self._due.get(one)
            if due is None or due > now:
                self._due.pop(one, None)

    def told(self) -> None:
        """A timer has been: whose moment had come has been told."""
        self._due.clear()

    def sooner(self, symbol: str, at: int | None) -> None:
        """It wants to be woken then too."""
        if at is None or symbol not in self._due:
            return
        known = self._due[symbol]
        if known is None or at < known:
            self._due[symbol] = at

    def is_due(self, symbol: str, now: int) -> bool:
        """Whether its moment has come, or is not known."""
        due = self._due.get(symbol, now)
        return due is not None and due <= now

    def first(self, desks: Mapping[str, Dated], now: int) -> int | None:
        """The earliest of all."""
        kept, first = self._due, None
        for symbol, desk in desks.items():
            if symbol not in kept:
                kept[symbol] = desk.deadline(now)
            due = kept[symbol]
            if due is not None and (first is None or due < first):
                first = due
        return first

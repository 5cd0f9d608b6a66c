"""When each desk wants to be woken: worked out anew only for those of which it may have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from vibe_quant.domain.intents import Intent


class Dated(Protocol):
    """Whatever knows its next moment."""

    def deadline(self, now: int) -> int | None:
        """Monotonic ms."""
        ...


class Timed(Protocol):
    """What a timer is told to."""

    @property
    def symbol(self) -> str:
        """Unified."""
        ...

    def tick(self, now: int) -> list[Intent]:
        """Time has passed."""
        ...

    def on_margin(self, now: int) -> list[Intent]:
        """What backs it may have changed."""
        ...

    def judged_deadline(self, now: int) -> int | None:
        """What that may have brought nearer, monotonic ms."""
        ...


class Agenda:
    """By symbol; what is kept may be too early, never too late.

    A moment that has come stays until the timer that it is for: desks name only moments to come, and news of others in
    between would lose it.
    """

    def __init__(self) -> None:
        self._due: dict[str, int | None] = {}
        self._budget_ms: int | None = None
        """When a budget that holds something back may be free again, as the desks know it."""

    def forget(self, now: int, symbol: str | None = None) -> None:
        """The symbol's moment may have changed; None: that of any."""
        for one in list(self._due) if symbol is None else (symbol,):
            due = self._due.get(one)
            if due is None or due > now:
                self._due.pop(one, None)

    def tell(self, desk: Timed, now: int) -> list[Intent]:
        """Of a timer: whose moment has come is told; of the others a look at the margin may bring one nearer."""
        if self.is_due(desk.symbol, now):
            return desk.tick(now)
        out = desk.on_margin(now)
        if out:
            self.forget(now, desk.symbol)
        else:
            self.sooner(desk.symbol, desk.judged_deadline(now))
        return out

    def told(self, now: int) -> None:
        """A timer has been: whose moment had come has been told; the others' moments stand."""
        for symbol in [symbol for symbol, due in self._due.items() if due is not None and due <= now]:
            del self._due[symbol]
        if self._budget_ms is not None and self._budget_ms <= now:
            self._budget_ms = None

    def sooner(self, symbol: str, at: int | None) -> None:
        """It wants to be woken then too."""
        if at is None or symbol not in self._due:
            return
        known = self._due[symbol]
        if known is None or at < known:
            self._due[symbol] = at

    def may_wait(self, symbol: str) -> None:
        """It may have come to wait for the budget that is spent."""
        self.sooner(symbol, self._budget_ms)

    def share(self, at: int | None, now: int) -> None:
        """Whoever waits for a budget is asked anew for its moment when that one, ``at``, is another."""
        if at is not None and at != self._budget_ms:
            self.forget(now)
        self._budget_ms = at

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

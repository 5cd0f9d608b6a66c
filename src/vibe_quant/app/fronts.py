"""The ways to the operator, side by side: each sees what happens and runs by itself, and none can hold trading up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar, runtime_checkable

from vibe_quant.app.aside import aside, put_away
from vibe_quant.app.observers import Observer
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.domain.status import ExitCost
from vibe_quant.operations import Front

News = TypeVar("News")


@runtime_checkable
class Tunable(Protocol):
    """A front that holds knobs which a reload may change."""

    def retune(self, shared: GlobalSettings) -> None:
        """New settings, whole and checked."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A front that counts what the others' pictures show too."""

    def counts(self) -> tuple[tuple[str, int], ...]:
        """(name, count) since the start."""
        ...


class Fronts:
    """One that fails at a notice skips it, which its observer counts and says, and hears the next."""

    def __init__(self, fronts: Sequence[Front]) -> None:
        self._fronts = tuple(fronts)
        self._observers = tuple(Observer(front.name, front.see, tell=self.notice) for front in self._fronts)

    def observers(self) -> tuple[Observer, ...]:
        """Each behind a bounded queue of its own."""
        return self._observers

    def counts(self) -> tuple[tuple[str, int], ...]:
        """What those who count have counted."""
        return tuple(count for front in self._fronts if isinstance(front, Counting) for count in front.counts())

    def notice(self, notice: Notify) -> None:
        """A notice of the shell's own."""
        for front, observer in self._each():
            _hear(observer, "a notice", front.notice, notice)

    def retune(self, shared: GlobalSettings) -> None:
        """New settings; one that fails at them may not have taken them whole, until the next or a restart."""
        for front, observer in self._each():
            if isinstance(front, Tunable):
                _hear(observer, "the new settings, which it may not have taken whole", front.retune, shared)

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        for front, observer in self._each():
            _hear(observer, "the cost of an exit", front.cost, cost)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """They work inside of this, before, during and after trading does."""
        tasks = [asyncio.create_task(aside(front.name, front.run), name=front.name) for front in self._fronts]
        try:
            yield
        finally:
            for task in tasks:
                await put_away(task)

    def _each(self) -> Iterator[tuple[Front, Observer]]:
        return zip(self._fronts, self._observers, strict=True)


def _hear(observer: Observer, what: str, hear: Callable[[News], None], news: News) -> None:
    """Told nobody but the log: who is told of it is who has just failed."""
    try:
        hear(news)
    except Exception as defect:  # noqa: BLE001 - whatever an ear comes to, trading goes on
        observer.fails(defect, what)

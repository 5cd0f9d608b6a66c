"""The ways to the operator, side by side: each sees what happens and runs by itself, and none can hold trading up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar, runtime_checkable

from vibe_quant.app.aside import aside, put_away
from vibe_quant.app.observers import Observer
from vibe_quant.domain import log_events as le
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.domain.status import ExitCost
from vibe_quant.log import log
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
    """One that fails at a notice hears no further ones; what it does else goes on."""

    def __init__(self, fronts: Sequence[Front]) -> None:
        self._fronts = tuple(fronts)
        self._deaf: set[str] = set()

    def observers(self) -> tuple[Observer, ...]:
        """Each behind a bounded queue of its own."""
        return tuple(Observer(front.name, front.see) for front in self._fronts)

    def counts(self) -> tuple[tuple[str, int], ...]:
        """What those who count have counted."""
        return tuple(count for front in self._fronts if isinstance(front, Counting) for count in front.counts())

    def notice(self, notice: Notify) -> None:
        """A notice of the shell's own."""
        for front in self._fronts:
            self._hear(front, front.notice, notice)

    def retune(self, shared: GlobalSettings) -> None:
        """New settings; that one has failed at them is said, and it hears notices as before."""
        for front in self._fronts:
            if not isinstance(front, Tunable):
                continue
            try:
                front.retune(shared)
            except Exception as defect:  # noqa: BLE001 - it runs between two events of the engine
                text = f"a defect: {front.name} has not taken the new settings whole; trading goes on. "
                log(le.FRONT_DEAF, defect=defect, front=front.name, text=f"{text}Restart it later.")

    def cost(self, cost: ExitCost) -> None:
        """An exit is over."""
        for front in self._fronts:
            self._hear(front, front.cost, cost)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """They work inside of this, before, during and after trading does."""
        tasks = [asyncio.create_task(aside(front.name, front.run), name=front.name) for front in self._fronts]
        try:
            yield
        finally:
            for task in tasks:
                await put_away(task)

    def _hear(self, front: Front, hear: Callable[[News], None], news: News) -> None:
        if front.name in self._deaf:
            return
        try:
            hear(news)
        except Exception as defect:  # noqa: BLE001 - whatever an ear comes to, trading goes on
            self._deaf.add(front.name)
            text = f"a defect: {front.name} has failed at a notice and hears no further ones; trading goes on. "
            log(le.FRONT_DEAF, defect=defect, front=front.name, text=f"{text}Restart it later.")

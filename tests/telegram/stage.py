"""The front as it stands in a run, against the double: a clock of the test's, canned operations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.operations_fake import NOW, FakeOperations
from tests.telegram.bot_api import TOKEN, BotApi

from vibe_quant.domain.service_settings import Language, TelegramEvents, TelegramSettings, TelegramUser
from vibe_quant.telegram.confirmations import Confirmations
from vibe_quant.telegram.front import TelegramFront, Tempo
from vibe_quant.telegram.pace import Limits
from vibe_quant.telegram.wire import Wire

ALLOWED = (TelegramUser(7, 7), TelegramUser(-100, 7), TelegramUser(-100, 8))
SWIFT = Limits(each_ms=1, window_ms=1000, routine=900, risk=950, replies=1000)
TEMPO = Tempo(private=SWIFT, group=SWIFT, long_poll_s=5, tick_s=0.02)


@dataclass
class TestClock:
    """The loop's own time, and an epoch that goes with it."""

    __test__ = False
    shift_ms: int = 0

    def now_ms(self) -> int:
        return int(asyncio.get_event_loop().time() * 1000) + self.shift_ms

    def server_ms(self) -> int:
        return NOW + self.shift_ms

    @property
    def offset_ms(self) -> int:
        return self.server_ms() - self.now_ms()


@dataclass
class FakeNotebook:
    """``operations.Notebook``; ``works`` False: the disk does not take it."""

    works: bool = True
    rows: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def note(self, kind: str, body: Mapping[str, Any]) -> bool:
        if self.works:
            self.rows.append((kind, dict(body)))
        return self.works

    def last(self, kind: str) -> Mapping[str, Any] | None:
        return next((body for one, body in reversed(self.rows) if one == kind), None)


@dataclass
class Stage:
    api: BotApi
    front: TelegramFront
    operations: FakeOperations
    notebook: FakeNotebook
    clock: TestClock
    task: asyncio.Task[None]

    def says(self, text: str, chat: int = 7, user: int = 7, **more: Any) -> int:
        return self.api.says(text, chat, user, at=self.clock.server_ms() // 1000, **more)

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until it is so, with us and not only at the double."""
        async with asyncio.timeout(20):
            while not what():
                await asyncio.sleep(0.01)

    @property
    def called(self) -> list[str]:
        return [str(call[0]) for call in self.operations.calls]


def settings(
    language: Language = Language.EN,
    allow: tuple[TelegramUser, ...] = ALLOWED,
    events: TelegramEvents | None = None,
    hour: int = 0,
) -> TelegramSettings:
    return TelegramSettings(
        enabled=True, language=language, allow=allow, events=events or TelegramEvents(), daily_report_hour=hour
    )


@asynccontextmanager
async def staged(
    given: TelegramSettings | None = None,
    *,
    tempo: Tempo = TEMPO,
    notebook: FakeNotebook | None = None,
    operations: FakeOperations | None = None,
    api: BotApi | None = None,
    clock: TestClock | None = None,
    answer_s: float = 5.0,
    token: str = TOKEN,
) -> AsyncIterator[Stage]:
    """Nonces are 0000000a, 0000000b and so on, jitter is none."""
    operations, notebook, clock = operations or FakeOperations(), notebook or FakeNotebook(), clock or TestClock()
    numbers = count(10)
    async with api or BotApi() as server:
        front = TelegramFront(
            given or settings(),
            operations,
            notebook,
            clock,
            Wire(token, server.url, lambda text: text, answer_s),
            chance=lambda: 0.0,
            tempo=tempo,
            confirmations=Confirmations(lambda: f"{next(numbers):08x}"),
        )
        task = asyncio.create_task(front.run())
        try:
            yield Stage(server, front, operations, notebook, clock, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

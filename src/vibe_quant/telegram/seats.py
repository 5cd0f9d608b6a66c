"""The chats that are written to, each with its sender; who may be there can change while all goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from vibe_quant.domain.service_settings import TelegramSettings
from vibe_quant.telegram.confirmations import Who
from vibe_quant.telegram.sender import Sender


def chats_of(settings: TelegramSettings) -> list[int]:
    """Who is written to."""
    return [pair.chat for pair in settings.allow]


def pairs_of(settings: TelegramSettings) -> frozenset[Who]:
    """Who may command, and where."""
    return frozenset((pair.chat, pair.user) for pair in settings.allow)


class Seats:
    """``senders`` by chat, always the same dict.  A chat that is let go is written to no more, not even what waits."""

    def __init__(self, make: Callable[[int], Sender], chats: Iterable[int]) -> None:
        self._make = make
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.senders: dict[int, Sender] = {}
        self.seat(chats)

    def seat(self, chats: Iterable[int]) -> None:
        """These, and no others, from now on."""
        wanted = dict.fromkeys(chats)
        for chat in [chat for chat in self.senders if chat not in wanted]:
            del self.senders[chat]
            task = self._tasks.pop(chat, None)
            if task is not None:
                task.cancel()
        for chat in wanted:
            if chat not in self.senders:
                self.senders[chat] = self._make(chat)
                self._start(chat)

    async def run(self) -> None:
        """Let each send until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for chat in self.senders:
                    self._start(chat)
                await asyncio.Event().wait()
        finally:
            self._group = None
            self._tasks.clear()

    def _start(self, chat: int) -> None:
        if self._group is not None:
            self._tasks[chat] = self._group.create_task(self.senders[chat].run(), name="telegram sender")

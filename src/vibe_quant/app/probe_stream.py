"""What the account's own stream has told while the probe was at work: the very client that a service listens by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from vibe_quant.app.reach import Looking
from vibe_quant.binance.user_ws import UserDataWSClient
from vibe_quant.domain.events import Event, OrderUpdate, StopReport, StreamUp
from vibe_quant.domain.settings import WsSettings


class Ear:
    """Remembers when the stream first told of each client id, monotonic ms, and whether it was up."""

    def __init__(self) -> None:
        self.up_ms: int | None = None
        self.told: dict[str, int] = {}
        self.trouble = ""
        """What its client said last went wrong; no secret is in it."""

    def take(self, event: Event) -> None:
        """The client's sink."""
        if isinstance(event, StreamUp):
            self.up_ms = event.recv_ms
        elif isinstance(event, OrderUpdate | StopReport):
            self.told.setdefault(event.client_id, event.recv_ms)

    def say(self, text: str) -> None:
        """The client's remarks."""
        self.trouble = text


@asynccontextmanager
async def listening(at: Looking, ws: WsSettings) -> AsyncIterator[Ear]:
    """Connected, or trying to, for the length of the block; the account's listen key is never deleted."""
    ear = Ear()
    feed = UserDataWSClient(at.at.endpoints, at.names, at.clock, ear.take, ws, Random(), at.exchange, say=ear.say)
    task = asyncio.create_task(feed.run(), name="probe stream")
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

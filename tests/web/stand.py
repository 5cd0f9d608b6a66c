"""A front of the page over an operator's service that is not there, served on loopback for as long as a block lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from tests.operations_fake import FakeOperations

from vibe_quant.app.clock import SystemClock
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.web.front import WebFront
from vibe_quant.web.health import Meter
from vibe_quant.web.token import Token

SECRET = "correct horse battery staple"
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Stand:
    """``url`` ends with a slash; ``session`` knows no token."""

    url: str
    front: WebFront
    operations: FakeOperations
    session: aiohttp.ClientSession
    task: asyncio.Task[None]

    @property
    def link(self) -> str:
        """As a person opens it who may command."""
        return f"{self.url}#token={SECRET.replace(' ', '%20')}"

    async def asked(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: object
    ) -> tuple[int, object]:
        """Status and JSON of an answer."""
        async with self.session.request(method, self.url + path, headers=headers, **more) as answer:  # type: ignore[arg-type]
            return answer.status, await answer.json(content_type=None)


BEARER = {"Authorization": f"Bearer {SECRET}"}


@asynccontextmanager
async def stand(
    operations: FakeOperations | None = None, *, near: bool = True, meter: Meter | None = None, port: int = 0
) -> AsyncIterator[Stand]:
    """``near`` False: as if others could reach it; it is on loopback all the same."""
    asked = operations or FakeOperations()
    told: asyncio.Queue[str] = asyncio.Queue()
    front = WebFront(WebSettings(port=port), asked, Token(SECRET), "vq", SystemClock(), told.put_nowait, meter)
    front._gate.near = near
    task = asyncio.create_task(front.run())
    try:
        async with asyncio.timeout(PATIENCE_S):
            url = await told.get()
        async with aiohttp.ClientSession() as session:
            yield Stand(url, front, asked, session, task)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

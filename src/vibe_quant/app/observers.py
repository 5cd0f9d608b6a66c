"""Lets others see the pairs (event, intents) without being able to hold the engine up: a bounded queue for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from vibe_quant.domain import log_events as le
from vibe_quant.domain.events import Event, Quote
from vibe_quant.domain.intents import Intent
from vibe_quant.log import log

MOST_WAITING = 10_000
AT_ONCE = 20

See = Callable[[int, Event, Sequence[Intent], Quote | None], None]
"""(now, event, intents, newest quote of the event's symbol): one call of the engine.

Market news that was answered with nothing is left out, the first quote of a symbol excepted.
"""


class Observer:
    """One who looks.  ``dropped`` counts the pairs that it was too slow for; the newest are dropped.

    One that raises has a defect; it is told with its cause, and sees nothing any more.
    """

    def __init__(self, name: str, see: See, most: int = MOST_WAITING) -> None:
        self.name = name
        self.dropped = 0
        self._see = see
        self._most = most
        self._waiting: deque[tuple[int, Event, Sequence[Intent], Quote | None]] = deque()
        self._ready = asyncio.Event()
        self.broken = False

    def offer(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:
        """Take a pair, or count it as dropped."""
        if self.broken or len(self._waiting) >= self._most:
            self.dropped += 1
            return
        self._waiting.append((now, event, intents, quote))
        self._ready.set()

    async def run(self) -> None:
        """Look at what waits, a little at a time."""
        while True:
            await self._ready.wait()
            self.drain(AT_ONCE)
            if not self._waiting:
                self._ready.clear()
            await asyncio.sleep(0)

    def drain(self, most: int | None = None) -> None:
        """Look at what waits now; None: at all of it."""
        left = len(self._waiting) if most is None else min(most, len(self._waiting))
        try:
            for _ in range(left):
                self._see(*self._waiting.popleft())
        except Exception as defect:  # noqa: BLE001 - whatever a look comes to, trading goes on
            self.broken = True
            self._waiting.clear()
            text = f"a defect: the observer {self.name} has failed and sees nothing any more; trading goes on. "
            log(le.OBSERVER_FAILED, defect=defect, observer=self.name, text=f"{text}Restart it later.")

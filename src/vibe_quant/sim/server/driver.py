"""Lets the exchange's time pass: wakes when something is due, and lets nothing run ahead of the clock.

The markets give way where the machine cannot play them in time, or slept: they stand still meanwhile, so that neither
the exchange's timers nor its clients wait for what was missed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from vibe_quant.sim.front.box import Box

LONGEST_SLEEP_S = 0.5
TURN_EVENTS = 2000
LONGEST_LAG_MS = 1000


class Clock(Protocol):
    """Epoch milliseconds, never falling."""

    def now_ms(self) -> int:
        """The time."""
        ...


class Driver:
    """The task that carries the box on; ``now`` first brings the box up to the time at which a request is worked."""

    def __init__(self, box: Box, clock: Clock) -> None:
        self._box = box
        self._clock = clock
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def now(self) -> int:
        """The exchange's time, everything due until then having happened or, of the markets, been postponed."""
        now = self._clock.now_ms()
        self._turn(now, 0)
        return now

    def _turn(self, now: int, longest_lag_ms: int) -> bool:
        """Carry the box on; True where the markets lag, by ``longest_lag_ms`` at most."""
        box = self._box
        if not box.advance(now, most=TURN_EVENTS):
            return False
        if now - box.feed.due <= longest_lag_ms:
            return True
        box.postpone(now)
        return box.advance(now, most=TURN_EVENTS)

    def changed(self) -> None:
        """Something may be due sooner than before."""
        self._wake.set()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="sim market")

    async def stop(self) -> None:
        """End, and wait for it."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def ended(self) -> None:
        """Wait for the end; raises what ended it."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        while True:
            now = self._clock.now_ms()
            if self._turn(now, LONGEST_LAG_MS):
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            left = min(LONGEST_SLEEP_S, max(0.0, (self._box.due - now) / 1000))
            with suppress(TimeoutError):
                async with asyncio.timeout(left):  # wait_for may swallow a cancellation, and the task would go on
                    await self._wake.wait()

"""Asks Telegram for what people write, without end: backs off when it is ill, and says when somebody else asks too."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import assert_never

from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.ports import Clock
from vibe_quant.telegram.incoming import read
from vibe_quant.telegram.reception import Reception
from vibe_quant.telegram.tally import Tally
from vibe_quant.telegram.wire import Done, Elsewhere, Later, Never, NoToken, Wait, Wire

LONG_POLL_S = 25
FIRST_BACK_OFF_MS, MOST_BACK_OFF_MS = 1000, 60_000
TOKEN_AGAIN_MS = 600_000
CONFLICT_MS = 5_000
CONFLICTS_TO_ALARM = 2
"""Within the window: a poll of our own earlier process may still stand when we start."""
CONFLICT_WINDOW_MS = 600_000
ALARM_AGAIN_MS = 3_600_000
QUIET_MS = 2 * 86_400_000
"""After so long without an update their numbers may begin anew: the offset is forgotten."""


class Poller:
    """``alarm`` is told once an hour at most that somebody else polls; ``chance`` gives 0 to 1, for jitter."""

    def __init__(
        self,
        wire: Wire,
        reception: Reception,
        clock: Clock,
        tally: Tally,
        alarm: Callable[[], None],
        chance: Callable[[], float],
        long_poll_s: int = LONG_POLL_S,
    ) -> None:
        self._wire = wire
        self._reception = reception
        self._clock = clock
        self._tally = tally
        self._alarm = alarm
        self._chance = chance
        self._long_poll_s = long_poll_s
        self._offset: int | None = None
        self._heard_ms = clock.now_ms()
        self._failures = 0
        self._conflicts: deque[int] = deque(maxlen=CONFLICTS_TO_ALARM)
        self._in_a_row = 0
        self._alarmed_ms: int | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(await self.step() / 1000)

    async def step(self) -> int:
        """One poll, and what it brought; how long to wait before the next, ms."""
        began = self._clock.now_ms()
        outcome = await self._wire.updates(self._next_offset(), self._long_poll_s)
        match outcome:
            case Done(value):
                self._in_a_row = 0
                return await self._took(value, self._clock.now_ms() - began)
            case Wait(seconds):
                self._tally.held_back += 1
                return int(seconds * 1000)
            case Elsewhere(why):
                return self._conflict(why)
            case NoToken(why):
                self._said(
                    f"{why}: no commands are heard and no messages leave. Give the right telegram_token, restart"
                )
                return TOKEN_AGAIN_MS
            case Later(why) | Never(why):
                return self._failed(why)
            case _:
                assert_never(outcome)

    def _next_offset(self) -> int | None:
        return None if self._clock.now_ms() > self._heard_ms + QUIET_MS else self._offset

    async def _took(self, updates: object, took_ms: int) -> int:
        """Each update in order; one that cannot be read is passed over, for it would come for ever."""
        if not isinstance(updates, list):
            return self._failed("an answer that is no list of updates")
        if self._failures:
            self._failures = 0
            log(le.TELEGRAM_HEARS, text="commands are heard again")
        moved = False
        for raw in updates:
            heard = read(raw)
            if heard.update_id is not None:
                moved = True
                self._offset, self._heard_ms = heard.update_id + 1, self._clock.now_ms()
            await self._reception.take(heard)
        self._reception.end_of_batch()
        if moved:
            return 0
        return MOST_BACK_OFF_MS if updates else max(0, FIRST_BACK_OFF_MS - took_ms)

    def _conflict(self, why: str) -> int:
        """Somebody else polls: our own earlier process for a moment, or whoever has stolen the token."""
        self._tally.conflicts += 1
        now = self._clock.now_ms()
        self._conflicts.append(now)
        often = len(self._conflicts) == CONFLICTS_TO_ALARM and now - self._conflicts[0] < CONFLICT_WINDOW_MS
        if often and (self._alarmed_ms is None or now >= self._alarmed_ms + ALARM_AGAIN_MS):
            self._alarmed_ms = now
            text = (
                f"somebody else polls with this bot's token ({why}). If it is not another program of yours, the token "
                "may be stolen: revoke it with BotFather, give the new one, restart. Messages go on; commands may not "
                "be heard"
            )
            log(le.TELEGRAM_ELSEWHERE, text=text)
            self._alarm()
        self._in_a_row += 1
        return min(CONFLICT_MS << min(self._in_a_row - 1, 4), MOST_BACK_OFF_MS)

    def _failed(self, why: str) -> int:
        self._tally.failures += 1
        pause = min(FIRST_BACK_OFF_MS << min(self._failures, 10), MOST_BACK_OFF_MS)
        if not self._failures:
            self._said(f"commands cannot be heard ({why}); it is tried again without end")
        self._failures += 1
        return int(pause * (0.5 + 0.5 * self._chance()))

    def _said(self, what: str) -> None:
        log(le.TELEGRAM_DEAF, text=f"{what}. Trading goes on")

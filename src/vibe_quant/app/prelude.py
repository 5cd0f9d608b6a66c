"""What is left of a start once streams, stops and panic are at work: settle the past, take up what was commanded."""

from __future__ import annotations

import asyncio

from vibe_quant.app.application import LOOK_S, Application
from vibe_quant.app.memory import Memory, flattens
from vibe_quant.app.restart import Restart
from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.ports import Clock, JournalBroken


class Prelude:
    """The rest of a restart, while stops and panic are at work already."""

    def __init__(self, restart: Restart, memory: Memory, clock: Clock) -> None:
        self._restart = restart
        self._memory = memory
        self._clock = clock

    async def run(self, app: Application) -> None:
        """Settle what earlier runs have left, then what they were told to flatten goes on."""
        try:
            await self._restart.run()
        except JournalBroken as broken:
            log(le.PAST_UNREAD, text=f"what earlier runs have left could not be looked up: {broken}")
        if not self._memory.standing.flattens:
            return
        while not all(leg.known for leg in app.engine.legs()) and not app.engine.house.stopping:
            await asyncio.sleep(LOOK_S)
        ended = self._paused_since(app)
        legs = [leg for leg in app.engine.legs() if leg.qty > 0 and not {None, leg.symbol} & ended]
        held = [(leg.symbol, leg.side) for leg in legs]
        for flatten in flattens(self._memory.standing, held, self._clock.now_ms()):
            app.inbox.put(flatten)

    def _paused_since(self, app: Application) -> set[str | None]:
        """What was paused while the start was on: that ends the flattening of it (None: of all)."""
        stood = {pause.symbol for pause in self._memory.standing.pauses}
        return {pause.symbol for pause in app.engine.pauses()} - stood

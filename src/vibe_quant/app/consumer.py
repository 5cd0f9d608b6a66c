"""The one consumer: takes events in their order, lets the engine decide, records, and lets intents leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from vibe_quant.app.breaker import is_risk
from vibe_quant.app.dispatch import Dispatch
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.observers import Observer
from vibe_quant.app.recorder import Recorder
from vibe_quant.core.engine import Engine
from vibe_quant.domain.events import Candle, Depth, Event, Quote, Timer, Trade
from vibe_quant.domain.intents import AmendOrder, Intent, OrderIntent
from vibe_quant.ports import Clock

TURN = 64
"""Events in a row before the sockets get their turn."""
DEPARTURE = 3
"""Turns of the loop after which a request is on a connection that stands; the commit may stop the loop for seconds."""
MARKET_NEWS = (Quote, Trade, Depth, Candle)


class Consumer:
    """``after`` is called after each event that is not market news.

    ``handled`` counts all events, ``rests`` how often none was there.
    """

    def __init__(
        self,
        engine: Engine,
        inbox: Inbox,
        clock: Clock,
        dispatch: Dispatch,
        recorder: Recorder,
        observers: Sequence[Observer],
        after: Callable[[Event], None],
    ) -> None:
        self._engine = engine
        self._inbox = inbox
        self._clock = clock
        self._dispatch = dispatch
        self._recorder = recorder
        self._observers = observers
        self._after = after
        self._quotes: dict[str, Quote] = {}
        self._unrecorded: tuple[Event, list[Intent], int, int] | None = None
        """What a request left for that protects, until it is recorded: before the next event."""
        self._unseen: list[tuple[int, Event, list[Intent], Quote | None]] = []
        """What observers are shown once the requests of it are on their way."""
        self.handled = 0
        self.rests = 0

    async def run(self) -> None:
        """Consume until cancelled."""
        take, now_ms, deadline = self._inbox.take, self._clock.now_ms, self._engine.deadline
        turn, timed = 0, False
        while True:
            now, due = now_ms(), deadline()
            is_due = due is not None and now >= due
            # News has its turn between two timers: a moment that stays due must not keep a stop or a fill waiting.
            event = take() if timed or not is_due else None
            timed = event is None and is_due
            if timed:
                event = Timer(now)
            elif event is None:
                turn = 0
                self.rests += 1
                await self._inbox.arrived(self._patience(due, now))
                continue
            turn += 1
            acted = self._decide(event, now)
            if acted or turn >= TURN:
                turn = 0
                await self._others_turn(DEPARTURE if acted else 1)
                self._recorder.tend(now_ms())

    def handle(self, event: Event, now: int) -> bool:
        """One event; True where requests are to leave."""
        acted = self._decide(event, now)
        self._record_what_left()
        self._show()
        return acted

    async def _others_turn(self, turns: int) -> None:
        """Requests leave, and sockets are read; what protects is on its way before the disk is waited for."""
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
        finally:
            self._record_what_left()
            self._show()

    def _decide(self, event: Event, now: int) -> bool:
        self.handled += 1
        intents = self._engine.handle(event, now)
        first = False
        if isinstance(event, Quote):
            first = event.symbol not in self._quotes
            self._quotes[event.symbol] = event
        market = type(event) in MARKET_NEWS
        if market and not intents and not first:
            return False
        self._act(event, intents, now)
        quote = self._quotes.get(getattr(event, "symbol", None) or "")
        self._unseen.append((now, event, intents, quote))
        if not intents:
            self._show()
        if not market:
            self._after(event)
        return bool(intents)

    def _show(self) -> None:
        for pair in self._unseen:
            for observer in self._observers:
                observer.offer(*pair)
        self._unseen.clear()

    def _act(self, event: Event, intents: list[Intent], now: int) -> None:
        """Record, then send; what protects leaves first, and what came with it is recorded and sent after that."""
        at_ms = self._clock.server_ms()
        risk = [intent for intent in intents if is_risk(intent)]
        if risk:
            self._dispatch.send(risk, now)
            self._unrecorded = (event, intents, now, at_ms)
        else:
            self._record(event, intents, now, at_ms)

    def _record_what_left(self) -> None:
        left, self._unrecorded = self._unrecorded, None
        if left is not None:
            self._record(*left)

    def _record(self, event: Event, intents: list[Intent], now: int, at_ms: int) -> None:
        """What is not recorded is not sent at our own discretion."""
        written = self._recorder.write(event, intents, now, at_ms)
        rest = [intent for intent in intents if not is_risk(intent)]
        if written:
            self._dispatch.send(rest, now)
            return
        for intent in rest:
            if isinstance(intent, OrderIntent | AmendOrder):
                self._dispatch.refuse(intent, "the journal cannot be written")
            else:
                self._dispatch.send([intent], now)

    def _patience(self, due: int | None, now: int) -> int | None:
        """How long nothing need be done, ms; rows that wait are written in time."""
        waits = [self._recorder.tend(now), None if due is None else due - now]
        return min((ms for ms in waits if ms is not None), default=None)

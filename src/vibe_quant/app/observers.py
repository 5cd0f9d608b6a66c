"""Lets others see the pairs (event, intents) without being able to hold the engine up: a bounded queue for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter

from vibe_quant.app.defects import Defects
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.events import Event, Quote
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.log import log

MOST_WAITING = 10_000
AT_ONCE = 20
RESTS = 20
"""A look that fails is followed by a rest so many times as long: one that always fails takes a twentieth at most."""
LONGEST_REST_S = 1.0

See = Callable[[int, Event, Sequence[Intent], Quote | None], None]
"""(now, event, intents, newest quote of the event's symbol): one call of the engine.

Market news that was answered with nothing is left out, the first quote of a symbol excepted.
"""
Missed = Callable[[str | None], None]
"""Told, in the order of what is seen, that something of a symbol (None: of whatever) was not."""
Tell = Callable[[Notify], None]
Pair = tuple[int, Event, Sequence[Intent], Quote | None]


def _nobody(_: object) -> None:
    """Nobody is to know."""


class Observer:
    """One who looks.  ``dropped`` counts the pairs that it was too slow for; the newest are dropped.

    One that raises has a defect: the pair is skipped, which ``failed`` counts and ``missed`` is told, and it goes on
    with the next.  The defect is said with its cause at its first and once an hour, also by ``tell``, which raises
    nothing.
    """

    def __init__(
        self, name: str, see: See, most: int = MOST_WAITING, *, missed: Missed = _nobody, tell: Tell = _nobody
    ) -> None:
        self.name = name
        self.dropped = 0
        self._see = see
        self._most = most
        self._missed = missed
        self._tell = tell
        self._defects = Defects()
        self._waiting: deque[Pair | None] = deque()  # None: here some were dropped
        self._dropping = False
        self._ready = asyncio.Event()

    @property
    def failed(self) -> int:
        """At so many things that it was shown or told it has failed."""
        return self._defects.count

    def offer(self, now: int, event: Event, intents: Sequence[Intent], quote: Quote | None) -> None:
        """Take a pair, or count it as dropped."""
        if len(self._waiting) >= self._most:
            self.dropped += 1
            self._dropping = True
            return
        if self._dropping:
            self._dropping = False
            self._waiting.append(None)
        self._waiting.append((now, event, intents, quote))
        self._ready.set()

    async def run(self) -> None:
        """Look at what waits, a little at a time."""
        while True:
            await self._ready.wait()
            rest_s = self._look(AT_ONCE)
            if not self._waiting:
                self._ready.clear()
            await asyncio.sleep(rest_s)

    def drain(self) -> None:
        """Look at all that waits now."""
        while self._waiting:
            self._look(len(self._waiting))
        if self._dropping:
            self._dropping = False
            self._lacks(None)

    def fails(self, defect: Exception, at: str) -> str | None:
        """It has failed at something: counted, and said where it is time to; what was said, None: nothing."""
        times = self._defects.met(defect)
        if not times:
            return None
        often = f", {times} times since this was last said" if times > 1 else ""
        text = (
            f"a defect: {self.name} has failed at {at}{often}, skips it, and goes on with the next; trading is not "
            "touched. What it shows may lack something: look at status, log and the exchange for what you rely on. "
            "Send the traceback in the log of errors to who maintains it."
        )
        log(le.OBSERVER_FAILED, defect=defect, observer=self.name, failed=self.failed, text=text)
        return text

    def _look(self, most: int) -> float:
        """At so many, the first at which it fails excepted; how long to rest after that, in seconds."""
        for _ in range(min(most, len(self._waiting))):
            pair, began_s = self._waiting.popleft(), perf_counter()
            if pair is None:
                self._lacks(None)
                continue
            try:
                self._see(*pair)
            except Exception as defect:  # noqa: BLE001 - whatever a look comes to, trading goes on
                self._skips(pair[1], defect)
                return min(LONGEST_REST_S, RESTS * (perf_counter() - began_s))
        return 0.0

    def _skips(self, event: Event, defect: Exception) -> None:
        text = self.fails(defect, f"something that has happened ({type(event).__name__})")
        self._lacks(getattr(event, "symbol", None))
        if text is not None:
            self._tell(Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text))

    def _lacks(self, symbol: str | None) -> None:
        try:
            self._missed(symbol)
        except Exception as defect:  # noqa: BLE001 - as above
            self.fails(defect, "the news that it lacks something")

"""How far the exchange's clock is from ours: what a sample proves, which measurements are taken, when they are made.

The true offset lies within half a round trip of the estimate, wherever in it the exchange read its clock.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.ports import Accepted, Clock, Exchange, Failure, Outcome, Sink

SAMPLES = 5
INTERVAL_S = 180.0
AGAIN_S = 30.0  # after a failure
ASKED_GAP_S = 5.0  # two measurements are at least so far apart, whoever asks
DRIFT = 2000  # a monotonic clock is slewed by at most 500 ppm: one ms in so many
SLACK_MS = 20
JUMP_MS = 500
OLD_MS = 900_000  # not measured for so long: said

Say = Callable[[Notify], None]


class AdjustableClock(Clock, Protocol):
    """The live clock, as far as the one who measures needs it."""

    def set_offset(self, offset_ms: int) -> None:
        """Server time is ``now_ms`` plus this from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """Server time = monotonic now + ``offset_ms``, give or take ``uncertainty_ms``; measured at ``at_ms``."""

    offset_ms: int
    uncertainty_ms: int
    at_ms: int

    def event(self) -> ev.ServerTime:
        """As the engine takes it."""
        return ev.ServerTime(self.offset_ms, self.at_ms)

    def uncertainty_at(self, now: int) -> int:
        """What is left of its precision at ``now``, if the machine's clock was slewed all the time."""
        return self.uncertainty_ms + (now - self.at_ms) // DRIFT


async def measure(exchange: Exchange, clock: Clock, samples: int = SAMPLES) -> Measured | Failure:
    """The sample with the shortest round trip, of ``samples`` one after another; the last failure if none succeeded.

    A failure after a success ends the sampling: what is known by then counts.
    """
    best: Measured | None = None
    for _ in range(samples):
        sent = clock.now_ms()
        answer: Outcome[int] = await exchange.server_time()
        if not isinstance(answer, Accepted):
            return answer if best is None else best
        now = clock.now_ms()
        half = (now - sent + 1) // 2
        sample = Measured(answer.value + half - now, half, now)
        if best is None or sample.uncertainty_ms < best.uncertainty_ms:
            best = sample
    assert best is not None
    return best


def is_better(new: Measured, held: Measured | None) -> bool:
    """Whether it is to be taken: it is about as precise as what is held by now, or proves that wrong.

    A slow round trip that agrees with what is held says nothing new, and would only blur it.
    """
    if held is None:
        return True
    known = held.uncertainty_at(new.at_ms)
    if new.uncertainty_ms <= known + SLACK_MS:
        return True
    return abs(new.offset_ms - held.offset_ms) > new.uncertainty_ms + known


class TimeSync:
    """Keeps the offset true: sets the clock, tells the engine, says what the operator should know.

    ``held`` is what is believed now; None before the first success.
    """

    def __init__(self, exchange: Exchange, clock: AdjustableClock, tell: Sink, say: Say) -> None:
        self._exchange = exchange
        self._clock = clock
        self._tell = tell
        self._say = say
        self._asked = asyncio.Event()
        self._old = False
        self.held: Measured | None = None

    def ask(self) -> None:
        """The exchange has refused a timestamp (-1021, -5028): measure as soon as the pace allows."""
        self._asked.set()

    def take(self, new: Measured) -> bool:
        """Believe a measurement if it is better than what is believed; a jump is said."""
        held = self.held
        if not is_better(new, held):
            return False
        self.held, self._old = new, False
        self._clock.set_offset(new.offset_ms)
        self._tell(new.event())
        if held is not None and abs(new.offset_ms - held.offset_ms) > JUMP_MS:
            self._say(_jumped(new.offset_ms - held.offset_ms, new.uncertainty_ms))
        return True

    async def once(self) -> Measured | Failure:
        """Measure now; what was measured, whether it was taken or not."""
        found = await measure(self._exchange, self._clock)
        if isinstance(found, Measured):
            self.take(found)
        else:
            self._grow_old(found)
        return found

    async def run(
        self, interval_s: float = INTERVAL_S, again_s: float = AGAIN_S, asked_gap_s: float = ASKED_GAP_S
    ) -> None:
        """Measure at intervals and when asked, until cancelled; begins with a pause, for the start has measured."""
        wait_s = interval_s
        while True:
            await asyncio.sleep(min(asked_gap_s, wait_s))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, wait_s - asked_gap_s)):  # wait_for may swallow a cancellation
                    await self._asked.wait()
            self._asked.clear()
            found = await self.once()
            wait_s = interval_s if isinstance(found, Measured) else again_s

    def _grow_old(self, failure: Failure) -> None:
        if self._old or self.held is None or self._clock.now_ms() - self.held.at_ms < OLD_MS:
            return
        self._old = True
        minutes = (self._clock.now_ms() - self.held.at_ms) // 60_000
        text = (
            f"The exchange's clock could not be measured for {minutes} minutes ({why(failure)}). Requests go on with "
            "the offset known from before, and it is tried again every half minute. If requests are refused with "
            "-1021, look at the network between this host and the exchange."
        )
        self._say(Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text))


def why(failure: Failure) -> str:
    """A failure in a few words, for a sentence."""
    code = getattr(failure, "code", None)
    words = getattr(failure, "message", "") or getattr(failure, "detail", "")
    name = "" if code is None else f"{code} "
    return f"{name}{words}".strip() or type(failure).__name__


def _jumped(by_ms: int, uncertainty_ms: int) -> Notify:
    where = "ahead of" if by_ms > 0 else "behind"
    text = (
        f"The exchange's clock is {abs(by_ms)} ms {where} where it was expected (known to {uncertainty_ms} ms). "
        "Requests carry the new time from now on. If this host was asleep or its clock was slewed, that is why; "
        "otherwise the exchange's clock has moved."
    )
    return Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text)

"""A read that matters before anything is sent: asked again until there is an answer, for a network may come up late.

What is no answer: an unknown outcome, a request that never left, a back-off or ban, a server's own failure.  A refusal
and a lost authorisation are answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vibe_quant.app.time_sync import Say, why
from vibe_quant.domain.codes import Reaction, reaction_of
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.ports import Accepted, Banned, Clock, Failure, NotSent, Outcome, RateLimited, Rejected, Unknown

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

FIRST_MS = 1000
LONGEST_MS = 30_000
SAY_EACH_MS = 600_000
WAITING = frozenset({Reaction.VERIFY, Reaction.RETRY, Reaction.PAUSE, Reaction.BACK_OFF, Reaction.RESYNC_CLOCK})
MISSING = -2013  # an answer, though not always the last one
STATUSES = frozenset({403, 408, 418, 429})


def is_passing(failure: Failure) -> bool:
    """Whether it says nothing of what was asked, and may be over in a while; a wrong address (404) is not."""
    if not isinstance(failure, Rejected):
        return isinstance(failure, Unknown | NotSent | RateLimited | Banned)
    if failure.code > 0:
        return failure.code >= 500 or failure.code in STATUSES
    return failure.code != MISSING and reaction_of(failure.code) in WAITING


class Patience:
    """Asks with growing pauses.  ``resync`` measures the clock again, after a refused timestamp."""

    def __init__(
        self, clock: Clock, say: Say, resync: Callable[[], Awaitable[object]], sleep: Sleep = asyncio.sleep
    ) -> None:
        self._clock = clock
        self._say = say
        self._resync = resync
        self._sleep = sleep
        self._said_ms: int | None = None

    async def ask(self, what: str, request: Callable[[], Awaitable[Outcome[T]]], most: int | None = None) -> Outcome[T]:
        """The answer; with ``most`` the last outcome of so many attempts.  ``what`` goes into a sentence."""
        pause_ms, attempts = FIRST_MS, 0
        while True:
            outcome = await request()
            attempts += 1
            if isinstance(outcome, Accepted) or not is_passing(outcome) or attempts == most:
                return outcome
            self._tell(what, outcome)
            await self._sleep(max(pause_ms, _told_ms(outcome)) / 1000)
            pause_ms = min(2 * pause_ms, LONGEST_MS)
            if isinstance(outcome, Rejected) and reaction_of(outcome.code) is Reaction.RESYNC_CLOCK:
                await self._resync()

    def _tell(self, what: str, failure: Failure) -> None:
        now = self._clock.now_ms()
        if self._said_ms is not None and now - self._said_ms < SAY_EACH_MS:
            return
        self._said_ms = now
        text = (
            f"The exchange does not answer: {what} could not be read ({why(failure)}). It is asked again, at first "
            f"after a second, later every {LONGEST_MS // 1000} s; until then no discretionary order is sent, and stops "
            "at the exchange stay. If this does not pass by itself, look at the network of this host and at the "
            "exchange's own status."
        )
        self._say(Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text))


def _told_ms(failure: Failure) -> int:
    return failure.wait_ms if isinstance(failure, RateLimited | Banned) else 0

"""When the account is read by REST: at start, after a reconnect, at intervals, on surprises, and a second time."""

from __future__ import annotations

from vibe_quant.domain.intents import FetchSnapshot
from vibe_quant.domain.settings import Manage, Settings

SURPRISE_MS = 5000  # two reads for surprises are at least so far apart
RETRY_MS = 2000  # a failed read is repeated after so long
NEVER_READ = -(1 << 60)
ANSWER_MS = 10_000  # a read without any answer is taken for failed
SECOND_MS = 1000  # a missing leg is read again after so long


def interval_ms(settings: Settings) -> int:
    """How often the account is compared: as often as the most demanding symbol wants it."""
    worked = [one for _, one in settings.symbols]
    if settings.shared.manage is Manage.ALL or not worked:
        worked.append(settings.default)
    return min(one.risk.reconcile_interval_s for one in worked) * 1000


class Sync:
    """Account-wide reads.  ``gate_ms``: discretion waits for a read that left no earlier (None: it does not wait)."""

    def __init__(self, interval_ms: int) -> None:
        self.interval_ms = interval_ms
        self.gate_ms: int | None = NEVER_READ
        self._due: tuple[int, str] | None = None
        self._asked_ms: int | None = None
        self._surprise_ms = -SURPRISE_MS
        self._in_flight = False

    def begin(self, now: int, reason: str) -> None:
        """A stream has come back: everything is read before discretion goes on."""
        self.gate_ms = now
        if not self._in_flight or self._asked_ms != now:
            self._in_flight = False
            self._ask(now, reason)

    def soon(self, now: int, reason: str) -> None:
        """Something has to be known at once; a read under way tells it too."""
        self._ask(now, reason)

    def retune(self, interval_ms: int, now: int) -> None:
        """Another interval: the next read is due no later than that."""
        self.interval_ms = interval_ms
        if self._due is not None:
            self._ask(now + interval_ms, self._due[1])

    def surprise(self, now: int, reason: str) -> None:
        """Something does not fit; read soon, but not more often than each 5 s."""
        if self._surprise_ms > now:
            return
        at = max(now, self._surprise_ms + SURPRISE_MS)
        self._surprise_ms = at
        self._ask(at, reason)

    def again(self, now: int) -> None:
        """A read told of a missing or older leg: a second one, a second later, settles it."""
        self._ask(now + SECOND_MS, "a second read of what the first one contradicts")

    def answered(self, request_ms: int, now: int, *, complete: bool) -> None:
        """A read has come; an incomplete one opens no gate and is repeated.

        The answer to an earlier read than the one under way says nothing of that.
        """
        if self._asked_ms is not None and request_ms < self._asked_ms:
            return
        self._in_flight = False
        if not complete:
            self._ask(now + RETRY_MS, "the last read was incomplete")
            return
        if self.gate_ms is not None and request_ms >= self.gate_ms:
            self.gate_ms = None
        self._ask(now + self.interval_ms, "reconcile")

    def failed(self, now: int) -> None:
        """The read failed; a failed read is no snapshot."""
        self._in_flight = False
        self._ask(now + RETRY_MS, "the last read failed")

    def due(self, now: int) -> list[FetchSnapshot]:
        """The read that is due now."""
        if self._in_flight and self._asked_ms is not None and now >= self._asked_ms + ANSWER_MS:
            self.failed(now - RETRY_MS)
        if self._due is None or self._in_flight or now < self._due[0]:
            return []
        reason = self._due[1]
        self._due, self._asked_ms, self._in_flight = None, now, True
        return [FetchSnapshot(None, reason)]

    def deadline(self) -> int | None:
        """When ``due`` has something to say."""
        if self._in_flight and self._asked_ms is not None:
            return self._asked_ms + ANSWER_MS
        return None if self._due is None else self._due[0]

    def _ask(self, at: int, reason: str) -> None:
        if self._due is None or at < self._due[0]:
            self._due = (at, reason)

"""How long a side waits after what was not done for reasons of the moment; and how often the operator hears of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.codes import Reaction, meaning_of, reaction_of
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify

FIRST_MS = 200
MOST_MS = 1000
TELL_MS = 60_000
MOMENTARY = frozenset(
    {Reaction.RETRY, Reaction.PAUSE, Reaction.BACK_OFF, Reaction.RESYNC_CLOCK, Reaction.THROTTLE},
)
"""Not done, and nothing is wrong with what was wished: no refusal, none of five."""


def is_momentary(code: int) -> bool:
    """Whether the code (0: it never left this host) says so."""
    return reaction_of(code) in MOMENTARY


@dataclass(slots=True)
class Patience:
    """One a side: 0.2 s, doubling with each failure in a row to 1 s; it never gives up."""

    failures: int = 0
    ready_ms: int = 0
    why: str = ""
    """What kept the last one from being done."""

    def held(self, now: int) -> Blocked | None:
        """Why nothing discretionary is sent now; None where it may be."""
        return Blocked.PATIENCE if now < self.ready_ms else None

    def failed(self, now: int, why: str) -> None:
        """One more in a row."""
        self.why = why
        self.ready_ms = now + min(FIRST_MS << min(self.failures, 10), MOST_MS)
        self.failures += 1

    def passed(self) -> None:
        """The exchange has judged one by itself."""
        self.failures = 0


@dataclass(slots=True)
class Troubles:
    """One an account: what was not done for reasons of the moment, told at once and then once a minute at most."""

    _counts: Counter[int] = field(default_factory=Counter)
    _told_ms: int | None = None

    def met(self, code: int, now: int) -> list[Notify]:
        """Another one; the notice that is due."""
        self._counts[code] += 1
        if self._told_ms is not None and now < self._told_ms + TELL_MS:
            return []
        what = ", ".join(f"{count} x {code} ({meaning_of(code)})" for code, count in sorted(self._counts.items()))
        self._counts.clear()
        self._told_ms = now
        text = (
            f"Not done for reasons of the moment: {what}. Such requests are wished anew after a pause of up to "
            f"{MOST_MS / 1000:.0f} s, without end. Look at the exchange's status page and at this host's connection "
            "if it lasts."
        )
        return [Notify(NoticeKind.RISK, Severity.WARNING, text)]

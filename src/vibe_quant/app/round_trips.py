"""What came of requests and how long it took, by kind: counted where every outcome passes, and nowhere judged."""

from __future__ import annotations

from typing import Any, assert_never

from vibe_quant.domain.enums import RequestKind
from vibe_quant.domain.spread import Spread
from vibe_quant.ports import Accepted, AuthLost, Banned, NotSent, Outcome, RateLimited, Rejected, Unknown


class RoundTrips:
    """Since the start.  Times are from when the request was to leave until its outcome was known."""

    def __init__(self) -> None:
        self.times: dict[RequestKind, Spread] = {}
        self.outcomes: dict[tuple[RequestKind, str], int] = {}

    def heard(self, kind: RequestKind, outcome: Outcome[Any], took_ms: int) -> None:
        """One more; one that never left took no time worth counting."""
        key = (kind, _word(outcome))
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        if isinstance(outcome, NotSent):
            return
        times = self.times.get(kind)
        if times is None:
            self.times[kind] = times = Spread()
        times.add(took_ms / 1000)


def _word(outcome: Outcome[Any]) -> str:
    match outcome:
        case Accepted():
            return "accepted"
        case Rejected():
            return "rejected"
        case Unknown():
            return "unknown"
        case NotSent():
            return "not_sent"
        case RateLimited():
            return "rate_limited"
        case Banned():
            return "banned"
        case AuthLost():
            return "auth_lost"
        case _:
            assert_never(outcome)

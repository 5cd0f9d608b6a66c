"""The circuit breaker of REST: after so many failures in a row only what protects, and what asks, gets through."""

from __future__ import annotations

from vibe_quant.domain.enums import SignalReason
from vibe_quant.domain.intents import (
    ArmDeadMan,
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    FetchMark,
    FetchPositions,
    FetchSnapshot,
    Intent,
    OrderIntent,
    PlaceStop,
    QueryOrder,
    ReadOpenOrders,
    ReadStops,
)
from vibe_quant.domain.settings import BreakerSettings
from vibe_quant.ports import Accepted, AuthLost, Banned, NotSent, Outcome, RateLimited, Rejected, Unknown

RISK = frozenset({SignalReason.PANIC, SignalReason.STOP_THROUGH, SignalReason.STOP_REMAINDER})
ALWAYS = (
    CancelOrder,
    CancelStop,
    DisarmDeadMan,
    FetchMark,
    FetchPositions,
    FetchSnapshot,
    PlaceStop,
    QueryOrder,
    ReadOpenOrders,
    ReadStops,
)
SERVER_FAULT = 500
FAULTS = frozenset({-1000, -1001, -1006, -1007, -1008, -1016, 408})
"""The exchange's own faults, as 5xx are; every other code is an answer."""


def is_risk(intent: Intent) -> bool:
    """Whether it belongs to panic or to a protective stop."""
    return isinstance(intent, PlaceStop | CancelStop) or (isinstance(intent, OrderIntent) and intent.reason in RISK)


def _keeps_stops(intent: Intent) -> bool:
    """A countdown that runs out may take the stops with it; a first one can wait, it is what brings that danger."""
    return isinstance(intent, ArmDeadMan) and intent.refreshes


def is_failure(outcome: Outcome[object]) -> bool | None:
    """True for timeouts, 5xx and unknown outcomes; False for an answer, refusals too; None where nothing was learnt."""
    match outcome:
        case Unknown():
            return True
        case Rejected(code=code):
            return code >= SERVER_FAULT or code in FAULTS
        case NotSent() | RateLimited() | Banned():
            return None
        case Accepted() | AuthLost():
            return False


class Breaker:
    """``opened`` counts how often it opened; times are monotonic ms."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._until: int | None = None
        self.opened = 0

    def retune(self, settings: BreakerSettings) -> None:
        """New settings; what has failed stays counted, and a block under way ends when it was to."""
        self._settings = settings

    def blocks(self, intent: Intent, now: int) -> str | None:
        """None where the request may leave; else why not."""
        until = self._until
        if until is None or now >= until or isinstance(intent, ALWAYS) or is_risk(intent) or _keeps_stops(intent):
            return None
        left_s, failures = (until - now + 999) // 1000, self._settings.failures
        return f"the circuit breaker is open for another {left_s} s, after {failures} failed requests in a row"

    def is_open(self, now: int) -> bool:
        """Whether it holds requests back."""
        return self._until is not None and now < self._until

    def learn(self, outcome: Outcome[object], now: int) -> bool:
        """Count what came of a request; True where it has just opened.

        After the block one failure opens it again; an answer closes it at once.
        """
        failed = is_failure(outcome)
        if failed is None:
            return False
        if not failed:
            self._failures, self._until = 0, None
            return False
        self._failures += 1
        if self._failures < self._settings.failures or self.is_open(now):
            return False
        self._until = now + self._settings.block_s * 1000
        self.opened += 1
        return True

"""The one request about a leg's stops that may be under way, when the next read is due, and how long to back off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.core.stop_ledger import LISTED_AFTER_MS, OwnStop, StopLedger
from vibe_quant.domain.enums import PositionSide, RequestKind
from vibe_quant.domain.events import StopReport, StopsRead
from vibe_quant.domain.intents import CancelStop, PlaceStop, ReadStops

ANSWER_MS = 5000
BACKOFF_FIRST_MS = 200
BACKOFF_MAX_MS = 10_000
RECHECK_MS = 500


@dataclass(frozen=True, slots=True)
class Placing:
    """A stop was asked for; the answer is due."""

    client_id: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Canceling:
    """A cancel was asked for; the answer is due."""

    client_id: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The open stops were asked for."""

    since_ms: int


Flight = Placing | Canceling | Reading


@dataclass(frozen=True, slots=True)
class Backoff:
    """A pause that doubles with each failure in a row."""

    failures: int = 0
    ready_ms: int = 0

    def after(self, now: int) -> Backoff:
        """One failure more."""
        pause = min(BACKOFF_FIRST_MS << min(self.failures, 10), BACKOFF_MAX_MS)
        return Backoff(self.failures + 1, now + pause)


class StopDesk:
    """Requests and the ledger of one leg's own stops.  All times are monotonic ms."""

    def __init__(
        self,
        symbol: str,
        side: PositionSide,
        new_id: Callable[[str, PositionSide], str],
        is_own: Callable[[str], bool],
    ) -> None:
        self._symbol = symbol
        self._side = side
        self._new_id = new_id
        self.ledger = StopLedger(side, is_own)
        self.flight: Flight | None = None
        self.read_at: int | None = None
        self.pause = Backoff()
        self._read_pause = Backoff()

    def place(self, trigger: Decimal, qty: Decimal | None, reason: str, now: int) -> PlaceStop:
        """Asks for a stop under a new id, in the ledger before it leaves."""
        client_id = self._new_id(self._symbol, self._side)
        self.ledger.asked(client_id, trigger, qty, now)
        self.flight = Placing(client_id, now)
        return PlaceStop(self._symbol, self._side, client_id, trigger, qty, reason)

    def cancel(self, client_id: str, reason: str, now: int) -> CancelStop:
        """Asks for the end of an own stop that the ledger knows."""
        self.ledger.canceling(client_id, now)
        self.flight = Canceling(client_id, now)
        return CancelStop(self._symbol, self._side, client_id, reason)

    def read(self, now: int) -> ReadStops:
        """Asks for all open stops."""
        self.read_at = None
        self.flight = Reading(now)
        return ReadStops(self._symbol)

    def want_read(self, at: int) -> None:
        """A read is wanted, no later than ``at``."""
        self.read_at = at if self.read_at is None else min(self.read_at, at)

    def read_due(self, now: int) -> bool:
        """Whether a wanted read may leave now."""
        return self.read_at is not None and now >= max(self.read_at, self._read_pause.ready_ms)

    def reported(self, report: StopReport, now: int) -> tuple[OwnStop | None, OwnStop] | None:
        """Takes a report in; (before, after) where it is news of an own stop.  What is new is read back."""
        match self.flight:
            case Placing(client_id) if client_id == report.client_id:
                self.flight = None
            case Canceling(client_id) if client_id == report.client_id and report.status.is_final:
                self.flight = None
                self.pause = Backoff()
            case _:
                pass
        news = self.ledger.report(report, now)
        if news is not None and not news[1].verified and not report.status.is_final:
            self.want_read(now)
        return news

    def listed(self, read: StopsRead, now: int, verify_ms: int) -> tuple[OwnStop, ...] | None:
        """Takes a read in; the stops given up by it, None where it is outdated.  The next one is put down."""
        resting = {stop.client_id for stop in self.ledger.stops if stop.settled}
        lost = self.ledger.read(read)
        if lost is None:
            return None
        if isinstance(self.flight, Reading) and read.request_ms >= self.flight.since_ms:
            self.flight = None
        self._read_pause = Backoff()
        if any(stop.settled and stop.client_id not in resting for stop in self.ledger.stops):
            self.pause = Backoff()
        self.read_at = None
        self.want_read(now + verify_ms)
        for stop in self.ledger.stops:
            if not stop.settled:
                self.want_read(max(now + RECHECK_MS, min(stop.heard_ms + LISTED_AFTER_MS, now + LISTED_AFTER_MS)))
        return lost

    def failed(self, kind: RequestKind, client_id: str, now: int, *, not_done: bool) -> bool:
        """An answer other than success; ``not_done``: certainly not executed.

        False, and nothing happens, where it is not about something of ours that is still unanswered.
        """
        if kind is RequestKind.READ_STOPS:
            return self._read_failed(now)
        stop = self.ledger.get(client_id)
        placing = kind is RequestKind.PLACE_STOP
        if stop is None or (stop.status is not None if placing else stop.canceling_ms is None):
            return False
        if not isinstance(self.flight, Reading | None) and self.flight.client_id == client_id:
            self.flight = None
        if not not_done:
            self.want_read(now)
        elif placing:
            self.ledger.never_placed(client_id)
        else:
            self.ledger.canceling(client_id, None)
        return True

    def expire(self, now: int) -> None:
        """An answer that is 5 s late counts as unknown."""
        flight = self.flight
        if flight is None or now - flight.since_ms < ANSWER_MS:
            return
        if isinstance(flight, Reading):
            self._read_failed(now)
        else:
            self.flight = None
            self.want_read(now)

    def deadline(self) -> int | None:
        """The next read, the end of a pause, or an answer that will be late."""
        if self.flight is not None:
            return self.flight.since_ms + ANSWER_MS
        return None if self.read_at is None else max(self.read_at, self._read_pause.ready_ms)

    def _read_failed(self, now: int) -> bool:
        if not isinstance(self.flight, Reading):
            return False
        self.flight = None
        self._read_pause = self._read_pause.after(now)
        self.want_read(now)
        return True

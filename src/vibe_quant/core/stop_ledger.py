"""What is known of our own conditional orders of one leg, merged from reports and reads in any order.

A final state is final; a status never falls back; a read that left before a newer one was taken in is dropped.  A stop
that a read does not list is given up only where the read left 2 s after the last sign of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide, StopStatus
from vibe_quant.domain.events import StopReport, StopsRead

LISTED_AFTER_MS = 2000
REMEMBERED = 64
ORDER = {StopStatus.NEW: 0, StopStatus.TRIGGERING: 1, StopStatus.TRIGGERED: 2}


@dataclass(frozen=True, slots=True)
class OwnStop:
    """One of our stops.  ``qty`` None: closes the whole leg; ``status`` None: asked for, nobody has told.

    ``heard_ms``: the last moment of which there is a sign of it.  ``verified``: a read has listed it.
    ``canceling_ms``: when its cancel left, None again once a later read lists it.
    """

    client_id: str
    trigger: Decimal
    qty: Decimal | None
    heard_ms: int
    status: StopStatus | None = None
    verified: bool = False
    canceling_ms: int | None = None

    @property
    def settled(self) -> bool:
        """Whether it is known to rest: read back, and nothing asked of it is unanswered."""
        return self.verified and self.canceling_ms is None and self.status is StopStatus.NEW


class StopLedger:
    """The own stops of one leg; ``is_own`` tells them by their client id."""

    def __init__(self, side: PositionSide, is_own: Callable[[str], bool]) -> None:
        self._side = side
        self._is_own = is_own
        self._stops: dict[str, OwnStop] = {}
        self._ended: dict[str, int] = {}
        """id -> when the exchange told that it is over"""
        self._given_up: dict[str, int] = {}
        """id -> departure of the read that did not list it"""
        self.read_ms: int | None = None

    @property
    def stops(self) -> tuple[OwnStop, ...]:
        """All that are not known to be over, oldest first."""
        return tuple(self._stops.values())

    def get(self, client_id: str) -> OwnStop | None:
        """One that is not known to be over."""
        return self._stops.get(client_id)

    def asked(self, client_id: str, trigger: Decimal, qty: Decimal | None, now: int) -> None:
        """A stop was asked for; recorded before the request leaves."""
        self._stops[client_id] = OwnStop(client_id, trigger, qty, now)

    def canceling(self, client_id: str, now: int | None) -> None:
        """Its cancel was asked for; None: that was refused or never left."""
        self._stops[client_id] = replace(self._stops[client_id], canceling_ms=now)

    def never_placed(self, client_id: str) -> None:
        """The exchange refused it, or it never left."""
        del self._stops[client_id]

    def report(self, report: StopReport, now: int) -> tuple[OwnStop | None, OwnStop] | None:
        """(before, after) where the report is news of an own stop; None where it is not."""
        client_id = report.client_id
        if report.side is not self._side or not self._is_own(client_id) or client_id in self._ended:
            return None
        before = self._stops.get(client_id)
        after = _merged(before, report, now)
        if report.status.is_final:
            self._stops.pop(client_id, None)
            _remember(self._ended, client_id, now)
        else:
            self._stops[client_id] = after
        return None if before is not None and before.status is after.status else (before, after)

    def read(self, read: StopsRead) -> tuple[OwnStop, ...] | None:
        """Takes in a read of all open stops; the stops given up by it, or None where the read is outdated."""
        if self.read_ms is not None and read.request_ms < self.read_ms:
            return None
        self.read_ms = read.request_ms
        listed = {s.client_id: s for s in read.stops if s.side is self._side and not s.status.is_final}
        for client_id, report in listed.items():
            if self._is_own(client_id):
                self._list(report, read.request_ms)
        lost = tuple(s for s in self._stops.values() if s.client_id not in listed and _missing(s, read.request_ms))
        for stop in lost:
            del self._stops[stop.client_id]
            _remember(self._given_up, stop.client_id, read.request_ms)
        return lost

    def _list(self, report: StopReport, request_ms: int) -> None:
        client_id = report.client_id
        if client_id in self._ended or self._given_up.get(client_id, -1) >= request_ms:
            return
        stop = replace(_merged(self._stops.get(client_id), report, request_ms), verified=True)
        if stop.canceling_ms is not None and request_ms > stop.canceling_ms:
            stop = replace(stop, canceling_ms=None)
        self._stops[client_id] = stop


def _merged(before: OwnStop | None, report: StopReport, heard_ms: int) -> OwnStop:
    if before is None:
        qty = None if report.close_position else report.qty
        return OwnStop(report.client_id, report.trigger_price, qty, heard_ms, report.status)
    keeps = before.status is not None and ORDER.get(report.status, 3) <= ORDER[before.status]
    status = before.status if keeps else report.status
    return replace(before, status=status, heard_ms=max(before.heard_ms, heard_ms))


def _missing(stop: OwnStop, request_ms: int) -> bool:
    if stop.canceling_ms is not None and request_ms >= stop.canceling_ms:
        return True
    return request_ms >= stop.heard_ms + LISTED_AFTER_MS


def _remember(memory: dict[str, int], key: str, value: int) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]

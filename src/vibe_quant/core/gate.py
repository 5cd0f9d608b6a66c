"""Why a side's discretion is held back now: the gates in their order, and what was held back for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.domain.enums import PositionSide

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk

TRADING = "TRADING"
UNREAD = "the account has not been read since a stream came up"
FIRING = "the protective stop is firing"


@dataclass(slots=True)
class Gate:
    """One a side.  ``reason`` and ``since_ms`` are of the last look; ``counts`` says how often each reason began.

    ``halted`` until the operator resumes; ``retired``: a reload took the side out of the configuration.
    """

    desk: Desk
    side: PositionSide
    stop: ProtectiveStopManager
    reason: str | None = None
    since_ms: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    halted: str | None = None
    retired: bool = False
    other: PositionSide = field(init=False)

    def __post_init__(self) -> None:
        self.other = self.side.opposite

    def note(self, reason: str | None, now: int) -> None:
        """Remember what holds the side back from now on; None: nothing does."""
        if reason == self.reason:
            return
        self.reason = reason
        self.since_ms = None if reason is None else now
        if reason is not None:
            self.counts[reason] = self.counts.get(reason, 0) + 1

    def closed(self, now: int) -> str | None:
        """The first gate that is closed to discretion, in words; None: all are open."""
        desk = self.desk
        house, rulebook = desk.house, desk.rulebook
        rules = rulebook.rules
        if house.stopping or self.retired or house.halted is not None or self.halted is not None:
            return self._stopped()
        if house.held is not None:
            return house.held
        if house.pauses and house.paused(desk.symbol, now):
            return "paused by the operator"
        if not house.user_up or house.sync.gate_ms is not None or house.offset_ms is None or not house.journal_ok:
            return self._unread()
        if rules is None or rules.status != TRADING or rulebook.awaited:
            return self._unruled()
        if desk.pair.in_panic(self.other):
            return "the other leg is in panic"
        if self.stop.firing_ms is not None and self.stop.firing(now):
            return FIRING
        return desk.view.stale(now)

    def _stopped(self) -> str:
        if self.desk.house.stopping:
            return "the service is stopping"
        if self.retired:
            return "the configuration does not manage it any more"
        return f"halted: {self.desk.house.halted or self.halted}"

    def _unread(self) -> str:
        house = self.desk.house
        if not house.user_up:
            return "the user stream is down"
        if house.sync.gate_ms is not None:
            return UNREAD
        return "the exchange's clock is not known" if house.offset_ms is None else "the journal cannot be written"

    def _unruled(self) -> str:
        rules = self.desk.rulebook.rules
        if rules is None:
            return "the symbol's rules are not known"
        if rules.status != TRADING:
            return f"the symbol is in status {rules.status}"
        return "the symbol's rules have not been read since a stream came up"

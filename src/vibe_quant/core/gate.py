"""Why a side's discretion is held back now: the gates in their order, and what was held back for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk

TRADING = "TRADING"


@dataclass(slots=True)
class Gate:
    """One a side.  ``reason`` and ``since_ms`` are of the last look; ``counts`` says how often each reason began.

    ``halted`` until the operator resumes; ``retired``: a reload took the side out of the configuration.
    """

    desk: Desk
    side: PositionSide
    stop: ProtectiveStopManager
    reason: Blocked | None = None
    since_ms: int | None = None
    counts: dict[Blocked, int] = field(default_factory=dict)
    halted: str | None = None
    retired: bool = False
    other: PositionSide = field(init=False)

    def __post_init__(self) -> None:
        self.other = self.side.opposite

    def note(self, reason: Blocked | None, now: int) -> None:
        """Remember what holds the side back from now on; None: nothing does."""
        if reason is self.reason:
            return
        self.reason = reason
        self.since_ms = None if reason is None else now
        if reason is not None:
            self.counts[reason] = self.counts.get(reason, 0) + 1

    def closed(self, now: int) -> Blocked | None:
        """The first gate that is closed to discretion; None: all are open."""
        desk = self.desk
        house, rulebook = desk.house, desk.rulebook
        rules = rulebook.rules
        if house.stopping or self.retired or house.halted is not None or self.halted is not None:
            return self._stopped()
        if house.held is not None:
            return Blocked.HELD
        if house.pauses and house.paused(desk.symbol, now):
            return Blocked.PAUSED
        if not house.user_up or house.sync.gate_ms is not None or house.offset_ms is None or not house.journal_ok:
            return self._unread()
        if rules is None or rules.status != TRADING or rulebook.awaited:
            return self._unruled()
        if desk.pair.in_panic(self.other):
            return Blocked.OTHER_IN_PANIC
        if self.stop.firing_ms is not None and self.stop.firing(now):
            return Blocked.FIRING
        return desk.view.stale(now)

    def words(self, reason: Blocked) -> str:
        """The sentence for the operator, with what a halt, a hold or a status says of itself."""
        house, rules = self.desk.house, self.desk.rulebook.rules
        if reason is Blocked.HALTED:
            return f"halted: {house.halted or self.halted}"
        if reason is Blocked.HELD:
            return house.held or reason.value
        if reason is Blocked.NOT_TRADING and rules is not None:
            return f"the symbol is in status {rules.status}"
        return reason.value

    def _stopped(self) -> Blocked:
        if self.desk.house.stopping:
            return Blocked.STOPPING
        return Blocked.RETIRED if self.retired else Blocked.HALTED

    def _unread(self) -> Blocked:
        house = self.desk.house
        if not house.user_up:
            return Blocked.USER_DOWN
        if house.sync.gate_ms is not None:
            return Blocked.UNREAD
        return Blocked.NO_CLOCK if house.offset_ms is None else Blocked.NO_JOURNAL

    def _unruled(self) -> Blocked:
        rules = self.desk.rulebook.rules
        if rules is None:
            return Blocked.NO_RULES
        return Blocked.NOT_TRADING if rules.status != TRADING else Blocked.RULES_AWAITED

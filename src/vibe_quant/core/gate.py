"""Why a side's discretion is held back now: the gates in their order, and what was held back for how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_quant.core.protective import ProtectiveStopManager
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
    reason: str | None = None
    since_ms: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    halted: str | None = None
    retired: bool = False

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
        house = self.desk.house
        if house.stopping or self.retired:
            return "the service is stopping" if house.stopping else "the configuration does not manage it any more"
        if house.halted is not None or self.halted is not None:
            return f"halted: {house.halted or self.halted}"
        if house.pauses and house.paused(self.desk.symbol, now):
            return "paused by the operator"
        if not house.user_up:
            return "the user stream is down"
        if house.sync.gate_ms is not None:
            return "the account has not been read since a stream came up"
        return self._closed_by_symbol(now)

    def _closed_by_symbol(self, now: int) -> str | None:
        desk = self.desk
        if desk.rules is None or desk.rules.status != TRADING:
            return "the symbol does not trade" if desk.rules is not None else "the symbol's rules are not known"
        if desk.rules_awaited:
            return "the symbol's rules have not been read since a stream came up"
        if not desk.house.account.leg(desk.symbol, self.side).known:
            return "the position is not known yet"
        if desk.in_panic(self.side.opposite):
            return "the other leg is in panic"
        if self.stop.firing(now):
            return "the protective stop is firing"
        return desk.view.stale(now)

"""Why a side's discretion is held back now: the gates in their order, and what was held back for how long."""

from __future__ import annotations

from dataclasses import dataclass, field

from vibe_quant.core.account import Leg
from vibe_quant.core.house import House
from vibe_quant.core.market import MarketView
from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.domain.rules import SymbolRules

TRADING = "TRADING"


@dataclass(slots=True)
class Gate:
    """One a side.  ``reason`` and ``since_ms`` are of the last look; ``counts`` says how often each reason began.

    ``halted`` until the operator resumes; ``retired``: a reload took the side out of the configuration.
    """

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

    def closed(
        self,
        house: House,
        leg: Leg,
        view: MarketView,
        rules: SymbolRules | None,
        stop: ProtectiveStopManager,
        now: int,
    ) -> str | None:
        """The first gate that is closed to discretion, in words; None: all are open."""
        if house.stopping or self.retired:
            return "the service is stopping" if house.stopping else "the configuration does not manage it any more"
        if house.halted is not None or self.halted is not None:
            return f"halted: {house.halted or self.halted}"
        if house.pauses and house.paused(view.symbol, now):
            return "paused by the operator"
        if not house.user_up:
            return "the user stream is down"
        if not house.synced:
            return "the account has not been read since a stream came up"
        if rules is None or rules.status != TRADING:
            return "the symbol's rules are not known" if rules is None else f"the symbol is in status {rules.status}"
        if not leg.known:
            return "the position is not known yet"
        if stop.firing(now):
            return "the protective stop is firing"
        return view.stale(now)

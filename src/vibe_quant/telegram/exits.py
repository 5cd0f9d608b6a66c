"""Brings an exit's short notice and its cost card together: one message of the two."""

from __future__ import annotations

from dataclasses import dataclass, field

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.status import ExitCost

HOLD_MS = 2000
SAME_MS = 10_000

Leg = tuple[str | None, PositionSide | None]


@dataclass(slots=True)
class Exits:
    """Moments are monotonic ms."""

    _waiting: dict[Leg, tuple[int, Notify]] = field(default_factory=dict)
    _priced: dict[Leg, int] = field(default_factory=dict)

    def heard(self, notice: Notify, now: int) -> None:
        """An exit is over; its card may have come before, or come soon."""
        leg = (notice.symbol, notice.side)
        priced = self._priced.pop(leg, None)
        if priced is None or now - priced > SAME_MS:
            self._waiting[leg] = (now + HOLD_MS, notice)

    def priced(self, cost: ExitCost, now: int) -> None:
        """Its card is here."""
        leg = (cost.symbol, cost.side)
        if self._waiting.pop(leg, None) is None:
            self._priced[leg] = now

    def due(self, now: int) -> list[Notify]:
        """The notices whose card has not come."""
        over = [leg for leg, (due, _) in self._waiting.items() if now >= due]
        return [self._waiting.pop(leg)[1] for leg in over]

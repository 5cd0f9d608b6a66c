"""Tells the dead-man's switch of a symbol how much rests there: own orders, and whatever else it would cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.domain.intents import Intent

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk


class DeadManFeed:
    """One a symbol."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def tell(self, now: int) -> list[Intent]:
        """After anything that may have changed what rests; the user's conditional orders may be cancelled too."""
        desk = self._desk
        own = desk.house.orders.count(desk.symbol)
        stops = 0
        for side in desk.sides.values():
            if not side.gate.retired:
                stops = max(stops, side.stop.takeover.resting)
        return desk.dead_man.on_orders(own, desk.house.foreign.count(desk.symbol) + stops, now)

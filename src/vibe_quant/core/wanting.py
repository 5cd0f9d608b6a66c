"""Whose market is to be followed: symbols with a leg that is held or may be, or with an order that may live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.domain.market import Wants

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk

LINGER_MS = 60_000  # followed for so long after it has come to rest, at the least


class Wanting:
    """One an account.  ``version`` changes with ``wanted``, symbol -> what is looked at beside quotes and trades."""

    def __init__(self) -> None:
        self.wanted: dict[str, Wants] = {}
        self.version = 0
        self._until: dict[str, int] = {}

    def look(self, desk: Desk, now: int) -> None:
        """Something may have changed for the symbol, or time has passed; ``now`` is monotonic ms."""
        wants = _needed(desk) if self._is_followed(desk, now) else None
        if wants == self.wanted.get(desk.symbol):
            return
        self.version += 1
        if wants is None:
            del self.wanted[desk.symbol]
        else:
            self.wanted[desk.symbol] = wants

    def _is_followed(self, desk: Desk, now: int) -> bool:
        unknown = False
        for side in desk.sides.values():
            managed = not side.gate.retired
            if (managed and side.leg.qty > 0) or not side.execution.is_quiet:
                self._until[desk.symbol] = now + LINGER_MS
                return True
            unknown |= managed and not side.leg.known
        return unknown or now < self._until.get(desk.symbol, now)


def _needed(desk: Desk) -> Wants:
    depth, candles = 0, False
    for side in desk.sides.values():
        depth = max(depth, side.needs.depth_levels)
        candles = candles or bool(side.needs.candles_min)
    return Wants(depth, candles)

"""The two legs of a symbol: which are worked, which have something to do, and what one's orders owe the other's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.core.protective import ProtectiveStopManager
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import Intent

if TYPE_CHECKING:
    from vibe_quant.core.side import Side


class Pair:
    """One a symbol.  ``sides`` are those that are or were managed, ``active`` those with something to look after."""

    __slots__ = ("active", "sides")

    def __init__(self) -> None:
        self.sides: dict[PositionSide, Side] = {}
        self.active: list[Side] = []

    @property
    def working(self) -> list[Side]:
        """Sides that the configuration manages."""
        return [side for side in self.sides.values() if not side.gate.retired]

    def works(self, side: PositionSide) -> bool:
        """Whether the configuration manages the leg."""
        return side in self.sides and not self.sides[side].gate.retired

    def refresh(self) -> None:
        """Which sides have something to look after."""
        self.active = [side for side in self.sides.values() if side.is_active]

    def pulse(self, now: int) -> list[Intent]:
        """Every active side looks once at everything."""
        out: list[Intent] = []
        for side in self.active:
            out += side.pulse(now)
        return out

    def wake(self, now: int) -> int | None:
        """The earliest moment at which a strategy of an active side wants to be asked again."""
        first: int | None = None
        for side in self.active:
            at = side.signal.deadline(now)
            if at is not None and (first is None or at < first):
                first = at
        return first

    def tell_stops(self, tell: Callable[[ProtectiveStopManager], list[Intent]], now: int) -> list[Intent]:
        """News for the keepers of the managed legs' stops; where one turns out to fire, the side's order goes."""
        out: list[Intent] = []
        for side in self.working:
            out += tell(side.stop)
            if side.stop.firing(now):
                out += side.withdraw(Blocked.FIRING.value, now)
        return out

    def avoid(self, side: PositionSide) -> Decimal | None:
        """Price of the other leg's own order, which this leg's must not meet."""
        other = self.sides.get(side.opposite)
        return None if other is None else other.own_price()

    def in_panic(self, side: PositionSide) -> bool:
        """The leg is being worked by panic."""
        found = self.sides.get(side)
        return found is not None and found.panic.state is not None

    def clear_other_leg(self, side: PositionSide, now: int) -> list[Intent]:
        """In panic the other leg's resting order makes way; an urgent one of its own does not."""
        other = self.sides.get(side.opposite)
        if other is None or other.execution.waiting is None or (other.plan is not None and other.plan.urgent):
            return []
        return other.withdraw("the other leg is in panic", now)

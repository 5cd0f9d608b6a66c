"""What the exchange itself says of a run, whatever the program believes: the promises that every story must keep."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import OrderStatus, PositionSide
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.order_records import SimOrder

ZERO = Decimal(0)
Leg = tuple[str, PositionSide]


@dataclass(frozen=True, slots=True)
class Truth:
    """``prefix`` tells own ids; ``seats`` is what each leg held at first."""

    box: Box
    prefix: str
    seats: dict[Leg, Decimal]

    @property
    def orders(self) -> list[SimOrder]:
        """Every regular order that there ever was, oldest first."""
        return list(self.box.exchange.venue.by_id.values())

    @property
    def own(self) -> list[SimOrder]:
        """The program's orders, those of its stops excepted."""
        stops = f"{self.prefix}-ps-"
        ours = f"{self.prefix}-"
        return [o for o in self.orders if o.client_id.startswith(ours) and not o.client_id.startswith(stops)]

    @property
    def foreign(self) -> list[SimOrder]:
        """Everybody else's."""
        return [o for o in self.orders if not o.client_id.startswith(f"{self.prefix}-")]

    def left(self, leg: Leg) -> Decimal:
        """What the leg holds now."""
        return self.box.exchange.account.leg(*leg).qty

    def struck(self, kind: str) -> int:
        """How often an unnamed fault of the kind, or one of that name, has struck."""
        names = (kind, f":{kind}")
        done = [strike for strike in self.box.plan.struck if not strike.failed and strike.hit != "over"]
        return sum(strike.fault == names[0] or strike.fault.endswith(names[1]) for strike in done)

    def opening(self) -> list[str]:
        """Own orders that could have opened or added."""
        return [o.client_id for o in self.own if o.side is not o.position_side.exit_side]

    def over_closed(self, added: dict[Leg, Decimal] | None = None) -> list[str]:
        """Legs of which the program, its stops included, has closed more than there was."""
        closed: dict[Leg, Decimal] = defaultdict(lambda: ZERO)
        for order in self.orders:
            if order.client_id.startswith(f"{self.prefix}-"):
                closed[order.symbol, order.position_side] += order.filled_qty
        legs = {*self.seats, *(added or {})}
        most = {leg: self.seats.get(leg, ZERO) + (added or {}).get(leg, ZERO) for leg in legs}
        return [f"{leg}: {qty} of {most.get(leg, ZERO)}" for leg, qty in closed.items() if qty > most.get(leg, ZERO)]

    def two_at_once(self) -> list[str]:
        """Pairs of own orders of one leg that lived at the same time."""
        found: list[str] = []
        lives: dict[Leg, list[tuple[int, int, str]]] = defaultdict(list)
        for order in self.own:
            end = order.updated_ms if order.status.is_final else 1 << 62
            lives[order.symbol, order.position_side].append((order.created_ms, end, order.client_id))
        for spans in lives.values():
            spans.sort()
            found += [
                f"{one[2]} until {one[1]}, {two[2]} from {two[0]}"
                for one, two in itertools.pairwise(spans)
                if two[0] < one[1]
            ]
        return found

    def live(self) -> list[str]:
        """Own orders that rest now."""
        return [o.client_id for o in self.own if not o.status.is_final]

    def foreign_cancelled(self) -> list[str]:
        """Foreign orders that somebody cancelled by request."""
        return [o.client_id for o in self.foreign if o.status is OrderStatus.CANCELED]

    def bare_ms(self, since_ms: int) -> int:
        """The longest time after ``since_ms`` (epoch ms) that a leg stood without a stop for the whole of it."""
        now = self.box.now
        spans = [
            (max(bare.from_ms, since_ms), now if bare.until_ms is None else bare.until_ms)
            for bare in self.box.bare_legs.stretches
        ]
        return max((end - start for start, end in spans if end > start), default=0)

    def bare_now(self) -> list[Leg]:
        """Legs that have no stop for the whole of them now."""
        return [bare.key for bare in self.box.bare_legs.stretches if bare.until_ms is None]

    def stops(self) -> list[str]:
        """The program's conditional orders that stand."""
        return [a.client_id for a in self.box.exchange.algos.open if a.client_id.startswith(f"{self.prefix}-ps-")]

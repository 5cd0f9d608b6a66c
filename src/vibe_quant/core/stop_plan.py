"""The next request that brings what rests at the exchange nearer to what should: one closing stop at the aim.

The table is read from the top; C is a closePosition stop, B one with quantity (a bridge); "good" is at the aim's price
(a B: and large enough).  A cancel is only ever asked for where something good and read back stays.

| what stands                                   | step                                  |
|-----------------------------------------------|---------------------------------------|
| anything not read back, or being cancelled    | wait for the read                     |
| a good C                                      | cancel the others one by one, or keep |
| no C may be placed, a B of the exact quantity | cancel the others one by one, or keep |
| no C may be placed                            | place B                               |
| more than three, none good                    | cancel the one farthest from the mark |
| more than one, none good, no more are taken   | cancel a B, else the farthest C       |
| an old C and a good B                         | cancel the old C                      |
| an old C                                      | place B                               |
| no C                                          | place C                               |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.core.stop_ledger import OwnStop
from vibe_quant.domain.enums import PositionSide

MOST = 3


@dataclass(frozen=True, slots=True)
class Keep:
    """All is as it should be."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Something has to be told first."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place a stop at ``trigger``: ``qty`` None closes the leg, else a bridge."""

    trigger: Decimal
    qty: Decimal | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel an own stop that is not needed any more."""

    client_id: str
    reason: str


Step = Keep | Wait | Place | Cancel


def next_step(
    stops: Sequence[OwnStop],
    side: PositionSide,
    price: Decimal,
    qty: Decimal,
    *,
    close_allowed: bool,
    most: int = MOST,
) -> Step:
    """The table above for own ``stops``; ``qty`` is what a bridge has to close, ``price`` the aim's.

    ``most``: how many may stand out of place; fewer than usual where the exchange takes no more.
    """
    if any(not stop.settled for stop in stops):
        return Wait()
    closing = [s for s in stops if s.qty is None]
    good = [s for s in closing if s.trigger == price]
    bridges = [s for s in stops if s.qty is not None and s.qty >= qty and s.trigger == price]
    if good:
        return _trim(stops, good[0])
    if not close_allowed:
        exact = [s for s in bridges if s.qty == qty]
        return _trim(stops, exact[0]) if exact else Place(price, qty)
    if len(stops) > most and not bridges:
        spare = [] if most == MOST else [s for s in stops if s.qty is not None]
        return Cancel(_farthest(spare or stops, side).client_id, "one of too many that are out of place")
    if closing:
        return Cancel(closing[0].client_id, "replaced; the bridge stands") if bridges else Place(price, qty)
    return Place(price, None)


def withdraw_step(stops: Sequence[OwnStop], reason: str) -> Step:
    """Cancels all own stops, one by one; what is unclear is read first."""
    for stop in stops:
        if stop.settled:
            return Cancel(stop.client_id, reason)
    return Wait() if stops else Keep()


def _trim(stops: Sequence[OwnStop], keep: OwnStop) -> Step:
    others = [s for s in stops if s is not keep]
    return Cancel(others[0].client_id, "not needed any more") if others else Keep()


def _farthest(stops: Sequence[OwnStop], side: PositionSide) -> OwnStop:
    worst = min if side is PositionSide.LONG else max
    return worst(stops, key=lambda s: s.trigger)

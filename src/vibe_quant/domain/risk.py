"""What risk says of one side: how near liquidation is, how dangerous that is, and whether a slice may leave."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from vibe_quant.domain.blocked import Blocked


class RiskLevel(IntEnum):
    """How dangerous the distance to liquidation is; larger is worse."""

    NONE = 0
    SOFT = 1
    PANIC = 2


@dataclass(frozen=True, slots=True)
class RiskFlag:
    """One side's standing.

    ``dist`` is a ratio of the mark, zero or negative at or beyond liquidation, None where nothing can liquidate the
    side.  ``known`` False: neither read nor computable, ``dist`` is then the last value there was.  ``liq`` is the
    ruling liquidation price of the leg (None: none on its side).  ``tier`` indexes panic_close.tiers.
    ``mark_ms``: when the mark used was made by the exchange, where its clock is known, else received (monotonic).
    """

    level: RiskLevel
    reason: str
    dist: Decimal | None = None
    liq: Decimal | None = None
    tier: int | None = None
    known: bool = True
    mark_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Margin:
    """What backs the crossed positions of one margin asset, the symbol in question left out.

    ``wallet`` is the cross wallet balance before unrealised PnL; ``other_*`` sum over all other crossed positions.
    """

    wallet: Decimal
    other_maintenance: Decimal = Decimal(0)
    other_upnl: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Approved:
    """Risk lets the slice go."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Risk withholds the slice; ``reason`` is for the operator."""

    reason: Blocked


Verdict = Approved | Refused

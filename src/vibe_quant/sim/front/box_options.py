"""What the exchange in a box shall hold: instruments, their markets, the account, limits and faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.switches import Switches


class BoxError(Exception):
    """The options do not fit each other; the message says which, and what would."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A leg that the account holds when the exchange opens; ``entry`` None: the market's opening price."""

    symbol: str
    side: PositionSide
    qty: Decimal
    entry: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MarketSource:
    """Where a symbol's market comes from.

    ``events`` (a tape's, say; without end or with one) win over the generated ``scenario``, whose move hurts ``side``.
    """

    instrument: Instrument
    scenario: str = "calm"
    side: PositionSide | None = None
    events: Iterable[FeedEvent] | None = None


@dataclass(frozen=True, slots=True)
class BoxOptions:
    """``wallets`` by margin asset; ``leverage`` of every symbol; ``faults`` as plain data (front/faults).

    ``speed`` shortens the market's own times, never the exchange's clock: signatures, listen keys, the usual funding
    hours and timers stay in real time.  Everything that is left to chance comes from ``seed``.  ``permissions`` are the
    rights of the key as apiRestrictions tells them, beside the defaults; ``hedge_mode`` False opens the account in
    one-way mode, which holds no positions here.  ``latency_ms`` is the mean time that requests, answers and user events
    travel each way (travel.py), beside that of the real sockets.
    """

    markets: tuple[MarketSource, ...]
    seed: int = 7
    speed: Decimal = Decimal(1)
    wallets: Mapping[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(100_000)})
    positions: tuple[Seat, ...] = ()
    leverage: int = 20
    hedge_mode: bool = True
    latency_ms: int = 0
    faults: object = ()
    switches: Switches = field(default_factory=Switches)
    permissions: Mapping[str, bool] = field(default_factory=dict)
    socket_life_ms: int = 24 * 3_600_000
    ping_every_ms: int = 180_000
    weight_limit: int = 2400
    order_limits: tuple[int, int] = (300, 1200)

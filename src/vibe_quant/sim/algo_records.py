"""Conditional orders as rich as the wire."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, PriceMatch, StopStatus, TimeInForce, WorkingType
from vibe_quant.sim.words import ZERO, DeepMatch, Stp


@dataclass(slots=True, eq=False)
class SimAlgo:
    """A conditional order at the Algo Service; ``qty`` zero with ``close_position``, ``rises`` triggers from below.

    ``price`` is the limit of STOP and TAKE_PROFIT.  A TRAILING_STOP_MARKET has no ``trigger_price`` but a ``callback``
    (ratio) and the best price since it was ``activated`` as ``extreme``.  From ``order_id`` on it is about the order
    that it sent.
    """

    algo_id: int
    client_id: str
    symbol: str
    side: OrderSide
    position_side: PositionSide
    order_type: OrderType
    trigger_price: Decimal
    qty: Decimal
    close_position: bool
    working_type: WorkingType
    created_ms: int
    updated_ms: int
    status: StopStatus = StopStatus.NEW
    price: Decimal = ZERO
    time_in_force: TimeInForce = TimeInForce.GTC
    price_match: PriceMatch | DeepMatch | None = None
    stp: Stp = Stp.EXPIRE_MAKER
    price_protect: bool = False
    reduce_only: bool = False
    good_till_ms: int = 0
    activate_price: Decimal = ZERO
    callback: Decimal = ZERO
    rises: bool = True
    activated: bool = False
    extreme: Decimal = ZERO
    order_id: int = 0
    actual_type: OrderType | None = None
    filled_qty: Decimal = ZERO
    avg_price: Decimal = ZERO
    triggered_ms: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class AlgoRequest:
    """``POST algoOrder`` with ``algoType=CONDITIONAL``: None is a parameter that was left out; ``callback`` a ratio."""

    symbol: str
    side: OrderSide
    position_side: PositionSide | None
    order_type: OrderType
    client_id: str
    trigger_price: Decimal | None
    timestamp_ms: int
    qty: Decimal | None = None
    close_position: bool = False
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    recv_window_ms: int = 5000
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    price_match: PriceMatch | DeepMatch | None = None
    stp: Stp = Stp.EXPIRE_MAKER
    reduce_only: bool | None = None
    price_protect: bool = False
    activate_price: Decimal | None = None
    callback: Decimal | None = None
    good_till_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AlgoEvent:
    """ALGO_UPDATE; ``algo`` is a copy as of this event."""

    algo: SimAlgo
    exch_ms: int

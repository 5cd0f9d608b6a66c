"""Regular orders as rich as the wire: what is asked for, what rests, what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import (
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    TimeInForce,
    WorkingType,
)
from vibe_quant.sim.words import ZERO, DeepMatch, ExecType, ExpiryReason, OrderRef, Stp


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """``POST order`` as sent: None is a parameter that was left out.

    ``position_side`` is None for BOTH, too.  ``good_till_ms`` counts to the second, its milliseconds are ignored.
    """

    symbol: str
    side: OrderSide
    position_side: PositionSide | None
    order_type: OrderType
    client_id: str
    timestamp_ms: int
    qty: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    price_match: PriceMatch | DeepMatch | None = None
    stp: Stp = Stp.EXPIRE_MAKER
    reduce_only: bool | None = None
    recv_window_ms: int = 5000
    good_till_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """``PUT order``: ``qty`` is the new total quantity, not the remainder.

    ``order_id`` wins over ``client_id``; one of ``price`` and ``price_match`` is given.
    """

    symbol: str
    side: OrderSide
    client_id: str
    qty: Decimal
    price: Decimal | None
    timestamp_ms: int
    recv_window_ms: int = 5000
    order_id: int | None = None
    price_match: PriceMatch | DeepMatch | None = None
    modify_id: str = ""
    reduce_only: bool | None = None

    @property
    def ref(self) -> OrderRef:
        """The order that is meant."""
        return self.client_id if self.order_id is None else self.order_id


@dataclass(slots=True, eq=False)
class SimOrder:
    """A regular order; changed in place by the exchange, copied into each event.

    ``ahead`` is the displayed quantity before us at our price, None while the level has never been in sight; ``seen``
    and ``traded`` are what the level last displayed and what has traded there since (queue.py).
    """

    order_id: int
    client_id: str
    symbol: str
    side: OrderSide
    position_side: PositionSide
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Decimal
    price: Decimal
    created_ms: int
    updated_ms: int
    status: OrderStatus = OrderStatus.NEW
    stp: Stp = Stp.EXPIRE_MAKER
    price_match: PriceMatch | DeepMatch | None = None
    good_till_ms: int = 0
    orig_type: OrderType = OrderType.LIMIT
    stop_price: Decimal = ZERO
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    close_position: bool = False
    filled_qty: Decimal = ZERO
    quote_qty: Decimal = ZERO
    expiry_reason: int = ExpiryReason.NONE
    amendments: int = 0
    ahead: Decimal | None = None
    seen: Decimal = ZERO
    traded: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        """What may still fill."""
        return ZERO if self.status.is_final else self.qty - self.filled_qty

    @property
    def avg_price(self) -> Decimal:
        """Average fill price; zero without fills."""
        return self.quote_qty / self.filled_qty if self.filled_qty else ZERO

    @property
    def is_closer(self) -> bool:
        """True where the order can only reduce its leg: LONG+SELL, SHORT+BUY."""
        return self.side is self.position_side.exit_side


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an order was before it was amended, and the client's ``modifyId``."""

    price: Decimal
    qty: Decimal
    modify_id: str


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """ORDER_TRADE_UPDATE; ``order`` is a copy as of this event, the rest is of the trade that it brings.

    ``bids`` and ``asks`` value the account's resting orders of the symbol after the event, in the quote asset.
    """

    order: SimOrder
    exec_type: ExecType
    exch_ms: int
    last_qty: Decimal = ZERO
    last_price: Decimal = ZERO
    trade_id: int = 0
    is_maker: bool = False
    fee: Decimal = ZERO
    fee_asset: str = ""
    realized_pnl: Decimal = ZERO
    bids: Decimal = ZERO
    asks: Decimal = ZERO
    amended: Amendment | None = None

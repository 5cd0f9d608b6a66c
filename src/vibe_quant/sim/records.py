"""The exchange's own records, as rich as the wire: requests, orders, conditional orders, the user stream's pushes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum

from vibe_quant.domain.enums import (
    MarginType,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    StopStatus,
    TimeInForce,
    WorkingType,
)

ZERO = Decimal(0)


class Rejected(Exception):  # noqa: N818 - the exchange's word for an ordinary answer
    """The exchange refuses a request; nothing was done unless the code's own text says otherwise."""

    def __init__(self, code: int, message: str, http: int = 400) -> None:
        """``code`` is the exchange's own (negative), ``http`` the status it travels with."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.http = http


class ExecType(StrEnum):
    """Execution type, ``x`` of ORDER_TRADE_UPDATE."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    CALCULATED = "CALCULATED"
    EXPIRED = "EXPIRED"
    TRADE = "TRADE"
    AMENDMENT = "AMENDMENT"


class Stp(StrEnum):
    """Self-trade prevention, ``V``; acts for IOC, GTC and GTD takers.  NONE: the orders trade with each other."""

    NONE = "NONE"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class ExpiryReason(IntEnum):
    """``er``: why an order expired; the numbers are the exchange's."""

    NONE = 0
    STP = 1
    IOC = 2
    KNOCKED_OUT = 4
    LIQUIDATED = 5
    DELISTED = 7
    MARKET_UNFILLED = 9


class DeepMatch(StrEnum):
    """The values of ``priceMatch`` that this program never sends: levels behind the touch."""

    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"


OrderRef = int | str
"""How a request names an order: its order id, or its client id."""


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


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """``B`` of ACCOUNT_UPDATE; ``change`` excludes PnL and commission."""

    asset: str
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal


@dataclass(frozen=True, slots=True)
class PositionRow:
    """``P`` of ACCOUNT_UPDATE; ``amount`` is signed, negative for a SHORT."""

    symbol: str
    side: PositionSide
    amount: Decimal
    entry_price: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    margin_type: MarginType
    isolated_wallet: Decimal
    margin_asset: str
    break_even: Decimal


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """ACCOUNT_UPDATE: the balances and positions that changed; ``reason`` is ``m``."""

    reason: str
    balances: tuple[BalanceRow, ...]
    positions: tuple[PositionRow, ...]
    exch_ms: int
    symbol: str = ""


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


@dataclass(frozen=True, slots=True)
class LeverageEvent:
    """ACCOUNT_CONFIG_UPDATE with ``ac``."""

    symbol: str
    leverage: int
    exch_ms: int


@dataclass(frozen=True, slots=True)
class MultiAssetsEvent:
    """ACCOUNT_CONFIG_UPDATE with ``ai``."""

    enabled: bool
    exch_ms: int


@dataclass(frozen=True, slots=True)
class MarginCallRow:
    """A leg in danger; ``amount`` signed, ``mark`` zero while none is known."""

    symbol: str
    side: PositionSide
    amount: Decimal
    margin_type: MarginType
    isolated_wallet: Decimal
    mark: Decimal
    unrealized_pnl: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class MarginCallEvent:
    """MARGIN_CALL; ``cross_wallet`` None where the leg in danger is isolated."""

    cross_wallet: Decimal | None
    positions: tuple[MarginCallRow, ...]
    exch_ms: int


ExchangeEvent = OrderEvent | AccountEvent | AlgoEvent | LeverageEvent | MultiAssetsEvent | MarginCallEvent

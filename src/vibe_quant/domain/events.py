"""Everything that can happen to the program, as one closed union.

Each event carries ``exch_ms`` (the exchange's clock, epoch milliseconds) where it has one, and ``recv_ms`` (monotonic
milliseconds, the same clock as ``now`` of ``Engine.handle``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import (
    MarginType,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Source,
    StopStatus,
    Stream,
    WorkingType,
)
from vibe_quant.domain.rules import Brackets, SymbolRules

if TYPE_CHECKING:
    from vibe_quant.domain.settings import Settings

ZERO = Decimal(0)
Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask with their quantities (bookTicker)."""

    symbol: str
    exch_ms: int
    recv_ms: int
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal
    update_id: int = 0


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade (aggTrade); ``buyer_is_maker`` True means that the taker sold."""

    symbol: str
    exch_ms: int
    recv_ms: int
    price: Decimal
    qty: Decimal
    buyer_is_maker: bool
    trade_id: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark price; index and funding rate where the source has them."""

    symbol: str
    exch_ms: int
    recv_ms: int
    price: Decimal
    index: Decimal | None = None
    funding_rate: Decimal | None = None
    source: Source = Source.STREAM


@dataclass(frozen=True, slots=True)
class Depth:
    """The first levels of the book, best first."""

    symbol: str
    exch_ms: int
    recv_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Candle:
    """A one-minute candle; ``closed`` when it will not change any more."""

    symbol: str
    exch_ms: int
    recv_ms: int
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    closed: bool


MarketEvent = Quote | Trade | Mark | Depth | Candle


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """Any report about an order, from REST or the stream; merged by rule in core/orders.py.

    ``filled_qty`` is cumulative; ``last_*``, ``trade_id``, ``fee`` and ``realized_pnl`` are of the trade that
    this report brings (``last_qty`` zero: none).  ``avg_price`` None: not told (REST acks since 2026-06).
    ``expiry_reason`` is the exchange's ``er``.
    """

    symbol: str
    client_id: str
    position_side: PositionSide
    side: OrderSide
    status: OrderStatus
    order_type: OrderType
    qty: Decimal
    price: Decimal
    filled_qty: Decimal
    exch_ms: int
    recv_ms: int
    source: Source
    order_id: int = 0
    avg_price: Decimal | None = None
    last_qty: Decimal = ZERO
    last_price: Decimal = ZERO
    trade_id: int = 0
    is_maker: bool | None = None
    fee: Decimal = ZERO
    fee_asset: str = ""
    realized_pnl: Decimal = ZERO
    expiry_reason: int = 0
    amended: bool = False

    @property
    def remaining(self) -> Decimal:
        """What may still fill."""
        return ZERO if self.status.is_final else self.qty - self.filled_qty


@dataclass(frozen=True, slots=True)
class PositionUpdate:
    """A leg as pushed by the user stream; ``qty`` absolute; ``reason`` is the exchange's ``m``."""

    symbol: str
    side: PositionSide
    qty: Decimal
    entry_price: Decimal
    exch_ms: int
    recv_ms: int
    reason: str = "ORDER"
    margin_type: MarginType = MarginType.CROSSED
    isolated_wallet: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class BalanceUpdate:
    """A wallet as pushed by the user stream."""

    balance: Balance
    exch_ms: int
    recv_ms: int
    reason: str = "ORDER"


@dataclass(frozen=True, slots=True)
class LeverageUpdate:
    """A symbol's leverage (symbolConfig, then ACCOUNT_CONFIG_UPDATE)."""

    symbol: str
    leverage: int
    exch_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class StopReport:
    """Any report about a conditional order, own or foreign."""

    symbol: str
    side: PositionSide
    client_id: str
    status: StopStatus
    order_type: OrderType
    order_side: OrderSide
    trigger_price: Decimal
    close_position: bool
    qty: Decimal
    exch_ms: int
    recv_ms: int
    source: Source = Source.STREAM
    working_type: WorkingType = WorkingType.MARK_PRICE
    algo_id: int = 0
    order_id: int = 0
    filled_qty: Decimal = ZERO
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OpenOrdersRead:
    """All open orders of a symbol, own and foreign; ``request_ms`` is ``now`` when the request left."""

    symbol: str
    orders: tuple[OrderUpdate, ...]
    request_ms: int
    recv_ms: int
    exch_ms: int


@dataclass(frozen=True, slots=True)
class StopsRead:
    """All open conditional orders of a symbol, own and foreign."""

    symbol: str
    stops: tuple[StopReport, ...]
    request_ms: int
    recv_ms: int
    exch_ms: int


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """A REST read of the account; a part that was not read is None.

    ``symbol`` None: the whole account.  A leg absent from ``positions`` is not yet flat (two reads agree first).
    """

    symbol: str | None
    positions: tuple[Position, ...] | None
    balances: tuple[Balance, ...] | None
    orders: tuple[OrderUpdate, ...] | None
    stops: tuple[StopReport, ...] | None
    request_ms: int
    recv_ms: int
    exch_ms: int


@dataclass(frozen=True, slots=True)
class StreamUp:
    """A socket delivers."""

    stream: Stream
    recv_ms: int


@dataclass(frozen=True, slots=True)
class StreamDown:
    """A socket is gone, or silent beyond belief."""

    stream: Stream
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange definitely did not do what was asked; ``code`` is its own."""

    request: RequestKind
    symbol: str
    client_id: str
    code: int
    recv_ms: int
    exch_ms: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the request was executed (timeout, 5xx "unknown", -1007, dropped socket)."""

    request: RequestKind
    symbol: str
    client_id: str
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left this host (breaker open, budget spent, ban)."""

    request: RequestKind
    symbol: str
    client_id: str
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OrderMissing:
    """A query by client id answered "does not exist" at server time ``exch_ms``."""

    symbol: str
    client_id: str
    exch_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class RateUsage:
    """What the exchange's headers say is used and allowed; None where a header was absent."""

    recv_ms: int
    weight_1m: int | None = None
    orders_10s: int | None = None
    orders_1m: int | None = None


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429 until ``until_ms`` (monotonic); ``banned`` for a 418."""

    until_ms: int
    recv_ms: int
    banned: bool = False


@dataclass(frozen=True, slots=True)
class RulesLoaded:
    """Symbol rules, and the maintenance brackets where they were read too."""

    rules: SymbolRules
    recv_ms: int
    brackets: Brackets = ()
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ServerTime:
    """Server time = monotonic now + ``offset_ms``."""

    offset_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class DeadManAck:
    """The exchange confirmed a countdown; zero means that it is off."""

    symbol: str
    countdown_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Operator: no discretionary orders for a symbol (None: all), until ``until_ms`` (monotonic) or undone."""

    recv_ms: int
    symbol: str | None = None
    until_ms: int | None = None
    panic: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Operator: undo a pause, and a halt."""

    recv_ms: int
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Flatten:
    """Operator: work the side down to zero without signals; symbol and side None: all."""

    recv_ms: int
    symbol: str | None = None
    side: PositionSide | None = None


@dataclass(frozen=True, slots=True)
class Reload:
    """Operator: new settings, already validated."""

    recv_ms: int
    settings: Settings
    drop_stops: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Operator or service manager: cancel what is ours and come to rest; protective stops stay."""

    recv_ms: int


@dataclass(frozen=True, slots=True)
class Timer:
    """The moment that ``Engine.deadline`` asked for has come."""

    recv_ms: int


AccountEvent = (
    OrderUpdate
    | PositionUpdate
    | BalanceUpdate
    | LeverageUpdate
    | StopReport
    | OpenOrdersRead
    | StopsRead
    | AccountSnapshot
)
OrderResult = OrderUpdate | Refused | Unknown | NotSent
"""What may come of a submit, cancel or amendment: how the order stands, why it was not done, or that nobody knows."""
AnswerEvent = OrderResult | OrderMissing | RateUsage | RateLimited | DeadManAck
OperatorEvent = Pause | Resume | Flatten | Reload | Stop
Event = (
    MarketEvent | AccountEvent | AnswerEvent | OperatorEvent | StreamUp | StreamDown | RulesLoaded | ServerTime | Timer
)

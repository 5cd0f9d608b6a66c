"""What is told of the account: how orders, stops, legs and wallets stand, by the stream or as read.

``exch_ms`` and ``recv_ms`` are as in ``events.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import (
    MarginType,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    Source,
    StopStatus,
    WorkingType,
)

ZERO = Decimal(0)


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
class PositionsRead:
    """The open legs of the whole account as REST has them, read for their liquidation prices.

    Leverage and margin type are not read: they are not known, or guessed.
    """

    positions: tuple[Position, ...]
    request_ms: int
    recv_ms: int
    exch_ms: int


AccountEvent = (
    OrderUpdate
    | PositionUpdate
    | BalanceUpdate
    | LeverageUpdate
    | StopReport
    | OpenOrdersRead
    | StopsRead
    | AccountSnapshot
    | PositionsRead
)

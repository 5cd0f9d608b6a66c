"""What the exchange remembers of the account for reading later: its trades, its amendments and its income."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.sim.records import (
    AccountEvent,
    AlgoEvent,
    Amendment,
    ExchangeEvent,
    LeverageEvent,
    MarginCallEvent,
    MultiAssetsEvent,
    OrderEvent,
    SimOrder,
)

KEPT = 50_000
FIRST_TRAN_ID = 9_689_322_000
TRANSFERS = ("DEPOSIT", "WITHDRAW", "ADMIN_DEPOSIT", "ADMIN_WITHDRAW")


@dataclass(frozen=True, slots=True)
class TradeRecord:
    """One execution of the account; ``qty`` in the base asset, ``fee`` and ``realized_pnl`` in ``fee_asset``."""

    symbol: str
    trade_id: int
    order_id: int
    side: OrderSide
    position_side: PositionSide
    price: Decimal
    qty: Decimal
    realized_pnl: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    exch_ms: int


@dataclass(frozen=True, slots=True)
class IncomeRecord:
    """One change of a wallet; ``amount`` signed as the wallet felt it, ``trade_id`` zero where there was no trade."""

    symbol: str
    type: str
    amount: Decimal
    asset: str
    info: str
    exch_ms: int
    tran_id: int
    trade_id: int = 0


@dataclass(frozen=True, slots=True)
class AmendmentRecord:
    """One amendment; ``order`` is a copy as of then."""

    number: int
    order: SimOrder
    before: Amendment
    exch_ms: int


class History:
    """The newest ``KEPT`` of each kind, oldest first."""

    def __init__(self, kept: int = KEPT) -> None:
        """``kept`` bounds each of the lists."""
        self.trades: deque[TradeRecord] = deque(maxlen=kept)
        self.income: deque[IncomeRecord] = deque(maxlen=kept)
        self.amendments: deque[AmendmentRecord] = deque(maxlen=kept)
        self._tran_id = FIRST_TRAN_ID
        self._amended = 0

    def record(self, event: ExchangeEvent) -> None:
        """Remember what of an event can be asked for later."""
        match event:
            case OrderEvent():
                self._order(event)
            case AccountEvent():
                self._account(event)
            case AlgoEvent() | LeverageEvent() | MultiAssetsEvent() | MarginCallEvent():
                pass
            case _:
                assert_never(event)

    def _order(self, event: OrderEvent) -> None:
        if event.amended is not None:
            self._amended += 1
            self.amendments.append(AmendmentRecord(self._amended, event.order, event.amended, event.exch_ms))
        if event.last_qty:
            self._trade(event, event.order)

    def _trade(self, event: OrderEvent, order: SimOrder) -> None:
        self.trades.append(
            TradeRecord(
                order.symbol,
                event.trade_id,
                order.order_id,
                order.side,
                order.position_side,
                event.last_price,
                event.last_qty,
                event.realized_pnl,
                event.fee,
                event.fee_asset,
                event.is_maker,
                event.exch_ms,
            )
        )
        at, trade_id = event.exch_ms, event.trade_id
        self._earn(order.symbol, "REALIZED_PNL", event.realized_pnl, event.fee_asset, at, trade_id)
        self._earn(order.symbol, "COMMISSION", -event.fee, event.fee_asset, at, trade_id)

    def _account(self, event: AccountEvent) -> None:
        kind = "TRANSFER" if event.reason in TRANSFERS else event.reason
        if kind in ("TRANSFER", "FUNDING_FEE", "INSURANCE_CLEAR"):
            for row in event.balances:
                self._earn(event.symbol, kind, row.change, row.asset, event.exch_ms)

    def _earn(self, symbol: str, kind: str, amount: Decimal, asset: str, at: int, trade_id: int = 0) -> None:
        if amount:
            self._tran_id += 1
            self.income.append(IncomeRecord(symbol, kind, amount, asset, kind, at, self._tran_id, trade_id))

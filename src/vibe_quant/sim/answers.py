"""Turns the exchange's records into the events that the engine knows."""

from __future__ import annotations

from typing import assert_never

from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import MarginType, OrderStatus, Source
from vibe_quant.domain.events import (
    AccountSnapshot,
    BalanceUpdate,
    Event,
    LeverageUpdate,
    OpenOrdersRead,
    OrderUpdate,
    PositionsRead,
    PositionUpdate,
    StopReport,
    StopsRead,
)
from vibe_quant.sim.account import LegKey
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.liquidation import of_symbol
from vibe_quant.sim.records import (
    ZERO,
    AccountEvent,
    AlgoEvent,
    ExchangeEvent,
    ExecType,
    LeverageEvent,
    MarginCallEvent,
    MultiAssetsEvent,
    OrderEvent,
    SimAlgo,
    SimOrder,
)


def order_ack(order: SimOrder, recv_ms: int) -> OrderUpdate:
    """Answer of POST order with newOrderRespType=ACK: NEW and nothing filled, whatever has happened since."""
    return OrderUpdate(
        order.symbol,
        order.client_id,
        order.position_side,
        order.side,
        OrderStatus.NEW,
        order.order_type,
        order.qty,
        order.price,
        ZERO,
        order.created_ms,
        recv_ms,
        Source.REST,
        order.order_id,
    )


def order_read(order: SimOrder, recv_ms: int, with_price: bool = True) -> OrderUpdate:
    """An order as REST shows it; ``with_price`` False for answers of PUT and DELETE, which lost avgPrice in 2026."""
    return OrderUpdate(
        order.symbol,
        order.client_id,
        order.position_side,
        order.side,
        order.status,
        order.order_type,
        order.qty,
        order.price,
        order.filled_qty,
        order.updated_ms,
        recv_ms,
        Source.REST,
        order.order_id,
        avg_price=order.avg_price if with_price else None,
        expiry_reason=order.expiry_reason,
    )


def stop_report(algo: SimAlgo, recv_ms: int, source: Source) -> StopReport:
    """A conditional order, from REST or the stream."""
    return StopReport(
        algo.symbol,
        algo.position_side,
        algo.client_id,
        algo.status,
        algo.order_type,
        algo.side,
        algo.trigger_price,
        algo.close_position,
        algo.qty,
        algo.updated_ms,
        recv_ms,
        source,
        algo.working_type,
        algo.algo_id,
        algo.order_id,
        algo.filled_qty,
        algo.failure,
    )


def pushed(event: ExchangeEvent, recv_ms: int) -> tuple[Event, ...]:
    """One push of the user stream as events; an ACCOUNT_UPDATE gives one for each balance and position in it."""
    match event:
        case OrderEvent():
            return (_order_event(event, recv_ms),)
        case AccountEvent():
            return _account_event(event, recv_ms)
        case AlgoEvent():
            return (stop_report(event.algo, recv_ms, Source.STREAM),)
        case LeverageEvent():
            return (LeverageUpdate(event.symbol, event.leverage, event.exch_ms, recv_ms),)
        case MultiAssetsEvent() | MarginCallEvent():
            return ()  # the engine computes its own distance to liquidation, and never margins with other assets
        case _:
            assert_never(event)


def _order_event(event: OrderEvent, recv_ms: int) -> OrderUpdate:
    order = event.order
    return OrderUpdate(
        order.symbol,
        order.client_id,
        order.position_side,
        order.side,
        order.status,
        order.order_type,
        order.qty,
        order.price,
        order.filled_qty,
        event.exch_ms,
        recv_ms,
        Source.STREAM,
        order.order_id,
        order.avg_price,
        event.last_qty,
        event.last_price,
        event.trade_id,
        event.is_maker if event.last_qty else None,
        event.fee,
        event.fee_asset,
        event.realized_pnl,
        order.expiry_reason,
        event.exec_type is ExecType.AMENDMENT,
    )


def _account_event(event: AccountEvent, recv_ms: int) -> tuple[Event, ...]:
    balances = tuple(
        BalanceUpdate(
            Balance(row.asset, row.wallet, row.cross_wallet, event.exch_ms), event.exch_ms, recv_ms, event.reason
        )
        for row in event.balances
    )
    positions = tuple(
        PositionUpdate(
            row.symbol,
            row.side,
            abs(row.amount),
            row.entry_price,
            event.exch_ms,
            recv_ms,
            event.reason,
            row.margin_type,
            row.isolated_wallet,
        )
        for row in event.positions
    )
    # Positions first: the smaller leg before the wallet that its loss has left, or liquidation seems nearer than it is.
    return positions + balances


def open_orders(exchange: SimExchange, symbol: str, sent: int, now: int, recv_ms: int) -> OpenOrdersRead:
    """GET openOrders of one symbol."""
    orders = tuple(order_read(order, recv_ms) for order in exchange.open_orders(symbol))
    return OpenOrdersRead(symbol, orders, sent, recv_ms, now)


def stops(exchange: SimExchange, symbol: str, sent: int, now: int, recv_ms: int) -> StopsRead:
    """GET openAlgoOrders of one symbol: the truth at once, unlike the single query."""
    return StopsRead(symbol, _stop_reports(exchange, symbol, recv_ms), sent, recv_ms, now)


def snapshot(exchange: SimExchange, symbol: str | None, sent: int, now: int, recv_ms: int) -> AccountSnapshot:
    """Positions, wallets, open orders and open conditionals in one; closed legs are absent, as in positionRisk v3."""
    account = exchange.account
    return AccountSnapshot(
        symbol,
        _positions(exchange, symbol),
        tuple(Balance(asset, total, account.cross_wallet(asset), now) for asset, total in account.wallets.items()),
        tuple(order_read(order, recv_ms) for order in exchange.open_orders(symbol)),
        _stop_reports(exchange, symbol, recv_ms),
        sent,
        recv_ms,
        now,
    )


def positions(exchange: SimExchange, sent: int, now: int, recv_ms: int) -> PositionsRead:
    """All open legs alone."""
    return PositionsRead(_positions(exchange, None), sent, recv_ms, now)


def _positions(exchange: SimExchange, symbol: str | None) -> tuple[Position, ...]:
    held = [key for key, leg in exchange.account.legs.items() if leg.qty and symbol in (None, key[0])]
    return tuple(position(exchange, key) for key in held)


def _stop_reports(exchange: SimExchange, symbol: str | None, recv_ms: int) -> tuple[StopReport, ...]:
    return tuple(
        stop_report(algo, recv_ms, Source.REST) for algo in exchange.algos.open if symbol in (None, algo.symbol)
    )


def position(exchange: SimExchange, key: LegKey) -> Position:
    """An open leg with the exchange's own liquidation price."""
    account = exchange.account
    leg = account.leg(*key)
    return Position(
        key[0],
        key[1],
        leg.qty,
        leg.entry,
        leg.updated_ms,
        of_symbol(account, *key),
        account.leverage_of(key[0]),
        MarginType.ISOLATED if key[0] in account.isolated else MarginType.CROSSED,
        leg.isolated_wallet,
    )

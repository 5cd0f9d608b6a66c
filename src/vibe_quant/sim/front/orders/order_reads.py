"""Reads of orders, trades and amendments: what each call finds, in which window, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from vibe_quant.domain.enums import OrderStatus
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.market_query import read_limit
from vibe_quant.sim.front.orders.history import History
from vibe_quant.sim.front.orders.order_params import order_ref
from vibe_quant.sim.front.orders.order_wire import OrderWire
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected, SimOrder

T = TypeVar("T")

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
UNFILLED_KEPT_MS = 3 * DAY_MS
KEPT_MS = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class Window:
    """Times in epoch ms, both inclusive; ``given`` where the request named one."""

    start: int
    end: int
    given: bool

    def holds(self, at: int) -> bool:
        """True for a time inside."""
        return self.start <= at <= self.end


class OrderReads:
    """GET order, openOrder, openOrders, allOrders, userTrades, orderAmendment."""

    def __init__(self, exchange: SimExchange, wire: OrderWire, history: History) -> None:
        """``history`` holds the trades and amendments."""
        self._exchange = exchange
        self._wire = wire
        self._history = history

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table."""
        return [
            Endpoint("GET", "/fapi/v1/order", self._order),
            Endpoint("GET", "/fapi/v1/openOrder", self._open_order),
            Endpoint("GET", "/fapi/v1/openOrders", self._open_orders, weight=open_weight),
            Endpoint("GET", "/fapi/v1/allOrders", self._all_orders, weight=5),
            Endpoint("GET", "/fapi/v1/userTrades", self._trades, weight=5),
            Endpoint("GET", "/fapi/v1/orderAmendment", self._amendments),
        ]

    def _order(self, call: Call) -> Json:
        return self._wire.read(self._found(call))

    def _open_order(self, call: Call) -> Json:
        order = self._found(call)
        if order.status.is_final:
            raise Rejected(-2013, "Order does not exist.")
        return self._wire.read(order)

    def _found(self, call: Call) -> SimOrder:
        symbol = call.params.need("symbol")
        self._exchange.venue.market(symbol)
        order = self._exchange.query(symbol, order_ref(call.params), call.now)
        if not is_kept(order, call.now):
            raise Rejected(-2013, "Order does not exist.")
        return order

    def _open_orders(self, call: Call) -> Json:
        orders = self._exchange.open_orders(call.params.text("symbol"))
        return [self._wire.listed(order) for order in sorted(orders, key=lambda order: order.order_id)]

    def _all_orders(self, call: Call) -> Json:
        params, venue = call.params, self._exchange.venue
        symbol = self._symbol(params)
        first = params.integer("orderId")
        window, limit = read_window(params, call.now), read_limit(params, 500, 1000)
        found = [
            order
            for order in venue.by_id.values()
            if symbol in (None, order.symbol) and is_kept(order, call.now) and window.holds(order.created_ms)
            if first is None or order.order_id >= first
        ]
        return [self._wire.read(order) for order in _cut(found, limit, first is not None or window.given)]

    def _symbol(self, params: Params) -> str | None:
        symbol = params.text("symbol")
        if symbol is not None:
            self._exchange.venue.market(symbol)
        return symbol

    def _trades(self, call: Call) -> Json:
        params = call.params
        symbol = params.need("symbol")
        self._exchange.venue.market(symbol)
        order_id, first = params.integer("orderId"), params.integer("fromId")
        if first is not None and ("startTime" in params or "endTime" in params):
            raise Rejected(-1128, "Combination of optional parameters invalid.")
        window, limit = read_window(params, call.now), read_limit(params, 500, 1000)
        if first is not None or order_id is not None:
            window = Window(call.now - KEPT_MS, call.now, True)
        found = [
            trade
            for trade in self._history.trades
            if trade.symbol == symbol and window.holds(trade.exch_ms)
            if order_id in (None, trade.order_id) and (first is None or trade.trade_id >= first)
        ]
        oldest = self._exchange.venue.switches.user_trades_oldest_first or window.given
        return [self._wire.trade(trade) for trade in _cut(found, limit, oldest)]

    def _amendments(self, call: Call) -> Json:
        params = call.params
        symbol = params.need("symbol")
        self._exchange.venue.market(symbol)
        ref = order_ref(params)
        window, limit = read_window(params, call.now, KEPT_MS), read_limit(params, 50, 100)
        found = [
            record
            for record in self._history.amendments
            if record.order.symbol == symbol
            and ref in (record.order.order_id, record.order.client_id)
            and window.holds(record.exch_ms)
        ]
        return [self._wire.amendment(record) for record in found[: -limit - 1 : -1]]


def open_weight(params: Params) -> int:
    """1 with a symbol, 40 for all of them."""
    return 1 if params.get("symbol") else 40


def is_kept(order: SimOrder, now: int) -> bool:
    """Whether the exchange still shows an order: three days if it ended unfilled, ninety otherwise."""
    if not order.status.is_final:
        return True
    unfilled = order.status is not OrderStatus.FILLED and not order.filled_qty
    return now - order.created_ms <= (UNFILLED_KEPT_MS if unfilled else KEPT_MS)


def read_window(params: Params, now: int, longest: int = WEEK_MS) -> Window:
    """From ``startTime`` to ``endTime``; what is missing is ``longest`` away from the other, or the present.

    Raises:
        Rejected: -1023 start after end, -4165 longer than ``longest`` (ms).
    """
    start, end = params.integer("startTime"), params.integer("endTime")
    given = start is not None or end is not None
    if end is None:
        end = now if start is None else start + longest
    if start is None:
        start = end - longest
    if start > end:
        raise Rejected(-1023, "Start time is greater than end time.")
    if end - start > longest:
        raise Rejected(-4165, f"Maximum time interval is {longest // DAY_MS} days.")
    return Window(start, end, given)


def _cut(found: Sequence[T], limit: int, oldest: bool) -> Sequence[T]:
    """The oldest or the newest ``limit``, oldest first."""
    return found[:limit] if oldest else found[-limit:]

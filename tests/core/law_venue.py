"""A small truthful exchange for one symbol: positions, orders and stops as they really are, without any wire.

It does what Binance does with closing orders in hedge mode, the harsher way where nobody knows: over-closing and
crossing post-only orders are refused, one closePosition stop stands a leg, a request older than its window is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from tests.core.law_setup import BRACKETS, EPOCH, LONG, SHORT, SYMBOL, is_own_id, rules_of

from vibe_quant.core.liquidation import Leg, larger_side, liquidation_price
from vibe_quant.domain import events as ev
from vibe_quant.domain import intents as it
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import (
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    RequestKind,
    Source,
    StopStatus,
    TimeInForce,
)
from vibe_quant.domain.rules import SymbolRules

D = Decimal
ZERO, ONE, ENTRY, WALLET = D(0), D(1), D(100), D(60)
TICK = D("0.1")
Answer = (
    ev.OrderUpdate | ev.StopReport | ev.Refused | ev.OrderMissing | ev.OpenOrdersRead | ev.StopsRead | ev.DeadManAck
)


@dataclass
class Resting:
    """One order in truth."""

    client_id: str
    side: PositionSide
    qty: Decimal
    price: Decimal
    order_type: OrderType
    born_ms: int
    filled: Decimal = ZERO
    status: OrderStatus = OrderStatus.NEW
    told_ms: int = 0

    @property
    def remaining(self) -> Decimal:
        return D(0) if self.status.is_final else self.qty - self.filled


@dataclass
class Venue:
    """``push`` takes what the user stream says; answers are returned."""

    push: Callable[[ev.Event], None]
    wallet: Decimal = WALLET
    now: int = 10_000
    bid: Decimal = ENTRY
    mark: Decimal = ENTRY
    legs: dict[PositionSide, Decimal] = field(default_factory=lambda: {LONG: ZERO, SHORT: ZERO})
    leg_ms: dict[PositionSide, int] = field(default_factory=lambda: {LONG: 0, SHORT: 0})
    orders: dict[str, Resting] = field(default_factory=dict)
    stops: dict[str, ev.StopReport] = field(default_factory=dict)
    rules: SymbolRules = field(default_factory=rules_of)
    take_share: Decimal = ONE
    """How much of an order that crosses finds somebody at once."""
    takes_dust: bool = True
    fires: bool = False
    """Whether stops fire when the mark reaches them."""
    countdown_ms: int | None = None
    over_closed: list[it.OrderIntent] = field(default_factory=list)
    trade_id: int = 0

    @property
    def ask(self) -> Decimal:
        return self.bid + TICK

    @property
    def exch(self) -> int:
        return self.now + EPOCH

    def live(self, side: PositionSide, *, own: bool) -> list[Resting]:
        return [o for o in self.orders.values() if o.side is side and o.remaining > 0 and is_own_id(o.client_id) is own]

    def claimed(self, side: PositionSide) -> Decimal:
        return sum((o.remaining for own in (True, False) for o in self.live(side, own=own)), D(0))

    def liq(self) -> tuple[PositionSide, Decimal] | None:
        """The leg that is liquidated first, and where."""
        legs = [Leg(side, qty, ENTRY) for side, qty in self.legs.items() if qty > 0]
        side = larger_side(legs)
        price = liquidation_price(legs, self.wallet, D(0), D(0), BRACKETS)
        return None if side is None or price is None else (side, price)

    def submit(self, intent: it.OrderIntent) -> Answer:
        assert intent.price is None or intent.price % self.rules.tick == 0, f"{intent} is off the grid"
        code = self._refusal(intent)
        if code is not None:
            return self._refused(RequestKind.SUBMIT, intent.client_id, code)
        sells = intent.side is OrderSide.SELL
        touch = self.bid if sells else self.ask
        price = intent.price if intent.price is not None else touch
        order = Resting(intent.client_id, intent.position_side, intent.qty, price, intent.order_type, self.now)
        self.orders[order.client_id] = order
        self.tell(order)
        if price <= touch if sells else price >= touch:
            share = D(1) if intent.order_type is OrderType.MARKET else self.take_share
            self.fill(order, self.rules.floor_qty(order.qty * share) if share < 1 else order.qty, maker=False)
        return self.report(order, Source.REST)

    def _refusal(self, intent: it.OrderIntent) -> int | None:
        if self.exch > intent.timestamp_ms + intent.recv_window_ms:
            return -1021
        leg = self.legs[intent.position_side]
        if intent.qty + self.claimed(intent.position_side) > leg:
            self.over_closed.append(intent)
            return -2022
        if intent.price is not None and intent.time_in_force is TimeInForce.GTX:
            crosses = intent.price <= self.bid if intent.side is OrderSide.SELL else intent.price >= self.ask
            if crosses:
                return -5022
        small = intent.qty * (intent.price or self.bid) < self.rules.min_notional
        return -4164 if small and not (self.takes_dust and intent.qty == leg) else None

    def cancel(self, client_id: str) -> Answer:
        order = self.orders.get(client_id)
        if order is None or order.status.is_final:
            return self._refused(RequestKind.CANCEL, client_id, -2011)
        self.end(order, OrderStatus.CANCELED)
        return self.report(order, Source.REST)

    def amend(self, intent: it.AmendOrder) -> Answer:
        order = self.orders.get(intent.client_id)
        if order is None or order.status.is_final:
            return self._refused(RequestKind.AMEND, intent.client_id, -2013)
        crosses = intent.price <= self.bid if order.side is LONG else intent.price >= self.ask
        if intent.qty <= order.filled or crosses:
            self.end(order, OrderStatus.CANCELED)
            return self.report(order, Source.REST)
        order.qty, order.price = intent.qty, intent.price
        self.tell(order, amended=True)
        return replace(self.report(order, Source.REST), amended=True)

    def query(self, client_id: str, *, blind: bool) -> Answer:
        """``blind``: a young order is not found yet."""
        order = self.orders.get(client_id)
        if order is None or (blind and self.now - order.born_ms < 1000):
            return ev.OrderMissing(SYMBOL, client_id, self.exch, self.now)
        return self.report(order, Source.REST)

    def end(self, order: Resting, status: OrderStatus, expiry_reason: int = 0) -> None:
        order.status = status
        self.tell(order, expiry_reason=expiry_reason)

    def fill(self, order: Resting, qty: Decimal, *, maker: bool) -> None:
        """Somebody takes the other side of up to ``qty``; row and report share their moment."""
        qty = min(qty, order.remaining, self.legs[order.side])
        if qty <= 0:
            return
        order.filled += qty
        order.status = OrderStatus.FILLED if order.filled == order.qty else OrderStatus.PARTIALLY_FILLED
        self.change(order.side, -qty, "ORDER")
        self.trade_id += 1
        self.tell(order, last=qty, maker=maker)

    def change(self, side: PositionSide, by: Decimal, reason: str) -> None:
        """The leg becomes larger or smaller."""
        self.legs[side] += by
        assert self.legs[side] >= 0, "law 1: the leg has flipped"
        self.leg_ms[side] = self.exch
        self.push(ev.PositionUpdate(SYMBOL, side, self.legs[side], ENTRY, self.exch, self.now, reason))
        for order in list(self.orders.values()):
            if order.side is side and order.remaining > self.legs[side] and reason != "ORDER":
                self.end(order, OrderStatus.EXPIRED, 4)

    def tell(self, order: Resting, *, last: Decimal = ZERO, maker: bool = True, **more: object) -> None:
        order.told_ms = self.exch
        report = self.report(order, Source.STREAM)
        trade = {"last_qty": last, "last_price": order.price, "trade_id": self.trade_id if last else 0}
        self.push(replace(report, **trade, is_maker=maker, fee=last / 100, fee_asset="USDT", **more))  # type: ignore[arg-type]

    def report(self, order: Resting, source: Source) -> ev.OrderUpdate:
        """As it is now; times and prices of single trades are the stream's."""
        return ev.OrderUpdate(
            SYMBOL,
            order.client_id,
            order.side,
            order.side.exit_side,
            order.status,
            order.order_type,
            order.qty,
            order.price,
            order.filled,
            order.told_ms,
            self.now,
            source,
        )

    def place_stop(self, intent: it.PlaceStop) -> Answer:
        side, trigger = intent.position_side, intent.trigger_price
        through = trigger >= self.mark if side is LONG else trigger <= self.mark
        if through:
            return self._refused(RequestKind.PLACE_STOP, intent.client_id, -2021)
        if intent.qty is None and any(s.close_position and s.side is side for s in self.stops.values()):
            return self._refused(RequestKind.PLACE_STOP, intent.client_id, -4130)
        return self.rest_stop(intent.client_id, side, trigger, intent.qty)

    def rest_stop(self, client_id: str, side: PositionSide, trigger: Decimal, qty: Decimal | None) -> ev.StopReport:
        kind, closes = OrderType.STOP_MARKET, qty is None
        report = ev.StopReport(
            SYMBOL,
            side,
            client_id,
            StopStatus.NEW,
            kind,
            side.exit_side,
            trigger,
            closes,
            qty or D(0),
            self.exch,
            self.now,
        )
        self.stops[client_id] = report
        self.push(report)
        return replace(report, source=Source.REST)

    def cancel_stop(self, client_id: str) -> Answer:
        if client_id not in self.stops:
            return self._refused(RequestKind.CANCEL_STOP, client_id, -2011)
        return replace(self.end_stop(client_id, StopStatus.CANCELED), source=Source.REST)

    def end_stop(self, client_id: str, status: StopStatus) -> ev.StopReport:
        report = replace(self.stops.pop(client_id), status=status, exch_ms=self.exch, recv_ms=self.now)
        self.push(report)
        return report

    def fire(self) -> None:
        """Stops that the mark has reached close their leg."""
        for client_id, stop in list(self.stops.items()):
            reached = self.mark <= stop.trigger_price if stop.side is LONG else self.mark >= stop.trigger_price
            if not reached or not self.fires:
                continue
            for status in (StopStatus.TRIGGERING, StopStatus.TRIGGERED):
                self.push(replace(stop, status=status, exch_ms=self.exch, recv_ms=self.now))
            qty = self.legs[stop.side] if stop.close_position else min(stop.qty, self.legs[stop.side])
            if qty > 0:
                self.change(stop.side, -qty, "STOP")
                order = Resting(
                    client_id, stop.side, qty, self.bid, OrderType.MARKET, self.now, qty, OrderStatus.FILLED
                )
                self.tell(order, last=qty, maker=False)
            self.end_stop(client_id, StopStatus.FINISHED)

    def countdown(self) -> None:
        """The dead-man's switch has run out: every order goes, stops stay."""
        if self.countdown_ms is not None and self.now >= self.countdown_ms:
            self.countdown_ms = None
            for order in list(self.orders.values()):
                if order.remaining > 0:
                    self.end(order, OrderStatus.CANCELED)

    def positions(self) -> tuple[Position, ...]:
        """What REST lists: legs that are held, with the price that both share."""
        shared = self.liq()
        liq = None if shared is None else shared[1]
        return tuple(
            Position(SYMBOL, side, qty, ENTRY, self.leg_ms[side], liq, 10) for side, qty in self.legs.items() if qty > 0
        )

    def snapshot(self, request_ms: int) -> ev.AccountSnapshot:
        wallet = (Balance("USDT", self.wallet, self.wallet, self.exch),)
        orders, stops = self.open_orders(), tuple(self.stops.values())
        return ev.AccountSnapshot(None, self.positions(), wallet, orders, stops, request_ms, self.now, self.exch)

    def open_orders(self) -> tuple[ev.OrderUpdate, ...]:
        return tuple(self.report(order, Source.REST) for order in self.orders.values() if order.remaining > 0)

    def _refused(self, kind: RequestKind, client_id: str, code: int) -> ev.Refused:
        return ev.Refused(kind, SYMBOL, client_id, code, self.now, self.exch, "refused")

"""Account news: order, position, wallet and stop reports, and the REST reads that they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vibe_quant.core.desk import Desk
from vibe_quant.core.order_states import Plain
from vibe_quant.core.strangers import Strangers
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import PositionSide, Source
from vibe_quant.domain.intents import Intent

if TYPE_CHECKING:
    from vibe_quant.core.engine import Engine

ZERO = Decimal(0)
Handler = Callable[[Any, int], list[Intent]]


class Reports:
    """Books what the account says, then tells the sides."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._house = engine.house
        self._strangers = Strangers(engine.house)
        self._stop_fills: dict[str, Decimal] = {}

    def table(self) -> dict[type[Any], Handler]:
        """Event type -> handler."""
        return {
            ev.OrderUpdate: self._order,
            ev.PositionUpdate: self._position,
            ev.BalanceUpdate: self._balance,
            ev.LeverageUpdate: self._leverage,
            ev.StopReport: self._stop,
            ev.OpenOrdersRead: self._open_orders,
            ev.StopsRead: self._stops,
            ev.AccountSnapshot: self._snapshot,
            ev.PositionsRead: self._prices,
        }

    def _order(self, update: ev.OrderUpdate, now: int) -> list[Intent]:
        self._heard(update.source, now)
        desk = self._engine.desk(update.symbol)
        if not self._house.is_own(update.client_id):
            self._house.foreign.report(update)
            return [] if desk is None else desk.news.foreign_fill(update)
        if self._house.stop_ids.is_own(update.client_id):
            return [] if desk is None else self._stop_order(desk, update, now)
        return self._strangers.orphan(update, now) if desk is None else self._own(desk, update, now)

    def _own(self, desk: Desk, update: ev.OrderUpdate, now: int) -> list[Intent]:
        merged = self._house.orders.merge(update)
        if merged is None:
            return self._strange(desk, update, now)
        key = merged.after.side
        side = desk.sides[key]
        self._house.counter(desk.symbol, key).report(update)
        out: list[Intent] = []
        if merged.filled > 0:
            side.leg.on_fill(merged.filled, update.exch_ms, now, summed=merged.filled != update.last_qty)
            if merged.before.is_final and merged.after.is_final:
                out.append(side.aftermath.late(merged))
            out += desk.on_leg(key, None, now)
        return out + side.settle(side.execution.reported(merged.after, now), now)

    def _stop_order(self, desk: Desk, update: ev.OrderUpdate, now: int) -> list[Intent]:
        """The order that an own protective stop has sent: its fills count, the stop's keeper hears of it by itself."""
        known = self._stop_fills.get(update.client_id, ZERO)
        if update.filled_qty <= known:
            return []
        self._stop_fills[update.client_id] = update.filled_qty
        leg, news = self._house.account.leg(desk.symbol, update.position_side), update.filled_qty - known
        leg.on_fill(news, update.exch_ms, now, summed=news != update.last_qty)
        return desk.on_leg(update.position_side, None, now)

    def _strange(self, desk: Desk, update: ev.OrderUpdate, now: int) -> list[Intent]:
        """Our prefix, and not in the ledger: a leftover at start is cancelled, later it is a second instance."""
        if update.position_side not in desk.sides:
            return self._strangers.orphan(update, now)
        self._house.sync.surprise(now, f"order {update.client_id} carries our prefix and is not known")
        if self._strangers.adopt(update, now):
            return self._own(desk, update, now)
        return self._strangers.of_another(update)

    def _position(self, update: ev.PositionUpdate, now: int) -> list[Intent]:
        self._house.rough_offset_ms = update.exch_ms - now
        self._heard(Source.STREAM, now)
        desk = self._engine.desk(update.symbol)
        if desk is None:
            return self._house.bystanders.on_row(update, now)
        change = self._house.account.leg(update.symbol, update.side).on_row(update, now)
        if change is None:
            return []
        self._house.counter(update.symbol, update.side).row(update.qty, update.exch_ms)
        return desk.on_leg(update.side, change, now)

    def _balance(self, update: ev.BalanceUpdate, now: int) -> list[Intent]:
        self._heard(Source.STREAM, now)
        if not self._house.account.on_balance(update):
            return []
        self._engine.margins.keep()
        return [intent for desk in self._engine.desks.values() for intent in desk.on_margin(now)]

    def _leverage(self, update: ev.LeverageUpdate, now: int) -> list[Intent]:
        self._heard(Source.STREAM, now)
        self._house.account.leverage[update.symbol] = update.leverage
        desk = self._engine.desk(update.symbol)
        return [] if desk is None else [intent for key in PositionSide for intent in desk.on_leg(key, None, now)]

    def _stop(self, report: ev.StopReport, now: int) -> list[Intent]:
        self._heard(report.source, now)
        desk = self._engine.desks.get(report.symbol)
        return [] if desk is None else desk.pair.tell_stops(lambda stop: stop.on_stop_report(report, now), now)

    def _stops(self, read: ev.StopsRead, now: int) -> list[Intent]:
        desk = self._engine.desks.get(read.symbol)
        return [] if desk is None else desk.pair.tell_stops(lambda stop: stop.on_stops_read(read, now), now)

    def _open_orders(self, read: ev.OpenOrdersRead, now: int) -> list[Intent]:
        return self._orders_of(read.symbol, read.orders, read.request_ms, now)

    def _orders_of(self, symbol: str, orders: tuple[ev.OrderUpdate, ...], request_ms: int, now: int) -> list[Intent]:
        """A symbol's open orders: each is a report, and what is not listed is told to whoever waits for it."""
        self._house.foreign.listed(symbol, tuple(o for o in orders if not self._house.is_own(o.client_id)), request_ms)
        out = [i for order in orders if self._house.is_own(order.client_id) for i in self._order(order, now)]
        listed = frozenset(order.client_id for order in orders)
        desk = self._engine.desks.get(symbol)
        for side in desk.sides.values() if desk is not None else ():
            out += side.settle(side.execution.listed(listed, request_ms, now), now)
            for order in list(self._house.orders.live(symbol, side.side)):
                if order.client_id not in listed and max(order.sent_ms, order.heard_ms) < request_ms:
                    out += side.settle(side.execution.plain(order.client_id, Plain.STREAM_LOST, now), now)
        return out

    def _snapshot(self, read: ev.AccountSnapshot, now: int) -> list[Intent]:
        self._house.rough_offset_ms = read.exch_ms - now
        complete = read.positions is not None and read.orders is not None
        if read.balances is not None:
            self._house.account.on_balances_read(read.balances)
        out = self._positions_read(read, read.positions, now) if read.positions is not None else []
        for symbol in self._symbols(read):
            if read.orders is not None:
                mine = tuple(order for order in read.orders if order.symbol == symbol)
                out += self._orders_of(symbol, mine, read.request_ms, now)
            if read.stops is not None:
                stops = tuple(stop for stop in read.stops if stop.symbol == symbol)
                out += self._stops(ev.StopsRead(symbol, stops, read.request_ms, now, read.exch_ms), now)
        if read.symbol is None:
            self._house.sync.answered(read.request_ms, now, complete=complete)
            if read.positions is not None:
                self._house.reads.answered(read.request_ms, now)
            if complete and self._strangers.first_read_ms is None:
                self._strangers.first_read_ms = now
                self._house.early = None
        if any(leg.is_contradicted for leg in self._house.account.legs.values()):
            self._house.sync.again(now)
        return out

    def _prices(self, read: ev.PositionsRead, now: int) -> list[Intent]:
        """Liquidation prices; where the legs beside them are others than ours the whole account is compared."""
        found = {(p.symbol, p.side): p.qty for p in read.positions}
        for key, leg in self._house.account.legs.items():
            held = found.get(key, ZERO)
            if leg.known and leg.touched_ms < read.request_ms and not leg.qty <= held <= leg.row:
                self._house.sync.surprise(now, f"{leg.symbol} {leg.side}: a read says {held}, counted were {leg.qty}")
        self._engine.margins.keep()  # each of hundreds asks what all others need
        out = [
            intent
            for desk in self._engine.desks.values()
            for intent in desk.on_positions_read(read.positions, read.request_ms, now)
        ]
        self._engine.margins.forget()
        self._house.reads.answered(read.request_ms, now)
        return out

    def _symbols(self, read: ev.AccountSnapshot) -> list[str]:
        """What the read is about; orders of an earlier run may rest where nothing is managed any more."""
        if read.symbol is not None:
            return [read.symbol]
        return list(dict.fromkeys([*self._engine.desks, *(order.symbol for order in read.orders or ())]))

    def _positions_read(self, read: ev.AccountSnapshot, positions: tuple[Position, ...], now: int) -> list[Intent]:
        found = {(p.symbol, p.side): p for p in positions}
        others = [p for p in positions if p.qty > 0 and self._engine.desk(p.symbol) is None]
        out = self._house.bystanders.on_read(others, read.symbol, read.request_ms)
        for position in positions:
            if position.leverage is not None:
                self._house.account.leverage[position.symbol] = position.leverage
        self._engine.margins.keep()  # each of hundreds asks what all others need
        for symbol, desk in list(self._engine.desks.items()):
            if read.symbol not in (None, symbol):
                continue
            for key in PositionSide:
                out += self._leg_read(desk, key, found.get((symbol, key)), read.request_ms, now)
            out += desk.on_positions_read(positions, read.request_ms, now)
        self._engine.margins.forget()
        return out

    def _leg_read(
        self, desk: Desk, key: PositionSide, position: Position | None, request_ms: int, now: int
    ) -> list[Intent]:
        leg = self._house.account.leg(desk.symbol, key)
        change = leg.on_read(position, request_ms, now)
        self._engine.margins.keep(desk.symbol)
        if change is None:
            return []
        self._house.counter(desk.symbol, key).read(leg.row, leg.row_ms)
        return desk.on_leg(key, change, now)

    def _heard(self, source: Source, now: int) -> None:
        if source is Source.STREAM:
            self._house.heard_ms = now

"""Which frames of the user stream follow from what the exchange told, in which order, and how an order's are written.

A match tells, in this order: TRADE_LITE of every execution, NEW of the taker (by switch the two change places), then
ACCOUNT_UPDATE and ORDER_TRADE_UPDATE of each execution.  All carry the same ``T``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from vibe_quant.sim.front.account.account_wire import account_update, config_update, margin_call
from vibe_quant.sim.front.account.amounts import stripped
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.padded import padded
from vibe_quant.sim.front.orders.algo_wire import algo_update
from vibe_quant.sim.front.streams.user_frame import UserFrame
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import (
    AccountEvent,
    AlgoEvent,
    ExchangeEvent,
    ExecType,
    LeverageEvent,
    MarginCallEvent,
    MultiAssetsEvent,
    OrderEvent,
    SimOrder,
)
from vibe_quant.sim.switches import Switches


class UserEvents:
    """Turns the exchange's events into frames; holds nothing between two calls."""

    def __init__(self, instruments: Mapping[str, Instrument], switches: Switches) -> None:
        """``instruments`` give the precision of TRADE_LITE's numbers."""
        self._instruments = instruments
        self._switches = switches

    def frames(self, events: Sequence[ExchangeEvent]) -> list[UserFrame]:
        """The frames of what happened since the last call, in the order in which they leave."""
        beside = 1 if self._switches.account_update_first else -1
        return [frame for match in _matches(events, beside) for frame in self._match(match)]

    def _match(self, match: Sequence[ExchangeEvent]) -> Iterator[UserFrame]:
        first = match[0]
        rest = match
        if not self._switches.trade_lite_before_new and _is_new(first):
            yield self._frame(first)
            rest = match[1:]
        for event in match:
            if isinstance(event, OrderEvent) and event.exec_type is ExecType.TRADE:
                yield UserFrame("TRADE_LITE", event.exch_ms, self._trade_lite(event))
        for event in rest:
            yield self._frame(event)

    def _frame(self, event: ExchangeEvent) -> UserFrame:
        match event:
            case OrderEvent():
                name, body = "ORDER_TRADE_UPDATE", self._order_update(event)
            case AccountEvent():
                name, body = "ACCOUNT_UPDATE", account_update(event, self._switches.both_row_pushed)
            case AlgoEvent():
                name, body = "ALGO_UPDATE", algo_update(event, self._instruments[event.algo.symbol])
            case LeverageEvent() | MultiAssetsEvent():
                name, body = "ACCOUNT_CONFIG_UPDATE", config_update(event)
            case MarginCallEvent():
                name, body = "MARGIN_CALL", margin_call(event)
            case _:
                assert_never(event)
        return UserFrame(name, event.exch_ms, body)

    def _trade_lite(self, event: OrderEvent) -> Json:
        """Padded numbers, and neither position side nor fee."""
        order, at = event.order, event.exch_ms
        instrument = self._instruments[order.symbol]
        price, qty = instrument.price_places, instrument.qty_places
        return {
            "e": "TRADE_LITE",
            "E": at,
            "T": at,
            "s": order.symbol,
            "q": padded(order.qty, qty),
            "p": padded(order.price, price),
            "m": event.is_maker,
            "c": order.client_id,
            "S": order.side.value,
            "L": padded(event.last_price, price),
            "l": padded(event.last_qty, qty),
            "t": event.trade_id,
            "i": order.order_id,
        }

    def _order_update(self, event: OrderEvent) -> Json:
        return {
            "e": "ORDER_TRADE_UPDATE",
            "T": event.exch_ms,
            "E": event.exch_ms,
            "o": self._state(event, event.order) | _execution(event) | self._terms(event),
        }

    def _state(self, event: OrderEvent, order: SimOrder) -> dict[str, Json]:
        instrument = self._instruments[order.symbol]
        places = instrument.price_places + instrument.qty_places
        return {
            "s": order.symbol,
            "c": order.client_id,
            "S": order.side.value,
            "o": order.order_type.value,
            "f": order.time_in_force.value,
            "q": stripped(order.qty),
            "p": stripped(order.price),
            "ap": stripped(round(order.avg_price, places)),
            "sp": stripped(order.stop_price),
            "x": event.exec_type.value,
            "X": order.status.value,
            "i": order.order_id,
        }

    def _terms(self, event: OrderEvent) -> dict[str, Json]:
        order = event.order
        terms: dict[str, Json] = {
            "R": order.is_closer and self._switches.closers_show_reduce_only,
            "wt": order.working_type.value,
            "ot": order.orig_type.value,
            "ps": order.position_side.value,
            "cp": order.close_position,
            "rp": stripped(event.realized_pnl),
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": order.stp.value,
            "pm": "NONE" if order.price_match is None else order.price_match.value,
            "gtd": order.good_till_ms,
            "er": str(int(order.expiry_reason)),
        }
        if event.amended is not None and event.amended.modify_id:
            terms["M"] = event.amended.modify_id
        return terms


def _execution(event: OrderEvent) -> dict[str, Json]:
    return {
        "l": stripped(event.last_qty),
        "z": stripped(event.order.filled_qty),
        "L": stripped(event.last_price),
        "n": stripped(event.fee),
        "N": event.fee_asset,
        "T": event.exch_ms,
        "t": event.trade_id,
        "b": stripped(event.bids),
        "a": stripped(event.asks),
        "m": event.is_maker,
    }


def _matches(events: Sequence[ExchangeEvent], beside: int) -> Iterator[Sequence[ExchangeEvent]]:
    """Runs of neighbours that belong to one order at one time; whatever is of no order stands alone.

    ``beside`` leads from an ACCOUNT_UPDATE to the execution that it belongs to.
    """
    start = 0
    keys = [_order_at(events, index, beside) for index in range(len(events))]
    for index in range(1, len(events) + 1):
        if index == len(events) or keys[index] is None or keys[index] != keys[start]:
            yield events[start:index]
            start = index


def _order_at(events: Sequence[ExchangeEvent], index: int, beside: int) -> tuple[int, int] | None:
    """(order id, time) of the order that an event is about; None where it is about none."""
    event = events[index]
    if isinstance(event, AccountEvent) and event.reason == "ORDER" and 0 <= index + beside < len(events):
        event = events[index + beside]
    return (event.order.order_id, event.exch_ms) if isinstance(event, OrderEvent) else None


def _is_new(event: ExchangeEvent) -> bool:
    return isinstance(event, OrderEvent) and event.exec_type is ExecType.NEW

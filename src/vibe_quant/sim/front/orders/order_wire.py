"""How REST writes an order and a trade: which keys, in which order, and how each number is padded.

Answers of POST, PUT and DELETE lost ``avgPrice`` and ``cumQuote`` in June 2026; reads kept them.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vibe_quant.domain.enums import OrderStatus
from vibe_quant.sim.front.account.amounts import fixed, or_zero, stripped
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.padded import padded
from vibe_quant.sim.front.orders.history import AmendmentRecord, TradeRecord
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import ZERO, SimOrder
from vibe_quant.sim.switches import Switches


class OrderWire:
    """Orders and trades as JSON objects; symbols are keys of ``instruments``."""

    def __init__(self, instruments: Mapping[str, Instrument], switches: Switches) -> None:
        """``instruments`` give the precision that numbers are padded to."""
        self._instruments = instruments
        self._switches = switches

    def ack(self, order: SimOrder) -> dict[str, Json]:
        """Answer of DELETE, and of POST with RESULT: the order as it is."""
        return self._answer(order, order.status, order.filled_qty, order.updated_ms)

    def amended(self, order: SimOrder, modify_id: int | None) -> dict[str, Json]:
        """Answer of PUT: the order as given, with the client's own number for the amendment if there was one."""
        answer = self.ack(order)
        if modify_id is None:
            return answer
        named: dict[str, Json] = {}
        for key, value in answer.items():
            named[key] = value
            if key == "clientOrderId":
                named["modifyId"] = modify_id
        return named

    def accepted(self, order: SimOrder) -> dict[str, Json]:
        """Answer of POST: the order when it was accepted, whatever has happened since."""
        return self._answer(order, OrderStatus.NEW, ZERO, order.created_ms)

    def _answer(self, order: SimOrder, status: OrderStatus, filled: Decimal, updated_ms: int) -> dict[str, Json]:
        instrument = self._instruments[order.symbol]
        price, qty = instrument.price_places, instrument.qty_places
        return {
            "orderId": order.order_id,
            "symbol": order.symbol,
            "status": status.value,
            "clientOrderId": order.client_id,
            "price": padded(order.price, price),
            "origQty": padded(order.qty, qty),
            "executedQty": padded(filled, qty),
            "cumQty": padded(filled, qty),
            **self._terms(order, padded(order.stop_price, price)),
            "updateTime": updated_ms,
        }

    def read(self, order: SimOrder) -> dict[str, Json]:
        """GET order, openOrder and allOrders: padded like the answers."""
        instrument = self._instruments[order.symbol]
        price, qty = instrument.price_places, instrument.qty_places
        filled = order.filled_qty
        return {
            "orderId": order.order_id,
            "symbol": order.symbol,
            "status": order.status.value,
            "clientOrderId": order.client_id,
            "price": padded(order.price, price),
            "avgPrice": fixed(order.avg_price, price + qty) if filled else padded(ZERO, price),
            "origQty": padded(order.qty, qty),
            "executedQty": padded(filled, qty),
            "cumQuote": fixed(order.quote_qty, price + qty),
            **self._terms(order, padded(order.stop_price, price)),
            "time": order.created_ms,
            "updateTime": order.updated_ms,
        }

    def listed(self, order: SimOrder) -> dict[str, Json]:
        """GET openOrders: the same keys, stripped but for ``cumQuote`` and a stop price."""
        instrument = self._instruments[order.symbol]
        stop = padded(order.stop_price, instrument.price_places) if order.stop_price else "0"
        filled = order.filled_qty
        return self.read(order) | {
            "price": stripped(order.price),
            "avgPrice": fixed(order.avg_price, instrument.price_places + instrument.qty_places) if filled else "0",
            "origQty": stripped(order.qty),
            "executedQty": stripped(filled),
            "stopPrice": stop,
        }

    def _terms(self, order: SimOrder, stop_price: str) -> dict[str, Json]:
        return {
            "timeInForce": order.time_in_force.value,
            "type": order.order_type.value,
            "reduceOnly": order.is_closer and self._switches.closers_show_reduce_only,
            "closePosition": order.close_position,
            "side": order.side.value,
            "positionSide": order.position_side.value,
            "stopPrice": stop_price,
            "workingType": order.working_type.value,
            "priceProtect": False,
            "origType": order.orig_type.value,
            "priceMatch": "NONE" if order.price_match is None else order.price_match.value,
            "selfTradePreventionMode": order.stp.value,
            "goodTillDate": order.good_till_ms,
        }

    def trade(self, trade: TradeRecord) -> dict[str, Json]:
        """A row of GET userTrades."""
        instrument = self._instruments[trade.symbol]
        price, qty = instrument.price_places, instrument.qty_places
        return {
            "symbol": trade.symbol,
            "id": trade.trade_id,
            "orderId": trade.order_id,
            "pair": trade.symbol,
            "side": trade.side.value,
            "price": padded(trade.price, price),
            "qty": padded(trade.qty, qty),
            "realizedPnl": or_zero(trade.realized_pnl),
            "quoteQty": fixed(trade.price * trade.qty, price + qty),
            "commission": or_zero(trade.fee),
            "commissionAsset": trade.fee_asset,
            "time": trade.exch_ms,
            "positionSide": trade.position_side.value,
            "baseQty": "0",
            "marginAsset": instrument.rules.margin_asset,
            "buyer": trade.side.value == "BUY",
            "maker": trade.is_maker,
        }

    def amendment(self, record: AmendmentRecord) -> dict[str, Json]:
        """A row of GET orderAmendment."""
        order, before = record.order, record.before
        return {
            "amendmentId": record.number,
            "symbol": order.symbol,
            "pair": order.symbol,
            "orderId": order.order_id,
            "clientOrderId": order.client_id,
            "time": record.exch_ms,
            "amendment": {
                "price": {"before": stripped(before.price), "after": stripped(order.price)},
                "origQty": {"before": stripped(before.qty), "after": stripped(order.qty)},
                "count": order.amendments,
            },
        }

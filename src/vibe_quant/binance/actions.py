"""What the program does at the exchange: closing orders and protective stops, and asking what became of an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vibe_quant.binance import order_codec, stop_codec
from vibe_quant.binance.asking import Asker, Params, Reader
from vibe_quant.binance.holds import Hold
from vibe_quant.binance.listing import Listing
from vibe_quant.binance.venue_codec import countdown
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import SignalReason
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.ports import Accepted, Outcome

T = TypeVar("T")
URGENT = frozenset({SignalReason.PANIC, SignalReason.STOP_THROUGH, SignalReason.STOP_REMAINDER})
"""Reasons of orders that a back-off does not hold up: they end risk."""


class Actions:
    """Each sends one request, once."""

    def __init__(self, asker: Asker, listing: Listing) -> None:
        self._asker = asker
        self._listing = listing

    async def submit(self, order: OrderIntent) -> Outcome[ev.OrderUpdate]:
        """POST order; the acknowledgement has no average price."""
        return await self._act(
            "fapiPrivatePostOrder",
            order.symbol,
            lambda raw: order_codec.order_params(order, raw),
            _ack(order),
            Hold.URGENT if order.reason in URGENT else Hold.ORDINARY,
        )

    async def cancel(self, cancel: CancelOrder) -> Outcome[ev.OrderUpdate]:
        """DELETE order; a back-off holds it up in the core, where it is not known for urgent: panic's must pass."""
        return await self._act(
            "fapiPrivateDeleteOrder",
            cancel.symbol,
            lambda raw: {"symbol": raw, "origClientOrderId": cancel.client_id},
            _ack(cancel),
            Hold.URGENT,
        )

    async def amend(self, amend: AmendOrder) -> Outcome[ev.OrderUpdate]:
        """PUT order."""
        return await self._act(
            "fapiPrivatePutOrder", amend.symbol, lambda raw: order_codec.amend_params(amend, raw), _ack(amend)
        )

    async def query(self, query: QueryOrder) -> Outcome[ev.OrderUpdate]:
        """GET order."""
        return await self._act(
            "fapiPrivateGetOrder",
            query.symbol,
            lambda raw: {"symbol": raw, "origClientOrderId": query.client_id},
            lambda text, recv: order_codec.read_order(text, query.symbol, query.client_id, recv, with_price=True),
        )

    async def place_stop(self, stop: PlaceStop) -> Outcome[ev.StopReport]:
        """POST algoOrder."""
        return await self._act(
            "fapiPrivatePostAlgoOrder",
            stop.symbol,
            lambda raw: stop_codec.stop_params(stop, raw),
            lambda text, recv: stop_codec.placed_stop(text, stop, recv),
            Hold.URGENT,
        )

    async def cancel_stop(self, cancel: CancelStop) -> Outcome[ev.StopReport]:
        """DELETE algoOrder, which asks for no symbol."""
        sent = self._asker.clock.server_ms()
        return await self._asker.act(
            "fapiPrivateDeleteAlgoOrder",
            lambda: {"clientAlgoId": cancel.client_id},
            lambda text, recv: stop_codec.canceled_stop(text, cancel, sent, recv),
        )

    async def countdown(self, symbol: str, countdown_ms: int) -> Outcome[ev.DeadManAck]:
        """POST countdownCancelAll."""
        return await self._act(
            "fapiPrivatePostCountdownCancelAll",
            symbol,
            lambda raw: {"symbol": raw, "countdownTime": countdown_ms},
            lambda text, recv: ev.DeadManAck(symbol, countdown(text), recv),
        )

    async def cancel_all(self, symbol: str) -> Outcome[None]:
        """DELETE allOpenOrders."""
        return await self._act(
            "fapiPrivateDeleteAllOpenOrders", symbol, lambda raw: {"symbol": raw}, lambda _text, _recv: None
        )

    async def _act(
        self,
        name: str,
        symbol: str,
        make: Callable[[str], Params],
        reader: Reader[T],
        hold: Hold = Hold.ORDINARY,
    ) -> Outcome[T]:
        raw = await self._listing.raw_of(symbol)
        if not isinstance(raw, Accepted):
            return raw
        return await self._asker.act(name, lambda: make(raw.value), reader, hold)


def _ack(asked: OrderIntent | CancelOrder | AmendOrder) -> Reader[ev.OrderUpdate]:
    return lambda text, recv: order_codec.read_order(text, asked.symbol, asked.client_id, recv, with_price=False)

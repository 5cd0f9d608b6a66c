"""Several orders in one request: each leg stands for itself, answered in the order in which it was sent."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.orders.order_wire import OrderWire
from vibe_quant.sim.front.params import INTEGER, Params, illegal
from vibe_quant.sim.records import OrderRef, Rejected

T = TypeVar("T")

BATCH = "/fapi/v1/batchOrders"
MOST_PLACED = 5
MOST_CANCELED = 10
NO_LIST = "Param 'origClientOrderIdList' or 'orderIdList' must be sent, but both were empty/null!"


class Place(Protocol):
    """Places one order from its parameters."""

    def __call__(self, params: Params, now: int, batch: bool = False) -> dict[str, Json]:
        """The answer of its POST."""
        ...


class BatchCalls:
    """POST, PUT and DELETE batchOrders."""

    def __init__(
        self,
        exchange: SimExchange,
        wire: OrderWire,
        place: Place,
        amend: Callable[[Params, int], dict[str, Json]],
    ) -> None:
        """``place`` and ``amend`` work one leg."""
        self._exchange = exchange
        self._wire = wire
        self._place = place
        self._amend = amend

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table."""
        return [
            Endpoint("POST", BATCH, self._post, weight=5, orders=(5, 1)),
            Endpoint("PUT", BATCH, self._put, weight=5, orders=(5, 1)),
            Endpoint("DELETE", BATCH, self._delete),
        ]

    def _post(self, call: Call) -> Json:
        return [_each(self._place_leg, leg, call.now) for leg in _legs(call.params)]

    def _put(self, call: Call) -> Json:
        return [_each(self._amend_leg, leg, call.now) for leg in _legs(call.params)]

    def _place_leg(self, leg: object, now: int) -> dict[str, Json]:
        return self._place(_leg(leg), now, True)

    def _amend_leg(self, leg: object, now: int) -> dict[str, Json]:
        return self._amend(_leg(leg), now)

    def _delete(self, call: Call) -> Json:
        symbol = call.params.need("symbol")
        self._exchange.venue.market(symbol)
        return [_each(partial(self._cancel, symbol), ref, call.now) for ref in _refs(call.params)]

    def _cancel(self, symbol: str, ref: OrderRef, now: int) -> dict[str, Json]:
        return self._wire.ack(self._exchange.cancel(symbol, ref, now))


def _each(work: Callable[[T, int], dict[str, Json]], subject: T, now: int) -> dict[str, Json]:
    try:
        return work(subject, now)
    except Rejected as refusal:
        return {"code": refusal.code, "msg": refusal.message}


def _legs(params: Params) -> list[object]:
    params.need("batchOrders")
    legs = params.array("batchOrders") or []
    if not 1 <= len(legs) <= MOST_PLACED:
        raise Rejected(-4082, "Invalid number of batch place orders.")
    return legs


def _leg(leg: object) -> Params:
    """A leg's parameters: JSON's true and false as text, null as left out."""
    if not isinstance(leg, dict):
        raise illegal("batchOrders")
    return Params([(str(name), _text(name, value)) for name, value in leg.items() if value is not None])


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise illegal(name)
    return value


def _refs(params: Params) -> list[OrderRef]:
    """The orders that a batch cancel means; order ids win over client ids."""
    refs: list[OrderRef] = []
    if params.text("orderIdList") is not None:
        refs += [_order_id(item) for item in params.array("orderIdList") or []]
    elif params.text("origClientOrderIdList") is not None:
        refs += [_client_id(item) for item in params.array("origClientOrderIdList") or []]
    else:
        raise Rejected(-1102, NO_LIST)
    if not refs:
        raise Rejected(-1102, NO_LIST)
    if len(refs) > MOST_CANCELED:
        raise Rejected(-4032, "Exceed maximum cancel order size.")
    return refs


def _order_id(item: object) -> int:
    if not isinstance(item, str) or not INTEGER.fullmatch(item):
        raise illegal("orderIdList")
    return int(item)


def _client_id(item: object) -> str:
    if not isinstance(item, str):
        raise illegal("origClientOrderIdList")
    return item

"""The calls for regular orders, one at a time: placed, tested, amended, cancelled; with those of batches and reads.

What the facts call removed or moved is refused here as the exchange refuses it; all other rules are the core's.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from string import ascii_letters, digits

from vibe_quant.domain.enums import OrderType, TimeInForce
from vibe_quant.sim import filters
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.orders.batch import BatchCalls
from vibe_quant.sim.front.orders.history import History
from vibe_quant.sim.front.orders.order_params import RespType, amend_request, order_ref, place_request, resp_type
from vibe_quant.sim.front.orders.order_reads import OrderReads
from vibe_quant.sim.front.orders.order_wire import OrderWire
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import OrderRequest, SimOrder

ORDER = "/fapi/v1/order"
ALPHABET = ascii_letters + digits
CLIENT_ID_LENGTH = 22
CANCELED_ALL = "The operation of cancel all open order is done."
AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


class OrderCalls:
    """Regular orders of the account.  Symbols are the exchange's names, keys of ``instruments``."""

    def __init__(self, exchange: SimExchange, instruments: Mapping[str, Instrument], history: History) -> None:
        """``history`` is read for trades and amendments; whoever drives the exchange records its events there."""
        self._exchange = exchange
        self._instruments = instruments
        self._wire = OrderWire(instruments, exchange.venue.switches)
        self._batch = BatchCalls(exchange, self._wire, self.place, self.amend)
        self._reads = OrderReads(exchange, self._wire, history)
        self._named = 0
        for symbol, instrument in instruments.items():
            exchange.venue.markets[symbol].take_bound = instrument.market_take_bound

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table."""
        return [
            Endpoint("POST", ORDER, lambda call: self.place(call.params, call.now), weight=0, orders=(1, 1)),
            Endpoint("PUT", ORDER, lambda call: self.amend(call.params, call.now), weight=0, orders=(1, 1)),
            Endpoint("DELETE", ORDER, self._cancel),
            Endpoint("POST", f"{ORDER}/test", self._test),
            Endpoint("DELETE", "/fapi/v1/allOpenOrders", self._cancel_all),
            *self._batch.endpoints(),
            *self._reads.endpoints(),
        ]

    def place(self, params: Params, now: int, batch: bool = False) -> dict[str, Json]:
        """One order; the answer shows it as it was accepted, or with RESULT as it ended if it ends at once.

        Raises:
            Rejected: nothing was recorded.
        """
        wants = resp_type(params)
        order = self._exchange.place(self._request(params, now, batch), now)
        if wants is RespType.RESULT and _ends_at_once(order):
            return self._wire.ack(order)
        return self._wire.accepted(order)

    def amend(self, params: Params, now: int) -> dict[str, Json]:
        """PUT order; the answer shows the order as amended, cancelled where the documented rule cancels it."""
        symbol = params.need("symbol")
        rules = self._exchange.venue.market(symbol).rules
        order = self._exchange.amend(amend_request(params, self._instruments[symbol], rules, now), now)
        return self._wire.amended(order, params.integer("modifyId"))

    def _test(self, call: Call) -> Json:
        """Everything but the entry: the order that it would have been, without an id."""
        resp_type(call.params)
        return self._wire.accepted(self._exchange.check(self._request(call.params, call.now), call.now))

    def _request(self, params: Params, now: int, batch: bool = False) -> OrderRequest:
        symbol = params.need("symbol")
        rules = self._exchange.venue.market(symbol).rules
        request = place_request(params, self._instruments[symbol], rules, self._client_id(params), now)
        filters.check_stp(request.stp, batch, self._exchange.venue.switches)
        return request

    def _client_id(self, params: Params) -> str:
        """The client's own, or one that the exchange makes up."""
        given = params.text("newClientOrderId")
        if given is not None:
            return given
        self._named += 1
        return made_up(self._named)

    def _cancel(self, call: Call) -> Json:
        symbol = call.params.need("symbol")
        return self._wire.ack(self._exchange.cancel(symbol, order_ref(call.params), call.now))

    def _cancel_all(self, call: Call) -> Json:
        self._exchange.cancel_all(call.params.need("symbol"), call.now)
        return {"code": 200, "msg": CANCELED_ALL}


def _ends_at_once(order: SimOrder) -> bool:
    return order.order_type is OrderType.MARKET or order.time_in_force in AT_ONCE


def made_up(number: int) -> str:
    """A client id that looks like the exchange's own, the same for the same number."""
    value = int.from_bytes(blake2b(b"%d" % number, digest_size=17).digest(), "big")
    letters = []
    for _ in range(CLIENT_ID_LENGTH):
        value, index = divmod(value, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters)

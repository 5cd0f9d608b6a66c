"""The Algo Service's calls: conditional orders placed, cancelled and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum

from vibe_quant.domain.enums import OrderType, TimeInForce, WorkingType
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.market.market_query import not_valid, read_limit
from vibe_quant.sim.front.orders import algo_wire
from vibe_quant.sim.front.orders.countdown_calls import CountdownCalls
from vibe_quant.sim.front.orders.order_params import (
    needed,
    order_side,
    position_side,
    precise,
    price_match,
    resp_type,
    self_trade_prevention,
    time_in_force,
)
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import AlgoRequest, Rejected, SimAlgo
from vibe_quant.sim.stops import AlgoKey

ORDER = "/fapi/v1/algoOrder"
CANCELED_ALL = "The operation of cancel all open order is done."
HUNDRED = Decimal(100)


class AlgoType(StrEnum):
    """What the service takes; its other kinds are not the exchange's own book."""

    CONDITIONAL = "CONDITIONAL"


class AlgoCalls:
    """Conditional orders of the account, and its countdowns."""

    def __init__(self, exchange: SimExchange, instruments: Mapping[str, Instrument]) -> None:
        """``instruments`` by symbol give precision and trigger protection."""
        self._exchange = exchange
        self._instruments = instruments
        self._named = 0
        exchange.algos.protect = {name: instrument.trigger_protect for name, instrument in instruments.items()}

    def endpoints(self) -> list[Endpoint]:
        """The rows of the routing table; allAlgoOrders, taken off the page in 2026, only by switch."""
        history = [Endpoint("GET", "/fapi/v1/allAlgoOrders", self.all, weight=5)]
        return [
            Endpoint("POST", ORDER, self.place, weight=0, orders=(1, 1)),
            Endpoint("DELETE", ORDER, self.cancel),
            Endpoint("GET", ORDER, self.query),
            Endpoint("GET", "/fapi/v1/openAlgoOrders", self.open, weight=_open_weight),
            Endpoint("DELETE", "/fapi/v1/algoOpenOrders", self.cancel_all),
            *(history if self._exchange.venue.switches.all_algo_orders else ()),
            *CountdownCalls(self._exchange).endpoints(),
        ]

    def place(self, call: Call) -> Json:
        """POST algoOrder."""
        params = call.params
        symbol = params.need("symbol")
        rules = self._exchange.venue.market(symbol).rules
        resp_type(params)  # only checked: both answers are the same
        request = _request(params, self._instruments[symbol], rules, self._client_id(params), call.now)
        algo = self._exchange.algos.place(request, call.now)
        return algo_wire.placed(algo, self._instruments[symbol])

    def _client_id(self, params: Params) -> str:
        """The client's own, or one that the exchange makes up."""
        given = params.text("clientAlgoId")
        if given is not None:
            return given
        self._named += 1
        return f"algo{self._named:018d}"

    def cancel(self, call: Call) -> Json:
        """DELETE algoOrder, by either id."""
        return algo_wire.canceled(self._exchange.algos.cancel(_key(call.params), call.now))

    def query(self, call: Call) -> Json:
        """GET algoOrder, by either id."""
        return self._queried(self._exchange.algos.query(_key(call.params), call.now))

    def open(self, call: Call) -> Json:
        """GET openAlgoOrders: the truth at once, unlike the single query."""
        params = call.params
        _check_type(params)
        symbol, algo_id = params.text("symbol"), params.integer("algoId")
        if symbol is not None:
            self._exchange.venue.market(symbol)
        return self._list(
            algo
            for algo in self._exchange.algos.open
            if symbol in (None, algo.symbol) and algo_id in (None, algo.algo_id)
        )

    def cancel_all(self, call: Call) -> Json:
        """DELETE algoOpenOrders of one symbol; its code is a number."""
        symbol = call.params.need("symbol")
        self._exchange.venue.market(symbol)
        self._exchange.algos.cancel_all(symbol, call.now)
        return {"code": 200, "msg": CANCELED_ALL}

    def all(self, call: Call) -> Json:
        """GET allAlgoOrders: finished ones, too, the newest ``limit`` of the symbol."""
        params = call.params
        symbol = params.need("symbol")
        self._exchange.venue.market(symbol)
        first = params.integer("algoId") or 0
        start, end = params.integer("startTime") or 0, params.integer("endTime")
        found = [
            algo
            for algo in self._exchange.algos.known()
            if algo.symbol == symbol
            and algo.algo_id >= first
            and algo.created_ms >= start
            and (end is None or algo.created_ms <= end)
        ]
        return self._list(found[-read_limit(params, 500, 1000) :])

    def _list(self, algos: Iterable[SimAlgo]) -> Json:
        return [self._queried(algo) for algo in algos]

    def _queried(self, algo: SimAlgo) -> Json:
        return algo_wire.queried(algo, self._instruments[algo.symbol])


def _request(params: Params, instrument: Instrument, rules: SymbolRules, client_id: str, now: int) -> AlgoRequest:
    needed(params.text("algoType"), "algoType")
    _check_type(params)
    callback = params.decimal("callbackRate")
    return AlgoRequest(
        symbol=instrument.symbol,
        side=order_side(params),
        position_side=position_side(params),
        order_type=needed(params.choice("type", OrderType, -1116, "Invalid orderType."), "type"),
        client_id=client_id,
        trigger_price=precise(params.decimal("triggerPrice"), instrument.price_places, rules.tick),
        timestamp_ms=now,
        qty=precise(params.decimal("quantity"), instrument.qty_places, rules.step),
        close_position=params.flag("closePosition") or False,
        working_type=params.choice("workingType", WorkingType, -4031, "Invalid parameter working type.")
        or WorkingType.CONTRACT_PRICE,
        price=precise(params.decimal("price"), instrument.price_places, rules.tick),
        time_in_force=time_in_force(params) or TimeInForce.GTC,
        price_match=price_match(params),
        stp=self_trade_prevention(params),
        reduce_only=params.flag("reduceOnly"),
        price_protect=params.flag("priceProtect") or False,
        activate_price=precise(params.decimal("activatePrice"), instrument.price_places, rules.tick),
        callback=None if callback is None else callback / HUNDRED,
        good_till_ms=params.integer("goodTillDate"),
    )


def _check_type(params: Params) -> None:
    params.choice("algoType", AlgoType, -1130, not_valid("algoType").message)


def _key(params: Params) -> AlgoKey:
    """The algo id wins over the client's."""
    algo_id = params.integer("algoId")
    if algo_id is not None:
        return algo_id
    client_id = params.text("clientAlgoId")
    if client_id is None:
        raise Rejected(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
    return client_id


def _open_weight(params: Params) -> int:
    return 1 if params.get("symbol") else 40

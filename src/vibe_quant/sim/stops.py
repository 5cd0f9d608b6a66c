"""The Algo Service: conditional orders wait here, outside the matching engine, and send a MARKET order when triggered.

NEW -> TRIGGERING (condition met) -> TRIGGERED (its order is in the matching engine) -> FINISHED (that order filled or
expired); CANCELED by request, EXPIRED with its leg, REJECTED where the matching engine refuses the order.
"""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, StopStatus, TimeInForce, WorkingType
from vibe_quant.sim import filters
from vibe_quant.sim.account import LegKey
from vibe_quant.sim.book import Market
from vibe_quant.sim.entry import Entry, overload
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import ZERO, AlgoRequest, Rejected, SimAlgo, SimOrder
from vibe_quant.sim.venue import Venue

MAX_ALGOS = 200
STOPS = (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
REDUCE_ONLY = "ReduceOnly Order is rejected."


class AlgoService:
    """Conditional orders of the account over all symbols."""

    def __init__(self, venue: Venue, matching: Matching, entry: Entry) -> None:
        """Shares the exchange's state."""
        self.venue = venue
        self.matching = matching
        self.entry = entry
        self.algos: dict[str, SimAlgo] = {}  # client id -> the latest of that id
        self.open: list[SimAlgo] = []
        self._by_order: dict[int, SimAlgo] = {}

    def place(self, request: AlgoRequest, now: int) -> SimAlgo:
        """Check and record a conditional order; raises Rejected."""
        market = self.venue.market(request.symbol)
        filters.check_time(request.timestamp_ms, request.recv_window_ms, now)
        filters.check_client_id(request.client_id)
        side = self._check_shape(request, market)
        closes = request.side is side.exit_side
        switches = self.venue.switches
        if self.entry.overloaded and not (closes and switches.overload_spares_algos):
            raise overload()
        filters.check_status(market.rules, not closes)
        self._check_others(request)
        price = _price(market, request.working_type)
        if price is not None and _met(request.order_type, request.side, price, request.trigger_price):
            raise Rejected(-2021, "Order would immediately trigger.")
        algo = SimAlgo(
            algo_id=self.venue.next_id(),
            client_id=request.client_id,
            symbol=request.symbol,
            side=request.side,
            position_side=side,
            order_type=request.order_type,
            trigger_price=request.trigger_price,
            qty=request.qty or ZERO,
            close_position=request.close_position,
            working_type=request.working_type,
            created_ms=now,
            updated_ms=now,
        )
        self.algos[algo.client_id] = algo
        self.open.append(algo)
        self.venue.tell_algo(algo, now)
        return algo

    def _check_shape(self, request: AlgoRequest, market: Market) -> PositionSide:
        if request.position_side is None:
            raise Rejected(-4061, "Order's position side does not match user's setting.")
        if request.order_type not in STOPS:
            raise Rejected(-1116, "Invalid orderType.")
        if request.trigger_price <= 0:
            raise Rejected(-4006, "Stop price less than zero.")
        if (request.trigger_price - market.rules.min_price) % market.rules.tick != 0:
            raise Rejected(-4014, "Price not increased by tick size.")
        if request.close_position:
            if request.qty is not None:
                raise Rejected(-4137, "Quantity must be zero with closePosition equals true.")
            if request.side is not request.position_side.exit_side:
                raise Rejected(-4138, "Reduce only must be true with closePosition equals true.")
        elif request.qty is None:
            raise Rejected(-1102, "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed.")
        else:
            filters.check_qty(market.rules, request.qty, OrderType.MARKET)
        return request.position_side

    def _check_others(self, request: AlgoRequest) -> None:
        previous = self.algos.get(request.client_id)
        if previous is not None and not previous.status.is_final:
            raise Rejected(-4116, "ClientOrderId is duplicated.")
        if len(self.open) >= MAX_ALGOS:
            raise Rejected(-4045, "Reach max stop order limit.")
        if request.close_position and self.venue.switches.second_close_position_refused:
            for algo in self.open:
                same = (algo.symbol, algo.position_side, algo.side, algo.order_type)
                if algo.close_position and same == (
                    request.symbol,
                    request.position_side,
                    request.side,
                    request.order_type,
                ):
                    raise Rejected(
                        -4130,
                        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
                    )

    def cancel(self, client_id: str, now: int) -> SimAlgo:
        """Cancel one that has not triggered: -4117 while it triggers, -2011 for what is unknown or finished."""
        algo = self.algos.get(client_id)
        if algo is not None and algo.status is StopStatus.TRIGGERING:
            raise Rejected(-4117, "Stop order is triggering.")
        if algo is None or algo.status is not StopStatus.NEW:
            raise Rejected(-2011, "Unknown order sent.")
        self._finish(algo, StopStatus.CANCELED, now)
        return algo

    def cancel_all(self, symbol: str, now: int) -> None:
        """Cancel every untriggered conditional order of a symbol."""
        for algo in [a for a in self.open if a.symbol == symbol and a.status is StopStatus.NEW]:
            self._finish(algo, StopStatus.CANCELED, now)

    def query(self, client_id: str, now: int) -> SimAlgo:
        """One conditional order; -2013 when unknown, and for ``query_lag_ms`` after it was placed."""
        algo = self.algos.get(client_id)
        if algo is None or now - algo.created_ms < self.venue.switches.query_lag_ms:
            raise Rejected(-2013, "Order does not exist.")
        return algo

    def on_price(self, symbol: str, kind: WorkingType, price: Decimal, now: int) -> None:
        """A new mark or last price: start what it triggers."""
        for algo in list(self.open):
            if (
                algo.symbol == symbol
                and algo.working_type is kind
                and algo.status is StopStatus.NEW
                and _met(algo.order_type, algo.side, price, algo.trigger_price)
            ):
                algo.status = StopStatus.TRIGGERING
                algo.triggered_ms = now
                self.venue.tell_algo(algo, now)
                self.venue.schedule(now + self.venue.switches.trigger_delay_ms, _Fire(self, algo))

    def fire(self, algo: SimAlgo, now: int) -> None:
        """Send the triggered MARKET order, or be refused."""
        leg = self.venue.account.leg(algo.symbol, algo.position_side).qty
        closes = algo.side is algo.position_side.exit_side
        qty = leg if algo.close_position else algo.qty
        if closes and (not leg or (qty > leg and self.venue.switches.over_close_refused)):
            self._refuse(algo, REDUCE_ONLY, now)
            return
        if not closes:
            try:
                self.entry.check_margin(algo.symbol, qty, ZERO)
            except Rejected as refusal:
                self._refuse(algo, refusal.message, now)
                return
        order = self._order_of(algo, min(qty, leg) if closes else qty, now)
        algo.order_id = order.order_id
        algo.status = StopStatus.TRIGGERED
        self._by_order[order.order_id] = algo
        self.venue.tell_algo(algo, now)
        self.matching.enter(order, now)

    def _order_of(self, algo: SimAlgo, qty: Decimal, now: int) -> SimOrder:
        return SimOrder(
            order_id=self.venue.next_id(),
            client_id=algo.client_id,
            symbol=algo.symbol,
            side=algo.side,
            position_side=algo.position_side,
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.GTC,
            qty=qty,
            price=ZERO,
            created_ms=now,
            updated_ms=now,
            orig_type=algo.order_type,
            stop_price=algo.trigger_price,
            working_type=algo.working_type,
            close_position=algo.close_position,
        )

    def order_ended(self, order: SimOrder, now: int) -> None:
        """The order of a triggered stop is filled or gone."""
        algo = self._by_order.pop(order.order_id, None)
        if algo is not None:
            algo.filled_qty, algo.avg_price = order.filled_qty, order.avg_price
            self._finish(algo, StopStatus.FINISHED, now)

    def leg_closed(self, key: LegKey, now: int) -> None:
        """A leg is gone: its untriggered closing conditionals expire, by switch."""
        switches = self.venue.switches
        for algo in list(self.open):
            of_leg = (algo.symbol, algo.position_side) == key and algo.side is key[1].exit_side
            goes = switches.close_position_expires if algo.close_position else switches.qty_stop_expires
            if of_leg and goes and algo.status is StopStatus.NEW:
                self._finish(algo, StopStatus.EXPIRED, now)

    def _refuse(self, algo: SimAlgo, reason: str, now: int) -> None:
        algo.failure = reason
        self._finish(algo, StopStatus.REJECTED, now)

    def _finish(self, algo: SimAlgo, status: StopStatus, now: int) -> None:
        algo.status = status
        self.open.remove(algo)
        self.venue.tell_algo(algo, now)


class _Fire:
    """The timer of one triggering stop."""

    def __init__(self, service: AlgoService, algo: SimAlgo) -> None:
        self._service = service
        self._algo = algo

    def __call__(self, now: int) -> None:
        self._service.fire(self._algo, now)


def _price(market: Market, kind: WorkingType) -> Decimal | None:
    return market.mark if kind is WorkingType.MARK_PRICE else market.last


def _met(order_type: OrderType, side: OrderSide, price: Decimal, trigger: Decimal) -> bool:
    """STOP: BUY at or above, SELL at or below its trigger; TAKE_PROFIT the reverse."""
    rising = (side is OrderSide.BUY) is (order_type is OrderType.STOP_MARKET)
    return price >= trigger if rising else price <= trigger

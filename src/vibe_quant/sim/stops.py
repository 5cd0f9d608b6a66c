"""The Algo Service: conditional orders wait here, outside the matching engine, and send an order when triggered.

NEW -> TRIGGERING (condition met) -> TRIGGERED (its order is in the matching engine) -> FINISHED (that order filled or
expired); CANCELED by request, EXPIRED with its leg, its symbol or its date, REJECTED where the matching engine refuses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from vibe_quant.domain.enums import PositionSide, StopStatus, WorkingType
from vibe_quant.sim import filters, stop_orders
from vibe_quant.sim.account import LegKey
from vibe_quant.sim.book import Market
from vibe_quant.sim.entry import Entry, overload
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import ZERO, AlgoRequest, Rejected, SimAlgo, SimOrder
from vibe_quant.sim.stop_rules import check_not_met, check_shape
from vibe_quant.sim.stop_triggers import TRAILING, activates, apart, comes_back, rises
from vibe_quant.sim.venue import NEVER, Venue

MAX_ALGOS = 200
KEPT = 1000  # finished conditional orders that may still be asked for
TRIGGER_PROTECT = Decimal("0.05")  # of a symbol that does not say
GTE_ALONE = "Time in Force (TIF) GTE can only be used with open positions. Please ensure that positions are available."
GTE_EXISTS = "An open stop or take profit order with GTE and closePosition in the direction is existing."

AlgoKey = str | int
"""A client algo id (text) or an algo id (number)."""


class AlgoService:
    """Conditional orders of the account over all symbols.

    ``open`` lists those that are not final, ``protect`` is each symbol's trigger protection as a share of the mark.
    """

    def __init__(self, venue: Venue, matching: Matching, entry: Entry) -> None:
        """Shares the exchange's state."""
        self.venue = venue
        self.matching = matching
        self.entry = entry
        self.algos: dict[str, SimAlgo] = {}  # client id -> the latest of that id
        self.open = venue.open_algos
        self.protect: dict[str, Decimal] = {}
        self._by_id: dict[int, SimAlgo] = {}
        self._by_order: dict[int, SimAlgo] = {}
        self._done: deque[SimAlgo] = deque()
        self._date_due = NEVER  # when a timer looks for dates that have passed

    def place(self, request: AlgoRequest, now: int) -> SimAlgo:
        """Check and record a conditional order; raises Rejected."""
        market = self.venue.market(request.symbol)
        filters.check_time(request.timestamp_ms, request.recv_window_ms, now)
        filters.check_client_id(request.client_id)
        switches = self.venue.switches
        side = filters.check_mode(request.position_side, self.venue.account.dual)
        check_shape(request, side, market.rules, switches)
        good_till = self.entry.good_till.check(request, now)
        closes = request.side is side.exit_side
        if self.entry.overloaded and not (closes and switches.overload_spares_algos):
            raise overload()
        filters.check_status(market.rules, not closes)
        self._check_others(request)
        price = _price(market, request.working_type)
        check_not_met(request, price)
        algo = self._recorded(request, side, price, now)
        algo.good_till_ms = good_till
        self._watch_date(algo)
        self.venue.tell_algo(algo, now)
        if algo.order_type is TRAILING and price is not None:
            self._follow(algo, price, now)
        return algo

    def _recorded(self, request: AlgoRequest, side: PositionSide, price: Decimal | None, now: int) -> SimAlgo:
        trails = request.order_type is TRAILING
        closes = request.side is side.exit_side
        algo = SimAlgo(
            algo_id=self.venue.next_algo_id(),
            client_id=request.client_id,
            symbol=request.symbol,
            side=request.side,
            position_side=side,
            order_type=request.order_type,
            trigger_price=request.trigger_price or ZERO,
            qty=request.qty or ZERO,
            close_position=request.close_position,
            working_type=request.working_type,
            created_ms=now,
            updated_ms=now,
            price=request.price or ZERO,
            time_in_force=request.time_in_force,
            price_match=request.price_match,
            stp=request.stp,
            price_protect=request.price_protect,
            activate_price=request.activate_price or (price if trails else None) or ZERO,
            callback=request.callback or ZERO,
            rises=rises(request.order_type, request.side),
            reduce_only=request.close_position or (closes and self.venue.switches.closers_show_reduce_only),
        )
        self.algos[algo.client_id] = self._by_id[algo.algo_id] = algo
        self.open.append(algo)
        return algo

    def _check_others(self, request: AlgoRequest) -> None:
        previous = self.algos.get(request.client_id)
        if previous is not None and not previous.status.is_final:
            raise Rejected(-4116, "ClientOrderId is duplicated.")
        if len(self.open) >= MAX_ALGOS or self._is_leg_full(request):
            raise Rejected(-4045, "Reach max stop order limit.")
        if request.close_position:
            self._check_whole(request)

    def _is_leg_full(self, request: AlgoRequest) -> bool:
        most, wanted = self.venue.switches.most_algos_of_leg, (request.symbol, request.position_side)
        return 0 < most <= sum((algo.symbol, algo.position_side) == wanted for algo in self.open)

    def _check_whole(self, request: AlgoRequest) -> None:
        switches, side = self.venue.switches, request.position_side
        flat = side is not None and not self.venue.account.leg(request.symbol, side).qty
        if flat and switches.flat_close_position_refused:
            raise Rejected(-4509, GTE_ALONE)
        if switches.second_close_position_refused:
            wanted = (request.symbol, side, request.side, request.order_type)
            for algo in self.open:
                if algo.close_position and (algo.symbol, algo.position_side, algo.side, algo.order_type) == wanted:
                    raise Rejected(-4130, GTE_EXISTS)

    def find(self, key: AlgoKey) -> SimAlgo | None:
        """The conditional order of that id, or the latest of that client id."""
        return self.algos.get(key) if isinstance(key, str) else self._by_id.get(key)

    def cancel(self, key: AlgoKey, now: int) -> SimAlgo:
        """Cancel one that has not triggered: -4117 while it triggers, -2011 for what is unknown or finished."""
        algo = self.find(key)
        if algo is not None and algo.status is StopStatus.TRIGGERING:
            raise Rejected(-4117, "Stop order is triggering.")
        if algo is None or algo.status is not StopStatus.NEW:
            raise Rejected(-2011, "Unknown order sent.")
        self._finish(algo, StopStatus.CANCELED, now)
        return algo

    def cancel_all(self, symbol: str, now: int) -> None:
        """Cancel every untriggered conditional order of a symbol."""
        for algo in self._waiting(symbol):
            self._finish(algo, StopStatus.CANCELED, now)

    def expire_all(self, symbol: str, now: int) -> None:
        """The symbol stops trading: every untriggered conditional order of it expires."""
        for algo in self._waiting(symbol):
            self._finish(algo, StopStatus.EXPIRED, now)

    def _waiting(self, symbol: str) -> list[SimAlgo]:
        return [algo for algo in self.open if algo.symbol == symbol and algo.status is StopStatus.NEW]

    def query(self, key: AlgoKey, now: int) -> SimAlgo:
        """One conditional order; -2013 when unknown, and for ``query_lag_ms`` after it was placed."""
        algo = self.find(key)
        if algo is None or now - algo.created_ms < self.venue.switches.query_lag_ms:
            raise Rejected(-2013, "Order does not exist.")
        return algo

    def known(self) -> Iterable[SimAlgo]:
        """Open and remembered ones, in order of arrival."""
        return self._by_id.values()

    def on_price(self, symbol: str, kind: WorkingType, price: Decimal, now: int) -> None:
        """A new mark or last price: start what it triggers."""
        for algo in list(self.open):
            if algo.symbol == symbol and algo.working_type is kind and algo.status is StopStatus.NEW:
                if algo.order_type is TRAILING:
                    reached = self._follow(algo, price, now)
                else:
                    reached = price >= algo.trigger_price if algo.rises else price <= algo.trigger_price
                if reached and not self._protected(algo):
                    self._trigger(algo, now)

    def _trigger(self, algo: SimAlgo, now: int) -> None:
        algo.status = StopStatus.TRIGGERING
        algo.triggered_ms = now
        self.venue.tell_algo(algo, now)
        self.venue.schedule(now + self.venue.switches.trigger_delay_ms, partial(self.fire, algo))

    def _follow(self, algo: SimAlgo, price: Decimal, now: int) -> bool:
        """Let a trailing stop see a price, and tell of its activation; True where its condition is met."""
        if not algo.activated:
            if not activates(algo, price):
                return False
            algo.activated, algo.extreme = True, price
            self.venue.tell_algo(algo, now)
        return comes_back(algo, price)

    def _protected(self, algo: SimAlgo) -> bool:
        share = self.protect.get(algo.symbol, TRIGGER_PROTECT)
        return algo.price_protect and apart(self.venue.markets[algo.symbol], share)

    def fire(self, algo: SimAlgo, now: int) -> None:
        """Send the triggered order, or be refused."""
        try:
            order = stop_orders.launch(self.venue, self.entry, algo, now)
        except Rejected as refusal:
            algo.failure = refusal.message
            self._finish(algo, StopStatus.REJECTED, now)
            return
        algo.order_id, algo.actual_type = order.order_id, order.order_type
        algo.status = StopStatus.TRIGGERED
        self._by_order[order.order_id] = algo
        self.venue.tell_algo(algo, now)
        self.matching.enter(order, now)
        self.entry.good_till.watch(order)

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

    def _watch_date(self, algo: SimAlgo) -> None:
        if algo.good_till_ms and algo.good_till_ms < self._date_due:
            self._date_due = algo.good_till_ms
            self.venue.schedule(algo.good_till_ms, self._expire_dated)

    def _expire_dated(self, now: int) -> None:
        """One timer for all dates: take what is over, and wait for the next."""
        if now < self._date_due:
            return
        self._date_due = NEVER
        for algo in list(self.open):
            if algo.good_till_ms and algo.status is StopStatus.NEW:
                if algo.good_till_ms <= now:
                    self._finish(algo, StopStatus.EXPIRED, now)
                else:
                    self._watch_date(algo)

    def _finish(self, algo: SimAlgo, status: StopStatus, now: int) -> None:
        algo.status = status
        self.open.remove(algo)
        self.venue.tell_algo(algo, now)
        self._done.append(algo)
        if len(self._done) > KEPT:
            oldest = self._done.popleft()
            del self._by_id[oldest.algo_id]
            if self.algos.get(oldest.client_id) is oldest:
                del self.algos[oldest.client_id]


def _price(market: Market, kind: WorkingType) -> Decimal | None:
    return market.mark if kind is WorkingType.MARK_PRICE else market.last

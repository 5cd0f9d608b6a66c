# mypy: disable-error-code="comparison-overlap,unreachable"
"""Laws of the Algo Service over random flow: its events tell what stands open, and no life takes a forbidden turn."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderType, PositionSide, StopStatus, TimeInForce
from vibe_quant.sim.records import AlgoEvent, AlgoRequest, OrderEvent, Rejected
from vibe_quant.sim.stop_triggers import rises
from vibe_quant.sim.switches import Switches

D = Decimal
SYMBOL = "BTC/USDT:USDT"
NEW, TRIGGERING, TRIGGERED = StopStatus.NEW, StopStatus.TRIGGERING, StopStatus.TRIGGERED
NEXT: dict[StopStatus | None, set[StopStatus]] = {
    None: {NEW},
    NEW: {NEW, TRIGGERING, StopStatus.CANCELED, StopStatus.EXPIRED},  # NEW again: a trailing stop was activated
    TRIGGERING: {TRIGGERED, StopStatus.REJECTED},
    TRIGGERED: {StopStatus.FINISHED},
}
LIMITS = (OrderType.STOP, OrderType.TAKE_PROFIT)
KINDS = (*LIMITS, OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET, OrderType.TRAILING_STOP_MARKET)
PLACE = st.tuples(
    st.just("place"),
    st.sampled_from(PositionSide),
    st.sampled_from(KINDS),
    st.integers(1, 60),
    st.sampled_from([None, "0.3", "1"]),
    st.booleans(),
)
STEPS = st.one_of(
    PLACE,
    PLACE,
    st.tuples(st.just("price"), st.integers(900, 1100)),
    st.tuples(st.just("hit"), st.integers(0, 5)),
    st.tuples(st.just("hit"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("close"), st.sampled_from(PositionSide)),
    st.tuples(st.just("close"), st.sampled_from(PositionSide)),
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 10, 700_000])),
    st.tuples(st.sampled_from(["cancel all", "expire all", "countdown", "cancel orders"])),
)


class Flow:
    """Does as told on a desk; refusals are ordinary."""

    def __init__(self, desk: Any) -> None:
        self.desk = desk
        self.placed = 0

    def do(self, step: Any) -> None:
        try:
            getattr(self, "_" + step[0].replace(" ", "_"))(*step[1:])
        except Rejected:
            return

    def _place(self, side: PositionSide, kind: OrderType, away: int, qty: str | None, opens: bool) -> None:
        self.placed += 1
        desk, trails = self.desk, kind is OrderType.TRAILING_STOP_MARKET
        opens = opens and qty is not None
        order_side = side.opposite.exit_side if opens else side.exit_side
        mark = desk.x.venue.markets[SYMBOL].mark
        price = mark + D(away) / 10 * (1 if rises(kind, order_side) else -1)
        request = AlgoRequest(
            symbol=SYMBOL,
            side=order_side,
            position_side=side,
            order_type=kind,
            client_id=f"c{self.placed % 21}",
            trigger_price=None if trails else price,
            timestamp_ms=desk.now,
            qty=None if qty is None else D(qty),
            close_position=qty is None,
            price=price if kind in LIMITS else None,
            callback=D("0.02") if trails else None,
            activate_price=price if trails and opens else None,
            time_in_force=TimeInForce.GTD if kind in LIMITS else TimeInForce.GTC,
            good_till_ms=desk.now + 650_000 if kind in LIMITS else None,
        )
        desk.x.algos.place(request, desk.now)

    def _price(self, tenths: int) -> None:
        price = D(tenths) / 10
        self.desk.quote(str(price - D("0.1")), "0.4", str(price), "0.4")
        self.desk.trade(str(price), "0.1", "SELL")
        self.desk.mark(str(price))

    def _hit(self, number: int) -> None:
        """Move the market to the trigger of one that stands open."""
        triggers = [algo.trigger_price for algo in self.desk.x.algos.open if algo.trigger_price]
        if triggers:
            self._price(int(triggers[number % len(triggers)] * 10))

    def _cancel(self, number: int) -> None:
        self.desk.x.algos.cancel(f"c{number}", self.desk.now)

    def _close(self, side: PositionSide) -> None:
        self._cancel_orders()
        self.desk.quote("99.9", "9", "100", "9")
        self.desk.place(side, str(self.desk.leg(side)))

    def _wait(self, ms: int) -> None:
        self.desk.wait(ms)

    def _cancel_all(self) -> None:
        self.desk.x.algos.cancel_all(SYMBOL, self.desk.now)

    def _expire_all(self) -> None:
        self.desk.x.algos.expire_all(SYMBOL, self.desk.now)

    def _countdown(self) -> None:
        self.desk.x.countdowns.arm(SYMBOL, 50, self.desk.now)

    def _cancel_orders(self) -> None:
        self.desk.x.cancel_all(SYMBOL, self.desk.now)


@settings(max_examples=200)
@given(st.lists(PLACE, min_size=2, max_size=6), st.lists(STEPS, min_size=10, max_size=40))
def test_the_events_tell_what_stands_open(new_desk: Any, placed: list[Any], steps: list[Any]) -> None:
    desk = new_desk(Switches(algo_good_till=True))
    for side in PositionSide:
        desk.seed(side, "2")
    flow = Flow(desk)
    flow.do(("price", 1000))
    states: dict[int, StopStatus] = {}
    orders: dict[int, bool] = {}
    for step in (*placed, *steps):
        flow.do(step)
        for event in desk.events():
            if isinstance(event, OrderEvent):
                orders[event.order.order_id] = event.order.status.is_final
            if isinstance(event, AlgoEvent):
                algo = event.algo
                assert algo.status in NEXT[states.get(algo.algo_id)], (algo, states.get(algo.algo_id))
                states[algo.algo_id] = algo.status
        service = desk.x.algos
        assert {a.algo_id for a in service.open} == {key for key, status in states.items() if not status.is_final}
        for algo in service.known():
            assert algo.status is states[algo.algo_id]
            assert bool(algo.order_id) is (algo.status in (TRIGGERED, StopStatus.FINISHED))
            assert bool(algo.failure) is (algo.status is StopStatus.REJECTED)
            if algo.order_id:
                assert orders[algo.order_id] is (algo.status is StopStatus.FINISHED)
                assert desk.x.venue.by_id[algo.order_id].client_id == algo.client_id
        assert all(desk.leg(side) >= 0 for side in PositionSide)

"""Laws that hold whatever the market and the orders do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderSide, PositionSide, TimeInForce
from vibe_quant.sim.records import ExecType, OrderEvent, Rejected
from vibe_quant.sim.switches import QueueModel, Switches

D = Decimal
SYMBOL = "BTC/USDT:USDT"
LEGS = st.sampled_from(list(PositionSide))
QTY = st.integers(1, 3000).map(lambda n: str(D(n) / 1000))
TICKS = st.integers(-8, 8)


def price(ticks: int) -> str:
    return str(D(100) + D(ticks) / 10)


steps = st.one_of(
    st.tuples(st.just("quote"), TICKS, st.integers(1, 3), QTY, QTY),
    st.tuples(st.just("trade"), TICKS, st.sampled_from(["BUY", "SELL"]), QTY),
    st.tuples(st.just("mark"), TICKS),
    st.tuples(st.just("limit"), LEGS, QTY, TICKS, st.sampled_from(list(TimeInForce)[:4]), st.booleans()),
    st.tuples(st.just("market"), LEGS, QTY),
    st.tuples(st.just("stop"), LEGS, TICKS, st.booleans()),
    st.tuples(st.just("amend"), QTY, TICKS),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("external"), LEGS, QTY, st.booleans()),
    st.tuples(st.just("wait"), st.integers(1, 50)),
)
switches = st.builds(
    Switches,
    queue_model=st.sampled_from(QueueModel),
    over_close_refused=st.booleans(),
    closers_sum_refused=st.booleans(),
    market_close_counts_closers=st.booleans(),
    knock_out_closers=st.booleans(),
    market_walks_on=st.booleans(),
    exhausted_level_fills_whole=st.just(False),
    account_update_first=st.booleans(),
)


def act(desk: Any, step: tuple[Any, ...]) -> None:  # noqa: C901 - one case a step
    match step:
        case ("quote", ticks, spread, bid_qty, ask_qty):
            desk.quote(price(ticks), bid_qty, price(ticks + spread), ask_qty)
        case ("trade", ticks, taker, qty):
            desk.trade(price(ticks), qty, taker)
        case ("mark", ticks):
            desk.mark(price(ticks))
        case ("limit", side, qty, ticks, tif, opens):
            desk.place(side, qty, price(ticks), tif=tif, opens=opens)
        case ("market", side, qty):
            desk.place(side, qty)
        case ("stop", side, ticks, closing):
            desk.stop(side, price(ticks), None if closing else "0.5")
        case ("amend", qty, ticks):
            for order in desk.x.open_orders(SYMBOL)[:1]:
                desk.amend(order, qty, price(ticks))
        case ("cancel",):
            for order in desk.x.open_orders(SYMBOL)[-1:]:
                desk.x.cancel(SYMBOL, order.client_id, desk.now)
        case ("external", side, qty, closes):
            order_side = side.exit_side if closes else side.opposite.exit_side
            desk.x.forced.external_trade(SYMBOL, side, order_side, D(qty), desk.now)
        case (_, ms):
            desk.wait(ms)
        case _:
            raise AssertionError(step)


def check_step(desk: Any, step: tuple[Any, ...], shown: dict[OrderSide, Decimal], events: list[Any]) -> None:
    """No more is filled than the step printed, or than the touch still showed, per side."""
    taken: dict[tuple[OrderSide, bool], Decimal] = {}
    for event in events:
        if isinstance(event, OrderEvent) and event.exec_type is ExecType.TRADE and step[0] != "external":
            key = (event.order.side, event.is_maker)
            taken[key] = taken.get(key, D(0)) + event.last_qty
    for (side, _maker), qty in taken.items():
        assert qty <= (D(step[3]) if step[0] == "trade" else shown[side])


def shown_now(desk: Any) -> dict[OrderSide, Decimal]:
    market = desk.x.venue.markets[SYMBOL]
    return {side: sum((qty for _, qty in market.shown(side)), D(0)) for side in OrderSide}


@settings(max_examples=150, deadline=None)
@given(switches, st.lists(steps, min_size=5, max_size=40))
def test_money_quantity_and_signs(new_desk: Any, chosen: Switches, script: list[tuple[Any, ...]]) -> None:
    desk = new_desk(chosen)
    desk.seed(PositionSide.LONG, "2")
    desk.seed(PositionSide.SHORT, "1.5")
    desk.quote("99.9", "1", "100.1", "1")
    legs = {side: desk.leg(side) for side in PositionSide}
    money = desk.wallet()
    for step in script:
        before = shown_now(desk)
        if step[0] == "quote":
            before = {OrderSide.SELL: D(step[3]), OrderSide.BUY: D(step[4])}
        try:
            act(desk, step)
        except Rejected as refusal:
            assert refusal.code < -1000
        events = desk.events()
        check_step(desk, step, before, events)
        for event in events:
            if isinstance(event, OrderEvent):
                money += event.realized_pnl - event.fee
                order = event.order
                legs[order.position_side] += -event.last_qty if order.is_closer else event.last_qty
                assert order.filled_qty <= order.qty
        assert desk.wallet() == money
        for side, qty in legs.items():
            assert desk.leg(side) == qty >= 0
        for order in desk.x.open_orders(SYMBOL):
            assert order.remaining > 0
        if chosen.knock_out_closers:
            for side in PositionSide:
                assert desk.x.venue.claimed((SYMBOL, side)) <= desk.leg(side)

# mypy: disable-error-code="comparison-overlap,unreachable"
"""Conditional orders: refusals, the life cycle, what triggers them and what they leave."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, StopStatus, WorkingType
from vibe_quant.sim.records import OrderEvent
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"
TAKE = OrderType.TAKE_PROFIT_MARKET


def test_the_life_of_a_stop(desk: Any) -> None:
    stop = desk.stop(LONG, "95", cid="vq-ps-1")
    assert desk.words()[-1] == "ALGO NEW"
    desk.quote("94", "5", "94.1", "5")
    desk.mark("95.01")
    assert stop.status is StopStatus.NEW
    desk.mark("95")
    assert desk.words() == ["ALGO TRIGGERING"]
    assert desk.code(lambda: desk.x.algos.cancel("vq-ps-1", desk.now)) == -4117
    desk.wait(10)
    events = desk.events()
    assert [str(getattr(e, "exec_type", "")) for e in events] == ["", "NEW", "", "TRADE", ""]
    trade = events[3]
    assert isinstance(trade, OrderEvent)
    assert trade.order.client_id == "vq-ps-1"
    assert (trade.order.orig_type, trade.order.order_type) == (OrderType.STOP_MARKET, OrderType.MARKET)
    assert (trade.order.stop_price, trade.last_price, trade.is_maker) == (95, 94, False)
    assert stop.status is StopStatus.FINISHED
    assert (stop.order_id, stop.filled_qty, stop.avg_price) == (trade.order.order_id, 1, 94)
    assert desk.leg(LONG) == 0
    assert desk.code(lambda: desk.x.algos.cancel("vq-ps-1", desk.now)) == -2011


def test_a_stop_knocks_resting_closers_out(desk: Any) -> None:
    order = desk.place(LONG, "1", "101")
    desk.stop(LONG, "95")
    desk.quote("94", "5", "94.1", "5")
    desk.mark("95")
    desk.wait(10)
    assert order.expiry_reason == 4
    assert desk.leg(LONG) == 0


def test_what_the_touch_does_not_hold_stays_open(desk: Any) -> None:
    stop = desk.stop(LONG, "95")
    desk.quote("94", "0.3", "94.1", "5")
    desk.mark("95")
    desk.wait(10)
    assert stop.status is StopStatus.FINISHED
    assert desk.leg(LONG) == D("0.7")
    assert desk.words()[-2:] == ["EXPIRED/EXPIRED er=9", "ALGO FINISHED"]


@pytest.mark.parametrize(
    ("side", "kind", "trigger", "before", "at"),
    [
        (LONG, OrderType.STOP_MARKET, "95", "95.1", "94"),
        (SHORT, OrderType.STOP_MARKET, "105", "104.9", "106"),
        (LONG, TAKE, "105", "104.9", "105"),
        (SHORT, TAKE, "95", "95.1", "95"),
    ],
)
def test_directions(desk: Any, side: PositionSide, kind: OrderType, trigger: str, before: str, at: str) -> None:
    stop = desk.stop(side, trigger, order_type=kind)
    desk.mark(before)
    assert stop.status is StopStatus.NEW
    desk.quote(at, "5", str(D(at) + D("0.1")), "5")
    desk.mark(at)
    desk.wait(10)
    assert stop.status is StopStatus.FINISHED
    assert desk.leg(side) == 0
    assert desk.leg(side.opposite) == 1


def test_contract_price_listens_to_trades_only(desk: Any) -> None:
    stop = desk.stop(LONG, "95", working_type=WorkingType.CONTRACT_PRICE)
    desk.mark("90")
    assert stop.status is StopStatus.NEW
    desk.trade("95", "0.001", "SELL")
    assert stop.status is StopStatus.TRIGGERING


@pytest.mark.parametrize(
    ("code", "trigger", "qty", "more"),
    [
        (-2021, "100", None, {}),
        (-2021, "100.1", None, {}),
        (-4014, "95.05", None, {}),
        (-4006, "0", None, {}),
        (-4061, "95", None, {"position_side": None}),
        (-1116, "95", None, {"order_type": OrderType.LIMIT}),
        (-4137, "95", "1", {"close_position": True}),
        (-4138, "95", None, {"order_side": OrderSide.BUY}),
        (-1102, "95", None, {"close_position": False}),
        (-4023, "95", "0.0015", {}),
        (-4005, "95", "121", {}),
        (-4015, "95", None, {"cid": "?"}),
        (-1021, "95", None, {"timestamp_ms": 0}),
        (-1121, "95", None, {"symbol": "X"}),
    ],
)
def test_refusals(desk: Any, code: int, trigger: str, qty: str | None, more: dict[str, Any]) -> None:
    desk.words()
    assert desk.code(lambda: desk.stop(LONG, trigger, qty, **more)) == code
    assert desk.words() == []
    assert desk.x.algos.open == []


def test_duplicates_and_the_limit(new_desk: Any) -> None:
    desk = new_desk(Switches(most_algos_of_leg=0))
    desk.quote("99.9", "5", "100.1", "5")
    desk.stop(LONG, "95", "0.5", cid="a")
    assert desk.code(lambda: desk.stop(LONG, "94", "0.5", cid="a")) == -4116
    for _ in range(199):
        desk.stop(LONG, "95", "0.5")
    assert desk.code(lambda: desk.stop(LONG, "95", "0.5")) == -4045
    desk.x.algos.cancel("a", desk.now)
    desk.stop(LONG, "95", "0.5", cid="a")


def test_a_leg_has_its_own_limit(desk: Any) -> None:
    first, *_ = [desk.stop(LONG, "95", "0.1") for _ in range(10)]
    assert desk.code(lambda: desk.stop(LONG, "95", "0.1")) == -4045
    desk.stop(SHORT, "105", "0.1")
    desk.x.algos.cancel(first.client_id, desk.now)
    desk.stop(LONG, "95", "0.1")


def test_conditional_orders_count_among_the_open_ones_by_switch(new_desk: Any) -> None:
    for counted, room in ((True, 190), (False, 200)):
        desk = new_desk(Switches(algos_count_as_orders=counted))
        desk.seed(LONG, "1")
        desk.quote("99.9", "5", "100.1", "5")
        for _ in range(10):
            desk.stop(LONG, "95", "0.1")
        for _ in range(room):
            desk.place(LONG, "0.1", "99", opens=True)
        assert desk.refused(LONG, "0.1", "99", opens=True) == -2025


def test_cancelling_all_takes_conditional_orders_along_by_switch(new_desk: Any) -> None:
    for taken, status in ((True, StopStatus.CANCELED), (False, StopStatus.NEW)):
        desk = new_desk(Switches(cancel_all_cancels_algos=taken), others=("ETH/USDT:USDT",))
        near, other = desk.stop(LONG, "95", "1"), desk.stop(LONG, "1", "1", symbol="ETH/USDT:USDT")
        desk.x.cancel_all(SYMBOL, desk.now)
        assert (near.status, other.status) == (status, StopStatus.NEW)


def test_a_second_close_position_of_kind_and_direction(desk: Any, new_desk: Any) -> None:
    desk.stop(LONG, "95")
    assert desk.code(lambda: desk.stop(LONG, "96")) == -4130
    desk.stop(LONG, "96", "1")  # the bridge
    desk.stop(LONG, "105", order_type=TAKE)
    desk.stop(SHORT, "105")
    lenient = new_desk(Switches(second_close_position_refused=False))
    lenient.seed(LONG, "1")
    lenient.stop(LONG, "95")
    lenient.stop(LONG, "96")


def test_close_position_needs_a_position(new_desk: Any) -> None:
    desk = new_desk()
    desk.quote("99.9", "5", "100.1", "5")
    assert desk.code(lambda: desk.stop(LONG, "95")) == -4509
    desk.stop(LONG, "95", "1")  # with a quantity it may wait for one
    desk.seed(SHORT, "1")
    assert desk.code(lambda: desk.stop(LONG, "95")) == -4509
    desk.stop(SHORT, "105")
    lenient = new_desk(Switches(flat_close_position_refused=False))
    lenient.quote("99.9", "5", "100.1", "5")
    assert lenient.stop(LONG, "95").status is StopStatus.NEW


def test_a_leg_that_is_gone_takes_its_close_position_stop_along(desk: Any) -> None:
    closing = desk.stop(LONG, "95")
    bridge = desk.stop(LONG, "95", "1")
    other = desk.stop(SHORT, "105")
    desk.place(LONG, "1")
    assert (closing.status, bridge.status, other.status) == (StopStatus.EXPIRED, StopStatus.NEW, StopStatus.NEW)
    desk.mark("95")
    desk.wait(10)
    assert bridge.status is StopStatus.REJECTED
    assert bridge.failure == "ReduceOnly Order is rejected."


@pytest.mark.parametrize(("counted", "status"), [(True, StopStatus.REJECTED), (False, StopStatus.FINISHED)])
def test_a_stop_with_a_quantity_meets_resting_closers(new_desk: Any, counted: bool, status: StopStatus) -> None:
    desk = new_desk(Switches(triggered_close_counts_closers=counted))
    desk.seed(LONG, "1")
    desk.quote("99.9", "5", "100.1", "5")
    resting = desk.place(LONG, "0.4", "104")
    stop, rest = desk.stop(LONG, "99", "0.7"), desk.stop(LONG, "98", "0.3")
    desk.quote("98.9", "5", "99.1", "5")
    desk.mark("99")
    desk.wait(10)
    assert stop.status is status
    assert resting.status is (OrderStatus.NEW if counted else OrderStatus.EXPIRED)
    desk.mark("98")
    desk.wait(10)
    assert (rest.status, desk.leg(LONG)) == (StopStatus.FINISHED, D("0.7") if counted else 0)


@pytest.mark.parametrize(("bound", "status"), [(True, StopStatus.REJECTED), (False, StopStatus.FINISHED)])
def test_a_stop_in_a_crash_meets_the_band(new_desk: Any, bound: bool, status: StopStatus) -> None:
    desk = new_desk(Switches(triggered_market_bound=bound))
    desk.seed(LONG, "1")
    desk.quote("99.9", "5", "100.1", "5")
    desk.mark("100")
    stop = desk.stop(LONG, "97")
    desk.mark("96")
    desk.quote("91", "5", "91.1", "5")  # further from the mark than multiplierDown permits
    desk.wait(10)
    assert stop.status is status
    assert ("PERCENT_PRICE" in stop.failure) is bound


@pytest.mark.parametrize(("bound", "left"), [(True, "121"), (False, "116")])
def test_a_leg_beyond_the_market_lot_is_not_closed_at_once(new_desk: Any, bound: bool, left: str) -> None:
    desk = new_desk(Switches(whole_close_bound_by_lot=bound), wallet="1000000")
    desk.seed(LONG, "121")
    desk.quote("99.9", "5", "100.1", "5")
    stop = desk.stop(LONG, "99")
    desk.quote("98.9", "5", "99.1", "5")
    desk.mark("99")
    desk.wait(10)
    assert stop.status is (StopStatus.REJECTED if bound else StopStatus.FINISHED)
    assert desk.leg(LONG) == D(left)


def test_expiry_by_switch(new_desk: Any) -> None:
    desk = new_desk(Switches(close_position_expires=False, qty_stop_expires=True))
    desk.seed(LONG, "1")
    desk.quote("99.9", "5", "100.1", "5")
    closing, bridge = desk.stop(LONG, "95"), desk.stop(LONG, "95", "1")
    desk.place(LONG, "1")
    assert (closing.status, bridge.status) == (StopStatus.NEW, StopStatus.EXPIRED)


def test_a_quantity_above_the_leg_is_refused_at_the_trigger_or_clipped(new_desk: Any) -> None:
    for refused, status, left in ((True, StopStatus.REJECTED, "0.4"), (False, StopStatus.FINISHED, "0")):
        desk = new_desk(Switches(over_close_refused=refused))
        desk.seed(LONG, "1")
        desk.quote("94", "5", "94.1", "5")
        bridge = desk.stop(LONG, "95", "1")
        desk.x.forced.external_trade(SYMBOL, LONG, OrderSide.SELL, D("0.6"), desk.now)
        desk.mark("95")
        desk.wait(10)
        assert (bridge.status, desk.leg(LONG)) == (status, D(left))


def test_the_leg_may_vanish_while_a_stop_is_triggering(desk: Any) -> None:
    stop = desk.stop(LONG, "95")
    desk.mark("95")
    desk.place(LONG, "1")
    desk.wait(10)
    assert stop.status is StopStatus.REJECTED


def test_stop_entries_of_the_user(new_desk: Any) -> None:
    desk = new_desk(wallet="100")
    desk.quote("105", "5", "105.1", "5")
    desk.mark("100")
    entry = desk.stop(LONG, "105", "1", order_side=OrderSide.BUY)
    large = desk.stop(LONG, "106", "100", order_side=OrderSide.BUY)
    desk.mark("106")
    desk.wait(10)
    assert entry.status is StopStatus.FINISHED
    assert desk.leg(LONG) == 1
    assert (large.status, large.failure) == (StopStatus.REJECTED, "Margin is insufficient.")


def test_the_single_query_lags_and_the_list_does_not(desk: Any) -> None:
    stop = desk.stop(LONG, "95", cid="a")
    assert desk.x.algos.open == [stop]
    assert desk.code(lambda: desk.x.algos.query("a", desk.now + 199)) == -2013
    assert desk.x.algos.query("a", desk.now + 200) is stop
    assert desk.code(lambda: desk.x.algos.query("b", desk.now)) == -2013


def test_cancel_all_spares_other_symbols_and_what_is_triggering(new_desk: Any) -> None:
    desk = new_desk(others=("ETH/USDT:USDT",))
    desk.seed(LONG, "1")
    desk.mark("100")
    firing, near, other = (
        desk.stop(LONG, "99"),
        desk.stop(LONG, "90", "1"),
        desk.stop(LONG, "1", "1", symbol="ETH/USDT:USDT"),
    )
    desk.mark("99")
    desk.x.algos.cancel_all(SYMBOL, desk.now)
    assert (firing.status, near.status, other.status) == (
        StopStatus.TRIGGERING,
        StopStatus.CANCELED,
        StopStatus.NEW,
    )

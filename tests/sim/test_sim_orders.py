from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderStatus, PositionSide, TimeInForce
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.records import DeepMatch, OrderEvent, SimOrder, Stp
from vibe_quant.sim.switches import Switches
from vibe_quant.sim.venue import FIRST_ORDER_ID, FIRST_TRADE_ID, Venue

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL = "BTC/USDT:USDT"


def gtd(desk: Any, ahead_ms: int, **more: Any) -> SimOrder:
    order: SimOrder = desk.place(LONG, "0.1", "101", tif=TimeInForce.GTD, good_till_ms=desk.now + ahead_ms, **more)
    return order


def test_ids_of_orders_and_trades_are_counted_apart(desk: Any) -> None:
    first, second = desk.place(LONG, "0.1"), desk.place(LONG, "0.1")
    assert (first.order_id, second.order_id) == (FIRST_ORDER_ID + 1, FIRST_ORDER_ID + 2)
    trades = [e.trade_id for e in desk.events() if isinstance(e, OrderEvent) and e.last_qty]
    assert trades == [FIRST_TRADE_ID + 1, FIRST_TRADE_ID + 2]
    desk.wait(1)
    assert desk.refused(LONG, "5", "101") == -2022
    assert desk.place(LONG, "0.1").order_id == FIRST_ORDER_ID + 3


def test_trades_of_each_symbol_are_counted_apart(new_desk: Any) -> None:
    desk = new_desk(others=("ETH",))
    for symbol in (SYMBOL, "ETH", SYMBOL):
        desk.quote("99.9", "5", "100.1", "5", symbol=symbol)
        desk.place(LONG, "0.1", opens=True, symbol=symbol)
    trades = [(e.order.symbol, e.trade_id - FIRST_TRADE_ID) for e in desk.events() if isinstance(e, OrderEvent)]
    assert [pair for pair in trades if pair[1] > 0] == [(SYMBOL, 1), ("ETH", 1), (SYMBOL, 2)]


def test_an_order_is_found_by_either_id(desk: Any) -> None:
    order = desk.place(LONG, "0.1", "101", cid="a")
    desk.wait(200)
    assert desk.x.query(SYMBOL, "a", desk.now) is desk.x.query(SYMBOL, order.order_id, desk.now) is order
    assert desk.code(lambda: desk.x.query("ETH", order.order_id, desk.now)) == -2013
    assert desk.x.cancel(SYMBOL, order.order_id, desk.now) is order
    assert desk.code(lambda: desk.x.cancel(SYMBOL, order.order_id, desk.now)) == -2011


def test_finished_orders_are_forgotten_in_time(new_desk: Any) -> None:
    desk = new_desk()
    x: SimExchange = desk.x
    x.venue = x.matching.venue = x.entry.venue = Venue(
        {SYMBOL: (x.venue.markets[SYMBOL].rules, ())}, {"USDT": D(1000)}, Switches(), remembered=2
    )
    x.matching.order_ended = lambda order, now: None
    orders = []
    for cid in ("a", "b", "a", "c"):
        order = x.entry.place(desk.request(LONG, "0.1", "100", cid=cid, opens=True), desk.now)
        x.matching.end(order, OrderStatus.CANCELED, 0, desk.now)
        orders.append(order)
    assert list(x.venue.by_id) == [order.order_id for order in orders[2:]]
    assert x.venue.orders == {"a": orders[2], "c": orders[3]}


def test_gtd_ends_by_itself_at_the_second(desk: Any) -> None:
    order = gtd(desk, 600_999)
    assert order.good_till_ms == desk.now + 600_000
    desk.words()
    desk.wait(599_999)
    assert desk.words() == []
    desk.wait(1)
    assert desk.words() == ["CANCELED/CANCELED"]
    assert order.updated_ms == order.good_till_ms


def test_gtd_may_end_expired(new_desk: Any) -> None:
    desk = new_desk(Switches(gtd_ends_canceled=False))
    desk.seed(LONG, "1")
    gtd(desk, 601_000)
    desk.words()
    desk.wait(700_000)
    assert desk.words() == ["EXPIRED/EXPIRED"]


def test_every_gtd_order_has_its_own_end_and_one_timer_serves_them(desk: Any) -> None:
    late, early, gone = gtd(desk, 900_000), gtd(desk, 700_000), gtd(desk, 800_000)
    desk.x.cancel(SYMBOL, gone.client_id, desk.now)
    timers = len(desk.x.venue._timers)
    for _ in range(50):
        desk.x.cancel(SYMBOL, gtd(desk, 950_000).client_id, desk.now)
    assert len(desk.x.venue._timers) == timers
    desk.words()
    desk.wait(700_000)
    assert (early.status, late.status) == (OrderStatus.CANCELED, OrderStatus.NEW)
    last = gtd(desk, 650_000)
    desk.wait(200_000)
    assert (late.status, last.status) == (OrderStatus.CANCELED, OrderStatus.NEW)
    assert len(desk.x.venue._timers) == 1
    desk.wait(450_000)
    assert desk.words() == ["CANCELED/CANCELED", "NEW/NEW", "CANCELED/CANCELED", "CANCELED/CANCELED"]
    gtd(desk, 700_000)
    desk.wait(700_000)
    assert desk.words() == ["NEW/NEW", "CANCELED/CANCELED"]


def test_a_gtd_order_that_is_filled_before_ends_once(desk: Any) -> None:
    gtd(desk, 700_000)
    desk.trade("102", "1", "BUY")
    desk.words()
    desk.wait(800_000)
    assert desk.words() == []


@pytest.mark.parametrize("maker_qty", ["0.3", "0.1"])
def test_without_prevention_two_own_orders_trade_with_each_other(desk: Any, maker_qty: str) -> None:
    desk.quote("99", "5", "101", "5")
    maker = desk.place(LONG, maker_qty, "100", opens=True)
    taker = desk.place(LONG, "0.2", "100", stp=Stp.NONE)
    done = min(D(maker_qty), D("0.2"))
    assert (maker.filled_qty, taker.filled_qty) == (done, done)
    assert desk.leg(LONG) == 1
    fills = [e for e in desk.events() if isinstance(e, OrderEvent) and e.last_qty]
    assert [(e.is_maker, e.last_price) for e in fills] == [(False, D(100)), (True, D(100))]


def test_without_prevention_a_closer_without_a_leg_takes_nothing(desk: Any) -> None:
    desk.quote("99", "5", "101", "5")
    maker = desk.place(SHORT, "0.5", "100")
    taker = desk.place(LONG, "0.5", "100", stp=Stp.NONE)
    assert (maker.status, taker.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert (desk.leg(LONG), desk.leg(SHORT)) == (D("0.5"), D("0.5"))


def test_cancel_all_takes_the_orders_of_one_symbol(new_desk: Any) -> None:
    desk = new_desk(others=("ETH",))
    for symbol in (SYMBOL, SYMBOL, "ETH"):
        desk.place(LONG, "0.1", "99", opens=True, symbol=symbol)
    desk.x.cancel_all(SYMBOL, desk.now)
    assert [order.symbol for order in desk.x.open_orders(None)] == ["ETH"]
    assert desk.code(lambda: desk.x.cancel_all("X", desk.now)) == -1121


def test_a_check_neither_records_nor_counts(desk: Any) -> None:
    request = desk.request(LONG, "0.1", "101")
    order = desk.x.check(request, desk.now)
    assert order.order_id == 0 and desk.words() == []
    assert desk.x.place(request, desk.now).order_id == FIRST_ORDER_ID + 1


def test_queue_levels_are_taken_from_the_own_side(new_desk: Any) -> None:
    desk = new_desk(replace(Switches(), deep_opponent_refused=False))
    desk.seed(LONG, "1")
    assert desk.refused(LONG, "0.1", price_match=DeepMatch.QUEUE_5) == -5041
    desk.quote("0.5", "1", "0.6", "1")
    assert desk.refused(LONG, "0.1", price_match=DeepMatch.OPPONENT_10) == -5041
    desk.quote("0", "0", "100.1", "1")
    assert desk.refused(LONG, "0.1", price_match=DeepMatch.OPPONENT_20) == -5041
    assert desk.place(LONG, "0.1", price_match=DeepMatch.QUEUE_20).price == D("102.0")


def test_an_opener_may_not_grow_the_leg_beyond_what_its_leverage_permits(desk: Any) -> None:
    assert desk.refused(LONG, "499.1", "100", opens=True) == -2027
    order = desk.place(LONG, "400", "100", opens=True)
    assert desk.refused(LONG, "99.1", "100", opens=True) == -2027
    assert desk.code(lambda: desk.amend(order, "499.1", "100")) == -2027
    assert desk.amend(order, "499", "100").qty == 499
    assert desk.place(SHORT, "100", "101", opens=True).status is OrderStatus.NEW


def test_openers_of_other_symbols_bind_margin_too(new_desk: Any) -> None:
    desk = new_desk(wallet="1000", others=("ETH",))
    desk.place(LONG, "150", "100", opens=True, symbol="ETH")
    assert desk.refused(LONG, "50.1", "100", opens=True) == -2019
    assert desk.place(LONG, "50", "100", opens=True).status is OrderStatus.NEW

"""Delisting, halts and new rules; and funding by the timetable."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderStatus, PositionSide, StopStatus
from vibe_quant.domain.events import Mark
from vibe_quant.sim.records import AccountEvent, OrderEvent
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOL, OTHER = "BTC/USDT:USDT", "ETH/USDT:USDT"
HOUR = 3_600_000


def status(desk: Any, name: str, price: Decimal | None = None) -> None:
    desk.x.settlement.set_status(SYMBOL, name, desk.now, price)


def test_orders_expire_before_settlement_and_legs_stay(desk: Any) -> None:
    resting, stop = desk.place(LONG, "0.5", "101"), desk.stop(SHORT, "120")
    desk.events()
    status(desk, "PRE_SETTLE")
    assert (resting.status, resting.expiry_reason) == (OrderStatus.EXPIRED, 7)
    assert stop.status is StopStatus.EXPIRED
    assert (desk.leg(LONG), desk.leg(SHORT)) == (1, 1)
    assert desk.refused(LONG, "0.5", "101") == -4141
    assert desk.refused(LONG, "0.5", "101", opens=True) == -4140


def test_positions_are_settled(desk: Any) -> None:
    desk.stop(LONG, "90")
    desk.events()
    before = desk.wallet()
    status(desk, "SETTLING", D("101.5"))
    events = desk.events()
    orders = [event for event in events if isinstance(event, OrderEvent)]
    assert all(event.order.client_id.startswith("settlement_autoclose-") for event in orders)
    fills = [event for event in orders if event.last_qty]
    assert [(e.order.position_side, e.order.side, e.last_price, e.order.status) for e in fills] == [
        (LONG, "SELL", D("101.5"), OrderStatus.FILLED),
        (SHORT, "BUY", D("101.5"), OrderStatus.FILLED),
    ]
    assert [e.fee for e in fills] == [D("101.5") * D("0.0005")] * 2
    assert desk.wallet() - before == D("1.5") - D("1.5") - sum(e.fee for e in fills)
    assert {event.exch_ms for event in events} == {desk.now}
    status(desk, "CLOSE")
    assert desk.events() == []


def test_settlement_is_free_by_switch_and_at_the_mark_by_default(new_desk: Any) -> None:
    desk = new_desk(Switches(settlement_charges_fee=False))
    desk.seed(LONG, "2")
    desk.mark("98")
    before = desk.wallet()
    status(desk, "CLOSE")
    assert desk.wallet() - before == -4
    unmarked = new_desk()
    unmarked.seed(SHORT, "2", "50")
    status(unmarked, "CLOSE")
    assert [e.last_price for e in unmarked.events() if isinstance(e, OrderEvent) and e.last_qty] == [50]


def test_a_halt_refuses_orders_and_lets_cancel(desk: Any) -> None:
    resting = desk.place(LONG, "0.5", "101")
    desk.stop(SHORT, "120")
    status(desk, "TRADING_HALT")
    assert desk.refused(LONG, "0.5", "101") == -4141
    assert resting.status is OrderStatus.NEW
    desk.x.cancel(SYMBOL, resting.client_id, desk.now)
    assert len(desk.x.algos.open) == 1
    status(desk, "TRADING")
    desk.place(LONG, "0.5", "101")


def test_nothing_fills_in_a_halt(desk: Any) -> None:
    resting = desk.place(LONG, "0.5", "101")
    status(desk, "TRADING_HALT")
    desk.trade("101.5", "5", "BUY")
    desk.quote("101.2", "5", "101.3", "5")
    assert (resting.status, desk.leg(LONG)) == (OrderStatus.NEW, 1)
    status(desk, "TRADING")
    desk.trade("101.5", "5", "BUY")
    assert (resting.status, desk.leg(LONG)) == (OrderStatus.FILLED, D("0.5"))


def test_a_new_tick_binds_new_orders_only(desk: Any) -> None:
    old = desk.place(LONG, "0.5", "100.3")
    desk.x.change_rules(SYMBOL, replace(desk.x.venue.markets[SYMBOL].rules, tick=D("0.5")), desk.now)
    assert old.status is OrderStatus.NEW
    assert desk.refused(LONG, "0.4", "100.3") == -4014
    desk.place(LONG, "0.4", "100.6")  # the grid begins at the least price, 0.1
    assert desk.code(lambda: desk.x.change_rules("XYZ", desk.x.venue.markets[SYMBOL].rules, desk.now)) == -1121


def funded(new_desk: Any) -> Any:
    desk = new_desk(others=(OTHER,))
    desk.seed(LONG, "2")
    desk.now = 7 * HOUR
    desk.x.on_mark(Mark(SYMBOL, desk.now, desk.now, D(100), None, D("0.001")))
    return desk


def paid(desk: Any) -> list[tuple[int, Decimal]]:
    return [(e.exch_ms, e.balances[0].change) for e in desk.events() if isinstance(e, AccountEvent)]


def test_funding_is_paid_at_each_full_interval(new_desk: Any) -> None:
    desk = funded(new_desk)
    assert (desk.x.funding.next_ms(SYMBOL), desk.x.funding.interval_hours(SYMBOL)) == (0, 8)
    desk.x.funding.start(SYMBOL, desk.now)
    assert desk.x.funding.next_ms(SYMBOL) == 8 * HOUR
    desk.wait(HOUR - 1)
    assert paid(desk) == []
    desk.wait(1)
    assert paid(desk) == [(8 * HOUR, D("-0.2"))]
    assert desk.x.funding.next_ms(SYMBOL) == 16 * HOUR
    desk.wait(16 * HOUR)
    assert paid(desk) == [(16 * HOUR, D("-0.2")), (24 * HOUR, D("-0.2"))]


def test_a_timetable_is_replaced(new_desk: Any) -> None:
    desk = funded(new_desk)
    desk.x.funding.start(SYMBOL, desk.now)
    desk.x.funding.start(SYMBOL, desk.now, interval_hours=4, next_ms=desk.now + 5)
    assert desk.x.funding.interval_hours(SYMBOL) == 4
    desk.wait(4 * HOUR)
    assert paid(desk) == [(7 * HOUR + 5, D("-0.2"))]


@pytest.mark.parametrize("rate", [None, D(0)])
def test_no_rate_no_payment(new_desk: Any, rate: Decimal | None) -> None:
    desk = funded(new_desk)
    desk.x.funding.start(SYMBOL, desk.now, next_ms=desk.now + 5)
    desk.x.on_mark(Mark(SYMBOL, desk.now, desk.now, D(100), None, rate))
    desk.wait(10)
    assert paid(desk) == []
    assert desk.x.funding.next_ms(SYMBOL) == desk.now - 5 + 8 * HOUR

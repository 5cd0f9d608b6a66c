# mypy: disable-error-code="comparison-overlap,unreachable"
"""Each refusal with the exchange's own code, and that a refusal leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderStatus, OrderType, PositionSide, PriceMatch, TimeInForce
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT


@pytest.mark.parametrize(
    ("code", "side", "qty", "price", "more"),
    [
        (-4014, LONG, "0.5", "100.15", {}),
        (-4023, LONG, "0.5005", "100.1", {}),
        (-4003, LONG, "0", "100.1", {}),
        (-4003, LONG, "0.0005", "100.1", {}),
        (-4005, LONG, "1000.001", "100.1", {}),
        (-4005, LONG, "120.001", None, {}),
        (-4001, LONG, "0.5", "0", {}),
        (-4013, LONG, "0.5", "0.05", {}),
        (-4002, LONG, "0.5", "100000.1", {}),
        (-4016, SHORT, "0.5", "105.1", {}),
        (-4024, LONG, "0.5", "94.9", {}),
        (-4164, LONG, "0.049", "100.1", {}),
        (-4164, LONG, "0.049", None, {}),
        (-4061, LONG, "0.5", "100.1", {"position_side": None}),
        (-1106, LONG, "0.5", "100.1", {"reduce_only": True}),
        (-1106, LONG, "0.5", "100.1", {"order_type": OrderType.MARKET, "tif": None}),
        (-1102, LONG, None, "100.1", {}),
        (-1102, LONG, "0.5", "100.1", {"tif": None}),
        (-1102, LONG, "0.5", None, {"order_type": OrderType.LIMIT}),
        (-5037, LONG, "0.5", "100.1", {"price_match": PriceMatch.QUEUE}),
        (-5037, LONG, "0.5", None, {"price_match": PriceMatch.QUEUE, "tif": TimeInForce.GTX}),
        (-4015, LONG, "0.5", "100.1", {"cid": "x" * 37}),
        (-4015, LONG, "0.5", "100.1", {"cid": "a b"}),
        (-1116, LONG, "0.5", "100.1", {"order_type": OrderType.LIQUIDATION}),
        (-4120, LONG, "0.5", None, {"order_type": OrderType.STOP_MARKET}),
        (-4120, LONG, "0.5", "100.1", {"order_type": OrderType.STOP}),
        (-1121, LONG, "0.5", "100.1", {"symbol": "XRP/USDT:USDT"}),
        (-5022, LONG, "0.5", "99.9", {"tif": TimeInForce.GTX}),
        (-5022, SHORT, "0.5", "100.1", {"tif": TimeInForce.GTX}),
        (-5021, LONG, "0.5", "100", {"tif": TimeInForce.FOK}),
        (-2022, LONG, "1.001", "100.1", {}),
    ],
)
def test_refusals(desk: Any, code: int, side: PositionSide, qty: str, price: str, more: dict[str, Any]) -> None:
    desk.words()
    cid = more.get("cid", "refused")
    assert desk.refused(side, qty, price, **{**more, "cid": cid}) == code
    assert desk.words() == []
    assert desk.x.open_orders(None) == []
    desk.wait(10_000)
    assert desk.code(lambda: desk.x.query("BTC/USDT:USDT", cid, desk.now)) == -2013


@pytest.mark.parametrize(("side", "price"), [(SHORT, "105"), (LONG, "95"), (LONG, "105.1"), (SHORT, "94.9")])
def test_percent_price_is_one_sided(desk: Any, side: PositionSide, price: str) -> None:
    desk.place(side, "0.5", price, tif=TimeInForce.GTC)


@pytest.mark.parametrize("age", [-1000, 5001])
def test_time_outside_the_window(desk: Any, age: int) -> None:
    assert desk.refused(LONG, "0.5", "100.1", timestamp_ms=desk.now - age) == -1021


@pytest.mark.parametrize("age", [-999, 5000])
def test_time_inside_the_window(desk: Any, age: int) -> None:
    desk.place(LONG, "0.5", "100.1", timestamp_ms=desk.now - age)


def test_a_client_id_is_free_again_when_its_order_is_done(desk: Any) -> None:
    desk.place(LONG, "0.5", "100.1", cid="vq-a")
    assert desk.refused(LONG, "0.5", "100.2", cid="vq-a") == -4116
    desk.x.cancel("BTC/USDT:USDT", "vq-a", desk.now)
    assert desk.place(LONG, "0.5", "100.2", cid="vq-a").status is OrderStatus.NEW


def test_symbol_that_does_not_trade(new_desk: Any, rules: Any) -> None:
    desk = new_desk(rules=replace(rules, status="SETTLING"))
    desk.seed(LONG, "1")
    assert desk.refused(LONG, "0.5", "100") == -4141
    assert desk.refused(LONG, "0.5", "100", opens=True) == -4140


def test_market_outside_percent_price(desk: Any) -> None:
    desk.quote("90", "5", "110", "5")
    assert desk.refused(LONG, "0.5") == -4131
    assert desk.refused(SHORT, "0.5") == -4131


def test_open_orders_are_limited(new_desk: Any) -> None:
    desk = new_desk()
    desk.seed(LONG, "100")
    desk.quote("99.9", "5", "100.1", "5")
    for _ in range(200):
        desk.place(LONG, "0.05", "101")
    assert desk.refused(LONG, "0.05", "101") == -2025


def test_overload_spares_closers_only(desk: Any, new_desk: Any) -> None:
    desk.x.entry.overloaded = True
    assert desk.refused(LONG, "0.5", "99", opens=True) == -1008
    desk.place(LONG, "0.5", "100.1")
    assert desk.code(lambda: desk.stop(LONG, "90")) == -1008
    unspared = new_desk(Switches(overload_spares_closers=False))
    unspared.x.entry.overloaded = True
    assert unspared.refused(LONG, "0.5", "100.1") == -1008


def test_min_notional_relief_by_switch(new_desk: Any) -> None:
    desk = new_desk(Switches(min_notional_relief_limit=True, min_notional_relief_market=True))
    desk.seed(LONG, "1")
    desk.quote("99.9", "5", "100.1", "5")
    desk.mark("100")
    desk.place(LONG, "0.001", "100.1")
    desk.place(LONG, "0.001")
    assert desk.refused(LONG, "0.001", "99", opens=True) == -4164


def test_opening_needs_margin(new_desk: Any) -> None:
    desk = new_desk(wallet="100")
    desk.quote("99.9", "5", "100.1", "5")
    desk.x.set_leverage("BTC/USDT:USDT", 10, desk.now)
    desk.place(LONG, "5", "99", opens=True)
    assert desk.refused(LONG, "6", "99", opens=True) == -2019
    desk.place(LONG, "5", "99", opens=True)


def test_cancel_of_what_is_not_open(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    desk.x.cancel("BTC/USDT:USDT", order.client_id, desk.now)
    assert desk.code(lambda: desk.x.cancel("BTC/USDT:USDT", order.client_id, desk.now)) == -2011
    assert desk.code(lambda: desk.x.cancel("BTC/USDT:USDT", "never", desk.now)) == -2011


def test_the_single_query_lags_and_the_list_does_not(desk: Any) -> None:
    order = desk.place(LONG, "0.5", "100.1")
    assert desk.x.open_orders("BTC/USDT:USDT") == [order]
    assert desk.code(lambda: desk.x.query("BTC/USDT:USDT", order.client_id, desk.now + 199)) == -2013
    assert desk.x.query("BTC/USDT:USDT", order.client_id, desk.now + 200) is order

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sim.order_desk import OrderDesk, limit


@pytest.fixture
def desk() -> OrderDesk:
    return OrderDesk()


def post(desk: OrderDesk, legs: Any, method: str = "POST") -> Any:
    return desk.call(method, "batchOrders", batchOrders=json.dumps(legs))


def test_each_leg_stands_for_itself_and_answers_in_its_place(desk: OrderDesk) -> None:
    legs = [
        limit(qty="0.1"),
        limit(reduceOnly=True),
        limit(type="STOP_MARKET", stopPrice="50000"),
        limit(qty=0.2, price=60200),
        limit(qty="5"),
    ]
    answers = post(desk, legs)
    assert [answer.get("code") for answer in answers] == [None, -1106, -4120, None, -2022]
    assert answers[1] == {"code": -1106, "msg": "Parameter 'reduceonly' sent when not required."}
    assert (answers[3]["origQty"], answers[3]["price"]) == ("0.200", "60200.00")
    assert "avgPrice" not in answers[0] and "cumQuote" not in answers[0]
    assert [row["orderId"] for row in desk.call("GET", "openOrders")] == [answers[0]["orderId"], answers[3]["orderId"]]


def test_a_leg_may_trade_with_oneself_and_null_is_nothing(desk: OrderDesk) -> None:
    desk.quote("60000", "60300")
    resting = desk.limit(side="BUY", leg="LONG", qty="0.3", price="60100", newClientOrderId="buy")
    desk.told()
    (answer,) = post(desk, [limit(price="60100", selfTradePreventionMode="NONE", stopPrice=None)])
    assert answer["selfTradePreventionMode"] == "NONE"
    desk.told()
    trades = desk.call("GET", "userTrades", symbol="BTCUSDT")
    assert [(row["orderId"], row["price"], row["qty"], row["maker"]) for row in trades] == [
        (answer["orderId"], "60100.00", "0.100", False),
        (resting["orderId"], "60100.00", "0.100", True),
    ]
    assert len({row["id"] for row in trades}) == 2
    assert desk.call("GET", "openOrder", symbol="BTCUSDT", origClientOrderId="buy")["executedQty"] == "0.100"


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("legs", "code"),
    [("", -1102), (None, -1102), ("[]", -4082), ("{}", -1102), ("[1,", -1102), (json.dumps([{}] * 6), -4082)],
)
def test_what_is_no_batch(desk: OrderDesk, method: str, legs: str | None, code: int) -> None:
    assert desk.refused(method, "batchOrders", batchOrders=legs)[0] == code


def test_what_is_no_leg(desk: OrderDesk) -> None:
    answers = post(desk, [1, "x", None, {"symbol": ["BTCUSDT"]}, {"symbol": {"a": 1}}])
    assert {answer["code"] for answer in answers} == {-1102}


def test_amendments_in_a_batch(desk: OrderDesk) -> None:
    first, second = desk.limit(), desk.limit(price="60150")
    legs = [
        {"symbol": "BTCUSDT", "side": "SELL", "orderId": first["orderId"], "quantity": "0.2", "price": "60300"},
        {"symbol": "BTCUSDT", "side": "SELL", "orderId": 7, "quantity": "0.2", "price": "60300"},
        {"symbol": "BTCUSDT", "side": "SELL", "origClientOrderId": second["clientOrderId"], "quantity": "0.2"},
    ]
    answers = post(desk, legs, "PUT")
    assert [answer.get("code") for answer in answers] == [None, -2013, -1102]
    assert answers[0]["price"] == "60300.00"


def test_cancels_in_a_batch_mix_orders_and_refusals(desk: OrderDesk) -> None:
    first, second = desk.limit(), desk.limit(newClientOrderId="vq-2")
    ids = f"[{first['orderId']},1]"
    answers = desk.call("DELETE", "batchOrders", symbol="BTCUSDT", orderIdList=ids)
    assert answers[0]["status"] == "CANCELED"
    assert answers[1] == {"code": -2011, "msg": "Unknown order sent."}
    answers = desk.call("DELETE", "batchOrders", symbol="BTCUSDT", origclientorderidlist='["vq-2","vq-3"]')
    assert (answers[0]["orderId"], answers[1]["code"]) == (second["orderId"], -2011)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, -1102),
        ({"orderIdList": "[]"}, -1102),
        ({"orderIdList": json.dumps([1] * 11)}, -4032),
        ({"orderIdList": '["x"]'}, -1102),
        ({"orderIdList": "[1.5]"}, -1102),
        ({"orderIdList": "[null]"}, -1102),
        ({"orderIdList": "7"}, -1102),
        ({"origClientOrderIdList": "[true]"}, -1102),
        ({"symbol": None, "orderIdList": "[1]"}, -1102),
        ({"symbol": "X", "orderIdList": "[1]"}, -1121),
    ],
)
def test_what_is_no_batch_of_cancels(desk: OrderDesk, given: dict[str, Any], code: int) -> None:
    assert desk.refused("DELETE", "batchOrders", **({"symbol": "BTCUSDT"} | given))[0] == code

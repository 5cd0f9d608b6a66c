from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sim.order_desk import NOW, QUICK, OrderDesk, limit

from vibe_quant.sim.records import Rejected
from vibe_quant.sim.switches import Switches

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared")
DAY = 86_400_000
GONE = (-2013, "Order does not exist.")


@pytest.fixture
def desk() -> OrderDesk:
    return OrderDesk()


def filled(desk: OrderDesk, qty: str = "0.100") -> Any:
    ack = desk.market(qty=qty)
    desk.told()
    return ack


def test_a_read_keeps_the_prices_that_an_ack_lost(desk: OrderDesk) -> None:
    done = filled(desk)
    read = desk.call("GET", "order", symbol="BTCUSDT", orderId=done["orderId"])
    assert list(read)[:10] == [
        "orderId",
        "symbol",
        "status",
        "clientOrderId",
        "price",
        "avgPrice",
        "origQty",
        "executedQty",
        "cumQuote",
        "timeInForce",
    ]
    assert (read["price"], read["avgPrice"], read["cumQuote"]) == ("0.00", "60000.00000", "6000.00000")
    assert (read["executedQty"], read["time"], read["updateTime"]) == ("0.100", NOW, NOW)
    resting = desk.limit()
    read = desk.call("GET", "openOrder", symbol="BTCUSDT", orderId=resting["orderId"])
    assert (read["avgPrice"], read["cumQuote"], read["stopPrice"]) == ("0.00", "0.00000", "0.00")


def test_a_list_of_open_orders_is_stripped(desk: OrderDesk) -> None:
    desk.limit(symbol="BTCUSDC", side="BUY", price="59000.0", qty="0.010")
    (row,) = desk.call("GET", "openOrders", symbol="BTCUSDC")
    assert (row["price"], row["origQty"], row["avgPrice"], row["executedQty"]) == ("59000", "0.01", "0", "0")
    assert (row["cumQuote"], row["stopPrice"]) == ("0.0000", "0")
    assert desk.call("GET", "openOrders", symbol="ETHUSDT") == []
    assert desk.refused("GET", "openOrders", symbol="X")[0] == -1121


def test_open_orders_show_what_has_been_filled(desk: OrderDesk) -> None:
    desk.limit(qty="0.9", price="60000")
    desk.quote("60000", "60000.1", qty="0.3")
    desk.limit(side="BUY", leg="LONG", qty="0.9", price="60000.1")
    desk.told()
    (row,) = desk.call("GET", "openOrders")
    assert (row["executedQty"], row["avgPrice"], row["cumQuote"]) == ("0.3", "60000.10000", "18000.03000")


def test_a_finished_order_is_not_open(desk: OrderDesk) -> None:
    done = filled(desk)
    assert desk.refused("GET", "openOrder", symbol="BTCUSDT", orderId=done["orderId"]) == GONE
    assert desk.refused("GET", "order", symbol="ETHUSDT", orderId=done["orderId"]) == GONE
    assert desk.refused("GET", "order", symbol="X", orderId=done["orderId"])[0] == -1121


def test_an_order_cannot_be_read_at_once() -> None:
    desk = OrderDesk(Switches())
    placed = desk.limit()
    assert desk.refused("GET", "order", symbol="BTCUSDT", orderId=placed["orderId"]) == GONE
    assert len(desk.call("GET", "openOrders")) == 1
    desk.wait(200)
    assert desk.call("GET", "order", symbol="BTCUSDT", orderId=placed["orderId"])["status"] == "NEW"


def test_unfilled_orders_are_shown_for_three_days_and_filled_ones_for_ninety(desk: OrderDesk) -> None:
    done, unfilled, resting = filled(desk), desk.limit(timeInForce="IOC"), desk.limit()

    def seen(order: Any) -> bool:
        try:
            return bool(desk.call("GET", "order", symbol="BTCUSDT", orderId=order["orderId"]))
        except Rejected as refusal:
            assert (refusal.code, refusal.message) == GONE
            return False

    desk.wait(3 * DAY)
    assert seen(done) and seen(unfilled)
    desk.wait(1)
    assert seen(done) and not seen(unfilled)
    desk.wait(87 * DAY)
    assert not seen(done) and seen(resting)


def test_all_orders_from_an_id_in_a_window_up_to_a_limit(desk: OrderDesk) -> None:
    ids: list[int] = []
    for _ in range(4):
        ids.append(filled(desk, "0.001" if not ids else "0.002")["orderId"])
        desk.now += 1000
    ids.append(desk.limit(symbol="ETHUSDT", side="BUY", price="2400", qty="1")["orderId"])

    def found(**asked: Any) -> list[int]:
        return [row["orderId"] for row in desk.call("GET", "allOrders", **asked)]

    assert found() == ids
    assert found(symbol="BTCUSDT") == ids[:4]
    assert found(symbol="BTCUSDT", limit=2) == ids[2:4]
    assert found(symbol="BTCUSDT", limit=2, orderId=ids[1]) == ids[1:3]
    assert found(startTime=NOW + 1000, endTime=NOW + 2000) == ids[1:3]
    assert found(startTime=NOW + 1000, limit=1) == ids[1:2]
    assert found(endTime=NOW) == ids[:1]
    assert list(desk.call("GET", "allOrders")[0]) == list(desk.call("GET", "order", symbol="BTCUSDT", orderId=ids[0]))


@pytest.mark.parametrize("path", ["allOrders", "userTrades"])
@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ({"symbol": "X"}, -1121, "Invalid symbol."),
        ({"limit": 0}, -1130, "Data sent for parameter 'limit' is not valid."),
        ({"limit": 1001}, -1130, "Data sent for parameter 'limit' is not valid."),
        ({"startTime": 2, "endTime": 1}, -1023, "Start time is greater than end time."),
        ({"startTime": 0, "endTime": 7 * DAY + 1}, -4165, "Maximum time interval is 7 days."),
        (
            {"startTime": "x"},
            -1102,
            "Mandatory parameter 'starttime' was not sent, was empty/null, or malformed.",
        ),
    ],
)
def test_windows_that_are_refused(desk: OrderDesk, path: str, asked: dict[str, Any], code: int, text: str) -> None:
    assert desk.refused("GET", path, **({"symbol": "BTCUSDT"} | asked)) == (code, text)


def test_a_trade_has_the_keys_and_the_padding_of_2026(desk: OrderDesk) -> None:
    done = filled(desk)
    (row,) = desk.call("GET", "userTrades", symbol="BTCUSDT")
    assert row == {
        "symbol": "BTCUSDT",
        "id": row["id"],
        "orderId": done["orderId"],
        "pair": "BTCUSDT",
        "side": "SELL",
        "price": "60000.00",
        "qty": "0.100",
        "realizedPnl": "0",
        "quoteQty": "6000.00000",
        "commission": "3.00000000",
        "commissionAsset": "USDT",
        "time": NOW,
        "positionSide": "LONG",
        "baseQty": "0",
        "marginAsset": "USDT",
        "buyer": False,
        "maker": False,
    }
    desk.quote("60001", "60001.1")
    filled(desk)
    assert desk.call("GET", "userTrades", symbol="BTCUSDT")[1]["realizedPnl"] == "0.10000000"


def test_which_trades_are_found(desk: OrderDesk) -> None:
    orders = []
    for _ in range(3):
        orders.append(filled(desk)["orderId"])
        desk.now += 1000
    rows = desk.call("GET", "userTrades", symbol="BTCUSDT")
    ids = [row["id"] for row in rows]
    assert [row["orderId"] for row in rows] == orders and ids == sorted(set(ids))

    def found(**asked: Any) -> list[int]:
        return [row["id"] for row in desk.call("GET", "userTrades", symbol="BTCUSDT", **asked)]

    assert found(orderId=orders[1]) == ids[1:2]
    assert found(fromId=ids[1]) == ids[1:]
    assert found(limit=1) == ids[:1]
    assert found(startTime=NOW + 1, endTime=NOW + 1000) == ids[1:2]
    assert desk.call("GET", "userTrades", symbol="ETHUSDT") == []
    assert desk.refused("GET", "userTrades")[0] == -1102
    refusal = (-1128, "Combination of optional parameters invalid.")
    assert desk.refused("GET", "userTrades", symbol="BTCUSDT", fromId=1, startTime=1) == refusal
    desk.now += 8 * DAY
    assert found() == [] and found(fromId=1) == ids
    desk.now += 90 * DAY
    assert found(fromId=1) == []


def test_the_newest_trades_may_come_by_default() -> None:
    desk = OrderDesk(replace(QUICK, user_trades_oldest_first=False))
    orders = [filled(desk)["orderId"] for _ in range(3)]

    def found(**asked: Any) -> list[int]:
        return [row["orderId"] for row in desk.call("GET", "userTrades", symbol="BTCUSDT", limit=1, **asked)]

    assert found() == orders[2:]
    assert found(startTime=NOW) == orders[:1]


def test_amendments_are_remembered_newest_first(desk: OrderDesk) -> None:
    placed = desk.limit()
    change = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "side": "SELL"}
    for price in ("60200", "60300.5"):
        desk.call("PUT", "order", **change, quantity="0.2", price=price)
    desk.limit(qty="0.01")
    desk.told()
    rows = desk.call("GET", "orderAmendment", symbol="BTCUSDT", origClientOrderId=placed["clientOrderId"])
    assert [row["amendment"]["count"] for row in rows] == [2, 1]
    assert rows[0]["amendment"] == {
        "price": {"before": "60200", "after": "60300.5"},
        "origQty": {"before": "0.2", "after": "0.2"},
        "count": 2,
    }
    assert rows[0]["amendmentId"] > rows[1]["amendmentId"]
    only = desk.call("GET", "orderAmendment", symbol="BTCUSDT", orderId=placed["orderId"], limit=1)
    assert only == rows[:1]
    assert desk.refused("GET", "orderAmendment", symbol="BTCUSDT", orderId=1, limit=101)[0] == -1130
    assert desk.refused("GET", "orderAmendment", symbol="BTCUSDT")[0] == -1102


def kinds(body: Any) -> Any:
    return [(key, type(value).__name__) for key, value in body.items()]


def test_answers_look_as_recorded(desk: OrderDesk) -> None:
    path = SHARED / "payloads" / "rest_and_wsapi_responses.jsonl"
    if not path.is_file():
        pytest.skip("recordings do not ship with the project; set VQ_SHARED to the folder that holds payloads/")
    lines = {line["request"]: line["body"] for line in map(json.loads, path.read_text().splitlines())}

    def body(start: str) -> Any:
        (found,) = [value for request, value in lines.items() if request.startswith(start)]
        return found[0] if isinstance(found, list) else found

    done = filled(desk)
    resting = desk.limit()
    read = desk.call("GET", "order", symbol="BTCUSDT", orderId=done["orderId"])
    (row,) = desk.call("GET", "openOrders")
    (trade,) = desk.call("GET", "userTrades", symbol="BTCUSDT")
    assert kinds(done) == kinds(resting) == kinds(body("POST /fapi/v1/order MARKET BUY 0.02 AAPLUSDT"))
    assert kinds(read) == kinds(body("GET /fapi/v1/order FILLED"))
    assert kinds(row) == kinds(body("GET /fapi/v1/openOrders BTCUSDC"))
    assert kinds(trade) == kinds(body("GET /fapi/v1/userTrades"))
    (leg,) = desk.call("POST", "batchOrders", batchOrders=json.dumps([limit()]))
    old = [pair for pair in kinds(body("POST /fapi/v1/batchOrders")) if pair[0] not in ("avgPrice", "cumQuote")]
    assert kinds(leg) == old

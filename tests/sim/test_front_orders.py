from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.sim.order_desk import NOW, QUICK, OrderDesk, limit

from vibe_quant.domain.enums import OrderStatus
from vibe_quant.sim.front.orders.order_calls import made_up
from vibe_quant.sim.front.params import Params

ACK_KEYS = [
    "orderId",
    "symbol",
    "status",
    "clientOrderId",
    "price",
    "origQty",
    "executedQty",
    "cumQty",
    "timeInForce",
    "type",
    "reduceOnly",
    "closePosition",
    "side",
    "positionSide",
    "stopPrice",
    "workingType",
    "priceProtect",
    "origType",
    "priceMatch",
    "selfTradePreventionMode",
    "goodTillDate",
    "updateTime",
]
MAKER = (
    "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history"
)
ALGO = "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
GOOD_TILL = (
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
    "and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)"
)


def mandatory(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


@pytest.fixture
def desk() -> OrderDesk:
    return OrderDesk()


def test_an_ack_has_the_keys_and_the_padding_of_2026(desk: OrderDesk) -> None:
    ack = desk.limit(newClientOrderId="vq-1")
    assert list(ack) == ACK_KEYS
    assert ack == {
        "orderId": ack["orderId"],
        "symbol": "BTCUSDT",
        "status": "NEW",
        "clientOrderId": "vq-1",
        "price": "60100.00",
        "origQty": "0.100",
        "executedQty": "0.000",
        "cumQty": "0.000",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "reduceOnly": True,
        "closePosition": False,
        "side": "SELL",
        "positionSide": "LONG",
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": "LIMIT",
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": NOW,
    }


def test_ack_shows_a_filled_market_order_as_new_and_result_as_filled(desk: OrderDesk) -> None:
    assert desk.market()["status"] == "NEW"
    done = desk.market(newOrderRespType="RESULT")
    assert (done["status"], done["executedQty"], done["cumQty"]) == ("FILLED", "0.100", "0.100")
    assert list(done) == ACK_KEYS


def test_result_shows_the_end_of_an_ioc_but_never_the_fill_of_a_resting_limit(desk: OrderDesk) -> None:
    gone = desk.limit(timeInForce="IOC", newOrderRespType="RESULT")
    assert (gone["status"], gone["executedQty"]) == ("EXPIRED", "0.000")
    crossing = desk.limit(price="60000.0", newOrderRespType="RESULT")
    assert (crossing["status"], crossing["executedQty"]) == ("NEW", "0.000")
    assert desk.call("GET", "order", symbol="BTCUSDT", orderId=crossing["orderId"])["status"] == "FILLED"


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"symbol": None}, -1102, mandatory("symbol")),
        ({"symbol": "NOSUCH"}, -1121, "Invalid symbol."),
        ({"side": None}, -1102, mandatory("side")),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": None}, -1102, mandatory("type")),
        ({"type": "ICEBERG"}, -1116, "Invalid orderType."),
        ({"type": "LIQUIDATION"}, -1116, "Invalid orderType."),
        ({"type": "STOP"}, -4120, ALGO),
        ({"type": "STOP_MARKET", "stopPrice": "1", "closePosition": "true"}, -4120, ALGO),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "1"}, -4120, ALGO),
        ({"positionSide": None}, -4061, "Order's position side does not match user's setting."),
        ({"positionSide": "BOTH"}, -4061, "Order's position side does not match user's setting."),
        ({"positionSide": "UP"}, -4060, "Invalid position side."),
        ({"reduceOnly": "true"}, -1106, "Parameter 'reduceonly' sent when not required."),
        ({"reduceOnly": "false"}, -1106, "Parameter 'reduceonly' sent when not required."),
        ({"stopPrice": "50000"}, -1106, "Parameter 'stopprice' sent when not required."),
        ({"activationPrice": "50000"}, -1106, "Parameter 'activationprice' sent when not required."),
        ({"closePosition": "true"}, -4136, "Target strategy invalid for orderType LIMIT,closePosition true"),
        ({"timeInForce": None}, -1102, mandatory("timeinforce")),
        ({"timeInForce": "RPI"}, -1115, "Invalid timeInForce."),
        ({"quantity": None}, -1102, mandatory("quantity")),
        ({"quantity": "NaN"}, -1102, mandatory("quantity")),
        ({"quantity": "0"}, -4003, "Quantity less than or equal to zero."),
        ({"quantity": "-1"}, -4003, "Quantity less than or equal to zero."),
        ({"quantity": "0.0001"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"quantity": "9e99"}, -1102, mandatory("quantity")),
        ({"quantity": "99999999999999999999"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"quantity": "1001"}, -4005, "Quantity greater than max quantity."),
        ({"quantity": "2.001"}, -2022, "ReduceOnly Order is rejected."),
        ({"price": None}, -1102, mandatory("price")),
        ({"price": "0"}, -4001, "Price less than 0."),
        ({"price": "60100.001"}, -1111, "Precision is over the maximum defined for this asset."),
        ({"price": "60100.05"}, -4014, "Price not increased by tick size."),
        ({"price": "1"}, -4013, "Price less than min price."),
        ({"price": "9999999"}, -4002, "Price greater than max price."),
        ({"price": "50000"}, -4024, "Limit price can't be lower than 57000."),
        ({"side": "BUY", "price": "70000"}, -4016, "Limit price can't be higher than 63000."),
        ({"quantity": "0.000"}, -4003, "Quantity less than or equal to zero."),
        (
            {"quantity": "0.001", "price": "49000", "side": "BUY", "positionSide": "LONG"},
            -4164,
            "Order's notional must be no smaller than 50 (unless you choose reduce only).",
        ),
        ({"side": "BUY", "quantity": "900"}, -2019, "Margin is insufficient."),
        ({"timeInForce": "GTX", "price": "60000.0"}, -5022, MAKER),
        (
            {"timeInForce": "FOK"},
            -5021,
            "Due to the order could not be filled immediately, the FOK order has been rejected.",
        ),
        ({"timeInForce": "GTD"}, -1102, mandatory("goodtilldate")),
        ({"timeInForce": "GTD", "goodTillDate": NOW + 600_000}, -5040, GOOD_TILL),
        ({"timeInForce": "GTD", "goodTillDate": 253402300799000}, -5040, GOOD_TILL),
        ({"goodTillDate": NOW + 700_000}, -1106, "Parameter 'goodtilldate' sent when not required."),
        ({"priceMatch": "QUEUE"}, -5037, "Invalid price match: priceMatch and price were both sent."),
        ({"priceMatch": "BEST", "price": None}, -5037, "Invalid price match."),
        ({"priceMatch": "OPPONENT_10", "price": None}, -5037, "Invalid price match."),
        ({"priceMatch": "OPPONENT_20", "price": None}, -5037, "Invalid price match."),
        ({"priceMatch": "QUEUE_5", "price": None, "timeInForce": "GTX"}, -5037, "Invalid price match."),
        ({"selfTradePreventionMode": "NONE"}, -5039, "Invalid self trade prevention mode."),
        ({"selfTradePreventionMode": "ALL"}, -5039, "Invalid self trade prevention mode."),
        ({"newOrderRespType": "FULL"}, -1136, "Invalid newOrderRespType."),
        ({"newClientOrderId": "x" * 37}, -4015, "Client order id is not valid."),
        ({"newClientOrderId": "zwei wörter"}, -4015, "Client order id is not valid."),
        ({"newClientOrderId": ""}, -1105, "Parameter 'newclientorderid' was empty."),
    ],
)
def test_what_is_refused_and_how(desk: OrderDesk, changes: dict[str, Any], code: int, text: str) -> None:
    if changes.get("price") == "49000":
        desk.rules(percent_down=None)
    asked = limit() | changes
    assert desk.refused("POST", "order", **asked) == (code, text)
    assert desk.refused("POST", "order/test", **asked) == (code, text)
    assert desk.told() == [] and not desk.x.venue.by_id


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"price": "60000"}, -1106), ({"timeInForce": "GTC"}, -1106), ({"priceMatch": "QUEUE"}, -5038)],
)
def test_a_market_order_has_no_price(desk: OrderDesk, changes: dict[str, Any], code: int) -> None:
    asked = {"symbol": "BTCUSDT", "side": "SELL", "positionSide": "LONG", "type": "MARKET", "quantity": "1"} | changes
    assert desk.refused("POST", "order", **asked)[0] == code


def test_a_finer_tick_than_the_symbol_shows_is_not_refused_for_its_precision(desk: OrderDesk) -> None:
    desk.rules(tick=desk.x.venue.markets["BTCUSDT"].rules.tick / 1000)
    assert desk.limit(price="60100.0001")["price"] == "60100.0001"


def test_one_way_mode_refuses_both_kinds_of_order(desk: OrderDesk) -> None:
    desk.x.account.dual = False
    assert desk.refused("POST", "order", **limit())[0] == -4061
    assert desk.refused("POST", "order", **limit(leg="BOTH")) == (-4088, "User can not place order currently.")


def test_an_open_client_id_is_taken_and_a_finished_one_is_free(desk: OrderDesk) -> None:
    first = desk.limit(newClientOrderId="vq-1")
    assert desk.refused("POST", "order", **limit(newClientOrderId="vq-1")) == (-4116, "ClientOrderId is duplicated.")
    desk.call("DELETE", "order", symbol="BTCUSDT", origClientOrderId="vq-1")
    second = desk.limit(newClientOrderId="vq-1")
    assert second["orderId"] > first["orderId"]
    by_name = desk.call("GET", "order", symbol="BTCUSDT", origClientOrderId="vq-1")
    assert (by_name["orderId"], by_name["status"]) == (second["orderId"], "NEW")
    assert desk.call("GET", "order", symbol="BTCUSDT", orderId=first["orderId"])["status"] == "CANCELED"


def test_an_order_without_a_name_gets_one_that_is_valid_and_its_own(desk: OrderDesk) -> None:
    names = {desk.limit(qty="0.01")["clientOrderId"] for _ in range(5)}
    assert len(names) == 5
    assert all(len(name) == 22 and name.isalnum() for name in names)
    assert made_up(3) == made_up(3) != made_up(4)


def test_a_test_order_leaves_no_trace(desk: OrderDesk) -> None:
    answer = desk.call("POST", "order/test", **limit(newClientOrderId="vq-t"))
    assert list(answer) == ACK_KEYS
    assert (answer["orderId"], answer["status"]) == (0, "NEW")
    assert desk.told() == [] and desk.call("GET", "openOrders") == []
    assert desk.refused("GET", "order", symbol="BTCUSDT", origClientOrderId="vq-t")[0] == -2013


@pytest.mark.parametrize(
    ("match", "side", "price"),
    [
        ("OPPONENT", "SELL", "60000.00"),
        ("OPPONENT_5", "SELL", "59999.60"),
        ("QUEUE", "SELL", "60000.10"),
        ("QUEUE_5", "SELL", "60000.50"),
        ("QUEUE_10", "BUY", "59999.10"),
        ("QUEUE_20", "BUY", "59998.10"),
    ],
)
def test_the_exchange_picks_the_price(desk: OrderDesk, match: str, side: str, price: str) -> None:
    leg = "LONG" if side == "SELL" else "SHORT"
    ack = desk.limit(side=side, leg=leg, price=None, priceMatch=match)
    assert (ack["price"], ack["priceMatch"]) == (price, match)


def test_a_level_that_the_book_does_not_show_cannot_be_matched(desk: OrderDesk) -> None:
    desk.depth([f"{60000 - n}" for n in range(9)], [f"{60001 + n}" for n in range(10)])
    assert desk.limit(price=None, priceMatch="QUEUE_10")["price"] == "60010.00"
    refusal = desk.refused("POST", "order", **limit(side="BUY", leg="SHORT", price=None, priceMatch="QUEUE_10"))
    assert refusal == (-5041, "No depth matches this BBO order.")


def test_cancel_answers_with_the_order_and_only_once(desk: OrderDesk) -> None:
    placed = desk.limit()
    gone = desk.call("DELETE", "order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert list(gone) == ACK_KEYS and gone["status"] == "CANCELED"
    unknown = (-2011, "Unknown order sent.")
    assert desk.refused("DELETE", "order", symbol="BTCUSDT", orderId=placed["orderId"]) == unknown
    assert desk.refused("DELETE", "order", symbol="ETHUSDT", orderId=placed["orderId"]) == unknown
    assert desk.refused("DELETE", "order", symbol="BTCUSDT") == (
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    )


def test_all_open_orders_of_one_symbol_go(desk: OrderDesk) -> None:
    desk.limit()
    desk.limit(side="BUY", leg="SHORT", price="59900")
    other = desk.limit(symbol="ETHUSDT", side="BUY", price="2400", qty="1")
    answer = desk.call("DELETE", "allOpenOrders", symbol="BTCUSDT")
    assert answer == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert [row["orderId"] for row in desk.call("GET", "openOrders")] == [other["orderId"]]
    assert desk.refused("DELETE", "allOpenOrders")[0] == -1102
    assert desk.refused("DELETE", "allOpenOrders", symbol="X")[0] == -1121


def put(order: Any, **changes: Any) -> dict[str, Any]:
    base = {
        "symbol": "BTCUSDT",
        "orderId": order["orderId"],
        "side": order["side"],
        "quantity": "0.200",
        "price": "60200.0",
    }
    return base | changes


def test_an_amendment_by_either_id_and_its_echo(desk: OrderDesk) -> None:
    placed = desk.limit(newClientOrderId="vq-1")
    desk.told()
    answer = desk.call("PUT", "order", **put(placed, modifyId="7"))
    assert list(answer) == [*ACK_KEYS[:4], "modifyId", *ACK_KEYS[4:]] and answer["modifyId"] == 7
    assert (answer["price"], answer["origQty"], answer["orderId"]) == ("60200.00", "0.200", placed["orderId"])
    (frame,) = desk.told()
    assert (frame["o"]["x"], frame["o"]["M"], list(frame["o"])[-1]) == ("AMENDMENT", "7", "M")
    unnamed = desk.call("PUT", "order", **put(placed, orderId=None, origClientOrderId="vq-1", quantity="0.3"))
    assert list(unnamed) == ACK_KEYS
    assert "M" not in desk.told()[0]["o"]
    winner = put(placed, origClientOrderId="nobody", quantity="0.4")
    assert desk.call("PUT", "order", **winner)["origQty"] == "0.400"


def test_an_amendment_may_let_the_exchange_pick_the_price(desk: OrderDesk) -> None:
    placed = desk.limit()
    assert desk.refused("PUT", "order", **put(placed, price=None, priceMatch="QUEUE")) == (-1102, mandatory("price"))
    desk = OrderDesk(replace(QUICK, amend_needs_price=False))
    placed = desk.limit()
    answer = desk.call("PUT", "order", **put(placed, price=None, priceMatch="QUEUE"))
    assert (answer["price"], answer["priceMatch"]) == ("60000.10", "QUEUE")


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"symbol": None}, -1102, mandatory("symbol")),
        ({"side": None}, -1102, mandatory("side")),
        ({"side": "BUY"}, -1117, "Invalid side."),
        ({"quantity": None}, -1102, mandatory("quantity")),
        ({"price": None}, -1102, mandatory("price")),
        ({"priceMatch": "QUEUE"}, -5037, "Invalid price match: priceMatch and price were both sent."),
        ({"modifyId": "seven"}, -1102, mandatory("modifyid")),
        ({"orderId": 1}, -2013, "Order does not exist."),
        ({"quantity": "0.1", "price": "60100"}, -5027, "No need to modify the order."),
        ({"quantity": "2.5"}, -2022, "ReduceOnly Order is rejected."),
        ({"quantity": "0"}, -4003, "Quantity less than or equal to zero."),
        ({"price": "60100.05"}, -4014, "Price not increased by tick size."),
        ({"reduceOnly": "true"}, -5047, "Modifying a non-reduce-only order with reduceOnly true is not allowed."),
    ],
)
def test_what_an_amendment_may_not(desk: OrderDesk, changes: dict[str, Any], code: int, text: str) -> None:
    placed = desk.limit()
    desk.told()
    assert desk.refused("PUT", "order", **put(placed, **changes)) == (code, text)
    assert desk.told() == []


def test_amending_needs_a_limit_order_on_a_trading_symbol_and_enough_value(desk: OrderDesk) -> None:
    placed = desk.limit()
    desk.rules(min_notional=desk.x.venue.markets["BTCUSDT"].rules.min_notional * 100)
    code, text = desk.refused("PUT", "order", **put(placed, quantity="0.050"))
    assert (code, text) == (-5029, "Order's notional must be no smaller than 5000.")
    desk.rules(status="SETTLING")
    assert desk.refused("PUT", "order", **put(placed))[0] == -5024
    desk.rules(status="TRADING")
    desk.x.venue.by_id[placed["orderId"]].amendments = 10_000
    assert desk.refused("PUT", "order", **put(placed))[0] == -5026


@pytest.mark.parametrize(("shown", "told"), [(False, ("NEW", "0.000")), (True, ("FILLED", "0.100"))])
def test_what_an_amended_order_takes_is_for_the_stream_to_tell(shown: bool, told: tuple[str, str]) -> None:
    desk = OrderDesk(replace(QUICK, amend_shows_fills=shown))
    placed = desk.limit()
    answer = desk.call("PUT", "order", **put(placed, quantity="0.1", price="59999.0"))
    assert (answer["status"], answer["executedQty"], answer["price"]) == (*told, "59999.00")
    assert desk.told()[-1]["o"]["X"] == "FILLED"
    part = desk.limit(price="60000.1")
    desk.quote("60000.0", "60000.1", "0.01")
    desk.trade("60000.1", "5.05", "BUY")
    answer = desk.call("PUT", "order", **put(part, quantity="0.5", price="60000.1"))
    assert (answer["status"], answer["executedQty"], answer["origQty"]) == ("PARTIALLY_FILLED", "0.050", "0.500")


def test_a_post_only_order_amended_into_the_book_is_cancelled(desk: OrderDesk) -> None:
    placed = desk.limit(timeInForce="GTX")
    answer = desk.call("PUT", "order", **put(placed, price="59999.0"))
    assert answer["status"] == "CANCELED"
    assert desk.x.venue.by_id[placed["orderId"]].status is OrderStatus.CANCELED


def test_an_opener_may_not_be_amended_beyond_its_margin(desk: OrderDesk) -> None:
    placed = desk.limit(side="BUY", price="59900", qty="100")
    assert desk.refused("PUT", "order", **put(placed, quantity="900", price="59900")) == (
        -2019,
        "Margin is insufficient.",
    )
    assert desk.call("PUT", "order", **put(placed, quantity="200", price="59900"))["origQty"] == "200.000"


def test_the_order_counts_and_weights_are_the_documented_ones(desk: OrderDesk) -> None:
    empty, one = Params([]), Params([("symbol", "BTCUSDT")])
    costs = {key: (row.weigh(empty), row.count(empty)) for key, row in desk.routes.items()}
    assert costs == {
        ("POST", "/fapi/v1/order"): (0, (1, 1)),
        ("PUT", "/fapi/v1/order"): (0, (1, 1)),
        ("DELETE", "/fapi/v1/order"): (1, (0, 0)),
        ("GET", "/fapi/v1/order"): (1, (0, 0)),
        ("POST", "/fapi/v1/order/test"): (1, (0, 0)),
        ("POST", "/fapi/v1/batchOrders"): (5, (5, 1)),
        ("PUT", "/fapi/v1/batchOrders"): (5, (5, 1)),
        ("DELETE", "/fapi/v1/batchOrders"): (1, (0, 0)),
        ("DELETE", "/fapi/v1/allOpenOrders"): (1, (0, 0)),
        ("GET", "/fapi/v1/openOrder"): (1, (0, 0)),
        ("GET", "/fapi/v1/openOrders"): (40, (0, 0)),
        ("GET", "/fapi/v1/allOrders"): (5, (0, 0)),
        ("GET", "/fapi/v1/userTrades"): (5, (0, 0)),
        ("GET", "/fapi/v1/orderAmendment"): (1, (0, 0)),
    }
    assert desk.routes["GET", "/fapi/v1/openOrders"].weigh(one) == 1


def test_the_switches_of_doubtful_refusals() -> None:
    easy = replace(
        QUICK,
        deep_opponent_refused=False,
        single_order_needs_stp=False,
        stray_good_till_refused=False,
        amend_needs_side=False,
        amend_reduce_only_refused=False,
        closers_show_reduce_only=False,
    )
    desk = OrderDesk(easy)
    assert desk.limit(price=None, priceMatch="OPPONENT_10", qty="0.01")["price"] == "59999.10"
    ack = desk.limit(selfTradePreventionMode="NONE", goodTillDate=NOW + 700_000)
    assert (ack["selfTradePreventionMode"], ack["goodTillDate"], ack["reduceOnly"]) == ("NONE", 0, False)
    desk.rules(min_notional=desk.x.venue.markets["BTCUSDT"].rules.min_notional * 1000)
    amended = desk.call("PUT", "order", **put(ack, side="BUY", reduceOnly="true"))
    assert amended["origQty"] == "0.200"
    desk.rules(min_notional=0)
    opener = desk.limit(side="BUY", price="59900")
    assert desk.refused("PUT", "order", **put(opener, price="59800", reduceOnly="true"))[0] == -5047


def test_a_market_order_takes_no_further_from_the_mark_than_the_symbol_permits(desk: OrderDesk) -> None:
    desk.quote("60000.0", "60000.1", "0.5")
    desk.depth(["59000.0", "56999.9"], ["60000.2"])
    answer = desk.market("2", newOrderRespType="RESULT")
    assert (answer["status"], answer["executedQty"]) == ("EXPIRED", "1.500")  # BTCUSDT: 5 % below the mark is 57000
    taken = [frame["o"] for frame in desk.told() if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert [row["L"] for row in taken if row["x"] == "TRADE"] == ["60000", "59000"]
    assert (taken[-1]["X"], taken[-1]["er"]) == ("EXPIRED", "9")

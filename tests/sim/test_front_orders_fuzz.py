from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.order_desk import NOW, OrderDesk

from vibe_quant.sim.front.endpoint import Call
from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

ODD = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(("", "null", "true", "[]", "{}", "1e99", "-1e-99", "0x1F", "９", "🙂", "1,000", "BOTH", "9" * 40)),
)
USUAL: dict[str, tuple[str, ...]] = {
    "symbol": ("BTCUSDT", "ETHUSDT", "btcusdt"),
    "side": ("BUY", "SELL"),
    "positionSide": ("LONG", "SHORT", "BOTH"),
    "type": ("LIMIT", "MARKET", "STOP"),
    "timeInForce": ("GTC", "IOC", "FOK", "GTX", "GTD"),
    "quantity": ("0.1", "0.001", "2", "1E+1", ".5", "00.50"),
    "price": ("60000.1", "60100", "59900.0", "6E4", "0.0"),
    "priceMatch": ("QUEUE", "QUEUE_20", "OPPONENT", "OPPONENT_20", "NONE"),
    "selfTradePreventionMode": ("NONE", "EXPIRE_BOTH", "EXPIRE_TAKER"),
    "goodTillDate": (str(NOW + 700_000), "253402300799000"),
    "newClientOrderId": ("a", "b"),
    "newOrderRespType": ("ACK", "RESULT"),
    "reduceOnly": ("true", "false"),
    "closePosition": ("true", "false"),
    "orderId": ("8389766000000000001", "8389766000000000002", "1"),
    "origClientOrderId": ("a", "b"),
    "modifyId": ("1",),
    "startTime": ("0", str(NOW)),
    "endTime": (str(NOW), "9223372036854775807"),
    "fromId": ("1", "5612000001"),
    "limit": ("1", "1000", "5000"),
    "orderIdList": ("[8389766000000000001,2]",),
    "origClientOrderIdList": ('["a","b"]',),
    "batchOrders": ("[]",),
}
LEGS = st.lists(
    st.one_of(
        st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in USUAL.items()}),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
            max_leaves=4,
        ),
    ),
    max_size=6,
)
VALUES: dict[str, st.SearchStrategy[str]] = {
    name: st.sampled_from(values) | st.sampled_from(values) | ODD for name, values in USUAL.items()
} | {"batchOrders": LEGS.map(json.dumps) | ODD}
SOUP = st.fixed_dictionaries(
    {"symbol": VALUES["symbol"]}, optional={name: value for name, value in VALUES.items() if name != "symbol"}
)
ROUTES = sorted(OrderDesk().routes)


@settings(max_examples=400, deadline=None)
@given(calls=st.lists(st.tuples(st.sampled_from(ROUTES), SOUP), min_size=1, max_size=6))
def test_any_soup_of_parameters_is_refused_or_answered(calls: list[tuple[tuple[str, str], dict[str, str]]]) -> None:
    desk = OrderDesk()
    for route, soup in calls:
        endpoint, params = desk.routes[route], Params(list(soup.items()))
        assert endpoint.weigh(params) >= 0 and len(endpoint.count(params)) == 2
        try:
            body: Any = endpoint.handler(Call(params, desk.now))
        except Rejected as refusal:
            body = {"code": refusal.code, "msg": refusal.message}
            assert refusal.code < 0 and refusal.message
        encode(body)
        for frame in desk.told():
            encode(frame)


PLACED = st.fixed_dictionaries(
    {
        "symbol": st.just("BTCUSDT"),
        "side": st.sampled_from(("BUY", "SELL")),
        "positionSide": st.sampled_from(("LONG", "SHORT")),
        "type": st.just("LIMIT"),
        "timeInForce": st.sampled_from(("GTC", "IOC", "GTX")),
        "quantity": st.integers(1, 900).map(lambda n: f"{n / 1000:.3f}"),
        "price": st.integers(-8, 8).map(lambda n: f"{60000 + n / 10:.1f}"),
        "selfTradePreventionMode": st.sampled_from(("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")),
    }
)


@settings(max_examples=150, deadline=None)
@given(legs=st.lists(PLACED, max_size=12))
def test_what_was_told_adds_up_to_what_is_read(legs: list[dict[str, str]]) -> None:
    desk = OrderDesk()
    for leg in legs:
        desk.call("POST", "batchOrders", batchOrders=json.dumps([leg]))
        desk.quote("60000.0", "60000.1")
    frames = desk.told()
    last = {frame["o"]["i"]: frame["o"] for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"}
    for row in desk.call("GET", "allOrders", limit=1000):
        told = last.pop(row["orderId"])
        assert (told["X"], float(told["z"]), float(told["p"])) == (
            row["status"],
            float(row["executedQty"]),
            float(row["price"]),
        )
    assert not last
    trades = desk.call("GET", "userTrades", symbol="BTCUSDT", limit=1000)
    lites = [frame for frame in frames if frame["e"] == "TRADE_LITE"]
    assert sorted((f["t"], f["i"], f["l"], f["L"]) for f in lites) == [
        (row["id"], row["orderId"], row["qty"], row["price"]) for row in trades
    ]
    orders = [frame["o"] for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"]
    if orders:
        live = desk.call("GET", "openOrders")
        sums = {
            side: sum(
                float(o["price"]) * (float(o["origQty"]) - float(o["executedQty"])) for o in live if o["side"] == side
            )
            for side in ("BUY", "SELL")
        }
        assert abs(float(orders[-1]["b"]) - sums["BUY"]) < 1e-6
        assert abs(float(orders[-1]["a"]) - sums["SELL"]) < 1e-6

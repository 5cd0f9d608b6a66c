# mypy: disable-error-code="comparison-overlap,unreachable"
"""The Algo Service on the wire: what the calls take, refuse, cost and answer; ALGO_UPDATE; countdownCancelAll."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderType, PositionSide
from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.orders.algo_calls import AlgoCalls
from vibe_quant.sim.front.orders.algo_wire import algo_update
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import AlgoEvent, Rejected
from vibe_quant.sim.switches import Switches

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
S = "BTCUSDT"
STOP = {
    "algoType": "CONDITIONAL",
    "symbol": S,
    "side": "SELL",
    "positionSide": "LONG",
    "type": "STOP_MARKET",
    "quantity": "0.5",
    "triggerPrice": "95000",
    "clientAlgoId": "vq-ps-1",
}
CLOSE = {"quantity": None, "closePosition": "true"}
POSTED = [
    "algoId",
    "clientAlgoId",
    "algoType",
    "orderType",
    "symbol",
    "side",
    "positionSide",
    "timeInForce",
    "quantity",
    "algoStatus",
    "triggerPrice",
    "price",
    "icebergQuantity",
    "selfTradePreventionMode",
    "workingType",
    "priceMatch",
    "closePosition",
    "priceProtect",
    "reduceOnly",
    "createTime",
    "updateTime",
    "triggerTime",
    "goodTillDate",
]
TOLD = [
    "caid",
    "aid",
    "at",
    "o",
    "s",
    "S",
    "ps",
    "f",
    "q",
    "X",
    "ai",
    "tp",
    "p",
    "V",
    "wt",
    "pm",
    "cp",
    "pP",
    "R",
    "tt",
    "gtd",
    "ia",
]


class Front:
    """The calls on an exchange with 1 LONG and 1 SHORT of BTCUSDT at 100000; time moves by hand."""

    def __init__(self, **switches: Any) -> None:
        symbols = {name: (i.rules, i.brackets) for name, i in CATALOGUE.items()}
        self.x = SimExchange(symbols, {"USDT": D(1_000_000)}, Switches(**switches))
        self.now = 1_789_000_000_000
        self.table = {(e.method, e.path): e for e in AlgoCalls(self.x, CATALOGUE).endpoints()}
        for side in PositionSide:
            self.x.seed_position(S, side, D(1), D(100_000))
        self.price("100000")
        self.x.take_events()

    def price(self, mark: str) -> None:
        bid = D(mark)
        self.x.on_quote(Quote(S, self.now, self.now, bid, D(5), bid + D("0.1"), D(5)))
        self.x.on_trade(Trade(S, self.now, self.now, bid, D("0.001"), True))
        self.x.on_mark(Mark(S, self.now, self.now, bid))

    def endpoint(self, method: str, name: str) -> Endpoint:
        return self.table[method, f"/fapi/v1/{name}"]

    def ask(self, method: str, name: str, **params: Any) -> Any:
        given = Params([(key, value) for key, value in params.items() if value is not None])
        return json.loads(encode(self.endpoint(method, name).handler(Call(given, self.now))))

    def stop(self, **params: Any) -> Any:
        return self.ask("POST", "algoOrder", **(STOP | params))

    def refused(self, method: str, name: str, **params: Any) -> int:
        with pytest.raises(Rejected) as caught:
            self.ask(method, name, **params)
        return caught.value.code

    def wait(self, ms: int) -> None:
        self.now += ms
        self.x.advance(self.now)

    def told(self) -> list[Any]:
        """The ALGO_UPDATEs since the last call."""
        return [
            json.loads(encode(algo_update(event, CATALOGUE[event.algo.symbol])))
            for event in self.x.take_events()
            if isinstance(event, AlgoEvent)
        ]


@pytest.fixture
def front() -> Front:
    return Front()


def test_the_answer_to_a_stop(front: Front) -> None:
    body = front.stop()
    assert list(body) == POSTED
    assert body["algoId"] > 4_000_000_000_000_000
    shown = ("quantity", "triggerPrice", "price", "reduceOnly", "timeInForce", "selfTradePreventionMode", "algoStatus")
    assert [body[key] for key in shown] == ["0.500", "95000.00", "0.00", True, "GTC", "EXPIRE_MAKER", "NEW"]
    assert (body["createTime"], body["triggerTime"], body["icebergQuantity"]) == (front.now, 0, None)


def test_what_was_sent_comes_back(front: Front) -> None:
    body = front.stop(
        type="TAKE_PROFIT",
        side="buy".upper(),
        positionSide="SHORT",
        price="94000.1",
        timeInForce="GTX",
        workingType="MARK_PRICE",
        priceProtect="TRUE",
        selfTradePreventionMode="EXPIRE_BOTH",
        priceMatch="NONE",
        newOrderRespType="RESULT",
    )
    shown = ("price", "timeInForce", "workingType", "priceProtect", "selfTradePreventionMode", "priceMatch")
    assert [body[key] for key in shown] == ["94000.10", "GTX", "MARK_PRICE", True, "EXPIRE_BOTH", "NONE"]
    matched = front.stop(type="STOP", price=None, priceMatch="QUEUE_5", clientAlgoId="b")
    assert (matched["priceMatch"], matched["price"]) == ("QUEUE_5", "0.00")
    switched = Front(closers_show_reduce_only=False)
    assert not switched.stop()["reduceOnly"]
    assert switched.stop(clientAlgoId="c", **CLOSE)["reduceOnly"]


def test_a_trailing_stop_shows_its_callback_in_percent(front: Front) -> None:
    body = front.stop(type="TRAILING_STOP_MARKET", triggerPrice=None, callbackRate="1.5", activatePrice="101000")
    assert (body["callbackRate"], body["activatePrice"], body["triggerPrice"]) == ("1.5", "101000.00", "0.00")
    assert list(body) == [*POSTED[:19], "activatePrice", "callbackRate", *POSTED[19:]]
    (new,) = front.told()
    front.price("101000")
    (started,) = front.told()
    assert [told["o"]["ia"] for told in (new, started)] == [False, True]
    assert [told["o"]["X"] for told in (new, started)] == ["NEW", "NEW"]
    assert front.ask("GET", "openAlgoOrders")[0]["isActivated"] is True


def test_the_life_of_a_stop_on_the_stream(front: Front) -> None:
    body = front.stop(quantity="1")
    (new,) = front.told()
    assert list(new) == ["e", "T", "E", "o"]
    assert list(new["o"]) == TOLD
    assert (new["o"]["aid"], new["o"]["ai"], new["o"]["q"], new["o"]["tp"]) == (body["algoId"], "", "1", "95000")
    front.price("95000")
    (triggering,) = front.told()
    assert (triggering["o"]["X"], triggering["o"]["tt"], triggering["o"]["ai"]) == ("TRIGGERING", front.now, "")
    front.wait(10)
    triggered, finished = front.told()
    assert (triggered["o"]["X"], finished["o"]["X"]) == ("TRIGGERED", "FINISHED")
    assert list(finished["o"]) == [*TOLD[:11], "ap", "aq", "act", *TOLD[11:]]
    order = front.x.venue.orders["vq-ps-1"]
    assert [finished["o"][key] for key in ("ai", "ap", "aq", "act")] == [str(order.order_id), "95000", "1", "MARKET"]
    front.wait(200)
    shown = front.ask("GET", "algoOrder", algoId=str(body["algoId"]))
    keys = ("algoStatus", "actualOrderId", "actualPrice", "actualQty", "actualType", "isActivated")
    values = ["FINISHED", str(order.order_id), "95000.00000", "1.000", "MARKET", False]
    assert [shown[key] for key in keys] == values
    assert front.ask("GET", "openAlgoOrders") == []


def test_a_cancelled_one_says_less(front: Front) -> None:
    placed = front.stop()
    front.told()
    body = front.ask("DELETE", "algoOrder", clientAlgoId="vq-ps-1")
    assert body == {"algoId": placed["algoId"], "clientAlgoId": "vq-ps-1", "code": "200", "msg": "success"}
    (told,) = front.told()
    assert list(told["o"]) == [key for key in TOLD if key not in ("V", "wt", "pm", "cp", "pP")]
    assert front.refused("DELETE", "algoOrder", algoId=str(placed["algoId"])) == -2011


def test_a_refusal_at_the_trigger_gives_its_reason(front: Front) -> None:
    front.stop(quantity="1.5")
    front.told()
    front.price("95000")
    front.wait(10)
    _, rejected = front.told()
    assert (rejected["o"]["X"], rejected["o"]["rm"]) == ("REJECTED", "ReduceOnly Order is rejected.")


def test_the_list_is_the_truth_at_once_and_the_single_query_is_not(front: Front) -> None:
    placed = front.stop()
    assert front.refused("GET", "algoOrder", clientAlgoId="vq-ps-1") == -2013
    (listed,) = front.ask("GET", "openAlgoOrders", symbol=S)
    assert list(listed) == [*POSTED[:10], "actualOrderId", "actualPrice", "actualQty", *POSTED[10:], "isActivated"]
    assert (listed["actualOrderId"], listed["actualPrice"], listed["actualQty"]) == ("", "0.00000", "0.000")
    front.wait(200)
    assert front.ask("GET", "algoOrder", clientAlgoId="vq-ps-1") == listed
    assert front.ask("GET", "openAlgoOrders", algoId=str(placed["algoId"])) == [listed]
    assert front.ask("GET", "openAlgoOrders", algoId="1", algoType="CONDITIONAL") == []
    assert front.ask("GET", "openAlgoOrders", symbol="ETHUSDT") == []


def test_whole_quantities_show_a_decimal_in_the_lists(front: Front) -> None:
    name = next(name for name, instrument in CATALOGUE.items() if not instrument.qty_places)
    assert front.stop(symbol=name, quantity="1000", triggerPrice="0.1")["quantity"] == "1000"
    assert front.ask("GET", "openAlgoOrders", symbol=name)[0]["quantity"] == "1000.0"


def test_all_of_a_symbol_go(front: Front) -> None:
    front.stop()
    front.stop(clientAlgoId="b", positionSide="SHORT", side="BUY", triggerPrice="105000", **CLOSE)
    body = front.ask("DELETE", "algoOpenOrders", symbol=S)
    assert body == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert front.x.algos.open == []
    assert front.refused("DELETE", "algoOpenOrders", symbol="X") == -1121
    assert front.refused("DELETE", "algoOpenOrders") == -1102


def test_without_a_client_id_one_is_made_up(front: Front) -> None:
    one, two = front.stop(clientAlgoId=None), front.stop(clientAlgoId=None)
    assert one["clientAlgoId"] != two["clientAlgoId"]


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (-1102, {"algoType": None}),
        (-1130, {"algoType": "VP"}),
        (-1102, {"symbol": None}),
        (-1121, {"symbol": "BTC"}),
        (-1102, {"side": None}),
        (-1117, {"side": "sell"}),
        (-1102, {"type": None}),
        (-1116, {"type": "LIMIT"}),
        (-1116, {"type": "STOP_LIMIT"}),
        (-1102, {"quantity": None}),
        (-1102, {"quantity": "x"}),
        (-1105, {"quantity": ""}),
        (-1111, {"quantity": "0.0001"}),
        (-1102, {"triggerPrice": None}),
        (-1111, {"triggerPrice": "95000.001"}),
        (-4014, {"triggerPrice": "95000.05"}),
        (-4006, {"triggerPrice": "-1"}),
        (-2021, {"triggerPrice": "100000"}),
        (-4061, {"positionSide": None}),
        (-4061, {"positionSide": "BOTH"}),
        (-4060, {"positionSide": "NET"}),
        (-1106, {"reduceOnly": "true"}),
        (-1106, {"reduceOnly": "false"}),
        (-1106, {"reduceOnly": "true", **CLOSE}),
        (-1102, {"reduceOnly": "yes"}),
        (-4137, {"closePosition": "true"}),
        (-4138, {"side": "BUY", "triggerPrice": "105000", **CLOSE}),
        (-4136, {"type": "STOP", "price": "95000", **CLOSE}),
        (-1115, {"timeInForce": "GTE_GTC"}),
        (-1115, {"timeInForce": "GTD", "goodTillDate": "1789001000000"}),
        (-1106, {"goodTillDate": "1789001000000"}),
        (-4031, {"workingType": "INDEX"}),
        (-5039, {"selfTradePreventionMode": "ALL"}),
        (-5037, {"type": "STOP", "priceMatch": "BEST"}),
        (-5037, {"type": "STOP", "priceMatch": "OPPONENT_20"}),
        (-5037, {"type": "STOP", "priceMatch": "QUEUE", "price": "95000"}),
        (-1136, {"newOrderRespType": "FULL"}),
        (-4015, {"clientAlgoId": "x" * 37}),
        (-1105, {"clientAlgoId": ""}),
        (-2007, {"type": "TRAILING_STOP_MARKET", "triggerPrice": None, "callbackRate": "20.1"}),
        (-2007, {"type": "TRAILING_STOP_MARKET", "triggerPrice": None, "callbackRate": "0.05"}),
        (-1102, {"type": "TRAILING_STOP_MARKET", "triggerPrice": None}),
    ],
)
def test_refusals(front: Front, code: int, params: dict[str, Any]) -> None:
    assert front.refused("POST", "algoOrder", **(STOP | params)) == code
    assert front.x.algos.open == []


def test_duplicates_and_the_second_close_position(front: Front) -> None:
    front.stop(**CLOSE)
    assert front.refused("POST", "algoOrder", **STOP) == -4116
    assert front.refused("POST", "algoOrder", **(STOP | CLOSE | {"clientAlgoId": "b"})) == -4130
    front.price("95000")
    assert front.refused("DELETE", "algoOrder", clientAlgoId="vq-ps-1") == -4117


def test_ids_that_are_missing_or_wrong(front: Front) -> None:
    for method in ("GET", "DELETE"):
        assert front.refused(method, "algoOrder") == -1102
        assert front.refused(method, "algoOrder", algoId="x") == -1102
    assert front.refused("GET", "algoOrder", clientAlgoId="x") == -2013
    assert front.refused("DELETE", "algoOrder", clientAlgoId="x") == -2011
    assert front.refused("GET", "openAlgoOrders", symbol="X") == -1121
    assert front.refused("GET", "openAlgoOrders", algoType="X") == -1130


def test_what_the_calls_cost(front: Front) -> None:
    none, with_symbol = Params([]), Params([("SYMBOL", S)])
    listed = front.endpoint("GET", "openAlgoOrders")
    assert (listed.weigh(none), listed.weigh(with_symbol), listed.count(none)) == (40, 1, (0, 0))
    post = front.endpoint("POST", "algoOrder")
    assert (post.weigh(none), post.count(none)) == (0, (1, 1))
    weights = {e.path.rsplit("/", 1)[1]: e.weigh(none) for e in front.table.values() if e.method != "POST"}
    assert weights == {"algoOrder": 1, "openAlgoOrders": 40, "algoOpenOrders": 1}
    assert front.endpoint("POST", "countdownCancelAll").weigh(none) == 10


def test_the_history_is_gone_unless_switched_on(front: Front) -> None:
    assert ("GET", "/fapi/v1/allAlgoOrders") not in front.table
    old = Front(all_algo_orders=True)
    ids = []
    for number in range(4):
        ids.append(str(old.stop(clientAlgoId=f"c{number}")["algoId"]))
        old.ask("DELETE", "algoOrder", algoId=ids[-1])
        old.now += 10

    def shown(**params: str) -> list[str]:
        return [str(row["algoId"]) for row in old.ask("GET", "allAlgoOrders", symbol=S, **params)]

    assert shown() == ids
    assert shown(limit="2") == ids[2:]
    assert shown(algoId=ids[1], endTime=str(old.now - 20)) == ids[1:3]
    assert shown(startTime=str(old.now - 10)) == ids[3:]
    assert old.refused("GET", "allAlgoOrders", symbol=S, limit="1001") == -1130
    assert old.refused("GET", "allAlgoOrders") == -1102
    assert old.endpoint("GET", "allAlgoOrders").weigh(Params([])) == 5


def test_a_countdown_answers_in_text_and_takes_the_conditionals(front: Front) -> None:
    front.stop()
    body = front.ask("POST", "countdownCancelAll", symbol=S, countdownTime="100000")
    assert body == {"symbol": S, "countdownTime": "100000"}
    assert front.ask("POST", "countdownCancelAll", symbol=S, countdownTime="0")["countdownTime"] == "0"
    front.wait(100_000)
    assert len(front.x.algos.open) == 1
    front.ask("POST", "countdownCancelAll", symbol=S, countdownTime="1000")
    front.wait(1000)
    assert front.x.algos.open == []
    for params in ({"symbol": S}, {"symbol": S, "countdownTime": "-1"}, {"countdownTime": "1"}):
        assert front.refused("POST", "countdownCancelAll", **params) == -1102
    assert front.refused("POST", "countdownCancelAll", symbol="X", countdownTime="1") == -1121


ODD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "0", "-1", "1e99", "1E-99", "9" * 20, "9" * 20 + "." + "9" * 20, "NaN", "Infinity", "true"]),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from([*OrderType, "SELL", "BUY", "LONG", "SHORT", S, "GTD", "QUEUE", "MARK_PRICE", "0.5", "95000"]),
)
NAMES = st.sampled_from(
    [
        *STOP,
        "price",
        "timeInForce",
        "workingType",
        "priceMatch",
        "closePosition",
        "priceProtect",
        "reduceOnly",
        "activatePrice",
        "callbackRate",
        "selfTradePreventionMode",
        "goodTillDate",
        "newOrderRespType",
        "algoId",
        "startTime",
        "endTime",
        "limit",
        "countdownTime",
    ]
)


@given(st.sampled_from(range(7)), st.dictionaries(NAMES, ODD, max_size=6), st.booleans())
def test_nothing_but_a_refusal_comes_of_nonsense(row: int, odd: dict[str, str], based: bool) -> None:
    front = Front(algo_good_till=True, all_algo_orders=True)
    front.stop(clientAlgoId="there")
    endpoint = list(front.table.values())[row]
    params = Params(list(((STOP | odd) if based else odd).items()))
    assert endpoint.weigh(params) >= 0
    try:
        encode(endpoint.handler(Call(params, front.now)))
    except Rejected as refusal:
        assert refusal.code < 0
    front.price("90000")
    front.wait(10)
    front.told()

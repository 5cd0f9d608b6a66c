"""The gate over a toy routing table: what is let in, what it costs, and what anybody else is told."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.sim.front.auth import ApiKeyPair, Keys
from vibe_quant.sim.front.endpoint import Call, Endpoint, Security
from vibe_quant.sim.front.gatekeeper import Gate
from vibe_quant.sim.front.http import HttpRequest, HttpResponse, Json
from vibe_quant.sim.front.limits import LimitRules, Limits
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected
from vibe_quant.sim.switches import Switches

NOW = 1_790_000_040_000
KEY, SECRET = "k" * 64, "s" * 64
WEIGHT, TENS, MINUTE = "X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1M"


def ping(_: Call) -> Json:
    return {}


def echo(call: Call) -> Json:
    return {"now": call.now, "key": call.api_key, **dict(call.params)}


def order(call: Call) -> Json:
    if call.params.get("symbol") == "FULL":
        raise Rejected(-1008, "Request throttled by system-level protection.", 503)
    return {"qty": str(call.params.decimal("quantity") or "none"), "symbol": call.params.need("symbol")}


def broken(_: Call) -> Json:
    raise KeyError("the secret of the house")


def by_limit(params: Params) -> int:
    return 20 if (params.integer("limit") or 0) > 500 else 2


TABLE = [
    Endpoint("GET", "/fapi/v1/ping", ping, Security.NONE),
    Endpoint("GET", "/fapi/v1/depth", echo, Security.NONE, weight=by_limit),
    Endpoint("POST", "/fapi/v1/key", echo, Security.API_KEY),
    Endpoint("GET", "/fapi/v1/account", echo, weight=5),
    Endpoint("POST", "/fapi/v1/order", order, weight=0, orders=(1, 1)),
    Endpoint("DELETE", "/fapi/v1/broken", broken, Security.NONE),
]


def gate(rules: LimitRules | None = None, switches: Switches | None = None) -> Gate:
    return Gate(TABLE, Keys([ApiKeyPair(KEY, SECRET)]), Limits(rules), switches)


def request(method: str, path: str, query: str = "", body: bytes = b"") -> HttpRequest:
    return HttpRequest(method, path, query, body, {"x-mbx-apikey": KEY})


def signed(method: str, path: str, payload: str = "") -> HttpRequest:
    payload = f"{payload}{'&' if payload else ''}timestamp={NOW}"
    return request(
        method, path, f"{payload}&signature={hmac.digest(SECRET.encode(), payload.encode(), 'sha256').hex()}"
    )


def told(answer: HttpResponse) -> tuple[int, int, str]:
    body = json.loads(answer.body)
    assert list(body) == ["code", "msg"]
    assert answer.content_type == "application/json"
    return answer.status, body["code"], body["msg"]


def test_an_admitted_request_is_answered_with_its_cost() -> None:
    house = gate()
    answer = house.answer(signed("GET", "/fapi/v1/account", "symbol=BTCUSDT"), NOW)
    assert answer.status == 200
    assert json.loads(answer.body) | {"signature": ""} == {
        "now": NOW, "key": KEY, "symbol": "BTCUSDT", "timestamp": str(NOW), "signature": ""
    }  # fmt: skip
    assert (dict(answer.headers), answer.content_type) == ({WEIGHT: "5"}, "application/json")
    assert house.calls == {"GET /fapi/v1/account": 1}


def test_an_order_counts_and_weighs_nothing() -> None:
    answer = gate().answer(signed("POST", "/fapi/v1/order", "symbol=%E5%B8%81USDT&quantity=1.50"), NOW)
    assert answer.body.decode() == '{"qty":"1.50","symbol":"币USDT"}'
    assert answer.headers == {WEIGHT: "0", TENS: "1", MINUTE: "1"}


@pytest.mark.parametrize("shown", [False, True])
def test_a_refused_order_counts_and_may_not_say_so(shown: bool) -> None:
    house = gate(switches=Switches(rejected_orders_show_counts=shown))
    answer = house.answer(signed("POST", "/fapi/v1/order", "symbol="), NOW)
    message = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
    assert told(answer) == (400, -1102, message)
    assert (MINUTE in answer.headers) is shown
    assert house.limits.order_counts(NOW) == (1, 1)


def test_what_overload_refused_is_not_counted() -> None:
    house = gate()
    answer = house.answer(signed("POST", "/fapi/v1/order", "symbol=FULL"), NOW)
    assert told(answer)[:2] == (503, -1008)
    assert house.limits.order_counts(NOW) == (0, 0)


def test_an_unknown_path_or_method_is_told_so_and_weighed() -> None:
    house = gate()
    answer = house.answer(request("GET", "/fapi/v1/order"), NOW)
    assert told(answer) == (404, -5000, "Path /fapi/v1/order, Method GET is invalid")
    assert told(house.answer(request("BREW", "/\udcff"), NOW)) == (404, -5000, "Path /?, Method BREW is invalid")
    assert house.limits.used_weight("127.0.0.1", NOW) == 2
    assert house.endpoint(request("GET", "/fapi/v1/ping")) is TABLE[0]
    assert not house.calls


def test_a_path_answers_once() -> None:
    with pytest.raises(ValueError, match="GET /fapi/v1/ping stands twice"):
        Gate([TABLE[0], TABLE[0]], Keys(), Limits())


def test_the_weight_may_hang_on_parameters_and_is_not_free_where_it_cannot_be_found() -> None:
    house = gate()
    assert house.answer(request("GET", "/fapi/v1/depth", "limit=1000"), NOW).headers[WEIGHT] == "20"
    answer = house.answer(request("GET", "/fapi/v1/depth", "limit=many"), NOW)
    assert (told(answer)[1], answer.headers[WEIGHT]) == (-1102, "21")
    answer = house.answer(request("GET", "/fapi/v1/ping", "a=1&a=2"), NOW)
    assert (told(answer)[1], answer.headers[WEIGHT]) == (-1101, "22")


def test_security_is_asked_for_where_it_is_needed() -> None:
    house = gate()
    bare = HttpRequest("POST", "/fapi/v1/key")
    assert told(house.answer(bare, NOW))[:2] == (401, -2014)
    assert json.loads(house.answer(request("POST", "/fapi/v1/key"), NOW).body)["key"] == KEY
    assert json.loads(house.answer(replace(bare, method="GET", path="/fapi/v1/depth"), NOW).body)["key"] == ""
    assert told(house.answer(request("GET", "/fapi/v1/account"), NOW))[:2] == (400, -1102)
    assert told(house.answer(signed("GET", "/fapi/v1/account"), NOW + 6000))[:2] == (400, -1021)
    tampered = signed("GET", "/fapi/v1/account")
    assert told(house.answer(replace(tampered, query="a=1&" + tampered.query), NOW))[:2] == (400, -1022)


def test_429_then_418_and_after_it_all_is_well() -> None:
    house = gate(LimitRules(weight_1m=1, patience=1))
    ask = request("GET", "/fapi/v1/ping")
    assert house.answer(ask, NOW).status == 200
    answer = house.answer(ask, NOW + 20_000)
    assert told(answer)[:2] == (429, -1003)
    assert answer.headers == {WEIGHT: "2", "Retry-After": "40"}
    for late in (0, 119_000):
        answer = house.answer(ask, NOW + 20_000 + late)
        assert told(answer)[:2] == (418, -1003)
        assert answer.headers["Retry-After"] == str(120 - late // 1000)
    assert house.answer(ask, NOW + 140_000).status == 200


def test_too_many_orders_leave_cancels_alone() -> None:
    house = gate()
    house.limits.overdraw_orders(NOW)
    answer = house.answer(signed("POST", "/fapi/v1/order", "symbol=X"), NOW)
    assert (told(answer)[:2], answer.headers["Retry-After"]) == ((429, -1015), "10")
    assert house.answer(signed("GET", "/fapi/v1/account"), NOW).status == 200


def test_a_defect_is_raised_or_reported_but_never_told() -> None:
    house = gate()
    with pytest.raises(KeyError):
        house.answer(request("DELETE", "/fapi/v1/broken"), NOW)
    defects: list[Exception] = []
    house.on_defect = defects.append
    answer = house.answer(request("DELETE", "/fapi/v1/broken"), NOW)
    assert told(answer) == (503, -1000, "An unknown error occured while processing the request.")
    assert [type(defect) for defect in defects] == [KeyError]


ANY_TEXT = st.text(max_size=60)
PAIR = st.tuples(
    st.sampled_from(["symbol", "quantity", "limit", "timestamp", "recvWindow", "signature", "SYMBOL", ""]),
    st.sampled_from([str(NOW), "", "1e9", "%FF", "%F0%9F%90%8D", "+", "NaN", "[", "ü"]) | ANY_TEXT,
)
QUERY = ANY_TEXT | st.lists(PAIR, max_size=6).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))


@given(
    st.sampled_from(["GET", "POST", "DELETE", "PATCH", ""]),
    st.sampled_from([row.path for row in TABLE[:-1]]) | ANY_TEXT,
    QUERY,
    st.binary(max_size=60) | QUERY.map(lambda text: text.encode(errors="replace")),
    st.dictionaries(st.just("x-mbx-apikey"), st.sampled_from([KEY, ""]) | ANY_TEXT),
)
def test_any_request_gets_an_answer(method: str, path: str, query: str, body: bytes, headers: dict[str, str]) -> None:
    answer = gate().answer(HttpRequest(method, path, query, body, headers), NOW)
    assert answer.status in (200, 400, 401, 404, 503)
    json.loads(answer.body)
    assert int(answer.headers[WEIGHT]) >= 0


@given(st.lists(PAIR, max_size=4).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)))
def test_any_signed_order_gets_an_answer(payload: str) -> None:
    try:
        asked = signed("POST", "/fapi/v1/order", payload)
    except UnicodeEncodeError:  # no client can sign half a surrogate pair
        return
    answer = gate().answer(asked, NOW)
    assert answer.status in (200, 400)
    assert json.loads(answer.body).get("code") != -1022


def test_the_body_of_a_get_is_not_read() -> None:
    house = gate()
    answer = house.answer(request("GET", "/fapi/v1/depth", "symbol=A", b"limit=1000&side=\xff"), NOW)
    assert json.loads(answer.body)["symbol"] == "A" and "limit" not in json.loads(answer.body)
    assert answer.headers[WEIGHT] == "2"
    payload = signed("GET", "/fapi/v1/account").query
    status, code, _ = told(house.answer(request("GET", "/fapi/v1/account", "", payload.encode()), NOW))
    assert (status, code) == (400, -1102)

"""Requests that could be meant for the exchange: what each endpoint knows, mixed with what nobody should send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st
from tests.sim.law_desk import PRICES, START, LawDesk, sign

from vibe_quant.sim.front.endpoint import Endpoint, Security
from vibe_quant.sim.front.http import HttpRequest

ODD = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(
        (
            "",
            "null",
            "None",
            "true",
            "[]",
            "{}",
            "[[[[",
            "1e99",
            "-1e-99",
            "0x1F",
            "９",
            "🙂",
            "1,000",
            "BOTH",
            "9" * 40,
        )
    ),
    st.sampled_from(("\ud800", "\x00", "%", "+", "a&b", "NaN", "-0", "1E+400", "-1", "0", "9223372036854775808")),
)
USUAL: dict[str, tuple[str, ...]] = {
    "symbol": (*PRICES, *PRICES, "ETHUSDT", "btcusdt"),
    "pair": tuple(PRICES),
    "contractType": ("PERPETUAL", "CURRENT_QUARTER"),
    "side": ("BUY", "SELL"),
    "positionSide": ("LONG", "SHORT", "LONG", "SHORT", "BOTH"),
    "type": ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET", "1", "2"),
    "algoType": ("CONDITIONAL",),
    "timeInForce": ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI"),
    "quantity": ("0.1", "0.001", "2", "1E+1", ".5", "00.50", "0"),
    "price": ("60000.1", "60100", "59900.0", "6E4", "1.5", "0.0"),
    "triggerPrice": ("61000", "59000.0", "1.6", "1.4"),
    "activatePrice": ("61000", "59000.0"),
    "stopPrice": ("61000",),
    "callbackRate": ("0.1", "1", "20", "0.15"),
    "workingType": ("MARK_PRICE", "CONTRACT_PRICE"),
    "priceProtect": ("true", "FALSE"),
    "priceMatch": ("QUEUE", "QUEUE_20", "OPPONENT", "OPPONENT_20", "NONE"),
    "selfTradePreventionMode": ("NONE", "EXPIRE_BOTH", "EXPIRE_TAKER"),
    "goodTillDate": (str(START + 700_000), "253402300799000"),
    "newClientOrderId": ("a", "b"),
    "clientAlgoId": ("a", "b"),
    "newOrderRespType": ("ACK", "RESULT"),
    "reduceOnly": ("true", "false"),
    "closePosition": ("true", "false"),
    "orderId": ("8389766000000000001", "8389766000000000002", "1"),
    "algoId": ("4000001910000001", "1"),
    "origClientOrderId": ("a", "b"),
    "modifyId": ("1", "m"),
    "startTime": ("0", str(START), str(START - 1000)),
    "endTime": (str(START), "9223372036854775807"),
    "fromId": ("1", "5612000001", "500000001"),
    "limit": ("1", "5", "100", "1000", "5000"),
    "page": ("1", "2"),
    "interval": ("1m", "1h", "1d", "1M", "7m"),
    "incomeType": ("COMMISSION", "REALIZED_PNL", "FUNDING_FEE"),
    "orderIdList": ("[8389766000000000001,2]", "[]"),
    "origClientOrderIdList": ('["a","b"]',),
    "batchOrders": ("[]", "[{}]"),
    "countdownTime": ("0", "100", "120000"),
    "leverage": ("1", "20", "125", "126"),
    "marginType": ("ISOLATED", "CROSSED"),
    "dualSidePosition": ("true", "false"),
    "amount": ("10", "0.00000001", "1000000"),
}


def words(text: str) -> tuple[str, ...]:
    """Names, separated by blanks."""
    return tuple(text.split())


OF_ORDERS = words(
    "symbol side positionSide type timeInForce quantity price priceMatch selfTradePreventionMode goodTillDate "
    "newClientOrderId newOrderRespType reduceOnly closePosition orderId origClientOrderId modifyId stopPrice"
)
OF_ALGOS = words(
    "symbol algoType side positionSide type timeInForce quantity price triggerPrice workingType priceMatch "
    "closePosition priceProtect reduceOnly activatePrice callbackRate clientAlgoId algoId selfTradePreventionMode "
    "goodTillDate"
)
OF_BATCHES = words("symbol batchOrders orderIdList origClientOrderIdList")
OF_READS = words(
    "symbol pair contractType interval orderId algoId origClientOrderId clientAlgoId algoType startTime endTime fromId "
    "limit page incomeType"
)
OF_SETTINGS = words("symbol leverage marginType dualSidePosition amount type positionSide countdownTime")
CLOSER = {"symbol": "BTCUSDT", "side": "SELL", "positionSide": "LONG"}
LIMIT = CLOSER | {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "60000.1"}
MARKET = CLOSER | {"type": "MARKET", "quantity": "0.1"}
OPENER = LIMIT | {"side": "BUY", "price": "59900.0", "newClientOrderId": "b"}
STOP = CLOSER | {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "59000.0", "quantity": "0.1"}
WHOLE = CLOSER | {
    "algoType": "CONDITIONAL",
    "type": "TAKE_PROFIT_MARKET",
    "triggerPrice": "61000",
    "closePosition": "true",
}
TRAILING = CLOSER | {"algoType": "CONDITIONAL", "type": "TRAILING_STOP_MARKET", "callbackRate": "1", "quantity": "0.1"}
FIRST = {"symbol": "BTCUSDT", "orderId": "8389766000000000001"}
ONE = {"symbol": "BTCUSDT"}
SOUND_PARAMS: dict[str, tuple[dict[str, str], ...]] = {
    "POST /fapi/v1/order": (LIMIT, LIMIT | {"newClientOrderId": "a"}, MARKET, OPENER),
    "PUT /fapi/v1/order": (FIRST | {"side": "SELL", "quantity": "0.2", "price": "60100"},),
    "DELETE /fapi/v1/order": (FIRST, ONE | {"origClientOrderId": "a"}),
    "POST /fapi/v1/order/test": (LIMIT, MARKET),
    "POST /fapi/v1/batchOrders": ({"batchOrders": json.dumps([LIMIT, MARKET, OPENER])},),
    "PUT /fapi/v1/batchOrders": (
        {"batchOrders": json.dumps([FIRST | {"side": "SELL", "quantity": "1", "price": "60200"}])},
    ),
    "DELETE /fapi/v1/batchOrders": (ONE | {"orderIdList": "[8389766000000000001,2]"},),
    "DELETE /fapi/v1/allOpenOrders": (ONE,),
    "POST /fapi/v1/countdownCancelAll": (ONE | {"countdownTime": "100"},),
    "POST /fapi/v1/algoOrder": (STOP, STOP | {"clientAlgoId": "a"}, WHOLE, TRAILING),
    "DELETE /fapi/v1/algoOrder": ({"algoId": "4000001910000001"}, {"clientAlgoId": "a"}),
    "DELETE /fapi/v1/algoOpenOrders": (ONE,),
    "GET /fapi/v1/order": (FIRST, ONE | {"origClientOrderId": "a"}),
    "GET /fapi/v1/openOrder": (FIRST,),
    "GET /fapi/v1/algoOrder": ({"algoId": "4000001910000001"},),
    "GET /fapi/v1/orderAmendment": (FIRST,),
    "GET /fapi/v1/klines": (ONE | {"interval": "1m"},),
    "GET /fapi/v1/continuousKlines": ({"pair": "BTCUSDT", "contractType": "PERPETUAL", "interval": "1h"},),
    "GET /fapi/v1/indexPriceKlines": ({"pair": "BTCUSDT", "interval": "1M"},),
    "GET /fapi/v1/markPriceKlines": (ONE | {"interval": "1w"},),
    "POST /fapi/v1/leverage": (ONE | {"leverage": "25"},),
    "POST /fapi/v1/marginType": ({"symbol": "XRPUSDT", "marginType": "ISOLATED"},),
    "POST /fapi/v1/positionSide/dual": ({"dualSidePosition": "false"},),
    "POST /fapi/v1/positionMargin": (CLOSER | {"amount": "10", "type": "1"},),
}
JUNK: tuple[Any, ...] = (None, True, 1, 1.5, [], {}, [1], {"a": 1}, "\ud800", "\x00", "", 10**30, -1e300, "NaN")
LEGS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from((LIMIT, MARKET, OPENER, FIRST)),
            st.dictionaries(st.sampled_from(OF_ORDERS), st.sampled_from(JUNK), max_size=2),
        ).map(lambda parts: {**parts[0], **parts[1]}),
        st.fixed_dictionaries({}, optional={name: st.sampled_from(USUAL[name]) for name in OF_ORDERS}),
        st.fixed_dictionaries({name: st.sampled_from(USUAL[name][:4]) for name in OF_ORDERS[:7]}),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
            max_leaves=4,
        ),
    ),
    max_size=6,
)


def value_of(name: str) -> st.SearchStrategy[str]:
    """One that may make sense, or not at all."""
    sound = st.sampled_from(USUAL[name])
    return LEGS.map(json.dumps) | ODD if name == "batchOrders" else st.one_of(sound, sound, ODD)


def names_of(method: str, path: str) -> tuple[str, ...]:
    """The parameters that an endpoint knows."""
    if "batch" in path:
        return OF_BATCHES
    if "lgo" in path and method != "GET":
        return OF_ALGOS
    if path.startswith("/fapi/v1/order") and method != "GET":
        return OF_ORDERS
    return OF_READS if method == "GET" else OF_SETTINGS


def soup(method: str, path: str) -> st.SearchStrategy[dict[str, str]]:
    """Parameters of an endpoint that would do, with some changed, left out and added; or with nothing that would do."""
    names = names_of(method, path)
    sound = st.sampled_from(SOUND_PARAMS.get(f"{method} {path}", (ONE, {})))
    changed = st.dictionaries(st.sampled_from(names), st.none(), max_size=3)
    left_out = st.sets(st.sampled_from(names), max_size=1)
    stray = st.dictionaries(st.sampled_from(("recvWindow", "x", "SYMBOL", "Side", "")), ODD, max_size=1)

    def mixed(draw: st.DrawFn) -> dict[str, str]:
        params = dict(draw(sound))
        params |= {name: draw(value_of(name)) for name in draw(changed)}
        params |= draw(stray) if draw(st.integers(0, 5)) == 0 else {}
        gone = draw(left_out)
        return {name: text for name, text in params.items() if name not in gone}

    return st.composite(mixed)()


@dataclass(frozen=True, slots=True)
class Spoilt:
    """How a request is sent: where its parameters are, and what is wrong with its credentials."""

    in_body: bool = False
    split: bool = False
    signature: str | None = None
    timestamp: str | None = None
    key: str | None = None
    twice: bool = False


SOUND = Spoilt()
SPOILT = st.one_of(
    st.just(SOUND),
    st.just(SOUND),
    st.just(SOUND),
    st.builds(Spoilt, in_body=st.booleans(), split=st.booleans()),
    st.builds(
        Spoilt,
        in_body=st.booleans(),
        split=st.booleans(),
        signature=st.none() | st.text(max_size=8) | st.just("0" * 64),
        timestamp=st.none() | ODD | st.just(str(START - 10_000)),
        key=st.none() | st.text(max_size=8) | st.just("k" * 64),
        twice=st.booleans(),
    ),
)


def encoded(params: Mapping[str, str]) -> str:
    """As a query: whatever can be percent-encoded is, lone surrogates too."""
    pairs = (
        (name.encode(errors="surrogatepass"), text.encode(errors="surrogatepass")) for name, text in params.items()
    )
    return "&".join(f"{quote(name)}={quote(text)}" for name, text in pairs)


def request_of(desk: LawDesk, endpoint: Endpoint, params: Mapping[str, str], spoilt: Spoilt = SOUND) -> HttpRequest:
    """The request, signed as it should be unless it is ``spoilt``."""
    query, body = encoded(params), ""
    if spoilt.twice and query:
        query += "&" + query.split("&", 1)[0]
    if endpoint.security is Security.SIGNED:
        stamp = str(desk.now) if spoilt.timestamp is None else spoilt.timestamp
        query += ("&" if query else "") + encoded({"timestamp": stamp})
    if spoilt.in_body:
        query, body = "", query
    elif spoilt.split and "&" in query:
        query, _, body = query.partition("&")
    if endpoint.security is Security.SIGNED:
        own = sign(desk.box, (query + body).encode())
        signature = "signature=" + (own if spoilt.signature is None else quote(spoilt.signature))
        query, body = (query, f"{body}&{signature}") if body else (f"{query}&{signature}", body)
    key = desk.box.hmac_key if spoilt.key is None else spoilt.key
    return HttpRequest(endpoint.method, endpoint.path, query, body.encode(), {"x-mbx-apikey": key})


RAW: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "method": st.sampled_from(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")) | st.text(max_size=8),
        "path": st.sampled_from(("/", "", "/fapi/v1/order", "/fapi/v1/depth", "/fapi/v9/x", "/fapi/v1/order/"))
        | st.text(),
        "query": st.text() | st.sampled_from(("symbol=BTCUSDT", "&&==&", "%zz=%ff", "a=1&a=2", "signature=", "=")),
        "body": st.binary(max_size=60) | st.just(b'{"symbol":"BTCUSDT"}'),
        "headers": st.dictionaries(st.sampled_from(("x-mbx-apikey", "content-type", "x")), st.text(max_size=70)),
        "ip": st.sampled_from(("127.0.0.1", "", "::1")),
    }
)

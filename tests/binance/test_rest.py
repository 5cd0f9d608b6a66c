"""One call: what goes over the wire, and what comes of answers."""

from __future__ import annotations

import asyncio
import hmac
from urllib.parse import parse_qsl

import pytest
from tests.binance.rest_desk import (
    KEY,
    ORDER,
    SECRET,
    SERVER_MS,
    Seen,
    answer,
    staged,
)

from vibe_quant.domain import events as ev
from vibe_quant.ports import Accepted, AuthLost, NotSent, Rejected

POST, PUT, DELETE, GET = (f"fapiPrivate{verb}Order" for verb in ("Post", "Put", "Delete", "Get"))


async def test_an_order_is_signed_and_its_answer_comes_as_text() -> None:
    async with staged(answer('{"orderId": 7}')) as stage:
        assert await stage.client.call(POST, ORDER) == Accepted('{"orderId": 7}')
        (seen,) = stage.desk.seen
    assert (seen.method, seen.target) == ("POST", "/fapi/v1/order")
    assert seen.headers["x-mbx-apikey"] == KEY
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    signed, _, signature = seen.body.partition("&signature=")
    assert dict(parse_qsl(signed)) == {**ORDER, "timestamp": str(SERVER_MS), "recvWindow": "5000"}
    assert signature == hmac.digest(SECRET.encode(), signed.encode(), "sha256").hex()


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        (PUT, "PUT", "/fapi/v1/order"),
        (DELETE, "DELETE", "/fapi/v1/order"),
        (GET, "GET", "/fapi/v1/order"),
        ("fapiPrivateV3GetPositionRisk", "GET", "/fapi/v3/positionRisk"),
        ("fapiPrivateV2GetAccount", "GET", "/fapi/v2/account"),
        ("fapiPrivatePostCountdownCancelAll", "POST", "/fapi/v1/countdownCancelAll"),
        ("fapiPrivateDeleteAlgoOrder", "DELETE", "/fapi/v1/algoOrder"),
        ("sapiGetAccountApiRestrictions", "GET", "/sapi/v1/account/apiRestrictions"),
    ],
)
async def test_every_service_has_its_address_and_is_signed(name: str, method: str, path: str) -> None:
    async with staged() as stage:
        assert await stage.client.call(name, {"symbol": "BTCUSDT"}) == Accepted("{}")
        (seen,) = stage.desk.seen
    assert (seen.method, seen.target.partition("?")[0]) == (method, path)
    assert bool(seen.body) == (method in ("POST", "PUT"))
    assert "&signature=" in seen.query
    assert "symbol=BTCUSDT" in seen.query


async def test_public_calls_and_listen_keys_are_not_signed() -> None:
    async with staged() as stage:
        await stage.client.call("fapiPublicGetPremiumIndex", {"symbol": "BTCUSDT"})
        await stage.client.call("fapiPrivatePostListenKey", {})
        await stage.client.call("fapiPrivatePutListenKey", {})
        public, created, kept = stage.desk.seen
    assert public.target == "/fapi/v1/premiumIndex?symbol=BTCUSDT"
    assert "x-mbx-apikey" not in public.headers
    for seen, method in ((created, "POST"), (kept, "PUT")):
        assert (seen.method, seen.target, seen.body) == (method, "/fapi/v1/listenKey", "")
        assert seen.headers["x-mbx-apikey"] == KEY


async def test_the_callers_time_and_window_rule_and_none_is_not_sent() -> None:
    async with staged() as stage:
        params: dict[str, str | int | None] = {"symbol": "BTCUSDT", "timestamp": 17, "recvWindow": 900, "orderId": None}
        await stage.client.call(GET, params)
        (seen,) = stage.desk.seen
    sent = dict(parse_qsl(seen.query))
    assert sent.pop("signature")
    assert sent == {"symbol": "BTCUSDT", "timestamp": "17", "recvWindow": "900"}
    assert params["orderId"] is None


async def test_the_time_is_that_of_the_server_at_each_call() -> None:
    async with staged() as stage:
        await stage.client.call(GET, {})
        stage.clock.pass_ms(123)
        await stage.client.call(GET, {})
    assert [dict(parse_qsl(seen.query))["timestamp"] for seen in stage.desk.seen] == [
        str(SERVER_MS),
        str(SERVER_MS + 123),
    ]


@pytest.mark.parametrize("name", ["fapiPrivatePostOrder", "fapiPrivatePostAlgoOrder"])
@pytest.mark.parametrize("own", [None, ""])
async def test_a_new_order_without_an_own_id_is_a_defect(name: str, own: str | None) -> None:
    async with staged() as stage:
        with pytest.raises(ValueError, match="own"):
            await stage.client.call(name, {**ORDER, "newClientOrderId": own, "clientAlgoId": own})
        assert stage.desk.seen == []


async def test_nothing_is_added_to_an_own_id() -> None:
    async with staged() as stage:
        await stage.client.call("fapiPrivatePostAlgoOrder", {"symbol": "BTCUSDT", "clientAlgoId": "vq-s"})
        (seen,) = stage.desk.seen
    assert "clientAlgoId=vq-s" in seen.body
    assert "x-cvBPrNm9" not in seen.body


@pytest.mark.parametrize(
    "name", ["fetch_balance", "nonsense", "sapiPostCapitalWithdrawApply", "dapiPrivatePostOrder", "privatePostOrder"]
)
async def test_other_calls_do_not_exist(name: str) -> None:
    async with staged() as stage:
        with pytest.raises(ValueError, match=name):
            await stage.client.call(name, ORDER)
        with pytest.raises(ValueError, match="fapiPrivatePostBatchOrders"):
            await stage.client.call("fapiPrivatePostBatchOrders", {})
        assert stage.desk.seen == []


async def test_what_needs_a_key_or_a_wallet_service_is_not_sent_without() -> None:
    async with staged(keys=None) as stage:
        for name in (GET, "fapiPrivatePostListenKey", "sapiGetAccountApiRestrictions"):
            outcome = await stage.client.call(name, {})
            assert isinstance(outcome, NotSent)
            assert "no API key" in outcome.detail
        assert await stage.client.call("fapiPublicGetTime", {}) == Accepted("{}")
        assert len(stage.desk.seen) == 1
    async with staged(sapi=False) as stage:
        outcome = await stage.client.call("sapiGetAccountApiRestrictions", {})
        assert isinstance(outcome, NotSent)
        assert "no wallet service" in outcome.detail
        assert stage.desk.seen == []


async def test_connections_are_kept() -> None:
    async with staged() as stage:
        for _ in range(3):
            await stage.client.call(GET, {})
        assert (len(stage.desk.seen), stage.desk.connections) == (3, 1)


async def test_calls_at_once_get_each_its_own_answer() -> None:
    async def echo(seen: Seen, writer: asyncio.StreamWriter) -> None:
        symbol = dict(parse_qsl(seen.query))["symbol"]
        await asyncio.sleep(0.02 if symbol.endswith("0") else 0)
        await answer(f'{{"symbol":"{symbol}"}}', int(symbol[1:]))(seen, writer)

    async with staged() as stage:
        stage.desk.usual = echo
        statuses = [200, 400, 230, 451, 260]
        outcomes = await asyncio.gather(*(stage.client.call(GET, {"symbol": f"S{status}"}) for status in statuses))
    assert [outcomes[i] for i in (0, 2, 4)] == [Accepted(f'{{"symbol":"S{status}"}}') for status in (200, 230, 260)]
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Rejected)] == [400, 451]


async def test_a_refusal_has_code_text_and_the_time_when_it_left() -> None:
    async with staged(answer('{"code":-2022,"msg":"ReduceOnly Order is rejected."}', 400)) as stage:
        outcome = await stage.client.call(POST, ORDER)
    assert outcome == Rejected(-2022, "ReduceOnly Order is rejected.", SERVER_MS)


async def test_a_lost_key_is_told() -> None:
    async with staged(answer('{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}', 401)) as stage:
        outcome = await stage.client.call(POST, ORDER)
    assert outcome == AuthLost(-2015, "Invalid API-key, IP, or permissions for action.", SERVER_MS)


async def test_what_the_headers_say_of_limits_is_told() -> None:
    spent = answer("{}", x_mbx_used_weight_1m="12", X_MBX_ORDER_COUNT_10S="3", X_Mbx_Order_Count_1M="4")
    odd = answer("{}", X_MBX_USED_WEIGHT_1M="many")
    refused = answer('{"code":-2022,"msg":""}', 400, X_MBX_USED_WEIGHT_1M="13")
    async with staged(spent, odd, answer(), refused) as stage:
        for _ in range(4):
            await stage.client.call(GET, {})
        assert stage.told == [
            ev.RateUsage(stage.clock.now, 12, 3, 4),
            ev.RateUsage(stage.clock.now, 13),
        ]

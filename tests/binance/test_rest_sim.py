"""The client against the exchange in a box: signatures, orders, cancels, faults, over a real network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from tests.sim.clients.stage import ed25519

from vibe_quant.app.clock import SystemClock
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.rest import Hold, RestClient
from vibe_quant.binance.urls import simulated
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide
from vibe_quant.ports import Accepted, AuthLost, Banned, NotSent, Outcome, RateLimited, Rejected, Unknown
from vibe_quant.sim.catalogue import CATALOGUE, NAMED_IN_CHINESE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

POST, DELETE = "fapiPrivatePostOrder", "fapiPrivateDeleteOrder"
SEATS = {"BTCUSDT": ("2", "60000"), NAMED_IN_CHINESE: ("50000", "0.12")}


def box(*faults: Mapping[str, Any]) -> BoxOptions:
    return BoxOptions(
        tuple(MarketSource(CATALOGUE[symbol]) for symbol in SEATS),
        positions=tuple(
            Seat(symbol, PositionSide.LONG, Decimal(qty), Decimal(entry)) for symbol, (qty, entry) in SEATS.items()
        ),
        faults=list(faults),
    )


@asynccontextmanager
async def client(
    server: SimServer, credentials: Credentials | None = None, timeout_ms: int = 5000
) -> AsyncIterator[tuple[RestClient, list[ev.Event]]]:
    told = list[ev.Event]()
    keys = credentials or Credentials(server.api_key, server.api_secret)
    made = RestClient(simulated(server.rest, server.ws), keys, SystemClock(), told.append, timeout_ms=timeout_ms)
    try:
        yield made, told
    finally:
        await made.close()


def closer(server: SimServer, symbol: str = "BTCUSDT", client_id: str = "vq-1") -> dict[str, str | int | None]:
    """A closing order that rests above the market."""
    rules, quote = CATALOGUE[symbol].rules, server.box.exchange.venue.market(symbol).quote
    assert quote is not None
    price = (quote.ask * Decimal("1.02")).quantize(rules.tick)
    qty = max(rules.step, (Decimal(1000) / price).quantize(rules.step))
    return {
        "symbol": symbol,
        "side": "SELL",
        "positionSide": "LONG",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": str(qty),
        "price": str(price),
        "newClientOrderId": client_id,
        "stopPrice": None,
    }


def value(outcome: Outcome[str]) -> Any:
    assert isinstance(outcome, Accepted), outcome
    return json.loads(outcome.value)


@pytest.mark.parametrize("kind", ["hmac", "ed25519"])
@pytest.mark.parametrize("symbol", list(SEATS))
async def test_an_order_rests_is_read_and_cancelled(kind: str, symbol: str) -> None:
    async with SimServer(box()) as server:
        keys, pair = ed25519()
        server.box.keys.add(pair)
        assert keys.private_key is not None
        credentials = Credentials(keys.api_key, keys.private_key) if kind == "ed25519" else None
        async with client(server, credentials) as (rest, told):
            placed = value(await rest.call(POST, closer(server, symbol)))
            assert (placed["symbol"], placed["clientOrderId"], placed["status"]) == (symbol, "vq-1", "NEW")
            assert [order.client_id for order in server.box.exchange.open_orders(symbol)] == ["vq-1"]
            which: dict[str, str | int | None] = {"symbol": symbol, "origClientOrderId": "vq-1"}
            (resting,) = value(await rest.call("fapiPrivateGetOpenOrders", {"symbol": symbol}))
            assert resting["orderId"] == placed["orderId"]
            assert value(await rest.call(DELETE, which))["status"] == "CANCELED"
            assert server.box.exchange.open_orders(symbol) == []
            gone = await rest.call(DELETE, which)
        assert isinstance(gone, Rejected)
        assert gone.code == -2011
        usage = [event for event in told if isinstance(event, ev.RateUsage)]
        assert [event.orders_1m for event in usage if event.orders_1m is not None] == [1]
        assert max(event.weight_1m or 0 for event in usage) > 0
        assert server.defects == []


async def test_reads_of_every_service() -> None:
    async with SimServer(box()) as server, client(server) as (rest, _):
        assert value(await rest.call("fapiPublicGetTime", {}))["serverTime"] > 0
        assert value(await rest.call("fapiPublicGetPremiumIndex", {"symbol": NAMED_IN_CHINESE}))["markPrice"]
        assert len(value(await rest.call("fapiPublicGetExchangeInfo", {}))["symbols"]) == len(SEATS)
        assert {row["symbol"] for row in value(await rest.call("fapiPrivateV3GetPositionRisk", {}))} == set(SEATS)
        assert value(await rest.call("sapiGetAccountApiRestrictions", {}))["enableFutures"] is True
        assert value(await rest.call("fapiPrivatePostListenKey", {}))["listenKey"]
        value(await rest.call("fapiPrivatePutListenKey", {}))


async def test_another_key_and_another_secret_are_told() -> None:
    async with SimServer(box()) as server:
        for keys, code in (
            (Credentials("x" * 64, "y" * 64), -2015),
            (Credentials(server.api_key, "y" * 64), -1022),
        ):
            async with client(server, keys) as (rest, _):
                outcome = await rest.call(POST, closer(server))
                assert isinstance(outcome, AuthLost)
                assert outcome.code == code
        assert server.box.exchange.open_orders("BTCUSDT") == []


@pytest.mark.parametrize(
    ("fault", "expected", "rests"),
    [
        ({"kind": "unknown_503", "reached": True}, Unknown, True),
        ({"kind": "unknown_503", "reached": False}, Unknown, False),
        ({"kind": "timeout_1007", "reached": True}, Unknown, True),
        ({"kind": "timeout_1007", "reached": False}, Unknown, False),
        ({"kind": "proxy_error", "reached": True}, Unknown, True),
        ({"kind": "proxy_error", "reached": False}, Unknown, False),
        ({"kind": "ack_lost"}, Unknown, True),
        ({"kind": "request_lost"}, Unknown, False),
        ({"kind": "unavailable_503"}, Rejected, False),
        ({"kind": "internal_1001"}, Rejected, False),
        ({"kind": "timestamp_1021"}, Rejected, False),
        ({"kind": "limit_429"}, RateLimited, False),
        ({"kind": "ban_418"}, Banned, False),
    ],
)
async def test_faults_of_the_exchange(fault: dict[str, Any], expected: type[Any], rests: bool) -> None:
    declared = {"name": "f", "where": {"endpoint": "POST /fapi/v1/order"}, "when": {"nth": 1}, **fault}
    async with SimServer(box(declared)) as server, client(server, timeout_ms=400) as (rest, _):
        outcome = await rest.call(POST, closer(server))
        assert isinstance(outcome, expected), outcome
        assert bool(server.box.exchange.open_orders("BTCUSDT")) == rests


async def test_during_a_ban_the_exchange_hears_nothing() -> None:
    ban = {"name": "ban", "kind": "ban_418", "when": {"nth": 1}, "for_s": 30}
    async with SimServer(box(ban)) as server, client(server) as (rest, told):
        assert isinstance(await rest.call(POST, closer(server)), Banned)
        heard = len(server.box.plan.struck)
        for hold in Hold:
            assert isinstance(await rest.call(POST, closer(server), hold), NotSent)
            assert isinstance(await rest.call("fapiPublicGetTime", {}, hold), NotSent)
        assert len(server.box.plan.struck) == heard
        assert server.box.limits.sent_while_banned == 0
        (limited,) = [event for event in told if isinstance(event, ev.RateLimited)]
        assert limited.banned
        assert 28_000 < limited.until_ms - limited.recv_ms < 33_000

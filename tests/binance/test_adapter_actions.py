"""What goes onto the wire for each action, with which urgency, and what its answer, or a senseless one, becomes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.binance import rest_bodies as bodies
from tests.binance.rest_stage import BTC, RAW, SERVER_MS, close_order, scripted, text

from vibe_quant.binance.holds import Hold
from vibe_quant.binance.order_codec import amend_params, order_params
from vibe_quant.binance.stop_codec import stop_params
from vibe_quant.domain.enums import (
    ExecutionMode,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    SignalReason,
    StopStatus,
    TimeInForce,
)
from vibe_quant.domain.events import DeadManAck
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.ports import Accepted, AuthLost, Banned, Exchange, Failure, NotSent, RateLimited, Rejected, Unknown

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
STOP = PlaceStop(BTC, LONG, "vq-ps-1", D("8.00E+4"), None, "first")
CANCEL = CancelOrder(BTC, "vq-1", "old")
AMEND = AmendOrder(BTC, LONG, "vq-1", D("0.020"), D("90001.0"))
CANCEL_STOP = CancelStop(BTC, LONG, "vq-ps-1", "moved")
CLOSING = {("SELL", "LONG"), ("BUY", "SHORT")}
FAILURES: list[Failure] = [
    Rejected(-2022, "no", 1),
    Unknown("?"),
    NotSent("ban"),
    RateLimited(5),
    Banned(5),
    AuthLost(-2015, "key", 1),
]


async def test_a_post_only_order_on_the_wire() -> None:
    adapter, script = scripted(fapiPrivatePostOrder=text(bodies.order()))
    told = await adapter.submit(close_order(qty=D("1E+1"), price=D("90000.50")))
    assert script.asked == [
        (
            "fapiPrivatePostOrder",
            {
                "symbol": RAW,
                "side": "SELL",
                "positionSide": "LONG",
                "type": "LIMIT",
                "quantity": "10",
                "timeInForce": "GTX",
                "price": "90000.5",
                "newClientOrderId": "vq-1",
                "newOrderRespType": "ACK",
                "timestamp": SERVER_MS,
                "recvWindow": 2000,
            },
            Hold.ORDINARY,
        )
    ]
    assert isinstance(told, Accepted)
    assert (told.value.symbol, told.value.status, told.value.avg_price) == (BTC, OrderStatus.NEW, None)
    assert (told.value.exch_ms, told.value.recv_ms) == (1790000000123, 1000)


async def test_a_market_order_has_a_quantity_and_no_more() -> None:
    adapter, script = scripted(fapiPrivatePostOrder=text(bodies.order()))
    await adapter.submit(close_order(order_type=OrderType.MARKET, price=None, position_side=SHORT))
    sent = script.asked[0][1]
    assert (sent["side"], sent["positionSide"], sent["type"], sent["quantity"]) == ("BUY", "SHORT", "MARKET", "0.01")
    assert not sent.keys() & {"price", "timeInForce", "priceMatch", "reduceOnly", "stopPrice"}


async def test_a_matched_price_stands_in_place_of_a_price() -> None:
    adapter, script = scripted(fapiPrivatePostOrder=text(bodies.order()))
    await adapter.submit(close_order(price=None, price_match=PriceMatch.QUEUE, time_in_force=TimeInForce.GTC))
    sent = script.asked[0][1]
    assert (sent["priceMatch"], sent["timeInForce"]) == ("QUEUE", "GTC")
    assert "price" not in sent


@pytest.mark.parametrize("reason", SignalReason)
async def test_what_ends_risk_passes_a_back_off(reason: SignalReason) -> None:
    adapter, script = scripted(fapiPrivatePostOrder=text(bodies.order()))
    await adapter.submit(close_order(reason=reason))
    urgent = reason in (SignalReason.PANIC, SignalReason.STOP_THROUGH, SignalReason.STOP_REMAINDER)
    assert script.asked[0][2] is (Hold.URGENT if urgent else Hold.ORDINARY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": None},
        {"price_match": PriceMatch.QUEUE},
        {"order_type": OrderType.MARKET},
        {"order_type": OrderType.MARKET, "price": None, "price_match": PriceMatch.QUEUE},
        {"order_type": OrderType.STOP_MARKET},
    ],
)
async def test_an_order_that_cannot_be_is_not_sent(wrong: dict[str, object]) -> None:
    adapter, script = scripted()
    told = await adapter.submit(close_order(**wrong))
    assert isinstance(told, NotSent)
    assert "vq-1" in told.detail
    assert script.asked == []


async def test_amend_cancel_and_query_on_the_wire() -> None:
    answer = text(bodies.order(avgPrice="90000.1", status="PARTIALLY_FILLED", executedQty="0.004"))
    adapter, script = scripted(fapiPrivatePutOrder=answer, fapiPrivateDeleteOrder=answer, fapiPrivateGetOrder=answer)
    amended, canceled = await adapter.amend(AMEND), await adapter.cancel(CANCEL)
    queried = await adapter.query(QueryOrder(BTC, "vq-1"))
    own = {"symbol": RAW, "origClientOrderId": "vq-1"}
    assert script.asked == [
        ("fapiPrivatePutOrder", {**own, "side": "SELL", "quantity": "0.02", "price": "90001"}, Hold.ORDINARY),
        ("fapiPrivateDeleteOrder", own, Hold.URGENT),
        ("fapiPrivateGetOrder", own, Hold.ORDINARY),
    ]
    assert isinstance(amended, Accepted)
    assert isinstance(canceled, Accepted)
    assert isinstance(queried, Accepted)
    assert [one.value.avg_price for one in (amended, canceled, queried)] == [None, None, D("90000.1")]
    assert queried.value.filled_qty == D("0.004")


async def test_stops_on_the_wire() -> None:
    placed = text(bodies.algo())
    deleted = '{"algoId":1000000226909486,"clientAlgoId":"vq-ps-1","code":"200","msg":"success"}'
    adapter, script = scripted(fapiPrivatePostAlgoOrder=placed, fapiPrivateDeleteAlgoOrder=deleted)
    whole = await adapter.place_stop(STOP)
    await adapter.place_stop(PlaceStop(BTC, SHORT, "vq-ps-1", D(80000), D("0.5"), "a bridge"))
    gone = await adapter.cancel_stop(CANCEL_STOP)
    common = {"algoType": "CONDITIONAL", "symbol": RAW, "type": "STOP_MARKET", "triggerPrice": "80000"}
    common |= {"workingType": "MARK_PRICE", "clientAlgoId": "vq-ps-1"}
    long, short = {"side": "SELL", "positionSide": "LONG"}, {"side": "BUY", "positionSide": "SHORT"}
    assert script.asked == [
        ("fapiPrivatePostAlgoOrder", {**common, **long, "closePosition": "true"}, Hold.URGENT),
        ("fapiPrivatePostAlgoOrder", {**common, **short, "quantity": "0.5"}, Hold.URGENT),
        ("fapiPrivateDeleteAlgoOrder", {"clientAlgoId": "vq-ps-1"}, Hold.ORDINARY),
    ]
    assert isinstance(whole, Accepted)
    assert (whole.value.symbol, whole.value.status, whole.value.close_position) == (BTC, StopStatus.NEW, True)
    assert isinstance(gone, Accepted)
    assert (gone.value.status, gone.value.trigger_price, gone.value.qty) == (StopStatus.CANCELED, D(0), D(0))
    assert (gone.value.symbol, gone.value.side, gone.value.exch_ms) == (BTC, LONG, SERVER_MS)


async def test_a_countdown_tells_what_the_exchange_confirms() -> None:
    adapter, script = scripted(fapiPrivatePostCountdownCancelAll='{"symbol":"BTCUSDT","countdownTime":"60000"}')
    assert await adapter.countdown(BTC, 120_000) == Accepted(DeadManAck(BTC, 60_000, 1000))
    assert script.params("fapiPrivatePostCountdownCancelAll") == [{"symbol": RAW, "countdownTime": 120_000}]


async def test_all_orders_of_a_symbol_are_cancelled_by_no_verb_of_the_port() -> None:
    adapter, script = scripted(fapiPrivateDeleteAllOpenOrders='{"code":200,"msg":"The operation is done."}')
    assert await adapter.cancel_all(BTC) == Accepted(None)
    assert script.params("fapiPrivateDeleteAllOpenOrders") == [{"symbol": RAW}]
    assert not hasattr(Exchange, "cancel_all"), "nothing that trades may sweep what others have"


@pytest.mark.parametrize("senseless", ["{}", "[]", text(bodies.order(clientOrderId="other", clientAlgoId="other"))])
async def test_an_action_answered_with_nonsense_is_unknown(senseless: str) -> None:
    calls = ("PostOrder", "PutOrder", "DeleteOrder", "GetOrder", "PostAlgoOrder", "DeleteAlgoOrder")
    answers: dict[str, Any] = {f"fapiPrivate{call}": senseless for call in calls}
    adapter, _ = scripted(**answers)
    outcomes = [
        await adapter.submit(close_order()),
        await adapter.amend(AMEND),
        await adapter.cancel(CANCEL),
        await adapter.query(QueryOrder(BTC, "vq-1")),
        await adapter.place_stop(STOP),
        await adapter.cancel_stop(CANCEL_STOP),
    ]
    for call, outcome in zip(calls, outcomes, strict=True):
        assert isinstance(outcome, Unknown)
        assert call in outcome.detail


@pytest.mark.parametrize("failure", FAILURES)
async def test_failures_of_the_client_pass_unchanged(failure: Failure) -> None:
    adapter, _ = scripted(fapiPrivatePostOrder=failure, fapiPrivatePutListenKey=failure, fapiPublicGetTime=failure)
    assert await adapter.submit(close_order()) is failure
    assert await adapter.keep_alive() is failure
    assert await adapter.server_time() is failure


async def test_listen_keys() -> None:
    adapter, script = scripted(fapiPrivatePostListenKey='{"listenKey":"hush"}', fapiPrivatePutListenKey="{}")
    assert await adapter.listen_key() == Accepted("hush")
    assert await adapter.keep_alive() == Accepted(None)
    assert [params for _, params, _ in script.asked] == [{}, {}]


async def test_a_listen_key_is_in_no_detail() -> None:
    adapter, _ = scripted(fapiPrivatePostListenKey='{"listenKey":"hush","listenKey":5}')
    told = await adapter.listen_key()
    assert isinstance(told, Unknown)
    assert "hush" not in repr(told)


async def test_closing_closes_the_client() -> None:
    adapter, script = scripted()
    await adapter.close()
    assert script.closed


DECIMALS = st.decimals(min_value=D("1E-8"), max_value=D("1E+9"), allow_nan=False, allow_infinity=False)
SIDES = st.sampled_from(PositionSide)


@given(
    st.builds(
        OrderIntent,
        symbol=st.just(BTC),
        position_side=SIDES,
        client_id=st.text(),
        order_type=st.sampled_from(OrderType),
        qty=DECIMALS,
        price=st.none() | DECIMALS,
        time_in_force=st.sampled_from(TimeInForce),
        mode=st.sampled_from(ExecutionMode),
        reason=st.sampled_from(SignalReason),
        timestamp_ms=st.integers(),
        price_match=st.none() | st.sampled_from(PriceMatch),
    )
)
def test_whatever_order_is_built_it_can_only_close(order: OrderIntent) -> None:
    try:
        sent = order_params(order, RAW)
    except ValueError:
        return
    assert (sent["side"], sent["positionSide"]) in CLOSING
    assert sent["positionSide"] == order.position_side
    assert Decimal(str(sent["quantity"])) == order.qty
    assert sent["type"] in ("LIMIT", "MARKET")
    assert not sent.keys() & {"reduceOnly", "closePosition", "stopPrice", "triggerPrice"}


@given(SIDES, DECIMALS, st.none() | DECIMALS)
def test_stops_and_amendments_can_only_close_either(side: PositionSide, price: Decimal, qty: Decimal | None) -> None:
    stop = stop_params(PlaceStop(BTC, side, "s", price, qty, ""), RAW)
    assert (stop["side"], stop["positionSide"]) in CLOSING
    assert ("quantity" in stop) is (qty is not None) is ("closePosition" not in stop)
    amended = amend_params(AmendOrder(BTC, side, "s", price, price), RAW)
    assert amended["side"] == (OrderSide.SELL if side is LONG else OrderSide.BUY)

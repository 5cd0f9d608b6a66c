from __future__ import annotations

import json
from typing import Any

import pytest
from tests.sim.faults.rig import SYMBOL, Rig

LATE = {"kind": "ack_late", "when": {"once": True}, "delay_ms": 40}
CLOSED = {"kind": "position_closed", "symbol": SYMBOL, "side": "LONG", "qty": "0.5"}


def command(rig: Rig, method: str, path: str, body: object = None) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = rig.box.control.handle(method, path, raw, rig.now)
    rig.box.advance(rig.now)
    return answer.status, json.loads(answer.body)


def test_faults_are_declared_listed_and_forgotten_while_it_runs() -> None:
    rig = Rig()
    rig.wait(5000)
    late = LATE | {"when": {"at_s": 2}, "name": "late"}
    assert command(rig, "POST", "/faults", [late, {"kind": "request_lost", "when": {"nth": 9}}]) == (
        200,
        {"added": ["late", "2:request_lost"]},
    )
    status, listed = command(rig, "GET", "/faults")
    assert status == 200
    assert [fault["name"] for fault in listed["faults"]] == ["late", "2:request_lost"]
    assert listed["faults"][0] == {"name": "late", "kind": "ack_late", "when": {"at_s": "2"}, "delay_ms": 40}
    assert rig.order().at_ms == 5000
    rig.wait(2000)
    assert rig.order().at_ms == 7040
    assert command(rig, "GET", "/log") == (
        200,
        {"struck": [{"at_ms": 7000, "fault": "late", "hit": "POST /fapi/v1/order vq-2", "failed": False}]},
    )
    assert command(rig, "DELETE", "/faults/late") == (200, {"removed": ["late"]})
    status, body = command(rig, "DELETE", "/faults/late")
    assert (status, body["problems"]) == (404, ["there is no fault 'late'; GET /faults names them"])
    assert command(rig, "DELETE", "/faults/2%3Arequest_lost") == (200, {"removed": ["2:request_lost"]})
    assert command(rig, "DELETE", "/faults") == (200, {"removed": []})


def test_what_is_listed_can_be_declared_again() -> None:
    rig = Rig(LATE | {"where": {"symbol": SYMBOL}}, CLOSED | {"when": {"at_s": 3}}, {"kind": "sockets_closed"})
    _, listed = command(rig, "GET", "/faults")
    assert command(Rig(), "POST", "/faults", listed)[0] == 200


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the body is no JSON"),
        (b"\xff", "the body is no JSON"),
        (b'{"kind": NaN}', "the body is no JSON: NaN is no number"),
        (b"[" * 100_000, "the body is no JSON"),
        ([LATE | {"delay_ms": "1"}, LATE], "faults[0].delay_ms: should be a valid integer"),
    ],
)
def test_what_cannot_be_followed_is_refused_in_words_and_nothing_of_it_taken(body: object, problem: str) -> None:
    rig = Rig()
    for path in ("/faults", "/act"):
        status, answer = command(rig, "POST", path, body)
        assert status == 400
        assert problem in answer["problems"][0]
    assert rig.box.plan.rules == []


def test_an_act_happens_at_once_and_says_what_it_did() -> None:
    rig = Rig()
    wire = rig.listen()
    status, body = command(rig, "POST", "/act", CLOSED)
    assert (status, body["done"][0]["hit"]) == (200, "BTCUSDT LONG less 0.5")
    assert f"{rig.leg():f}".rstrip("0") == "1.5"
    assert [name for _, name in wire.events][-1] == "ORDER_TRADE_UPDATE"
    assert rig.box.plan.rules == []


def test_an_act_that_lasts_stays_until_it_is_over() -> None:
    rig = Rig()
    assert command(rig, "POST", "/act", {"kind": "key_revoked", "for_s": 5, "name": "key"})[0] == 200
    assert rig.order().code == -2015
    assert [fault["name"] for fault in command(rig, "GET", "/faults")[1]["faults"]] == ["key"]
    rig.wait(5000)
    assert rig.order().status == 200
    assert command(rig, "GET", "/faults")[1]["faults"] == []


def test_an_act_that_cannot_happen_says_why() -> None:
    rig = Rig()
    status, body = command(rig, "POST", "/act", CLOSED | {"symbol": "NOUSDT"})
    assert (status, body) == (409, {"problems": ["Invalid symbol."]})


@pytest.mark.parametrize("body", [LATE, CLOSED | {"when": {"at_s": 3}}, CLOSED | {"where": {}}])
def test_what_waits_for_something_is_no_act(body: dict[str, Any]) -> None:
    status, answer = command(Rig(), "POST", "/act", body)
    assert status == 400
    assert "only what happens by itself can be done at once" in answer["problems"][0]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", ""), ("PUT", "/faults"), ("POST", "/faults/x"), ("GET", "/state/x")]
)
def test_what_is_no_command_is_answered_with_the_commands(method: str, path: str) -> None:
    status, body = command(Rig(), method, path)
    assert status == 404
    assert body["problems"] == [f"{method} {path} is no command"]
    assert {"GET /state", "POST /faults", "POST /act"} <= set(body["commands"])


def test_the_catalogue_is_markdown() -> None:
    answer = Rig().box.control.handle("GET", "/catalogue", b"", 0)
    assert (answer.status, answer.content_type) == (200, "text/markdown")
    assert b"| `ack_late` |" in answer.body


def test_the_state_is_the_exchange_s_own_truth() -> None:
    rig = Rig({"kind": "event_lost", "when": {"rate": 1}}, {"kind": "ack_lost", "when": {"nth": 2}})
    wire = rig.listen()
    rig.wait(1500)
    rig.order()
    lost = rig.market()
    stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "quantity": "0.2"}
    stop |= {"type": "STOP_MARKET", "triggerPrice": "59000", "clientAlgoId": "st-1"}
    assert rig.call("POST", "/fapi/v1/algoOrder", **stop).status == 200
    assert (lost.status, wire.got) == (0, [])
    status, state = command(rig, "GET", "/state")
    assert (status, state["now"]) == (200, rig.now)
    assert state["mode"] == {"dual": True, "multi_assets": False}
    assert [(leg["side"], leg["qty"], leg["leverage"]) for leg in state["legs"]] == [
        ("LONG", "1.9", 20),
        ("SHORT", "1", 20),
    ]
    (trade,) = state["trades"]
    assert (trade["price"], trade["qty"], trade["side"], trade["maker"]) == ("60000.0", "0.1", "SELL", False)
    assert state["wallets"] == {"USDT": f"{100_000 - float(trade['fee']):.8f}"}
    (order,) = state["orders"]
    assert (order["client_id"], order["status"], order["price"]) == ("vq-1", "NEW", "60030")
    (algo,) = state["algos"]
    assert (algo["client_id"], algo["trigger_price"], algo["status"]) == ("st-1", "59000", "NEW")
    market = state["markets"][SYMBOL]
    assert (market["bid"], market["mark"], market["status"]) == ("60000.0", "60000", "TRADING")
    (socket,) = state["sockets"]
    assert (socket["class"], socket["user_events"], socket["silent"], socket["half_open"]) == (
        "private",
        0,
        False,
        False,
    )
    assert state["listen_key"] in socket["subscriptions"]
    assert state["limits"]["calls"]["POST /fapi/v1/order"] == 2
    assert state["limits"]["orders"] == [3, 3]
    assert len(state["struck"]) == len(rig.box.plan.struck) > 3


def test_a_leg_that_is_flat_is_not_shown() -> None:
    rig = Rig({"kind": "position_closed", "symbol": SYMBOL, "side": "LONG"})
    _, state = command(rig, "GET", "/state")
    assert [leg["side"] for leg in state["legs"]] == ["SHORT"]


def test_only_the_newest_trades_are_shown() -> None:
    rig = Rig()
    for _ in range(105):
        rig.market(quantity="0.01")
    _, state = command(rig, "GET", "/state")
    numbers = [trade["trade_id"] for trade in state["trades"]]
    assert len(numbers) == 100
    assert numbers[-1] == rig.box.history.trades[-1].trade_id


def test_a_market_that_has_not_begun_shows_nothing() -> None:
    rig = Rig()
    market = rig.box.exchange.venue.market(SYMBOL)
    market.quote = market.mark = market.last = None
    _, state = command(rig, "GET", "/state")
    assert [state["markets"][SYMBOL][name] for name in ("bid", "ask", "last", "mark")] == [None] * 4


def test_the_record_of_orders_holds_finished_ones_and_their_trades_by_client_id() -> None:
    rig = Rig()
    rig.order(newClientOrderId="other-1")
    rig.order()
    rig.wait(250)
    rig.call("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="vq-2")
    rig.wait(250)
    rig.market()
    rig.stop()
    _, ours = command(rig, "GET", "/orders/vq-")
    assert [(row["client_id"], row["status"], row["updated"] - row["created"]) for row in ours["orders"]] == [
        ("vq-2", "CANCELED", 250),
        ("vq-3", "FILLED", 0),
    ]
    assert [(row["client_id"], row["qty"], row["order_id"]) for row in ours["trades"]] == [
        ("vq-3", "0.1", ours["orders"][1]["order_id"])
    ]
    assert [(row["client_id"], row["close_position"], row["order_id"]) for row in ours["algos"]] == [("vq-4", True, 0)]
    _, everything = command(rig, "GET", "/orders")
    assert [row["client_id"] for row in everything["orders"]] == ["other-1", "vq-2", "vq-3"]


def test_the_times_without_a_stop_are_on_record() -> None:
    def told() -> list[tuple[str, int, int | None, str]]:
        _, body = command(rig, "GET", "/unprotected")
        start = rig.now - rig.ms
        rows = body["unprotected"]
        return [
            (row["side"], row["from"] - start, None if row["until"] is None else row["until"] - start, row["qty"])
            for row in rows
        ]

    rig = Rig()
    assert told() == [("LONG", 0, None, "2"), ("SHORT", 0, None, "1")]
    rig.stop(side="BUY", positionSide="SHORT", triggerPrice="61000")  # at once: no time went by
    rig.wait(1000)
    rig.stop(type="TAKE_PROFIT_MARKET", triggerPrice="61000")
    rig.stop(closePosition="false", quantity="1.5")
    assert told() == [("LONG", 0, None, "2")]
    rig.wait(1000)
    rig.stop()
    assert told() == [("LONG", 0, 2000, "2")]
    rig.wait(1000)
    rig.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="vq-4")
    assert told()[1:] == [("LONG", 3000, None, "0.5")]
    rig.wait(1000)
    rig.market(quantity="0.5")
    assert told()[1:] == [("LONG", 3000, 4000, "0.5")]


def test_calls_during_a_ban_are_counted() -> None:
    rig = Rig({"kind": "weight_spent", "when": {"once": True}})
    for _ in range(13):
        rig.ping()
    _, state = command(rig, "GET", "/state")
    assert rig.seen[-1].status == 418
    assert state["limits"]["sent_while_banned"] == len([answer for answer in rig.seen if answer.status == 418]) - 1

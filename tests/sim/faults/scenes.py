"""One scene for each kind of fault: what is declared, and what a client then sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.sim.faults.rig import LONG, SHORT, SYMBOL, Rig

D = Decimal
ORDERS = {"endpoint": "POST /fapi/v1/order"}
UNKNOWN = "Unknown error, please check your request or try again later."
FILL = ["TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
Script = Callable[[Rig], None]


@dataclass(frozen=True, slots=True)
class Scene:
    kind: str
    name: str
    declared: dict[str, Any]
    script: Script


SCENES: list[Scene] = []


def scene(kind: str, **declared: Any) -> Callable[[Script], Script]:
    def take(script: Script) -> Script:
        SCENES.append(Scene(kind, script.__name__, {"kind": kind} | declared, script))
        return script

    return take


@scene("ack_late", when={"nth": 2}, delay_ms=800)
def a_late_ack_comes_after_the_order_is_on_the_stream(rig: Rig) -> None:
    wire = rig.listen()
    assert rig.order().at_ms == 0
    late = rig.order()
    assert (late.at_ms, late.status, late.body["clientOrderId"]) == (800, 200, "vq-2")
    assert wire.events == [(0, "ORDER_TRADE_UPDATE")] * 2
    assert rig.order().at_ms == 800


@scene("ack_lost", when={"once": True}, after_ms=50)
def a_lost_ack_leaves_an_order_behind(rig: Rig) -> None:
    lost = rig.order()
    assert (lost.at_ms, lost.status) == (50, 0)
    assert rig.resting() == ["vq-1"]
    rig.wait(1000)
    assert rig.call("GET", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="vq-1").body["status"] == "NEW"


@scene("ack_doubled", when={"once": True})
def a_doubled_order_shows_that_its_id_is_taken(rig: Rig) -> None:
    assert rig.order().code == -4116
    assert rig.resting() == ["vq-1"]


@scene("ack_doubled", when={"once": True}, shows="first")
def a_doubled_market_order_fills_twice_and_shows_the_first(rig: Rig) -> None:
    first = rig.market()
    assert (first.status, first.body["clientOrderId"]) == (200, "vq-1")
    assert rig.leg() == D("1.8")


@scene("request_late", where=ORDERS, when={"once": True}, delay_ms=300)
def a_late_request_reaches_the_book_late(rig: Rig) -> None:
    wire = rig.listen()
    assert rig.order().at_ms == 300
    assert wire.events == [(300, "ORDER_TRADE_UPDATE")]


@scene("request_late", where=ORDERS, when={"once": True}, delay_ms=6000)
def a_request_later_than_its_window_is_refused(rig: Rig) -> None:
    assert rig.order().code == -1021
    assert not rig.resting()


@scene("request_lost", when={"nth": 2})
def a_lost_request_never_reaches_the_book(rig: Rig) -> None:
    assert [rig.order().status for _ in range(3)] == [200, 0, 200]
    assert rig.resting() == ["vq-1", "vq-3"]


@scene("unknown_503", where=ORDERS, when={"nth": 2}, reached=True)
def an_unknown_outcome_may_be_an_order(rig: Rig) -> None:
    rig.order()
    unknown = rig.order()
    assert (unknown.status, unknown.body) == (503, {"msg": UNKNOWN})
    assert rig.resting() == ["vq-1", "vq-2"]


@scene("unknown_503", where=ORDERS, when={"nth": 2}, reached=False, code=-1000)
def an_unknown_outcome_may_be_none(rig: Rig) -> None:
    rig.order()
    unknown = rig.order()
    assert (unknown.status, unknown.body) == (503, {"code": -1000, "msg": UNKNOWN})
    assert rig.resting() == ["vq-1"]


@scene("timeout_1007", where=ORDERS, when={"once": True}, reached=True, after_ms=10_000)
def a_timeout_may_be_an_order(rig: Rig) -> None:
    timeout = rig.order()
    assert (timeout.at_ms, timeout.status, timeout.code) == (10_000, 408, -1007)
    assert "execution status unknown" in timeout.body["msg"]
    assert rig.resting() == ["vq-1"]
    assert rig.order().status == 200


@scene("timeout_1007", where=ORDERS, when={"once": True}, reached=False, after_ms=10_000)
def a_timeout_may_be_none(rig: Rig) -> None:
    timeout = rig.order()
    assert (timeout.at_ms, timeout.status, timeout.code) == (10_000, 408, -1007)
    assert not rig.resting()


@scene("proxy_error", when={"once": True}, reached=True, status=504)
def a_page_of_the_proxy_is_no_json(rig: Rig) -> None:
    page = rig.order()
    assert (page.status, page.text[:6]) == (504, "<html>")
    assert rig.resting() == ["vq-1"]


@scene("timestamp_1021", when={"once": True})
def a_timestamp_is_refused(rig: Rig) -> None:
    refused = rig.order()
    assert (refused.status, refused.code) == (400, -1021)
    assert not rig.resting()
    assert rig.order().status == 200


@scene("limit_429", when={"nth": 2}, for_s=3.5)
def a_limit_lasts_and_says_how_long(rig: Rig) -> None:
    answers = []
    for _ in range(6):
        answers.append(rig.ping())
        rig.wait(1000)
    assert [answer.status for answer in answers] == [200, 429, 429, 429, 429, 200]
    assert [answer.retry_after for answer in answers[1:5]] == ["4", "3", "2", "1"]
    assert answers[1].code == -1003


@scene("ban_418", when={"at_s": 10})
def a_ban_says_until_when(rig: Rig) -> None:
    assert rig.ping().status == 200
    rig.wait(20_000)
    banned = rig.ping()
    assert (banned.status, banned.retry_after, banned.code) == (418, "110", -1003)
    assert f"IP(127.0.0.1) banned until {1_800_000_130_000}" in banned.body["msg"]
    rig.wait(110_000)
    assert rig.ping().status == 200


@scene("post_only_5022", when={"once": True})
def post_only_orders_are_refused_for_a_while(rig: Rig) -> None:
    assert rig.order().status == 200
    for wait in (0, 1999):
        rig.wait(wait)
        assert rig.order(timeInForce="GTX").code == -5022
    assert rig.resting() == ["vq-1"]
    rig.wait(1)
    assert rig.order(timeInForce="GTX").status == 200


@scene("unavailable_503", when={"once": True}, times=2)
def the_service_is_unavailable(rig: Rig) -> None:
    assert [(rig.order().status, rig.seen[-1].text) for _ in range(2)] == [(503, '{"msg":"Service Unavailable."}')] * 2
    assert not rig.resting()
    assert rig.order().status == 200


@scene("internal_1001", when={"once": True})
def an_internal_error_is_no_order(rig: Rig) -> None:
    failed = rig.order()
    assert (failed.status, failed.code) == (503, -1001)
    assert not rig.resting()


@scene("maintenance", when={"at_s": 5})
def maintenance_is_a_minute_of_503(rig: Rig) -> None:
    statuses = []
    for wait in (4999, 1, 59_999, 1):
        rig.wait(wait)
        statuses.append((rig.ping().status, rig.order().status))
    assert statuses == [(200, 200), (503, 503), (503, 503), (200, 200)]


@scene("refuse", where={"endpoint": "DELETE *"}, when={"once": True}, code=-2011, message="Gone.", status=418)
def any_refusal_can_be_said(rig: Rig) -> None:
    rig.order()
    refused = rig.call("DELETE", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="vq-1")
    assert (refused.status, refused.body) == (418, {"code": -2011, "msg": "Gone."})
    assert rig.resting() == ["vq-1"]


@scene("listen_key_bogus", when={"once": True})
def a_bogus_listen_key_opens_a_socket_that_stays_silent(rig: Rig) -> None:
    bogus, good = rig.listen(), rig.listen()
    rig.market()
    assert not bogus.got
    assert len(good.events) == len(FILL)


@scene("stale_read", when={"rate": 1}, behind_ms=300)
def a_read_that_lags_shows_what_was_and_catches_up(rig: Rig) -> None:
    def listed() -> list[str]:
        answer = rig.call("GET", "/fapi/v1/openOrders", symbol=SYMBOL)
        assert answer.at_ms == rig.ms
        return [order["clientOrderId"] for order in answer.body]

    assert listed() == []
    rig.order()
    assert (listed(), rig.resting()) == ([], ["vq-1"])
    rig.wait(200)
    rig.order()
    assert listed() == []
    rig.wait(100)
    assert listed() == ["vq-1"]
    rig.wait(200)
    assert listed() == ["vq-1", "vq-2"]
    rig.wait(120_000)
    rig.order()
    assert listed() == ["vq-1", "vq-2"]


@scene("event_late", where={"events": ["ORDER_TRADE_UPDATE"]}, when={"nth": 1}, delay_ms=250)
def a_late_event_lets_the_others_pass(rig: Rig) -> None:
    wire = rig.listen()
    rig.market()
    assert wire.events == [(0, "TRADE_LITE"), (0, "ACCOUNT_UPDATE")]
    rig.wait(100)
    rig.market()
    rig.wait(1000)
    assert wire.events[2:4] == [(100, "TRADE_LITE"), (100, "ACCOUNT_UPDATE")]
    assert wire.events[4:] == [(250, "ORDER_TRADE_UPDATE")] * 4
    orders = [message["o"]["c"] for _, message in wire.got[4:]]
    assert orders == ["vq-1", "vq-1", "vq-2", "vq-2"]


@scene("event_doubled", where={"events": ["ACCOUNT_UPDATE"]}, when={"once": True}, after_ms=20)
def a_doubled_event_comes_twice_word_for_word(rig: Rig) -> None:
    wire = rig.listen()
    rig.market()
    rig.wait(20)
    doubled = [(at, message) for at, message in wire.got if message["e"] == "ACCOUNT_UPDATE"]
    assert [at for at, _ in doubled] == [0, 20]
    assert doubled[0][1] == doubled[1][1]


@scene("event_lost", where={"events": ["TRADE_LITE"]}, when={"nth": 2})
def a_lost_event_never_comes(rig: Rig) -> None:
    wire = rig.listen()
    for _ in range(3):
        rig.market()
    rig.wait(60_000)
    assert [message["i"] for _, message in wire.got if message["e"] == "TRADE_LITE"] == [
        wire.got[0][1]["i"],
        wire.got[-1][1]["o"]["i"],
    ]
    assert len(wire.events) == 3 * len(FILL) - 1


@scene("events_reordered", when={"once": True})
def reordered_events_come_in_another_order(rig: Rig) -> None:
    wire = rig.listen()
    rig.market()
    rig.market()
    names = [name for _, name in wire.events]
    assert names[: len(FILL)] != FILL
    assert sorted(names[: len(FILL)]) == sorted(FILL)
    assert names[len(FILL) :] == FILL
    states = [message["o"]["X"] for _, message in wire.got[: len(FILL)] if message["e"] == "ORDER_TRADE_UPDATE"]
    assert states == ["NEW", "FILLED"]


@scene("sockets_closed", classes=["private"], when={"at_s": 1})
def sockets_of_a_class_break(rig: Rig) -> None:
    private, (public, _) = rig.listen(), rig.socket("/public/ws/btcusdt@bookTicker")
    rig.wait(999)
    assert not private.ended
    rig.wait(1)
    assert (private.ended, public.ended) == ("broken", "")
    again = rig.listen()
    rig.market()
    assert again.events
    assert not private.got


@scene("sockets_closed", code=1001, where=ORDERS, when={"nth": 2})
def sockets_close_just_before_an_order_is_worked(rig: Rig) -> None:
    wire = rig.listen()
    rig.order()
    assert (wire.ended, len(wire.events)) == ("", 1)
    assert rig.order().status == 200
    assert (wire.ended, len(wire.events)) == ("closed 1001", 1)


@scene("sockets_silent", when={"at_s": 1}, for_s=10)
def silent_sockets_answer_and_push_nothing(rig: Rig) -> None:
    wire, session = rig.socket(f"/private/ws/{rig.listen_key()}")
    rig.wait(1000)
    rig.market()
    session.receive('{"method":"LIST_SUBSCRIPTIONS","id":7}', rig.now)
    assert [message.get("id") for _, message in wire.got] == [7]
    assert session.pinged(rig.now)
    rig.wait(10_000)
    rig.market()
    assert [name for _, name in wire.events] == FILL
    assert not wire.ended


@scene("sockets_half_open", when={"at_s": 1}, for_s=10)
def half_open_sockets_answer_nothing_until_they_break(rig: Rig) -> None:
    wire, session = rig.socket(f"/private/ws/{rig.listen_key()}")
    rig.wait(1000)
    rig.market()
    session.receive('{"method":"LIST_SUBSCRIPTIONS","id":7}', rig.now)
    assert not session.pinged(rig.now)
    assert (wire.got, wire.ended) == ([], "")
    fresh = rig.listen()
    rig.market()
    assert fresh.events
    rig.wait(10_000)
    assert (wire.got, wire.ended, fresh.ended) == ([], "broken", "")


@scene("listen_key_expired", when={"at_s": 2})
def an_expired_listen_key_is_told_and_then_silence(rig: Rig) -> None:
    key = rig.listen_key()
    wire, _ = rig.socket(f"/private/ws/{key}")
    rig.wait(2000)
    assert [(at, message["e"], message["listenKey"]) for at, message in wire.got] == [(2000, "listenKeyExpired", key)]
    assert rig.call("PUT", "/fapi/v1/listenKey", False).code == -1125
    rig.market()
    assert len(wire.got) == 1
    assert not wire.ended
    assert rig.listen_key() != key


@scene("key_revoked", when={"at_s": 1}, for_s=5)
def a_revoked_key_opens_nothing(rig: Rig) -> None:
    assert rig.order().status == 200
    rig.wait(1000)
    assert rig.order().code == -2015
    assert rig.call("POST", "/fapi/v1/listenKey", False).code == -2015
    assert rig.ping().status == 200
    rig.wait(5000)
    assert rig.order().status == 200


@scene("clock_off", seconds=-3, when={"at_s": 1}, for_s=10)
def a_clock_that_is_behind_finds_requests_ahead_of_it(rig: Rig) -> None:
    rig.wait(1000)
    told = rig.call("GET", "/fapi/v1/time", False).body["serverTime"]
    assert told == rig.now - 3000
    refused = rig.order()
    assert refused.code == -1021
    assert refused.body["msg"].endswith("1000ms ahead of the server's time.")
    rig.wait(10_000)
    assert rig.call("GET", "/fapi/v1/time", False).body["serverTime"] == rig.now
    assert rig.order().status == 200


@scene("clock_off", seconds="6.5", when={"once": True})
def a_clock_that_is_ahead_finds_requests_too_old(rig: Rig) -> None:
    assert rig.order().code == -1021
    assert rig.order(recvWindow="10000").status == 200


@scene("weight_spent", when={"at_s": 1})
def spent_weight_is_429_and_then_a_ban(rig: Rig) -> None:
    rig.wait(1000)
    answers = [rig.ping() for _ in range(12)]
    assert [answer.status for answer in answers] == [429] * 10 + [418] * 2
    assert int(answers[0].retry_after) <= 60


@scene("orders_spent", when={"at_s": 1})
def spent_order_counts_refuse_orders_and_nothing_else(rig: Rig) -> None:
    rig.wait(1000)
    refused = rig.order()
    assert (refused.status, refused.code) == (429, -1015)
    assert rig.ping().status == 200


@scene("position_closed", symbol=SYMBOL, side="LONG", fraction=0.25, when={"at_s": 1})
def a_part_of_the_position_is_closed_elsewhere(rig: Rig) -> None:
    wire = rig.listen()
    rig.wait(1000)
    assert rig.leg() == D("1.5")
    assert wire.got[-1][1]["o"]["c"].startswith("web_")
    assert [name for _, name in wire.events] == FILL


@scene("position_closed", symbol=SYMBOL, side="LONG", where=ORDERS, when={"nth": 2})
def the_position_is_gone_when_the_second_order_arrives(rig: Rig) -> None:
    assert rig.order().status == 200
    assert rig.order().code == -2022
    assert rig.leg() == 0
    assert not rig.resting()


@scene("position_closed", symbol=SYMBOL, side="SHORT", qty="9", when={"once": True})
def a_close_never_flips_the_leg(rig: Rig) -> None:
    assert rig.leg(SHORT) == 0


@scene("position_enlarged", symbol=SYMBOL, side="LONG", qty="0.5", when={"at_s": 1})
def the_position_is_enlarged_elsewhere(rig: Rig) -> None:
    wire = rig.listen()
    rig.wait(1000)
    assert rig.leg() == D("2.5")
    (update,) = [message for _, message in wire.got if message["e"] == "ACCOUNT_UPDATE"]
    assert [row["pa"] for row in update["a"]["P"] if row["ps"] == "LONG"] == ["2.5"]


@scene("adl", symbol=SYMBOL, side="SHORT", qty="0.4", price="59000", when={"at_s": 1})
def adl_closes_a_part_at_its_price(rig: Rig) -> None:
    wire = rig.listen()
    rig.wait(1000)
    assert rig.leg(SHORT) == D("0.6")
    order = wire.got[-1][1]["o"]
    assert (order["c"], order["x"], order["L"]) == ("adl_autoclose", "CALCULATED", "59000")


@scene("liquidation", symbol=SYMBOL, side="LONG", when={"at_s": 1})
def liquidation_takes_all_crossed_legs(rig: Rig) -> None:
    wire = rig.listen()
    rig.order()
    rig.wait(1000)
    assert [rig.leg(LONG), rig.leg(SHORT)] == [0, 0]
    assert not rig.resting()
    orders = [message["o"] for at, message in wire.got if at and message["e"] == "ORDER_TRADE_UPDATE"]
    assert orders[0]["er"] == "5"
    assert {order["c"][:10] for order in orders if order["x"] == "CALCULATED"} == {"autoclose-"}


@scene("hedge_mode_off", when={"at_s": 1})
def without_hedge_mode_a_position_side_does_not_match(rig: Rig) -> None:
    rig.order()
    rig.wait(1000)
    assert rig.call("GET", "/fapi/v1/positionSide/dual").body == {"dualSidePosition": False}
    assert rig.call("GET", "/fapi/v3/positionRisk").body == []
    assert rig.order().code == -4061
    assert not rig.resting()


@scene("tick_changed", symbol=SYMBOL, tick="0.5", when={"at_s": 1}, for_s=60)
def a_new_tick_is_told_and_kept(rig: Rig) -> None:
    def tick() -> str:
        (told,) = rig.call("GET", "/fapi/v1/exchangeInfo", False).body["symbols"]
        (found,) = [row["tickSize"] for row in told["filters"] if row["filterType"] == "PRICE_FILTER"]
        return str(found)

    before = tick()
    rig.order("60030.1")
    rig.wait(1000)
    assert D(tick()) == D("0.5")
    assert rig.order("60030.1").code == -4014
    assert rig.order("60030.5").status == 200
    assert rig.resting() == ["vq-1", "vq-3"]
    rig.wait(60_000)
    assert tick() == before


@scene("symbol_status", symbol=SYMBOL, status="PRE_SETTLE", when={"at_s": 1})
def pre_settle_ends_orders_and_takes_none(rig: Rig) -> None:
    rig.order()
    rig.wait(1000)
    assert not rig.resting()
    assert rig.leg() == 2
    (told,) = rig.call("GET", "/fapi/v1/exchangeInfo", False).body["symbols"]
    assert told["status"] == "PRE_SETTLE"
    assert rig.order().status == 400


@scene("symbol_status", symbol=SYMBOL, status="CLOSE", price="59500", when={"at_s": 1})
def a_closed_symbol_settles_its_positions(rig: Rig) -> None:
    wire = rig.listen()
    rig.wait(1000)
    assert [rig.leg(LONG), rig.leg(SHORT)] == [0, 0]
    fills = [message["o"] for _, message in wire.got if message.get("o", {}).get("x") == "TRADE"]
    assert {(order["c"][:21], order["L"]) for order in fills} == {("settlement_autoclose-", "59500")}
    assert rig.order().status == 400


@scene("overload_1008", when={"at_s": 1}, for_s=5)
def overload_spares_what_closes(rig: Rig) -> None:
    opening = {"side": "BUY", "price": "59990"}
    rig.wait(1000)
    refused = rig.order(**opening)
    assert (refused.status, refused.code) == (503, -1008)
    assert rig.order().status == 200
    rig.wait(5000)
    assert rig.order(**opening).status == 200


@scene("foreign_order", symbol=SYMBOL, side="LONG", qty="0.5", away=0.002, client_id="web_1", for_s=30)
def an_order_of_the_owner_rests_from_the_opening_on(rig: Rig) -> None:
    (order,) = rig.call("GET", "/fapi/v1/openOrders", symbol=SYMBOL).body
    assert (order["clientOrderId"], order["side"], order["positionSide"]) == ("web_1", "SELL", "LONG")
    assert (order["price"], order["origQty"], order["time"]) == ("60120.2", "0.5", rig.now)
    rig.wait(30_000)
    assert not rig.resting()


@scene("foreign_order", symbol=SYMBOL, side="SHORT", qty="0.5", price="60050", opens=True, when={"at_s": 1})
def an_order_of_the_owner_may_open(rig: Rig) -> None:
    wire = rig.listen()
    rig.wait(1000)
    (message,) = [message["o"] for _, message in wire.got]
    assert (message["S"], message["ps"], message["R"], message["p"]) == ("SELL", "SHORT", False, "60050")
    assert rig.resting()[0].startswith("web_")


@scene("foreign_stop", symbol=SYMBOL, side="SHORT", away=0.02, client_id="web_stop", for_s=5)
def a_stop_of_the_owner_stands_from_the_opening_on(rig: Rig) -> None:
    (stop,) = rig.call("GET", "/fapi/v1/openAlgoOrders", symbol=SYMBOL).body
    assert (stop["clientAlgoId"], stop["side"], stop["positionSide"]) == ("web_stop", "BUY", "SHORT")
    assert (stop["triggerPrice"], stop["closePosition"], stop["workingType"]) == ("61200.00", True, "MARK_PRICE")
    rig.wait(5000)
    assert not rig.call("GET", "/fapi/v1/openAlgoOrders", symbol=SYMBOL).body


@scene("foreign_stop", symbol=SYMBOL, side="LONG", trigger="59000", qty="0.4", when={"at_s": 1})
def a_stop_of_the_owner_may_be_of_a_part(rig: Rig) -> None:
    rig.wait(1000)
    (stop,) = rig.call("GET", "/fapi/v1/openAlgoOrders", symbol=SYMBOL).body
    assert (stop["side"], stop["quantity"], stop["triggerPrice"]) == ("SELL", "0.400", "59000.00")


@scene("orders_cancelled", symbol=SYMBOL, when={"at_s": 1})
def the_owner_cancels_all(rig: Rig) -> None:
    wire = rig.listen()
    rig.order()
    rig.stop()
    rig.wait(1000)
    assert not rig.resting()
    assert not rig.box.exchange.algos.open
    assert [name for _, name in wire.events][-2:] == ["ORDER_TRADE_UPDATE", "ALGO_UPDATE"]


@scene("orders_cancelled", symbol=SYMBOL, what="conditional", side="LONG", prefix="vq-", when={"at_s": 1})
def the_owner_cancels_a_stop_of_ours(rig: Rig) -> None:
    rig.order()
    rig.stop()
    rig.stop(side="BUY", positionSide="SHORT", triggerPrice="61000")
    rig.stop(clientAlgoId="other", type="TAKE_PROFIT_MARKET", triggerPrice="61000")
    rig.wait(1000)
    assert rig.resting() == ["vq-1"]
    assert [algo.client_id for algo in rig.box.exchange.algos.open] == ["vq-3", "other"]

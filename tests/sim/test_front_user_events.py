from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.sim.order_desk import NOW, QUICK, OrderDesk, limit

from vibe_quant.domain.enums import OrderSide, OrderType, PositionSide, WorkingType
from vibe_quant.domain.events import Mark
from vibe_quant.sim.records import AlgoRequest, ExchangeEvent, LeverageEvent, MarginCallEvent, MultiAssetsEvent

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared")
LITE = "TRADE_LITE"


@pytest.fixture
def desk() -> OrderDesk:
    return OrderDesk()


def words(frames: list[Any]) -> list[str]:
    return [f"{f['o']['x']}/{f['o']['X']}" if f["e"] == "ORDER_TRADE_UPDATE" else f["e"] for f in frames]


def test_a_resting_order_is_told_stripped(desk: OrderDesk) -> None:
    ack = desk.limit(qty="0.020", newClientOrderId="vq-1")
    (frame,) = desk.told()
    assert frame == {
        "e": "ORDER_TRADE_UPDATE",
        "T": NOW,
        "E": NOW,
        "o": {
            "s": "BTCUSDT",
            "c": "vq-1",
            "S": "SELL",
            "o": "LIMIT",
            "f": "GTC",
            "q": "0.02",
            "p": "60100",
            "ap": "0",
            "sp": "0",
            "x": "NEW",
            "X": "NEW",
            "i": ack["orderId"],
            "l": "0",
            "z": "0",
            "L": "0",
            "n": "0",
            "N": "USDT",
            "T": NOW,
            "t": 0,
            "b": "0",
            "a": "1202",
            "m": False,
            "R": True,
            "wt": "CONTRACT_PRICE",
            "ot": "LIMIT",
            "ps": "LONG",
            "cp": False,
            "rp": "0",
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": "EXPIRE_MAKER",
            "pm": "NONE",
            "gtd": 0,
            "er": "0",
        },
    }


def test_a_maker_fill_tells_lite_account_order_with_one_time(desk: OrderDesk) -> None:
    desk.limit(qty="0.020", price="60100.1")
    desk.told()
    desk.now += 5
    desk.trade("60101", "1", "BUY")
    lite, account, order = desk.told()
    assert (lite["e"], account["e"], order["e"]) == (LITE, "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE")
    assert {f["T"] for f in (lite, account, order)} == {order["o"]["T"]} == {NOW + 5}
    assert all(f["E"] >= f["T"] for f in (lite, account, order))
    assert lite == {
        "e": LITE,
        "E": NOW + 5,
        "T": NOW + 5,
        "s": "BTCUSDT",
        "q": "0.020",
        "p": "60100.10",
        "m": True,
        "c": order["o"]["c"],
        "S": "SELL",
        "L": "60100.10",
        "l": "0.020",
        "t": order["o"]["t"],
        "i": order["o"]["i"],
    }
    told = order["o"]
    assert (told["l"], told["z"], told["L"], told["ap"]) == ("0.02", "0.02", "60100.1", "60100.1")
    assert (told["n"], told["rp"], told["m"], told["b"], told["a"]) == ("0.2404004", "2.002", True, "0", "0")


def sweep(desk: OrderDesk) -> list[Any]:
    desk.depth(["60000", "59999", "59998"], ["60000.1"])
    desk.quote("60000", "60000.1", qty="0.5")
    desk.market(qty="2.000")
    return desk.told()


def test_a_match_tells_every_lite_first_then_new_then_each_fill(desk: OrderDesk) -> None:
    frames = sweep(desk)
    fill = ["ACCOUNT_UPDATE", "TRADE/PARTIALLY_FILLED"]
    assert words(frames) == [LITE] * 3 + ["NEW/NEW", *fill, *fill, "ACCOUNT_UPDATE", "TRADE/FILLED"]
    assert [f["l"] for f in frames[:3]] == ["0.500", "1.000", "0.500"]
    assert {f["p"] for f in frames[:3]} == {"0.00"}
    ids = [f["t"] for f in frames[:3]]
    assert ids == [f["o"]["t"] for f in frames if "o" in f][1:] == list(range(ids[0], ids[0] + 3))
    assert frames[-1]["o"]["ap"] == "59999"


def test_new_may_come_before_the_lites() -> None:
    frames = sweep(OrderDesk(replace(QUICK, trade_lite_before_new=False)))
    assert words(frames)[:4] == ["NEW/NEW", LITE, LITE, LITE]


def test_the_account_may_follow_its_fill() -> None:
    frames = sweep(OrderDesk(replace(QUICK, account_update_first=False)))
    assert words(frames)[3:6] == ["NEW/NEW", "TRADE/PARTIALLY_FILLED", "ACCOUNT_UPDATE"]
    assert words(frames).count(LITE) == 3 and words(frames)[:3] == [LITE] * 3


def test_two_matches_of_the_same_moment_do_not_mix(desk: OrderDesk) -> None:
    desk.market(qty="0.1")
    desk.market(qty="0.1")
    one = [LITE, "NEW/NEW", "ACCOUNT_UPDATE", "TRADE/FILLED"]
    assert words(desk.told()) == one + one


def test_the_value_of_resting_orders_is_told_with_every_event(desk: OrderDesk) -> None:
    first = desk.limit(qty="0.1", price="60100")
    second = desk.limit(side="BUY", leg="SHORT", qty="0.2", price="59900")
    desk.call("PUT", "order", **limit(qty="0.3", price="60200", orderId=first["orderId"]))
    desk.trade("59900", "0.1", "SELL")
    desk.quote("59899", "59899.5", qty="0.1")
    desk.call("DELETE", "order", symbol="BTCUSDT", orderId=first["orderId"])
    sums = [(f["o"]["b"], f["o"]["a"]) for f in desk.told() if "o" in f]
    assert sums == [("0", "6010"), ("11980", "6010"), ("11980", "18060"), ("0", "18060"), ("0", "0")]
    assert second["side"] == "BUY"


def test_a_partial_fill_leaves_the_rest_in_the_sum(desk: OrderDesk) -> None:
    desk.limit(side="BUY", leg="SHORT", qty="0.9", price="60000.1")
    desk.told()
    desk.quote("60000", "60000.1", qty="0.3")
    desk.limit(side="BUY", leg="LONG", qty="0.9", price="60000.1")
    partial = [f["o"] for f in desk.told() if "o" in f]
    assert [(o["X"], o["b"]) for o in partial] == [("NEW", "54000.09"), ("PARTIALLY_FILLED", "36000.06")]


def test_an_order_that_expires_says_why(desk: OrderDesk) -> None:
    desk.limit(timeInForce="IOC")
    assert [(f["o"]["x"], f["o"]["er"]) for f in desk.told()] == [("NEW", "0"), ("EXPIRED", "2")]


def test_a_liquidation_has_no_lite_and_shows_new(desk: OrderDesk) -> None:
    desk.x.seed_position("ETHUSDT", PositionSide.LONG, Decimal(5000), Decimal(2500))
    desk.x.account.wallets["USDT"] = Decimal(1)
    desk.x.forced.adl("BTCUSDT", PositionSide.LONG, Decimal(1), Decimal(60_000), NOW)
    frames = desk.told()
    assert LITE not in [f["e"] for f in frames]
    (told,) = [f["o"] for f in frames if "o" in f and f["o"]["x"] == "CALCULATED"]
    assert (told["c"], told["X"]) == ("adl_autoclose", "NEW")


def test_a_trade_made_elsewhere_is_told_like_an_own_one(desk: OrderDesk) -> None:
    desk.x.forced.external_trade("BTCUSDT", PositionSide.LONG, OrderSide.BUY, Decimal("0.5"), NOW)
    assert words(desk.told()) == [LITE, "NEW/NEW", "ACCOUNT_UPDATE", "TRADE/FILLED"]


def test_the_other_kinds_are_written_by_their_own_modules(desk: OrderDesk) -> None:
    events: list[ExchangeEvent] = [
        LeverageEvent("BTCUSDT", 7, NOW),
        MultiAssetsEvent(True, NOW),
        MarginCallEvent(Decimal(1), (), NOW),
    ]
    desk.x.forced.transfer("USDT", Decimal(5), NOW)
    frames = desk.user.frames(events + desk.events())
    names = ["ACCOUNT_CONFIG_UPDATE", "ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL", "ACCOUNT_UPDATE"]
    assert [frame.name for frame in frames] == names
    assert all(frame.exch_ms == NOW for frame in frames)
    assert desk.user.frames([]) == []


def test_a_conditional_order_is_told_between_them(desk: OrderDesk) -> None:
    desk.x.algos.place(
        AlgoRequest(
            symbol="BTCUSDT",
            side=OrderSide.SELL,
            position_side=PositionSide.LONG,
            order_type=OrderType.STOP_MARKET,
            client_id="st-1",
            trigger_price=Decimal(59_000),
            timestamp_ms=NOW,
            close_position=True,
            working_type=WorkingType.MARK_PRICE,
        ),
        NOW,
    )
    desk.x.on_mark(Mark("BTCUSDT", NOW, NOW, Decimal(59_000)))
    desk.wait(50)
    told = words(desk.told())
    assert told == ["ALGO_UPDATE"] * 3 + [LITE, "NEW/NEW", "ACCOUNT_UPDATE", "TRADE/FILLED", "ALGO_UPDATE"]


def recorded(*names: str) -> list[Mapping[str, Any]]:
    folder = SHARED / "payloads"
    if not folder.is_dir():
        pytest.skip("recordings do not ship with the project; set VQ_SHARED to the folder that holds payloads/")
    lines = [line for name in names for line in (folder / name).read_text().splitlines()]
    return [json.loads(line) for line in lines]


def kinds(body: Any) -> Any:
    """Keys in their order, and the type of each value."""
    if isinstance(body, dict):
        return [(key, kinds(value)) for key, value in body.items()]
    return type(body).__name__


RECORDINGS = ("2026-04_mainnet_ETHUSDC_user_stream.jsonl", "assorted_user_stream_events.jsonl")


def test_orders_and_trades_look_as_recorded_in_2026(desk: OrderDesk) -> None:
    desk.limit(qty="0.02")
    desk.market()
    own = {f["e"]: kinds(f) for f in desk.told()}
    seen = 0
    for line in recorded(*RECORDINGS):
        message = line["msg"]
        if message["e"] in (LITE, "ORDER_TRADE_UPDATE") and message["E"] > 1_767_225_600_000:
            assert own[message["e"]] == kinds(message)
            seen += 1
    assert seen >= 8


def test_the_order_of_messages_is_the_recorded_one() -> None:
    desk = OrderDesk()
    frames = words(sweep(desk))
    lines = recorded("2024-10_mainnet_ADAUSDT_partial_fills_close.jsonl", "2024-11_mainnet_BTCUSDT_open_close.jsonl")
    groups: dict[str, list[Any]] = {}
    for line in lines:
        groups.setdefault(line["group"], []).append(line["msg"])
    three, avax, opened, closed = (words(messages) for messages in groups.values())
    one = [LITE, "NEW/NEW", "ACCOUNT_UPDATE", "TRADE/FILLED"]
    assert avax == opened == closed == one
    assert three[1:4] + three[:1] + three[4:] == frames

"""Frames that the exchange itself has sent, through the real decoders, against a plain reading of the same JSON."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.binance.frame_desk import RECV, market, names, packed, recorded, user

from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.user_codec import UserCodec
from vibe_quant.domain.enums import MarginType, OrderSide, OrderStatus, OrderType, PositionSide, StopStatus
from vibe_quant.domain.events import (
    BalanceUpdate,
    Candle,
    Depth,
    Event,
    Mark,
    OrderUpdate,
    PositionUpdate,
    Quote,
    StopReport,
    Trade,
)

D = Decimal
OLD_FRAMES = "tapes/raw_frames_2021-04-17_YFI_KSM_DENT_XMR.txt.gz"
NEW_FRAMES = "payloads/2026_market_frames_new_schema.jsonl"
USER_FILES = (
    "2021-06_TRXUSDT_stop_trigger_old_schema.jsonl",
    "2024-10_mainnet_ADAUSDT_partial_fills_close.jsonl",
    "2024-11_mainnet_BTCUSDT_open_close.jsonl",
    "2026-04_mainnet_ETHUSDC_user_stream.jsonl",
    "assorted_user_stream_events.jsonl",
)
ALTS = ("YFIUSDT", "KSMUSDT", "DENTUSDT", "XMRUSDT")


def unified(raw: str) -> str:
    return f"{raw[:-4]}/{raw[-4:]}:{raw[-4:]}"


def same(event: Event, told: Any, stream: str) -> bool:
    """Field by field; the numbers digit by digit."""
    head = {"symbol": unified(told["s"]), "recv_ms": RECV}
    match event:
        case Quote():
            return fields(event) == head | {
                "exch_ms": told["T"],
                "bid": told["b"],
                "bid_qty": told["B"],
                "ask": told["a"],
                "ask_qty": told["A"],
                "update_id": told["u"],
            }
        case Trade():
            return fields(event) == head | {
                "exch_ms": told["T"],
                "price": told["p"],
                "qty": told["q"],
                "buyer_is_maker": told["m"],
                "trade_id": told["a"],
            }
        case Mark():
            return fields(event) == head | {
                "exch_ms": told["E"],
                "price": told["p"],
                "index": told["i"],
                "funding_rate": told["r"],
                "source": "stream",
            }
        case Depth():
            sides = {"bids": event.bids, "asks": event.asks}
            written = {key: [[str(price), str(qty)] for price, qty in side] for key, side in sides.items()}
            return (
                written == {"bids": told["b"], "asks": told["a"]} and event.exch_ms == told["T"] and "depth2" in stream
            )
        case Candle():
            candle = told["k"]
            return fields(event) == head | {
                "exch_ms": told["E"],
                "open_ms": candle["t"],
                "open": candle["o"],
                "high": candle["h"],
                "low": candle["l"],
                "close": candle["c"],
                "volume": candle["v"],
                "closed": candle["x"],
            }
        case _:
            return False


def fields(event: Event) -> dict[str, Any]:
    """Decimals as they are written."""
    values = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def old_frames() -> Iterator[bytes]:
    with gzip.open(recorded(OLD_FRAMES), "rt") as lines:
        for line in lines:
            _, _, frame = line.partition(": ")
            if frame.startswith("{"):
                yield frame.strip().encode()


def test_half_a_minute_of_four_symbols() -> None:
    said: list[str] = []
    codec = MarketCodec(names(*ALTS), 1500, None, said.append, glance_ms=0)
    kinds: Counter[str] = Counter()
    for frame in old_frames():
        told = json.loads(frame)
        kinds[told["data"]["e"]] += 1
        events = codec.decode(frame, RECV)
        if told["data"]["e"] == "depthUpdate":
            assert not events
        else:
            (event,) = events
            assert same(event, told["data"], told["stream"]), frame
    assert kinds == {"bookTicker": 1959, "aggTrade": 185, "kline": 99, "depthUpdate": 1016}
    counters = codec.counters()
    assert (counters.frames, counters.events, counters.malformed, said) == (3259, 2243, 0, [])
    assert dict(counters.ignored) == {"changes of a book": 1016}
    assert not counters.unknown


def test_the_same_frames_bare() -> None:
    codec = MarketCodec(names(*ALTS))
    for frame in old_frames():
        told = json.loads(frame)
        if told["data"]["e"] != "depthUpdate":
            (event,) = codec.decode(packed(told["data"]), RECV)
            assert same(event, told["data"], told["stream"])
    assert codec.counters().malformed == 0


def new_frames() -> list[Any]:
    return [json.loads(line)["msg"] for line in recorded(NEW_FRAMES).read_text().splitlines()]


def test_the_frames_of_2026() -> None:
    codec = market(known=names("BTCUSDT", "ETHUSDT", "XRPUSDT", "MANTAUSDT"))
    seen = 0
    for message in new_frames():
        events = codec.decode(packed(message), RECV)
        told, stream = message.get("data", message), message.get("stream", "")
        if told.get("e") in ("bookTicker", "aggTrade", "markPriceUpdate", "kline") or "depth20" in stream:
            (event,) = events
            assert same(event, told, stream), message
            seen += 1
        else:
            assert not events
    assert seen == 9
    counters = codec.counters()
    assert dict(counters.unknown) == {"forceOrder": 2, "trade": 1}
    assert dict(counters.ignored) == {"changes of a book": 1}
    assert counters.malformed == 1  # an answer of REST that stands in the same file


def user_events() -> list[Any]:
    files = [recorded(f"payloads/{name}") for name in USER_FILES]
    return [json.loads(line)["msg"] for file in files for line in file.read_text().splitlines()]


def in_hedge_mode(message: Any) -> Any:
    """The same event of a leg: what was recorded is nearly all of one-way mode."""
    message = json.loads(json.dumps(message))
    if "o" in message and message["o"]["ps"] == "BOTH":
        message["o"]["ps"] = "LONG"
    for row in message.get("a", {}).get("P", ()):
        if row["ps"] == "BOTH":
            row["ps"] = "SHORT" if row["pa"].startswith("-") else "LONG"
    return message


def account_codec(said: list[str]) -> UserCodec:
    raw = ("TRXUSDT", "ADAUSDT", "BTCUSDT", "ETHUSDC", "AVAXUSDT", "SEIUSDT", "ACEUSDT", "DOTUSDT", "SOLUSDT")
    return user(said, names(*raw))


@pytest.mark.parametrize("wrap", [False, True])
def test_every_recorded_user_event_of_a_leg(wrap: bool) -> None:
    said: list[str] = []
    codec = account_codec(said)
    kinds: Counter[str] = Counter()
    for message in map(in_hedge_mode, user_events()):
        kinds[message["e"]] += 1
        events = [*codec.decode(packed({"stream": "k", "data": message} if wrap else message), RECV)]
        match message["e"]:
            case "ORDER_TRADE_UPDATE":
                (order,) = events
                assert isinstance(order, OrderUpdate)
                check_order(order, message)
            case "ACCOUNT_UPDATE":
                check_account(events, message)
            case "ALGO_UPDATE":
                (stop,) = events
                assert isinstance(stop, StopReport)
                check_stop(stop, message)
            case other:
                assert other == "TRADE_LITE"
                assert not events
    assert min(kinds[name] for name in ("ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE", "TRADE_LITE")) > 1
    counters = codec.counters()
    assert (counters.malformed, said, dict(counters.unknown)) == (0, [], {})
    assert dict(counters.ignored) == {"TRADE_LITE": kinds["TRADE_LITE"]}


def test_as_recorded_one_way_mode_is_left_out_and_counted() -> None:
    codec = account_codec([])
    rows = 0
    for message in user_events():
        legs = [message["o"]] if "o" in message else message.get("a", {}).get("P", [])
        both = sum(leg["ps"] == "BOTH" for leg in legs)
        rows += both
        expected = len(legs) - both + len(message.get("a", {}).get("B", ()))
        assert len(codec.decode(packed(message), RECV)) == expected
    assert codec.counters().ignored["positionSide BOTH"] == rows > 10


def check_order(order: OrderUpdate, message: Any) -> None:
    told = message["o"]
    assert (order.symbol, order.client_id, order.order_id) == (unified(told["s"]), told["c"], told["i"])
    assert (order.position_side, order.side) == (PositionSide(told["ps"]), OrderSide(told["S"]))
    assert (order.status, order.order_type) == (OrderStatus(told["X"]), OrderType(told["o"]))
    numbers = (order.qty, order.price, order.filled_qty, order.avg_price, order.last_qty, order.last_price)
    assert tuple(map(str, numbers)) == tuple(told[key] for key in ("q", "p", "z", "ap", "l", "L"))
    assert (order.exch_ms, order.recv_ms, order.trade_id) == (message["T"], RECV, told["t"])
    assert order.is_maker == (told["m"] if D(told["l"]) else None)
    assert (order.fee, order.fee_asset) == (D(told.get("n", "0")), told.get("N", ""))
    assert order.realized_pnl == D(told["rp"])
    assert order.expiry_reason == int(told.get("er", 0))
    assert order.amended is (told["x"] == "AMENDMENT")


def check_account(events: list[Any], message: Any) -> None:
    body = message["a"]
    legs, wallets = events[: len(body["P"])], events[len(body["P"]) :]
    for leg, row in zip(legs, body["P"], strict=True):
        assert isinstance(leg, PositionUpdate)
        assert (leg.symbol, leg.side, leg.reason) == (unified(row["s"]), PositionSide(row["ps"]), body["m"])
        assert (str(leg.qty), str(leg.entry_price)) == (row["pa"].lstrip("-"), row["ep"])
        assert leg.margin_type is (MarginType.ISOLATED if row["mt"] == "isolated" else MarginType.CROSSED)
        assert (str(leg.isolated_wallet), leg.exch_ms, leg.recv_ms) == (row["iw"], message["T"], RECV)
    for wallet, row in zip(wallets, body["B"], strict=True):
        assert isinstance(wallet, BalanceUpdate)
        balance = wallet.balance
        assert (balance.asset, str(balance.wallet), str(balance.cross_wallet)) == (row["a"], row["wb"], row["cw"])
        assert (balance.exch_ms, wallet.exch_ms, wallet.recv_ms) == (message["T"], message["T"], RECV)
        assert wallet.reason == body["m"]


def check_stop(stop: StopReport, message: Any) -> None:
    told = message["o"]
    assert (stop.symbol, stop.client_id, stop.algo_id) == (unified(told["s"]), told["caid"], told["aid"])
    assert (stop.side, stop.order_side) == (PositionSide(told["ps"]), OrderSide(told["S"]))
    assert (stop.status, stop.order_type) == (StopStatus(told["X"]), OrderType(told["o"]))
    assert (str(stop.trigger_price), str(stop.qty)) == (told["tp"], told["q"])
    assert (stop.close_position, stop.order_id, stop.exch_ms) == (told.get("cp", False), 0, message["T"])

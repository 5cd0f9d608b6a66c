"""What travels on which stream, when, and that every message looks like the recorded one of its kind."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.market_desk import BTC, START, D, MarketDesk, recorded

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.events import Candle, Quote, Trade
from vibe_quant.sim.catalogue import CATALOGUE, NAMED_IN_CHINESE
from vibe_quant.sim.front.market.board import Board
from vibe_quant.sim.front.market.padded import Padded, padded
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.market.news import ForcedTrade, StatusChange
from vibe_quant.sim.venue import NEVER

NUMBER = re.compile(r"-?\d+(\.(\d+))?")


def shape(value: Any, price_places: int, qty_places: int, key: str = "") -> Any:
    """Keys in order, types, and of texts that are numbers how many digits they show, in words of the symbol."""
    if isinstance(value, dict):
        return [(name, shape(item, price_places, qty_places, name)) for name, item in value.items()]
    if isinstance(value, list):
        return [shape(value[0], price_places, qty_places)] if value else "list"
    if isinstance(value, str) and (match := NUMBER.fullmatch(value)):
        digits = len(match[2] or "")
        names = {8: "eight", price_places: "price", qty_places: "qty", price_places + qty_places: "value"}
        return "zero" if value == "0" else names.get(digits, f"{digits} digits")
    return type(value).__name__


def busy_desk() -> MarketDesk:
    """Everything happens once."""
    desk = MarketDesk()
    for symbol in (BTC, "ETHUSDT", "XRPUSDT"):
        desk.quote("84788.2", "84788.3", symbol=symbol)
        desk.trade("84788.3", "0.5", symbol=symbol)
        desk.mark("84788.25", "84790.1", "0.0001", symbol)
        desk.board.forced(symbol, OrderSide.BUY, D(2), D(90000), D("84788.3"), desk.now)
    desk.at(1)
    desk.quote("84788.2", "84788.4", "6")
    desk.at(60_250)
    return desk


def ours(desk: MarketDesk, group: str, recording: dict[str, Any]) -> list[dict[str, Any]]:
    if group == "REST /fapi/v1/depth":
        return [desk.get("/fapi/v1/depth", symbol=BTC, limit=5)]
    symbol = (recording.get("s") or recording["o"]["s"]).lower()
    symbol = "xrpusdt" if symbol == "mantausdt" else symbol
    kind = {"depth20@100ms": "depth20@100ms", "depth diff@100ms": "depth@100ms", "markPrice@1s": "markPrice@1s"}
    word = kind.get(group) or group.removesuffix(" raw").removesuffix(" combined")
    if word.startswith("kline_1m"):
        wanted = word.endswith("closed")
        return [k for k in desk.ears.of(f"{symbol}@kline_1m") if k["k"]["x"] is wanted]
    return desk.ears.of(f"{symbol}@{word}")


def test_every_recorded_frame_is_matched() -> None:
    desk = busy_desk()
    seen = 0
    for line in recorded("2026_market_frames_new_schema.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        recording = row["msg"].get("data", row["msg"])
        name = recording.get("s") or recording.get("o", {}).get("s") or BTC
        places = {"BTCUSDT": (2, 3), "ETHUSDT": (2, 3), "XRPUSDT": (4, 1), "MANTAUSDT": (7, 1)}[name]
        # Some of the recordings are of a place where BTCUSDT has four digits of quantity.
        theirs = (2, 4) if name == BTC and re.search(r'"\d+\.\d{4}"', line) else places
        mine = (4, 1) if name == "MANTAUSDT" else places
        found = ours(desk, row["group"], recording)
        assert found, row["group"]
        if recording.get("e") == "depthUpdate":
            found = [event for event in found if event["b"] and event["a"]]
            recording |= {"b": recording["b"] or recording["a"]}
        assert shape(found[-1], *mine) == shape(recording, *theirs), row["group"]
        seen += 1
    assert seen >= 14


def test_nothing_is_said_where_nobody_listens() -> None:
    desk = MarketDesk(set())
    desk.quote("84788.2", "84788.3")
    desk.trade("84788.3", "0.5")
    desk.mark("84788.25")
    desk.board.forced(BTC, OrderSide.BUY, D(2), D(90000), D("84788.3"), desk.now)
    desk.at(61_000)
    assert desk.ears.heard == []


def test_each_stream_travels_on_its_class() -> None:
    public = ("bookTicker", "@depth", "@trade", "rpiDepth")
    for cls, stream, payload in busy_desk().ears.heard:
        on_public = any(word in stream for word in public)
        assert cls is (StreamClass.PUBLIC if on_public else StreamClass.MARKET), stream
        assert stream.split("@")[0] == stream.split("@")[0].lower() or stream.startswith("!")
        json.loads(payload)


def test_a_touch_is_told_at_once_to_both_streams_and_one_alone() -> None:
    desk = MarketDesk()
    desk.quote("84788.2", "84788.3")
    names = [name for _, name, _ in desk.ears.heard]
    assert names == ["btcusdt@bookTicker", "!bookTicker"]
    only = MarketDesk({"!bookTicker"})
    only.quote("84788.2", "84788.3")
    (frame,) = only.ears.of("!bookTicker")
    assert (frame["E"], frame["b"], frame["B"], frame["a"], frame["A"]) == (
        START,
        "84788.20",
        "5.000",
        "84788.30",
        "7.000",
    )


def test_a_name_in_chinese_travels_as_it_is() -> None:
    desk = MarketDesk()
    desk.quote("0.12834", "0.12835", symbol=NAMED_IN_CHINESE)
    _, stream, payload = desk.ears.heard[0]
    assert stream == "币安人生usdt@bookTicker"
    assert json.loads(payload)["s"] == NAMED_IN_CHINESE
    assert NAMED_IN_CHINESE.encode() in payload


def test_aggregates_join_consecutive_trades_of_a_price_and_side_in_a_window() -> None:
    desk = MarketDesk()
    desk.quote("84788.2", "84788.3")
    trades = [("84788.3", "1", "BUY")] * 2 + [
        ("84788.2", "1", "BUY"),
        ("84788.3", "2", "BUY"),
        ("84788.3", "2", "SELL"),
    ]
    for price, qty, taker in trades:
        desk.trade(price, qty, taker)
    assert desk.ears.of("btcusdt@aggTrade") == []
    desk.at(100)
    desk.trade("84788.3", "2", "SELL")
    desk.at(200)
    told = desk.ears.of("btcusdt@aggTrade")
    assert [(a["q"], a["m"], a["l"] - a["f"], a["E"] - START) for a in told] == [
        ("2.000", False, 1, 100),
        ("1.000", False, 0, 100),
        ("2.000", False, 0, 100),
        ("2.000", True, 0, 100),
        ("2.000", True, 0, 200),
    ]
    raw = desk.ears.of("btcusdt@trade")
    assert [t["t"] for t in raw] == list(range(raw[0]["t"], raw[0]["t"] + 6))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50), st.booleans(), st.integers(0, 150)), min_size=1))
def test_aggregates_conserve_quantity_and_number_every_trade_once(trades: list[tuple[int, int, bool, int]]) -> None:
    desk = MarketDesk({"btcusdt@aggTrade"})
    elapsed = 0
    for price, qty, sells, wait in trades:
        desk.trade(str(84788 + price), str(D(qty) / 1000), "SELL" if sells else "BUY")
        elapsed += wait
        desk.at(elapsed)
    desk.at(elapsed + 100)
    told = desk.ears.of("btcusdt@aggTrade")
    assert sum(D(a["q"]) for a in told) == sum(D(qty) / 1000 for _, qty, _, _ in trades)
    assert [n for a in told for n in range(a["f"], a["l"] + 1)] == [told[0]["f"] + n for n in range(len(trades))]
    assert [a["a"] for a in told] == list(range(told[0]["a"], told[0]["a"] + len(told)))
    assert desk.get("/fapi/v1/aggTrades", symbol=BTC)[-1]["a"] == told[-1]["a"]


def test_marks_come_each_second_and_each_third() -> None:
    desk = MarketDesk()
    desk.at(6000)
    assert [name for _, name, _ in desk.ears.heard] == []
    desk.mark("84788.25", "84790", "0.00012")
    desk.mark("84788.75", "84792", "0.00012")
    desk.exchange.funding.start(BTC, desk.now)
    desk.at(12_000)
    fast, slow = desk.ears.of("btcusdt@markPrice@1s"), desk.ears.of("btcusdt@markPrice")
    assert [event["E"] - START for event in fast] == [7000, 8000, 9000, 10_000, 11_000, 12_000]
    assert [event["E"] - START for event in slow] == [9000, 12_000]
    assert (fast[0]["p"], fast[0]["ap"], fast[0]["i"], fast[0]["P"], fast[0]["r"]) == (
        "84788.75000000",
        "84788.50000000",
        "84792.00000000",
        "84791.00000000",
        "0.00012000",
    )
    assert fast[0]["T"] == (START // 28_800_000 + 1) * 28_800_000
    assert desk.ears.arrays("!markPrice@arr") == [[BTC], [BTC]]
    assert len(desk.ears.of("!markPrice@arr@1s")) == 6


def test_an_open_candle_is_told_while_somebody_trades_and_once_more_when_it_closes() -> None:
    desk = MarketDesk({"btcusdt@kline_1m", "btcusdt_perpetual@continuousKline_1m", "btcusdt@kline_5m"})
    desk.quote("84788.2", "84788.3")
    desk.at(1000)
    desk.trade("84788.3", "0.5")
    desk.at(10_000)
    assert [k["E"] - START for k in desk.ears.of("btcusdt@kline_1m")] == [1250]
    desk.at(59_900)
    desk.trade("84790", "0.25", "SELL")
    desk.at(60_100)
    desk.trade("84791", "1")
    desk.at(60_500)
    candles = [
        (k["E"] - START, k["k"]["t"] - START, k["k"]["x"], k["k"]["v"]) for k in desk.ears.of("btcusdt@kline_1m")
    ]
    assert candles == [
        (1250, 0, False, "0.500"),
        (60_000, 0, True, "0.750"),
        (60_250, 60_000, False, "1.000"),
    ]
    assert all(not k["k"]["x"] for k in desk.ears.of("btcusdt@kline_5m"))
    continuous = desk.ears.of("btcusdt_perpetual@continuousKline_1m")
    assert [list(event) for event in continuous] == [["e", "E", "ps", "ct", "k"]] * 3
    desk.at(120_000)
    last = desk.ears.of("btcusdt@kline_1m")[-1]
    assert (last["k"]["x"], last["k"]["t"] - START) == (True, 60_000)
    desk.at(180_000)
    still = desk.ears.of("btcusdt@kline_1m")[-1]["k"]
    assert (still["x"], still["n"], still["f"], still["v"], still["o"]) == (True, 0, -1, "0.000", "84791.00")


def test_of_a_second_only_the_largest_liquidation_is_told() -> None:
    desk = MarketDesk()
    desk.at(50)
    for qty, ms in ((1, 50), (3, 400), (2, 900), (9, 1300)):
        desk.at(ms)
        desk.board.on_event(ForcedTrade(BTC, desk.now, OrderSide.SELL, D(qty), D(84000)))
    desk.at(3000)
    told = desk.ears.of("btcusdt@forceOrder")
    assert [(event["E"] - START, event["o"]["q"], event["o"]["T"] - START) for event in told] == [
        (1100, "3.000", 400),
        (2300, "9.000", 1300),
    ]
    assert desk.ears.of("!forceOrder@arr") == told


def test_a_change_of_status_or_tick_is_news_of_the_contract() -> None:
    desk = MarketDesk()
    desk.at(5000)
    market = desk.exchange.venue.markets[BTC]
    desk.board.on_event(StatusChange(BTC, desk.now, "TRADING_HALT"))
    assert desk.ears.of("!contractInfo") == []
    market.rules = replace(market.rules, status="PRE_SETTLE")
    desk.at(8000)
    (event,) = desk.ears.of("!contractInfo")
    assert (event["s"], event["cs"], event["E"]) == (BTC, "PRE_SETTLE", START + 6000)
    first, second, *_, last = event["bks"]
    assert (first["bs"], first["bnf"], first["ma"], first["mi"]) == (1, 0, 125, 101)
    assert (second["ma"], last["ma"], last["mi"]) == (100, 1, 1)


def test_tickers_sum_up_the_day() -> None:
    desk = MarketDesk()
    desk.quote("84788.2", "84788.3")
    desk.trade("84788.3", "0.5")
    desk.at(2000)
    (mini,) = desk.ears.of("btcusdt@miniTicker")
    (whole,) = desk.ears.of("btcusdt@ticker")
    assert mini["c"] == whole["c"] == "84788.30"
    assert whole["Q"] == "0.500"
    assert D(whole["p"]) == D(whole["c"]) - D(whole["o"])
    assert len(desk.ears.of("!miniTicker@arr")) == len(desk.ears.of("!ticker@arr")) == 2
    row = desk.get("/fapi/v1/ticker/24hr", symbol=BTC)
    assert (row["volume"], row["lastPrice"], row["count"]) == (whole["v"], whole["c"], whole["n"])


def test_due_is_the_next_point_of_the_grid() -> None:
    desk = MarketDesk()
    assert desk.board.due == START + 100
    desk.at(200)
    assert desk.board.due == START + 250
    desk.at(250)
    assert desk.board.due == START + 300


def test_a_board_wakes_with_its_first_event() -> None:
    desk = MarketDesk()
    board = Board(desk.exchange, CATALOGUE, desk.ears, 1)
    assert board.due == NEVER
    board.on_event(Trade(BTC, START + 7, START + 7, D(84788), D(1), False))
    assert board.due == START + 100
    board.on_event(Candle(BTC, START + 8, START + 8, START, D(1), D(1), D(1), D(1), D(1), True))
    board.on_event(Quote(BTC, START + 9, START + 9, D(84788), D(1), D(84789), D(1)))
    assert board.symbols[BTC].last_price == D(84788)


def test_a_clock_that_jumps_is_not_filled_with_ticks() -> None:
    desk = MarketDesk()
    desk.mark("84788.25")
    desk.at(3_600_000)
    told = [event["E"] - START for event in desk.ears.of("btcusdt@markPrice@1s")]
    assert told[-1] == 3_600_000
    assert len(told) <= 4


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("64336", 2, "64336.00"),
        ("0.1", 1, "0.1"),
        ("1E-7", 2, "0.0000001"),
        ("1E+3", 1, "1000.0"),
        ("0.12300", 2, "0.123"),
        ("5.00", 0, "5"),
        ("5", 0, "5"),
        ("-1.5", 2, "-1.50"),
    ],
)
def test_numbers_are_padded_and_never_rounded(value: str, places: int, text: str) -> None:
    assert padded(D(value), places) == text
    table = Padded(places)
    assert table[D(value)] == table[D(value)] == text


def test_remembered_numbers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibe_quant.sim.front.market.padded.MOST_REMEMBERED", 3)
    table = Padded(1)
    for n in range(10):
        assert table[D(n)] == f"{n}.0"
    assert len(table) <= 3

"""REST calls about the market: their shapes, their weights, and that whatever is sent gets the exchange's own error."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.market_desk import BTC, START, D, MarketDesk, recorded

from vibe_quant.sim.catalogue import CATALOGUE, NAMED_IN_CHINESE
from vibe_quant.sim.front.endpoint import Call, Security
from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.market.market_query import DEPTH_LIMITS
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import Rejected

V1 = "/fapi/v1"


@pytest.fixture
def desk() -> MarketDesk:
    made = MarketDesk(set())
    for symbol in (BTC, NAMED_IN_CHINESE):
        made.quote("84788.2", "84788.3", symbol=symbol)
    for n in range(30):
        made.at(n * 100)
        made.trade(str(84788 + n % 3), "0.5", "SELL" if n % 2 else "BUY")
    made.mark("84788.25", "84790", "0.00012")
    made.exchange.funding.start(BTC, made.now)
    made.at(4000)
    return made


def test_time_and_ping_and_what_a_clock_that_is_off_says(desk: MarketDesk) -> None:
    for root in ("/fapi/v1", "/api/v3"):
        assert desk.get(f"{root}/ping") == {}
        assert desk.get(f"{root}/time") == {"serverTime": START + 4000}
    desk.board.clock_skew_ms = -3000
    assert desk.get(f"{V1}/time") == {"serverTime": START + 1000}
    assert desk.get(f"{V1}/exchangeInfo")["serverTime"] == START + 1000


def test_nothing_here_asks_for_a_key_and_every_path_is_there_once(desk: MarketDesk) -> None:
    endpoints = desk.calls.endpoints()
    assert {(endpoint.method, endpoint.security) for endpoint in endpoints} == {("GET", Security.NONE)}
    assert len({endpoint.path for endpoint in endpoints}) == len(endpoints)


def test_exchange_info_is_of_the_recorded_shape(desk: MarketDesk) -> None:
    theirs = json.loads(recorded("exchange_info_2025-08-07.json").read_text(encoding="utf-8"))
    ours = desk.get(f"{V1}/exchangeInfo")
    assert ours.keys() == theirs.keys()
    for key in ("rateLimits", "timezone", "futuresType", "exchangeFilters"):
        assert ours[key] == theirs[key]
    assert {tuple(sorted(row)) for row in ours["assets"]} == {tuple(sorted(row)) for row in theirs["assets"]}
    by_name = {row["symbol"]: row for row in theirs["symbols"]}
    for row in ours["symbols"]:
        model = by_name.get(row["symbol"], by_name[BTC])
        assert row.keys() == model.keys()
        assert {key: type(value) for key, value in row.items()} == {key: type(value) for key, value in model.items()}
        mine = {item["filterType"]: set(item) for item in row["filters"]}
        real = {item["filterType"]: set(item) for item in model["filters"]}
        del real["MAX_NUM_ALGO_ORDERS"]  # gone since 2025-12-29
        assert mine == real
    ours_btc, theirs_btc = ours["symbols"][0], by_name[BTC]
    same = [item for item in ours_btc["filters"] if item["filterType"] != "MIN_NOTIONAL"]
    assert all(item in theirs_btc["filters"] for item in same)
    for key in ("liquidationFee", "triggerProtect", "marketTakeBound", "pricePrecision", "quantityPrecision"):
        assert ours_btc[key] == theirs_btc[key]


def test_exchange_info_shows_the_rules_in_force(desk: MarketDesk) -> None:
    market = desk.exchange.venue.markets[BTC]
    market.rules = replace(market.rules, status="CLOSE", tick=D("0.5"), percent_up=None)
    row = desk.get(f"{V1}/exchangeInfo")["symbols"][0]
    assert (row["status"], row["filters"][0]["tickSize"]) == ("CLOSE", "0.50")
    assert "PERCENT_PRICE" not in {item["filterType"] for item in row["filters"]}


def test_depth_weighs_by_its_limit_which_is_one_of_seven(desk: MarketDesk) -> None:
    endpoint = desk.table[f"{V1}/depth"]
    weights = {limit: endpoint.weigh(Params([("limit", str(limit))])) for limit in DEPTH_LIMITS}
    assert weights == {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
    assert endpoint.weigh(Params([])) == endpoint.weigh(Params([("limit", "many")])) == 10
    assert [len(desk.get(f"{V1}/depth", symbol=BTC, limit=limit)["bids"]) for limit in (5, 50)] == [5, 50]
    assert desk.refused(f"{V1}/depth", symbol=BTC, limit=7) == -4021
    assert desk.refused(f"{V1}/depth", limit=5) == -1102
    assert desk.refused(f"{V1}/depth", symbol="NOPE") == -1121
    assert desk.get(f"{V1}/depth", symbol="ETHUSDT")["bids"] == []


def test_weights_by_symbol_and_by_limit(desk: MarketDesk) -> None:
    one, every = Params([("symbol", BTC)]), Params([])
    for path, weights in (("ticker/bookTicker", (2, 5)), ("ticker/24hr", (1, 40)), ("premiumIndex", (1, 10))):
        endpoint = desk.table[f"{V1}/{path}"]
        assert (endpoint.weigh(one), endpoint.weigh(every)) == weights
    klines = desk.table[f"{V1}/klines"]
    assert [klines.weigh(Params([("limit", n)])) for n in ("99", "100", "500", "1000", "1001")] == [1, 2, 5, 5, 10]


def test_trades_are_the_last_oldest_first(desk: MarketDesk) -> None:
    rows = desk.get(f"{V1}/trades", symbol=BTC, limit=2)
    assert [row["time"] - START for row in rows] == [2800, 2900]
    assert list(rows[0]) == ["id", "price", "qty", "quoteQty", "time", "isBuyerMaker", "isRPITrade"]
    assert (rows[1]["price"], rows[1]["quoteQty"]) == ("84790.00", "42395.00000")
    assert len(desk.get(f"{V1}/trades", symbol=BTC)) == 30
    assert desk.get(f"{V1}/trades", symbol=NAMED_IN_CHINESE) == []
    assert desk.refused(f"{V1}/trades", symbol=BTC, limit=1001) == -1130
    assert desk.refused(f"{V1}/trades", symbol=BTC, limit=0) == -1130


def test_aggregates_by_id_by_time_and_the_last(desk: MarketDesk) -> None:
    path = f"{V1}/aggTrades"
    every = desk.get(path, symbol=BTC)
    assert list(every[0]) == ["a", "p", "q", "nq", "f", "l", "T", "m"]
    assert desk.get(path, symbol=BTC, limit=3) == every[-3:]
    assert desk.get(path, symbol=BTC, fromId=every[4]["a"], limit=3) == every[4:7]
    assert desk.get(path, symbol=BTC, startTime=START + 500, limit=3) == every[5:8]
    assert desk.get(path, symbol=BTC, endTime=START + 500, limit=3) == every[3:6]
    assert desk.get(path, symbol=BTC, startTime=START + 500, endTime=START + 700) == every[5:8]
    assert desk.refused(path, symbol=BTC, fromId=1, endTime=5) == -1128
    assert desk.refused(path, symbol=BTC, startTime=6, endTime=5) == -1023
    assert desk.refused(path, symbol=BTC, startTime=-6) == -1130


def test_candles_of_a_symbol_and_of_a_pair(desk: MarketDesk) -> None:
    rows = desk.get(f"{V1}/klines", symbol=BTC, interval="1h")
    assert len(rows) == 500
    assert all(len(row) == 12 and row[6] == row[0] + 3_599_999 for row in rows)
    assert rows[-1][4] == "84790.00"
    pair = {"pair": BTC, "contractType": "PERPETUAL", "interval": "1h"}
    assert desk.get(f"{V1}/continuousKlines", **pair) == rows
    assert desk.get(f"{V1}/klines", symbol=BTC, interval="1h", startTime=rows[7][0], limit=2) == rows[7:9]
    assert desk.get(f"{V1}/klines", symbol=BTC, interval="1h", endTime=rows[7][0], limit=2) == rows[6:8]
    assert desk.get(f"{V1}/klines", symbol="ETHUSDT", interval="1m") == []
    assert desk.refused(f"{V1}/klines", symbol=BTC, interval="7m") == -1120
    assert desk.refused(f"{V1}/klines", symbol=BTC) == -1102
    assert desk.refused(f"{V1}/klines", symbol=BTC, interval="1m", limit=1501) == -1130
    assert desk.refused(f"{V1}/continuousKlines", **(pair | {"pair": "X"})) == -4144
    assert desk.refused(f"{V1}/continuousKlines", **(pair | {"contractType": "NEXT"})) == -4104


def test_candles_of_mark_and_index(desk: MarketDesk) -> None:
    mark = desk.get(f"{V1}/markPriceKlines", symbol=BTC, interval="1m")
    index = desk.get(f"{V1}/indexPriceKlines", pair=BTC, interval="1m")
    assert len(mark) == len(index) == 500
    assert mark[-1] == [START, *["84788.25000000"] * 4, "0", START + 59_999, "0", 1, "0", "0", "0"]
    assert index[-1][4] == "84790.00000000"
    assert desk.get(f"{V1}/markPriceKlines", symbol="ETHUSDT", interval="1m") == []
    assert desk.refused(f"{V1}/indexPriceKlines", pair="X", interval="1m") == -4144


def test_tickers_of_one_and_of_all(desk: MarketDesk) -> None:
    book = desk.get(f"{V1}/ticker/bookTicker", symbol=BTC)
    assert book | {"lastUpdateId": 0} == {
        "symbol": BTC,
        "bidPrice": "84788.20",
        "bidQty": "5.000",
        "askPrice": "84788.30",
        "askQty": "7.000",
        "time": START,
        "lastUpdateId": 0,
    }
    for path in (f"{V1}/ticker/bookTicker", f"{V1}/ticker/price", "/fapi/v2/ticker/price", f"{V1}/ticker/24hr"):
        rows = desk.get(path)
        assert [row["symbol"] for row in rows] == list(CATALOGUE)
        assert rows[0] == desk.get(path, symbol=BTC)
        assert desk.refused(path, symbol="btcusdt") == -1121
    assert desk.get(f"{V1}/ticker/price", symbol=BTC) == {"symbol": BTC, "price": "84790.00", "time": START + 4000}
    assert desk.get(f"{V1}/ticker/bookTicker", symbol="ETHUSDT")["bidPrice"] == "0.00"
    assert desk.get(f"{V1}/ticker/24hr", symbol="ETHUSDT")["priceChangePercent"] == "0.000"


def test_mark_index_and_funding(desk: MarketDesk) -> None:
    row = desk.get(f"{V1}/premiumIndex", symbol=BTC)
    due = (START // 28_800_000 + 1) * 28_800_000
    assert row == {
        "symbol": BTC,
        "markPrice": "84788.25000000",
        "indexPrice": "84790.00000000",
        "estimatedSettlePrice": "84790.00000000",
        "lastFundingRate": "0.00012000",
        "interestRate": "0.00010000",
        "nextFundingTime": due,
        "time": START + 2900,
    }
    assert [entry["symbol"] for entry in desk.get(f"{V1}/premiumIndex")] == list(CATALOGUE)
    assert desk.refused(f"{V1}/premiumIndex", symbol="X") == -1121
    info = desk.get(f"{V1}/fundingInfo")
    assert (info[0]["fundingIntervalHours"], info[0]["adjustedFundingRateFloor"]) == (8, "-0.02000000")
    assert desk.get(f"{V1}/fundingRate") == []
    desk.at(due - START + 1000)
    (paid,) = desk.get(f"{V1}/fundingRate", symbol=BTC)
    assert paid == {
        "symbol": BTC,
        "fundingTime": due,
        "fundingRate": "0.00012000",
        "markPrice": "84788.25000000",
        "rateType": "Regular",
    }
    assert desk.get(f"{V1}/premiumIndex", symbol=BTC)["nextFundingTime"] == due + 28_800_000
    desk.exchange.funding.start(BTC, desk.now, 4)
    desk.at(due - START + 5000)
    assert len(desk.get(f"{V1}/fundingRate")) == 1


names = st.sampled_from(["symbol", "limit", "interval", "startTime", "endTime", "fromId", "pair", "contractType", "x"])
values = st.one_of(
    st.sampled_from([BTC, NAMED_IN_CHINESE, "", "NaN", "-1", "0", "5", "1e9", "9" * 19, "1m", "1M", "PERPETUAL", "😀"]),
    st.integers(-(2**70), 2**70).map(str),
    st.text(max_size=5),
)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.lists(st.tuples(names, values), max_size=6))
def test_whatever_is_sent_gets_an_answer_or_the_exchanges_error(
    data: st.DataObject, pairs: list[tuple[str, str]]
) -> None:
    desk = fuzzed()
    endpoint = data.draw(st.sampled_from(sorted(desk.table.values(), key=lambda row: row.path)))
    params = Params(pairs)
    assert endpoint.weigh(params) >= 0
    try:
        encode(endpoint.handler(Call(params, desk.now)))
    except Rejected as refused:
        assert refused.code < 0


FUZZED: list[MarketDesk] = []


def fuzzed() -> MarketDesk:
    """One desk for all examples: the calls change nothing but numbers of reads."""
    if not FUZZED:
        desk = MarketDesk(set())
        desk.quote("84788.2", "84788.3")
        desk.trade("84788.3", "0.5")
        desk.at(100)
        FUZZED.append(desk)
    return FUZZED[0]

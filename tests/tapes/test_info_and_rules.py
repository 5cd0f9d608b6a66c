import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.domain.rules import maintenance_margin
from vibe_quant.tapes import decimals, info
from vibe_quant.tapes.brackets import default_brackets
from vibe_quant.tapes.decimals import Grid, Numbers, plain
from vibe_quant.tapes.info import describe
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.rules import infer_rules, load_rules
from vibe_quant.tapes.tape import Tape, TapeError

D = Decimal
T0 = 1_700_000_000_000


def tape_of(tmp_path: Path, events: list[MarketEvent]) -> Tape:
    write_tape(events, tmp_path / "t.parquet", "XUSDT", D("0.5"), D("0.1"), "by hand")
    return open_tape(tmp_path / "t.parquet")


def quote(ms: int, spread: int, bid_qty: str = "1", ask_qty: str = "2", bid: str = "100") -> Quote:
    return Quote("XUSDT", T0 + ms, T0 + ms, D(bid), D(bid_qty), D(bid) + spread * D("0.5"), D(ask_qty))


def test_a_tape_is_described(tmp_path: Path) -> None:
    events: list[MarketEvent] = [
        quote(0, 1, "1", "5"),
        quote(600, 3, "2", "6"),
        quote(800, 1, "9", "7"),
        Trade("XUSDT", T0 + 900, T0 + 900, D(101), D("0.3"), False),
        quote(1000, 2, "3", "8"),
        Mark("XUSDT", T0 + 4000, T0 + 4000, D(500)),
    ]
    told = describe(tape_of(tmp_path, events))
    assert (told.quotes, told.trades, told.marks, told.span_s) == (4, 1, 1, D(4))
    assert (told.quotes_per_s, told.trades_per_s) == (D(1), D("0.25"))
    assert (told.spread_median, told.spread_p95) == (1, 3)
    assert told.one_tick_share == D("0.8")
    assert (told.bid_qty_median, told.ask_qty_median) == (D(2), D(6))
    assert told.range_bps == round(D("0.75") / D("100.25") * 10_000, 2), "from the lowest mid to the trade, marks apart"
    assert (told.gaps, told.crossed) == (0, 0)


def test_the_description_as_text_and_as_json(tmp_path: Path) -> None:
    told = describe(tape_of(tmp_path, [quote(0, 1), quote(1000, 1)]))
    text = told.as_text()
    assert "2023-11-14 22:13:20 UTC, 1 s" in text
    assert "one tick wide  1.0000 of the time" in text
    assert "marks          none" in text
    document = json.loads(told.as_json())
    assert document["tick"] == "0.5"
    assert document["spread_median"] == 1


def test_what_a_tape_cannot_tell_is_a_dash(tmp_path: Path) -> None:
    told = describe(tape_of(tmp_path, [Trade("XUSDT", T0, T0, D(100), D(1), True)]))
    assert (told.spread_median, told.bid_qty_median, told.one_tick_share) == (None, None, None)
    assert (told.trades_per_s, told.range_bps) == (D(0), D(0))
    assert "median - ticks, 95 % within -" in told.as_text()


def test_coin_margin_is_said(tmp_path: Path) -> None:
    write_tape([quote(0, 1)], tmp_path / "t.parquet", "ETHUSD_PERP", D("0.5"), D("0.1"), "")
    text = describe(open_tape(tmp_path / "t.parquet")).as_text()
    assert "ETHUSD_PERP, coin-margined" in text
    assert "not said" in text


def test_medians_of_long_tapes_come_from_an_even_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "SAMPLES", 50)
    quotes: list[MarketEvent] = [quote(n, 1, bid_qty=str(n + 1)) for n in range(1000)]
    median = describe(tape_of(tmp_path, quotes)).bid_qty_median
    assert median is not None
    assert 450 <= median <= 550


def test_recorded_spreads_are_as_their_readme_says(shared: Path) -> None:
    btc = describe(open_tape(shared / "tapes/um_BTCUSDT_2023-04-04T2358_8m34s.csv.gz"))
    assert btc.one_tick_share is not None
    assert btc.one_tick_share >= D("0.998")
    assert btc.range_bps is not None
    assert 8 <= btc.range_bps < 9
    alts = [describe(open_tape(path)) for path in sorted((shared / "tapes").glob("um_[SNC]*"))]
    assert [alt.spread_median for alt in alts] == [123, 16, 15]


@given(st.integers(1, 10**6), st.integers(-8, 3), st.lists(st.integers(1, 10**6), min_size=1))
def test_every_number_lies_on_the_grid(unit: int, exponent: int, multiples: list[int]) -> None:
    grid = Grid()
    values = [D(unit * n).scaleb(exponent) for n in multiples]
    for value in values:
        grid.add(value)
    assert all(value % grid.unit == 0 for value in values)
    assert grid.unit % D(unit).scaleb(exponent) == 0


def test_a_grid_is_written_plainly() -> None:
    assert Grid().unit == 0
    assert [str(plain(D(text))) for text in ("0.10", "1E+1", "100.00", "1")] == ["0.1", "10", "100", "1"]


def test_numbers_are_forgotten_but_not_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decimals, "REMEMBERED", 2)
    numbers = Numbers()
    assert [numbers[text] for text in ("0.2", "0.4", "0.5", "0.2")] == [D("0.2"), D("0.4"), D("0.5"), D("0.2")]
    assert len(numbers) <= 2
    assert numbers.grid.unit == D("0.1")


def test_rules_inferred_from_a_tape(tmp_path: Path) -> None:
    rules = infer_rules(tape_of(tmp_path, [quote(0, 1)]))
    assert (rules.symbol, rules.tick, rules.step, rules.min_qty) == ("XUSDT", D("0.5"), D("0.1"), D("0.1"))
    assert (rules.min_notional, rules.inferred) == (D(5), True)
    assert rules.max_qty == rules.market_max_qty >= 10**6
    assert infer_rules(tape_of(tmp_path, [quote(0, 1)]), "X/USDT:USDT").symbol == "X/USDT:USDT"


def test_marks_alone_imply_no_rules(tmp_path: Path) -> None:
    path = tmp_path / "um_X_2023-.csv"
    header = "T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra"
    path.write_text(f"{header}\n,{T0},,m,,,,,100,,,,\n")
    with pytest.raises(TapeError, match="neither quotes nor trades to infer rules from"):
        infer_rules(open_tape(path))


BTC: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "marginAsset": "USDT",
    "liquidationFee": "0.012500",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.0500", "multiplierDown": "0.9500"},
    ],
}


def save(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "exchange_info.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC/USDT:USDT"])
def test_rules_from_exchange_info(tmp_path: Path, symbol: str) -> None:
    rules = load_rules(save(tmp_path, {"symbols": [{"symbol": "ETHUSDT"}, BTC]}), symbol)
    assert rules.symbol == symbol
    assert (rules.tick, rules.step, rules.min_qty, rules.max_qty) == (D("0.1"), D("0.001"), D("0.001"), D(1000))
    assert (rules.market_max_qty, rules.min_notional) == (D(120), D(100))
    assert (rules.min_price, rules.max_price) == (D("556.8"), D(4529764))
    assert (rules.percent_up, rules.percent_down) == (D("1.05"), D("0.95"))
    assert (rules.liquidation_fee, rules.status, rules.margin_asset) == (D("0.0125"), "TRADING", "USDT")
    assert not rules.inferred


def test_optional_filters_may_be_absent(tmp_path: Path) -> None:
    rules = load_rules(save(tmp_path, {"symbols": [BTC | {"filters": BTC["filters"][:2]}]}), "BTCUSDT")
    assert (rules.percent_up, rules.percent_down, rules.min_notional) == (None, None, D(0))
    assert rules.market_max_qty == 1000


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("{", "is not JSON"),
        ([], 'has no list "symbols"'),
        ({"symbols": {}}, 'has no list "symbols"'),
        ({"symbols": [{"symbol": "ETHUSDT"}]}, "lists no symbol BTCUSDT"),
        ({"symbols": [BTC | {"filters": BTC["filters"][1:]}]}, "BTCUSDT lacks PRICE_FILTER"),
        ({"symbols": [{key: BTC[key] for key in BTC if key != "status"}]}, "BTCUSDT lacks status"),
        ({"symbols": [BTC | {"filters": [BTC["filters"][0] | {"tickSize": "0"}]}]}, "BTCUSDT lacks LOT_SIZE"),
        (
            {"symbols": [BTC | {"filters": [BTC["filters"][0] | {"tickSize": "0"}, BTC["filters"][1]]}]},
            "BTCUSDT: '0' is zero",
        ),
        ({"symbols": [BTC | {"liquidationFee": "x"}]}, "BTCUSDT: 'x' is not a number"),
        ({"symbols": [BTC | {"filters": None}]}, "BTCUSDT: 'NoneType'"),
    ],
)
def test_exchange_info_that_cannot_be_used_is_refused(tmp_path: Path, document: object, expected: str) -> None:
    path = save(tmp_path, document)
    with pytest.raises(TapeError) as caught:
        load_rules(path, "BTCUSDT")
    assert str(caught.value).startswith(str(path))
    assert expected in str(caught.value)


def test_an_absent_exchange_info_is_said(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot be opened"):
        load_rules(tmp_path / "absent.json", "BTCUSDT")


def test_recorded_exchange_info_loads(shared: Path) -> None:
    path = shared / "payloads/exchange_info_2025-08-07.json"
    symbols = [entry["symbol"] for entry in json.loads(path.read_text())["symbols"]]
    assert len(symbols) == 25
    assert all(load_rules(path, symbol).tick > 0 for symbol in symbols)
    assert load_rules(path, "ETHUSDT").min_notional == 20


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETH/USDT:USDT", "ETHUSD_PERP", "SOLUSDC", "CTKUSDT", "XYZ"])
def test_default_margin_is_continuous_and_steepens(symbol: str) -> None:
    brackets = default_brackets(symbol)
    for lower, upper in pairwise(brackets):
        assert lower.cap == upper.floor
        assert lower.ratio < upper.ratio
        assert lower.max_leverage > upper.max_leverage
        assert lower.cap * lower.ratio - lower.cum == lower.cap * upper.ratio - upper.cum
    assert brackets[0].floor == brackets[0].cum == 0


def test_ladders_by_size() -> None:
    assert maintenance_margin(default_brackets("BTCUSDT"), D(800_000)) == D("0.005") * 800_000 - 300
    leverage = [default_brackets(symbol)[0].max_leverage for symbol in ("BTCUSDT", "ETHUSD_PERP", "SOLUSDT", "CTKUSDT")]
    assert leverage == [125, 125, 75, 50]

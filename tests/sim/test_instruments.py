"""Instruments of the catalogue, of an exchangeInfo file, and of a tape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.sim.market_desk import D

from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.catalogue import CATALOGUE, NAMED_IN_CHINESE
from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.market.exchange_info import RequestLimits, exchange_info
from vibe_quant.sim.instruments import exchange_name, from_exchange_info, from_tape, of_rules, places
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.tape import TapeError


def saved(path: Path, **changes: Any) -> Path:
    listed = [(instrument, instrument.rules) for instrument in CATALOGUE.values()]
    document = json.loads(encode(exchange_info(listed, RequestLimits(), 0)))
    for row in document["symbols"]:
        row.update(changes)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("symbol", list(CATALOGUE))
def test_the_catalogue_is_consistent(symbol: str) -> None:
    instrument = CATALOGUE[symbol]
    rules = instrument.rules
    assert instrument.symbol == symbol == instrument.base + instrument.quote
    assert rules.margin_asset == instrument.quote
    assert instrument.price_places >= places(rules.tick)
    assert instrument.qty_places >= places(rules.step)
    assert (instrument.price - rules.min_price) % rules.tick == 0
    assert rules.min_price < instrument.price < rules.max_price
    assert rules.market_max_qty % rules.step == 0
    assert instrument.brackets[0].max_leverage >= 20


def test_the_catalogue_holds_what_clients_stumble_over() -> None:
    assert NAMED_IN_CHINESE in CATALOGUE
    assert {instrument.quote for instrument in CATALOGUE.values()} == {"USDT", "USDC"}


@pytest.mark.parametrize("symbol", list(CATALOGUE))
def test_an_instrument_survives_exchange_info(symbol: str, tmp_path: Path) -> None:
    original = CATALOGUE[symbol]
    assert from_exchange_info(saved(tmp_path / "info.json"), symbol, original.price) == original


def test_an_entry_that_lacks_something_is_named(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"BTCUSDT: .*fetch exchangeInfo again"):
        from_exchange_info(saved(tmp_path / "info.json", pricePrecision="many"), "BTC/USDT:USDT", D(1))
    with pytest.raises(TapeError, match="lists no symbol DOGEUSDT"):
        from_exchange_info(saved(tmp_path / "info.json"), "DOGEUSDT", D(1))


def test_rules_alone_give_precisions_and_assets() -> None:
    rules = SymbolRules("SAND/USDT:USDT", D("0.0001"), D(1), D(1), D(1000), D(5), D(1000))
    instrument = of_rules(rules, D("0.7"))
    assert (instrument.symbol, instrument.base, instrument.quote) == ("SANDUSDT", "SAND", "USDT")
    assert (instrument.price_places, instrument.qty_places) == (4, 0)
    assert instrument.rules.symbol == "SANDUSDT"
    assert instrument.brackets
    assert exchange_name("BTCUSDC") == "BTCUSDC"
    assert places(D("1E+2")) == 0


def test_the_instrument_of_a_tape(tmp_path: Path) -> None:
    path = tmp_path / "um_BTCUSDT_2023-04-04.csv"
    path.write_text(TAPE, encoding="utf-8")
    tape = open_tape(path, "BTC/USDT:USDT")
    inferred = from_tape(tape)
    assert (inferred.symbol, inferred.rules.tick, inferred.price) == ("BTCUSDT", D("0.1"), D("28145.1"))
    told = from_tape(tape, saved(tmp_path / "info.json"))
    assert told.rules == CATALOGUE["BTCUSDT"].rules
    assert told.price == D("28145.1")


TAPE = """T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra
1700000000000,1700000000001,1700000000005000000,q,28145.1,2,28145.2,3,,,,1,
1700000000010,1700000000011,1700000000015000000,t,,,,,28145.2,0.001,0,7,MARKET
"""

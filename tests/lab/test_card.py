from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from vibe_quant.lab.card import as_dict, as_json, write_card
from vibe_quant.lab.cost_card import places_of
from vibe_quant.lab.replay import MakeEngine, run_replay
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.lab.result import ReplayResult

STABLE = [
    "symbol",
    "side",
    "qty",
    "filled_qty",
    "left_qty",
    "arrival_mid",
    "avg_price",
    "slippage_bps",
    "fee_bps",
    "all_in_bps",
    "maker_share",
    "orders",
    "cancels",
    "rejects",
    "duration_s",
    "events",
    "wall_s",
    "events_per_s",
    "intents_sha256",
]


@pytest.fixture
def result(request_for: Callable[..., ReplayRequest], taker: MakeEngine) -> ReplayResult:
    return run_replay(request_for(), None, taker)


def text_of(result: ReplayResult) -> str:
    out = io.StringIO()
    write_card(out, result)
    return out.getvalue()


def test_json_keeps_its_names(result: ReplayResult) -> None:
    card = json.loads(as_json(result))
    assert [name for name in STABLE if name not in card] == []
    assert card["qty"] == card["filled_qty"] == 0.3
    assert (card["symbol"], card["side"], card["left_qty"], card["fee_bps"]) == ("BTC/USDT:USDT", "LONG", 0, 5)
    assert card["all_in_bps"] == pytest.approx(card["slippage_bps"] + card["fee_bps"], abs=1e-4)
    assert (card["rules_inferred"], card["mark_derived"], card["seed"]) == (True, False, 1)
    assert len(card["intents_sha256"]) == 64


def test_json_has_null_for_what_there_is_not(result: ReplayResult) -> None:
    nothing = replace(
        result.cost, filled_qty=Decimal(0), avg_price=None, slippage_bps=None, fee_bps=None, maker_share=None
    )
    card = as_dict(replace(result, cost=nothing))
    assert (card["avg_price"], card["slippage_bps"], card["fee_bps"], card["all_in_bps"], card["maker_share"]) == (
        (None,) * 5
    )


def test_prices_survive_the_way_through_json(result: ReplayResult) -> None:
    exact = Decimal("28145.60374512")
    card = json.loads(as_json(replace(result, cost=replace(result.cost, avg_price=exact))), parse_float=Decimal)
    assert card["avg_price"] == exact


def test_rejections_are_by_code(result: ReplayResult) -> None:
    refused = replace(result, cost=replace(result.cost, rejects=((-2011, 1), (-5022, 4))))
    assert as_dict(refused)["rejects"] == {"-2011": 1, "-5022": 4}
    assert "-2011: 1, -5022: 4" in text_of(refused)


def test_the_card_fits_eighty_columns_without_colours(result: ReplayResult) -> None:
    text = text_of(result)
    assert max(len(row.rstrip()) for row in text.splitlines()) <= 80
    assert "\x1b" not in text
    assert "Exit of LONG 0.3 BTC/USDT:USDT, orderbook_price" in text
    assert "average sold at" in text
    assert "note: rules inferred from the tape" in text
    assert result.intents_sha256 in text


def test_the_card_says_what_went_wrong(result: ReplayResult) -> None:
    cost = replace(
        result.cost,
        filled_qty=Decimal("0.2"),
        left_qty=Decimal("0.1"),
        stop_qty=Decimal("0.05"),
        forced_qty=Decimal("0.15"),
        other_fees=(("BNB", Decimal("0.001")),),
        flat_ms=None,
        avg_price=None,
    )
    times = replace(result.times, blocked_ms=(("[red]stale", 2500),), min_liq_distance=None)
    text = text_of(replace(result, cost=cost, times=times))
    for piece in ("0.2 of 0.3", "the tape ended", "closed by the stop", "0.15 (liquidation, ADL", "0.001, in no bps"):
        assert piece in text
    assert "held back 2.5 s" in text
    assert "[red]stale" in text


@pytest.mark.parametrize(("grid", "places"), [("0.1", 1), ("0.10", 1), ("1", 0), ("10", 0), ("0.00001", 5)])
def test_places_of_a_grid(grid: str, places: int) -> None:
    assert places_of(Decimal(grid)) == places

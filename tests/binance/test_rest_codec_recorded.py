"""What people recorded of the exchange goes through the real decoders: every REST body that the program reads.

The recordings are of one-way accounts; their BOTH is read as the leg that hedge mode would name.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.binance.rest_stage import text

from vibe_quant.binance import account_codec, margin_codec, order_codec, stop_codec, trade_codec
from vibe_quant.binance.exchange_info import perpetuals, symbol_rules
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.intents import CancelStop

D = Decimal
PAYLOADS = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared") / "payloads"


def recorded(name: str) -> str:
    path = PAYLOADS / name
    if not path.is_file():
        pytest.skip(f"{name} does not ship with the project; set VQ_SHARED to the folder that holds payloads/")
    return path.read_text(encoding="utf-8")


def bodies(part: str) -> list[Any]:
    """The bodies of every request whose line holds ``part``."""
    lines = [json.loads(line) for line in recorded("rest_and_wsapi_responses.jsonl").splitlines()]
    found = [line["body"] for line in lines if part in line["request"]]
    assert found, part
    return found


def hedged(body: Any) -> str:
    return text(body).replace('"positionSide": "BOTH"', '"positionSide": "LONG"')


def order_like(part: str) -> list[str]:
    return [hedged(body.get("result", body)) for body in bodies(part)]


@pytest.mark.parametrize(
    ("part", "with_price"),
    [("POST /fapi/v1/order MARKET", False), ("GET /fapi/v1/order FILLED", True), ("ws-api order", True)],
)
def test_orders_and_acknowledgements(part: str, with_price: bool) -> None:
    for body in order_like(part):
        told = json.loads(body)
        read = order_codec.read_order(body, "S", told["clientOrderId"], 5, with_price=with_price)
        assert (read.order_id, read.qty, read.filled_qty) == (
            told["orderId"],
            D(told["origQty"]),
            D(told["executedQty"]),
        )
        assert (read.status, read.exch_ms, read.price) == (told["status"], told["updateTime"], D(told["price"]))
        assert read.avg_price == (D(told["avgPrice"]) if with_price else None)


def test_open_orders() -> None:
    for body in bodies("/openOrders"):
        assert order_codec.open_orders(text(body), 5) == ()
        told = order_codec.open_orders(hedged(body), 5)
        assert [one.client_id for one in told] == [row["clientOrderId"] for row in body]
        assert [one.order_type for one in told] == [row["type"] for row in body]


def test_a_batch_answers_with_orders_like_the_single_call() -> None:
    (row,) = bodies("batchOrders")[0]
    assert order_codec.read_order(hedged(row), "S", row["clientOrderId"], 5, with_price=False).price == D("110001")


def test_conditional_orders() -> None:
    (listed,) = bodies("openAlgoOrders")
    (placed,) = bodies("POST /dapi/v1/algoOrder")
    told = stop_codec.open_stops(hedged([*listed, placed]), 5)
    for one in told:
        assert (one.algo_id, one.client_id, one.order_id) == (1000000226909486, "cmquota1", 0)
        assert (one.trigger_price, one.qty, one.filled_qty, one.close_position) == (D(10000), D(1), D(0), False)
        assert (one.status, one.working_type, one.exch_ms) == ("NEW", "CONTRACT_PRICE", 1790996069407)


def test_a_conditional_orders_end_tells_its_code_as_text() -> None:
    (body,) = bodies("DELETE /dapi/v1/algoOrder")
    assert body["code"] == "200"
    cancel = CancelStop("S", PositionSide.LONG, body["clientAlgoId"], "")
    assert stop_codec.canceled_stop(text(body), cancel, 1, 5).algo_id == body["algoId"]


def test_positions() -> None:
    for body in bodies("positionRisk"):
        assert account_codec.legs(text(body)).open == ()
        held = [row for row in body if D(row["positionAmt"])]
        for row, leg in zip(held, account_codec.legs(hedged(body)).open, strict=True):
            assert (leg.symbol, leg.qty, leg.entry_price) == (
                row["symbol"],
                D(row["positionAmt"]),
                D(row["entryPrice"]),
            )
            assert leg.exch_ms == row["updateTime"]
            assert leg.liquidation_price == (D(row["liquidationPrice"]) or None)
            assert (leg.margin_type == "ISOLATED") is bool(D(row["isolatedWallet"]))


def test_a_wallet_settings_fees_and_mode() -> None:
    (row,) = bodies("/balance")
    (wallet,) = account_codec.balances(text([row]))
    assert (wallet.asset, wallet.wallet, wallet.cross_wallet) == ("USDT", D("24.29967947"), D("24.29967947"))
    (settings,) = bodies("symbolConfig")
    config = account_codec.symbol_configs(text(settings))["AAPLUSDT"]
    assert (config.leverage, config.margin_type) == (20, "ISOLATED")
    assert [margin_codec.fees(text(body)) for body in bodies("commissionRate")] == [
        (D(0), D("0.0004")),
        (D("0.0002"), D("0.0005")),
    ]
    (mode,) = bodies("accountConfig")
    told = account_codec.account_config(text(mode))
    assert (told.hedge_mode, told.multi_assets, told.can_trade) == (False, False, True)


def test_trades() -> None:
    (body,) = bodies("userTrades")
    rows = trade_codec.trade_rows(hedged(body))
    told = [trade_codec.user_trade(row, "S") for row in rows]
    assert [(one.trade_id, one.side, one.fee, one.realized_pnl) for one in told] == [
        (7342410, "BUY", D("0.00250560"), D(0)),
        (7342411, "SELL", D("0.00250551"), D("-0.0002")),
    ]


def test_the_rules_of_every_recorded_contract() -> None:
    body = recorded("exchange_info_2025-08-07.json")
    listed = perpetuals(body)
    told = {row["symbol"]: row for row in json.loads(body)["symbols"]}
    assert listed.keys() == told.keys()
    for raw, row in listed.items():
        filters = {one["filterType"]: one for one in told[raw]["filters"]}
        rules = symbol_rules(row, row.unified)
        assert rules.symbol == f"{told[raw]['baseAsset']}/USDT:USDT"
        assert (rules.tick, rules.step) == (D(filters["PRICE_FILTER"]["tickSize"]), D(filters["LOT_SIZE"]["stepSize"]))
        assert rules.market_max_qty == D(filters["MARKET_LOT_SIZE"]["maxQty"])
        assert rules.min_notional == D(filters["MIN_NOTIONAL"]["notional"])
        assert (rules.percent_up, rules.percent_down) == (
            D(filters["PERCENT_PRICE"]["multiplierUp"]),
            D(filters["PERCENT_PRICE"]["multiplierDown"]),
        )
        assert rules.liquidation_fee == D(told[raw]["liquidationFee"])

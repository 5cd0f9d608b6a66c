"""Every strategy on every tape, both sides: each ends without error, and twice the same."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.strategy_settings import StrategyName
from vibe_quant.lab.replay import run_replay
from vibe_quant.lab.request import ReplayRequest
from vibe_quant.lab.result import ReplayResult
from vibe_quant.sim.market.generator import generate
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.tapes.parquet_write import write_tape

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared") / "tapes"
TAPES = {  # symbol, quantity, wallet: under the notional, so that a LONG too can be liquidated and gets a stop
    "um_BTCUSDT_2023-04-04T2358_8m34s": ("BTC/USDT:USDT", "2", 10_000),
    "um_ETHUSDT_2024-07-18T2357_8m00s": ("ETH/USDT:USDT", "30", 10_000),
    "cm_ETHUSD_PERP_2024-08-08T2354_10m47s": ("ETH/USDT:USDT", "30", 10_000),
    "um_SANDUSDT_2021-04-05T1836_1m59s": ("SAND/USDT:USDT", "4000", 500),
    "um_NEOUSDT_2021-04-05T1836_1m59s": ("NEO/USDT:USDT", "100", 1000),
    "um_CTKUSDT_2021-04-05T1836_1m59s": ("CTK/USDT:USDT", "1000", 500),
}
both_sides = pytest.mark.parametrize("side", PositionSide)
all_strategies = pytest.mark.parametrize("strategy", StrategyName)


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "calm.parquet"
    params = scenario_params("calm")
    write_tape(generate("calm", 7, "BTC/USDT:USDT", 60), path, "BTC/USDT:USDT", params.tick, params.step, "for a test")
    return path


def twice(request: ReplayRequest) -> ReplayResult:
    first, second = run_replay(request), run_replay(request)
    assert first.intents_sha256 == second.intents_sha256
    assert (first.cost, first.times, first.events) == (second.cost, second.times, second.events)
    return first


def holds(result: ReplayResult, qty: Decimal) -> None:
    cost = result.cost
    assert cost.qty == qty
    assert cost.filled_qty + cost.left_qty == qty
    assert cost.orders > 0
    assert cost.forced_qty == cost.stop_qty == 0
    assert cost.stop_updates > 0


@both_sides
@all_strategies
def test_generated_tape(calm: Path, strategy: StrategyName, side: PositionSide) -> None:
    qty = Decimal("0.05")
    request = ReplayRequest(
        tape=calm, symbol="BTC/USDT:USDT", side=side, qty=qty, wallet=Decimal(300), strategy=strategy
    )
    holds(twice(request), qty)


@pytest.mark.slow
@both_sides
@all_strategies
@pytest.mark.parametrize("name", TAPES)
def test_recorded_tape(name: str, strategy: StrategyName, side: PositionSide) -> None:
    path = SHARED / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} does not ship with the project; set VQ_SHARED to the folder that holds tapes/")
    symbol, amount, wallet = TAPES[name]
    qty = Decimal(amount)
    request = ReplayRequest(
        tape=path, symbol=symbol, side=side, qty=qty, wallet=Decimal(wallet), strategy=strategy, seed=3
    )
    result = twice(request)
    holds(result, qty)
    assert run_replay(replace(request, seed=4)).intents_sha256 != result.intents_sha256
    assert name.startswith("cm_") == any("treated as a linear contract" in note for note in result.notes)

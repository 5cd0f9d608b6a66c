from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from math import exp, log
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from vibe_quant.cli.sim_describe import describe
from vibe_quant.sim.market.comparison import Comparison, as_json, compare
from vibe_quant.sim.market.generator import generate
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.tape import TapeError

SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared") / "tapes"
FACTOR = 1.8
"""What the means over the tapes keep to with the seeds of this test; 1.5 with more seeds."""
TAPES = {"calm": ("um_BTCUSDT_", "um_ETHUSDT_"), "thin_alt": ("um_CTKUSDT_", "um_NEOUSDT_", "um_SANDUSDT_")}
SEEDS = (1, 2, 3)
RARE = frozenset({"spread.share.2", "spread.share.3", "quotes.crossed"})
"""Shares of some 10^-4 of the time in calm, and figures that are zero."""
LARGE = {
    "calm": RARE | {"print.lots.p10", "print.lots.p50", "print.notional.p10", "print.notional.p50"},
    "thin_alt": RARE
    | {"touch.lots.p10", "prints.per_s.p50", "orders.per_s.p50"}
    | {f"signs.{kind}.lag{lag}" for kind in ("order", "print") for lag in (2, 5, 10, 50)},
}
"""Not held: the smallest prints of ETHUSDT are ten times BTCUSDT's; two minutes of a thin alt have too few orders for
the longer lags, and medians of zero or one."""
app = typer.Typer()
app.command()(describe)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "calm.parquet"
    params = scenario_params("calm")
    write_tape(generate("calm", 3, "ABCUSDT", 30), path, "ABCUSDT", params.tick, params.step, "for a test")
    return path


def test_a_market_is_like_itself(tape: Path) -> None:
    compared = compare("calm", 3, 30, open_tape(tape))
    recorded = compared.recorded
    assert recorded is not None
    assert recorded["quotes.per_s.mean"] == pytest.approx(compared.generated["quotes.per_s.mean"], rel=0.5)
    assert compared.ratios["spread.p50"] == 1.0
    assert compared.ratios["quotes.crossed"] is None


def test_ratios_are_generated_over_recorded_and_none_where_there_is_none() -> None:
    compared = Comparison("calm", 1, 2, "t", {"a": 3.0, "b": 1.0, "c": None, "d": 1.0}, {"a": 2.0, "b": 0.0, "c": 1.0})
    assert compared.ratios == {"a": 1.5, "b": None, "c": None, "d": None}


def test_without_a_tape_it_describes_alone() -> None:
    alone = compare("thin_alt", 1, 20)
    assert alone.recorded is None and alone.tape is None
    assert set(alone.ratios.values()) == {None}
    assert alone.as_text().startswith("thin_alt, seed 1, 20 s\nspread.share.1 ")
    (told,) = json.loads(as_json([alone]))
    assert (told["recorded"], told["ratios"]) == (None, None)
    assert told["generated"]["spread.p50"] > 10


def test_the_command_prints_figures_side_by_side(tape: Path) -> None:
    done = CliRunner().invoke(app, ["--tape", str(tape), "--duration", "20", "--scenario", "calm", "--seed", "3"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "calm, seed 3, 20 s, beside calm.parquet"
    assert lines[1].split() == ["generated", "recorded", "ratio"]
    assert ["spread.p50", "1", "1", "1.00"] in [line.split() for line in lines]


def test_the_command_gives_json_for_each_pair(tape: Path) -> None:
    done = CliRunner().invoke(
        app, ["--tape", str(tape), "--duration", "5", "--scenario", "calm", "--scenario", "squeeze", "--json"]
    )
    told = json.loads(done.stdout)
    assert [(entry["scenario"], entry["tape"]) for entry in told] == [
        ("calm", "calm.parquet"),
        ("squeeze", "calm.parquet"),
    ]
    assert told[0]["ratios"]["spread.p50"] == 1.0


def test_what_cannot_be_described_is_said(tmp_path: Path) -> None:
    wild = CliRunner().invoke(app, ["--scenario", "wild"])
    assert wild.exit_code == 2
    assert "no market scenario 'wild'" in wild.output
    missing = CliRunner().invoke(app, ["--tape", str(tmp_path / "none.csv"), "--symbol", "X"])
    assert missing.exit_code == 2
    assert "none.csv" in missing.output


def test_a_tape_of_marks_alone_cannot_be_compared(tmp_path: Path) -> None:
    path = tmp_path / "marks.parquet"
    params = scenario_params("calm")
    marks = [event for event in generate("calm", 1, "X", 3) if type(event).__name__ == "Mark"]
    write_tape(marks, path, "X", params.tick, params.step, "marks")
    with pytest.raises(TapeError, match="neither a quote nor a trade"):
        compare("calm", 1, 3, open_tape(path))


@cache
def mean_ratios(scenario: str) -> Mapping[str, float]:
    """Geometric mean over the tapes of (mean over the seeds) / recorded, of the figures that all have."""
    logs: dict[str, list[float]] = {}
    names = TAPES[scenario]
    for name in names:
        path = next(SHARED.glob(f"{name}*.csv.gz"), None)
        if path is None:
            pytest.skip(f"{name}* does not ship with the project; set VQ_SHARED to the folder that holds tapes/")
        runs = [compare(scenario, seed, 300, open_tape(path)).ratios for seed in SEEDS]
        for figure in runs[0]:
            values = [value for run in runs if (value := run[figure]) is not None]
            if len(values) == len(runs) and sum(values) > 0:
                logs.setdefault(figure, []).append(log(sum(values) / len(values)))
    return {figure: exp(sum(found) / len(found)) for figure, found in logs.items() if len(found) == len(names)}


@pytest.mark.untraced
@pytest.mark.parametrize("scenario", TAPES)
def test_generated_markets_keep_to_the_recorded_ones(scenario: str) -> None:
    ratios = mean_ratios(scenario)
    assert len(ratios) > 40
    off = {name: round(ratio, 2) for name, ratio in ratios.items() if not 1 / FACTOR < ratio < FACTOR}
    assert not off.keys() - LARGE[scenario], off


@pytest.mark.untraced
def test_bursts_are_far_from_poisson_and_signs_remember() -> None:
    found = compare("calm", 5, 300).generated
    fano = [found[f"quotes.fano.{window}"] or 0.0 for window in ("0.1s", "1s", "10s")]
    assert fano[0] > 15
    assert all(a < b for a, b in pairwise(fano))
    assert (found["prints.per_s.std"] or 0.0) > (found["prints.per_s.mean"] or 0.0)
    assert (found["signs.order.lag10"] or 0.0) > 0.05

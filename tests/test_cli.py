from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vibe_quant import __version__
from vibe_quant.cli.app import app
from vibe_quant.cli.replay import _progress

SYMBOL = "BTC/USDT:USDT"
STABLE = {
    *("symbol", "side", "qty", "filled_qty", "left_qty", "arrival_mid", "avg_price", "slippage_bps", "fee_bps"),
    *("all_in_bps", "maker_share", "orders", "cancels", "rejects", "duration_s", "events", "wall_s", "events_per_s"),
    "intents_sha256",
}


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "calm.parquet"
    made = run("tape", "generate", "--scenario", "calm", "--seed", 7, "--symbol", SYMBOL, "--duration", 20, "-o", path)
    assert made.exit_code == 0, made.output
    assert "quotes" in made.stdout
    return path


def replayed(tape: Path, *args: object) -> Result:
    return run("replay", tape, "--symbol", SYMBOL, "--side", "LONG", "--qty", "0.02", *args)


def test_replay_prints_a_card(tape: Path) -> None:
    done = replayed(tape, "--strategy", "patient")
    assert done.exit_code == 0, done.output
    assert "Exit of LONG 0.02 BTC/USDT:USDT, patient" in done.stdout
    assert done.stderr == ""


def test_replay_as_json_has_the_stable_names(tape: Path) -> None:
    done = replayed(tape, "--json")
    assert done.exit_code == 0, done.output
    card = json.loads(done.stdout)
    assert set(card) >= STABLE
    assert (card["symbol"], card["side"], card["qty"]) == (SYMBOL, "LONG", 0.02)


def test_seeds_decide_where_latency_is_drawn(tape: Path) -> None:
    def digest(*args: object) -> object:
        return json.loads(replayed(tape, "--json", "--strategy", "patient", *args).stdout)["intents_sha256"]

    assert digest("--seed", 1) == digest("--seed", 1) != digest("--seed", 2)
    assert digest("--latency", "lognormal") == digest("--latency", "lognormal") != digest("--latency", "constant:5")
    assert digest("--latency", "constant:5", "--seed", 1) == digest("--latency", "constant:5", "--seed", 2)


def test_replay_writes_its_record(tape: Path, tmp_path: Path) -> None:
    done = replayed(tape, "--out", tmp_path / "exit", "--json")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "exit").iterdir()) == ["card.json", "decisions.jsonl", "exit.png"]
    assert json.loads((tmp_path / "exit" / "card.json").read_text()) == json.loads(done.stdout)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--qty", "zwei"], "'zwei' is not a number"),
        (["--qty", "nan"], "is not a number of at most 18 digits"),
        (["--qty", "1e400"], "is not a number of at most 18 digits"),
        (["--qty", "0"], "'0' is not above zero"),
        (["--qty", "-1"], "is not above zero"),
        (["--qty", "0.0001"], "not a multiple of the step 0.001"),
        (["--side", "BOTH"], "Invalid value for '--side'"),
        (["--leverage", "0"], "Invalid value for '--leverage'"),
        (["--strategy", "martingale"], "Invalid value for '--strategy'"),
        (["--latency", "psychic"], "is none of tape, lognormal, constant:MS"),
        (["--queue-model", "kind"], "Invalid value for '--queue-model'"),
        (["--symbol", "BTCUSDT"], 'write "BTC/USDT:USDT"'),
        (["--wallet", "1", "--qty", "1"], "would be liquidated at once"),
        (["--config", "none.yaml"], "none.yaml: there is no such file"),
        (["--rules", "none.json"], "none.json: cannot be opened"),
        (["--out", __file__], "cannot be written"),
        (["--colour"], "No such option"),
    ],
)
def test_what_cannot_be_done_ends_with_two_and_a_reason(tape: Path, args: list[str], said: str) -> None:
    done = replayed(tape, *args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.parquet", None, "cannot be opened"),
        ("empty.parquet", b"", "the file is empty"),
        ("short.parquet", b"PAR1 and no more", "cut short or damaged"),
        ("noise.csv", b"\xff\xfe\x00\x01 noise", "not a text file"),
        ("other.csv", b"a,b,c\n1,2,3\n", "lacks the columns"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00\x00", "cut short or damaged"),
    ],
)
def test_a_broken_tape_ends_with_two(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for done in (replayed(path), run("tape", "info", path, "--symbol", SYMBOL)):
        assert (done.exit_code, done.stdout) == (2, "")
        assert said in done.stderr
        assert name in done.stderr


def test_a_broken_configuration_ends_with_four_and_all_that_is_wrong(tape: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("global:\n  venue: mars\n  execution:\n    order_ttl: 5\n")
    done = replayed(tape, "--config", path)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "global.venue" in done.stderr and "order_ttl" in done.stderr
    assert run("check", "--config", path).exit_code == 4


def test_check_shows_what_rules(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(f'symbols:\n  "{SYMBOL}":\n    execution: {{base_mult: 3}}\n')
    done = run("check", "--config", path)
    assert done.exit_code == 0
    assert "execution.base_mult = 3" in done.stdout
    assert json.loads(run("check", "--config", path, "--json").stdout)["valid"] is True
    assert run("check", "--config", tmp_path / "none.yaml").exit_code == 2


def test_the_shipped_configuration_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(Path(__file__).resolve().parents[1])
    assert "config/config.yaml" in run("check").output
    monkeypatch.chdir(tmp_path)
    assert run("check").exit_code == 2


def test_a_configuration_rules_the_replay(tape: Path, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f'symbols:\n  "{SYMBOL}":\n    strategy: {{names: [patient]}}\n')
    assert json.loads(replayed(tape, "--json", "--config", path).stdout)["strategy"] == "patient"


EXCHANGE_INFO = {
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "marginAsset": "USDT",
            "liquidationFee": "0.0125",
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "261.10", "maxPrice": "809484", "tickSize": "0.10"},
                {"filterType": "LOT_SIZE", "stepSize": "0.001", "maxQty": "1000", "minQty": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "100"},
            ],
        }
    ]
}


@pytest.fixture
def sized(tmp_path: Path) -> list[object]:
    """Arguments of a check of a patient exit in children of 1000, with rules at hand."""
    config, rules = tmp_path / "config.yaml", tmp_path / "rules.json"
    patient = "strategy: {names: [patient], patient: {max_child_notional: 1000}}"
    config.write_text(f'symbols:\n  "{SYMBOL}":\n    {patient}\n')
    rules.write_text(json.dumps(EXCHANGE_INFO))
    return ["check", "--config", config, "--rules", rules]


def test_check_judges_sizes_by_a_symbols_own_rules_and_price(sized: list[object]) -> None:
    assert "below one lot" not in run(*sized[:3]).stdout
    calm = run(*sized, "--price", f"{SYMBOL}=100000", "--qty", f"{SYMBOL}=0.1")
    assert calm.exit_code == 0, calm.output
    assert "below one lot" not in calm.stdout
    assert "cannot be kept together with horizon_s" not in calm.stdout
    dear = run(*sized, "--price", f"{SYMBOL}=300000", "--qty", f"{SYMBOL}=0.1")
    assert "below one lot of BTC/USDT:USDT (0.001, worth 300)" in dear.stdout
    assert "an exit of 30000 in children of 1000 takes about 480 s" in dear.stdout
    unsized = run(*sized, "--price", f"{SYMBOL}=300000", "--json")
    assert [w["message"] for w in json.loads(unsized.stdout)["warnings"] if "below one lot" in w["message"]]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "--rules and --price go together"),
        (["--price", f"{SYMBOL}=zwei"], "'zwei' is not a number"),
        (["--price", "68000"], "write SYMBOL=NUMBER"),
        (["--price", "=68000"], "write SYMBOL=NUMBER"),
        (["--price", f"{SYMBOL}=1", "--qty", "ETH/USDT:USDT=1"], "--qty ETH/USDT:USDT needs a --price"),
        (["--price", "ETH/USDT:USDT=1"], "lists no symbol ETHUSDT"),
    ],
)
def test_check_says_what_it_needs_to_judge_sizes(sized: list[object], args: list[str], said: str) -> None:
    done = run(*sized, *args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    alone = run(*sized[:3], "--price", f"{SYMBOL}=1")
    assert (alone.exit_code, "--rules and --price go together" in alone.stderr) == (2, True)


def test_tape_info_in_words_and_as_json(tape: Path) -> None:
    assert "one tick wide" in run("tape", "info", tape).stdout
    assert json.loads(run("tape", "info", tape, "--json").stdout)["symbol"] == SYMBOL


def test_tape_import_merges_what_it_is_given(tape: Path, tmp_path: Path) -> None:
    out = tmp_path / "again.parquet"
    done = run("tape", "import", tape, "--symbol", SYMBOL, "-o", out)
    assert done.exit_code == 0, done.output
    assert f"{out}: " in done.stdout
    failed = run("tape", "import", tape, "--symbol", SYMBOL, "-o", tape)
    assert (failed.exit_code, "is among the inputs" in failed.stderr) == (2, True)


def test_tape_generate_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    done = run("tape", "generate", "--scenario", "moon", "-o", tmp_path / "x.parquet")
    assert done.exit_code == 2
    assert "calm, trending, thin_alt, liquidation_run, squeeze" in done.stderr
    assert run("tape", "generate", "--duration", 0, "-o", tmp_path / "x.parquet").exit_code == 2
    lost = run("tape", "generate", "--duration", 1, "-o", tmp_path / "no" / "x.parquet")
    assert (lost.exit_code, "cannot be written" in lost.stderr) == (2, True)


def test_schema_and_version() -> None:
    assert json.loads(run("config", "schema").stdout)["title"] == "vibe-quant configuration"
    assert run("version").stdout == f"{__version__}\n"


def test_help_names_commands_examples_and_exit_codes() -> None:
    text = run("--help").output
    for piece in ("replay", "check", "tape", "config", "version", "Examples:", "4  a configuration that does not hold"):
        assert piece in text
    assert run("-h").exit_code == 0
    assert "Examples:" in run("replay", "--help").output
    assert run("replay").exit_code == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with _progress() as step:
        assert step is not None
        for done in range(1001):
            step(done, 1000)
    drawn = terminal.getvalue()
    assert "50 %" in drawn and "100 %" in drawn
    assert drawn.count("replay") < 120
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with _progress() as nothing:
        assert nothing is None


def command(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vibe_quant", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src"), **env},
    )


def test_the_module_is_the_command(tmp_path: Path) -> None:
    assert command("version").stdout == f"{__version__}\n"
    failed = command("tape", "info", tmp_path / "none.csv")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "none.csv: cannot be opened" in failed.stderr


def test_the_start_is_light() -> None:
    """What a command does not need is not imported: help must be quick, and a replay small."""
    heavy = ("pyarrow", "matplotlib", "numpy", "pydantic")
    code = f"import sys, vibe_quant.cli; print([m for m in {heavy} if m in sys.modules])"
    src = str(Path(__file__).resolve().parents[1] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": src}
    )
    assert done.stdout == "[]\n"

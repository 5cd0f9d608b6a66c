from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vibe_quant.cli.app import app
from vibe_quant.cli.sim_options import AccountArguments, ConductArguments, MarketArguments, box_options
from vibe_quant.cli.sim_serve import BANNER
from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.front.box import Box
from vibe_quant.sim.switches import QueueModel

MARKET, ACCOUNT, CONDUCT = MarketArguments(), AccountArguments(), ConductArguments()
CONFIG = """
symbols:
  "BTC/USDT:USDT": {}
  "ETH/USDT:USDT": {}
"""


def run(*args: object) -> Result:
    return CliRunner().invoke(app, ["sim", *(str(arg) for arg in args)])


@contextmanager
def serving(*args: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "vibe_quant", "sim", "serve", *args]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_it_is_first_and_stops_when_told(number: signal.Signals) -> None:
    with serving("--json", "--position", "BTCUSDT:LONG:2@60000", "--wallet", "5000") as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        assert list(where) == ["rest", "ws", "control", "api_key", "api_secret"]
        with urllib.request.urlopen(f"{where['rest']}/fapi/v1/ticker/bookTicker?symbol=BTCUSDT") as answer:
            assert Decimal(json.load(answer)["bidPrice"]) > 0
        with urllib.request.urlopen(where["control"] + "/state") as answer:
            state = json.load(answer)
        assert state["wallets"] == {"USDT": "5000"}
        assert [(leg["symbol"], leg["side"], leg["qty"]) for leg in state["legs"]] == [("BTCUSDT", "LONG", "2")]
        process.send_signal(number)
        rest, said = process.communicate(timeout=20)
        assert (process.returncode, rest, said.strip()) == (0, "", BANNER)


def test_without_json_the_banner_comes_first_and_names_the_addresses() -> None:
    with serving("--symbol", "ETHUSDT") as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == BANNER
        assert process.stdout.readline().startswith("rest        http://127.0.0.1:")


def test_a_port_in_use_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", taken.getsockname()[1])
    assert done.exit_code == 2
    assert "cannot listen" in done.stderr
    assert "127.0.0.1" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--position", "BTCUSDT"], "is no position"),
        (["--position", "BTCUSDT:BOTH:1"], "is no position"),
        (["--position", "BTCUSDT:LONG:-1"], "not above zero"),
        (["--position", "BTCUSDT:LONG:1@x"], "not a number"),
        (["--position", "BTCUSDT:LONG:0.0001"], "lot step"),
        (["--wallet", "USDC=none"], "not a number"),
        (["--symbol", "NOPEUSDT"], "no instrument NOPEUSDT"),
        (["--scenario", "nope"], "no market scenario 'nope'"),
        (["--speed", "0"], "not above zero"),
        (["--tape", "nowhere.parquet"], "nowhere.parquet"),
        (["--faults", "nowhere.yaml"], "there is no such file"),
        (["--config", "nowhere.yaml"], "there is no such file"),
        (["--switch", "knock_out_closer=false"], "did you mean knock_out_closers?"),
        (["--switch", "knock_out_closers"], "write true or false"),
        (["--switch", "query_lag_ms=-1"], "not a whole number"),
        (["--switch", "margin_call_ratio=x"], "not a number"),
        (["--switch", "queue_model=fifo"], "there are trades_only"),
        (["--permission", "enableWithdrawal"], "no permission 'enableWithdrawal'"),
        (["--permission", "enableFutures=no"], "write true or false"),
        (["--one-way", "--position", "BTCUSDT:LONG:1"], "one-way mode holds no legs"),
    ],
)
def test_options_that_cannot_be_followed(args: list[str], said: str) -> None:
    done = run("serve", *args)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_faults_that_do_not_hold_are_all_told_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("faults:\n  - kind: nope\n  - kind: ack_lost\n    when: {once: true, nth: 3}\n")
    done = run("serve", "--faults", path)
    assert done.exit_code == 4
    assert f"{path}: faults[0].kind: 'nope'" in done.stderr
    assert f"{path}: faults[1]" in done.stderr
    path.write_text("faults: [\n")
    assert run("serve", "--faults", path).exit_code == 4


def test_the_example_of_faults_can_be_declared() -> None:
    example = Path(__file__).parents[1] / "config" / "faults.example.yaml"
    assert box_options(MARKET, ACCOUNT, ConductArguments(faults=example), ("BTCUSDT",)).faults


def test_symbols_come_from_options_configuration_and_positions(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    market = MarketArguments(config=path, symbols=("SOLUSDT",))
    account = AccountArguments(positions=("XRPUSDT:SHORT:5",), wallets=("USDC=7", "3"))
    options = box_options(market, account, CONDUCT, ("BTCUSDT",))
    assert [market.instrument.symbol for market in options.markets] == ["SOLUSDT", "BTCUSDT", "ETHUSDT", "XRPUSDT"]
    assert options.wallets == {"USDC": Decimal(7), "USDT": Decimal(3)}
    assert (options.positions[0].side, options.positions[0].entry) == (PositionSide.SHORT, None)
    assert [m.instrument.symbol for m in box_options(MARKET, ACCOUNT, CONDUCT, ("ETHUSDT",)).markets] == ["ETHUSDT"]


def test_a_tape_is_served_as_its_own_instrument(tmp_path: Path) -> None:
    tape = tmp_path / "calm.parquet"
    made = CliRunner().invoke(
        app, ["tape", "generate", "--symbol", "NEO/USDT:USDT", "--duration", "5", "-o", str(tape)]
    )
    assert made.exit_code == 0, made.output
    (market,) = box_options(MarketArguments(tape=tape), ACCOUNT, CONDUCT, ()).markets
    events: list[FeedEvent] = list(market.events or ())
    assert market.instrument.symbol == "NEOUSDT"
    assert len(events) > 100
    assert run("serve", "--tape", tape, "--symbol", "A", "--symbol", "B").exit_code == 2


def test_switches_permissions_and_one_way_mode_reach_the_exchange() -> None:
    conduct = ConductArguments(
        switches=("knock_out_closers=false", "query_lag_ms=0", "margin_call_ratio=0.9", "queue_model=proportional")
    )
    account = AccountArguments(permissions=("enableWithdrawals", "enableFutures=false"), hedge_mode=False)
    box = Box(box_options(MARKET, account, conduct, ("BTCUSDT",)), 1_800_000_000_000)
    switches = box.exchange.venue.switches
    assert (switches.knock_out_closers, switches.query_lag_ms) == (False, 0)
    assert (switches.margin_call_ratio, switches.queue_model) == (Decimal("0.9"), QueueModel.PROPORTIONAL)
    assert dict(box.options.permissions) == {"enableWithdrawals": True, "enableFutures": False}
    assert box.exchange.account.dual is False


def test_a_coin_margined_tape_needs_a_symbol_to_stand_for(tmp_path: Path) -> None:
    tape = tmp_path / "cm_ETHUSD_PERP_2024-08-08.csv"
    rows = [
        f"{ms},{ms},{ms}000000,q,2600.01,5,2600.02,5,,,,," for ms in range(1_700_000_000_000, 1_700_000_000_050, 10)
    ]
    header = "T_ms,E_ms,recv_ns,kind,bid,bid_qty,ask,ask_qty,price,qty,buyer_is_maker,id,extra"
    tape.write_text("\n".join([header, *rows, ""]))
    done = run("serve", "--tape", tape)
    assert done.exit_code == 2
    assert "is coin-margined" in " ".join(done.stderr.replace("│", " ").split())
    (market,) = box_options(MarketArguments(tape=tape, symbols=("ETHUSDT",)), ACCOUNT, CONDUCT, ()).markets
    assert market.instrument.symbol == "ETHUSDT"


def test_the_faults_are_listed() -> None:
    done = run("faults")
    assert done.exit_code == 0
    assert "ack_lost" in done.stdout

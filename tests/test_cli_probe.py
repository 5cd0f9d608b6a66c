"""``vibe-quant doctor --probe`` on the command line: codes, words, JSON, what is kept, and who tells of it later."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from tests.app.test_probe_record import answered
from tests.cli_stage import Cli, exchange
from tests.test_cli_doctor import at, keys
from tests.test_cli_examples import completed
from typer.testing import Result

from vibe_quant.app.hosting import Job
from vibe_quant.app.launch import RunOptions, launch
from vibe_quant.app.probe_record import NAME, read
from vibe_quant.app.probe_words import Question
from vibe_quant.app.redaction import Redactor
from vibe_quant.cli.failure import BROKEN, FAILED, INVALID, UNREADABLE
from vibe_quant.domain.enums import PositionSide
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

D = Decimal
LONG = PositionSide.LONG
HELD = BoxOptions(
    markets=(MarketSource(CATALOGUE["ETHUSDT"]),),
    positions=(Seat("ETHUSDT", LONG, D(2)),),
    wallets={"USDT": D(20_000)},
)
PROBE = ("doctor", "--probe", "ETH/USDT:USDT", "long")
ON = "risk: {dead_man: {enabled: true}}"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def probed(cli: Cli, server: SimServer, *more: str) -> Result:
    return cli(*PROBE, *at(server), *more, **keys(server))


def venue(cli: Cli, name: str, more: str = "") -> None:
    """Another venue, and more settings under ``global``."""
    text = cli.config.read_text(encoding="utf-8")
    text = re.sub(r"venue: \w+", f"venue: {name}", text)
    cli.config.write_text(text.replace("global:\n", f"global:\n  {more}\n") if more else text, encoding="utf-8")


def records(server: SimServer) -> list[str]:
    """Whatever rests."""
    box = server.box.exchange
    return [o.client_id for o in box.venue.by_id.values() if not o.status.is_final] + [
        a.client_id for a in box.algos.open
    ]


def test_a_line_an_answer_the_end_and_a_file_that_only_its_owner_reads(cli: Cli) -> None:
    with exchange(HELD) as server:
        told = probed(cli, server)
        assert told.exit_code == 0, told.output
        assert records(server) == []
    lines = told.stdout.splitlines()
    assert [line.split()[1] for line in lines[:8]] == [
        "query_lag",
        "private_stream",
        "closers_sum",
        "dust_limit",
        "stop_listed",
        "second_stop",
        "cancel_all",
        "countdown",
    ]
    countdown = lines[7]
    assert countdown.startswith("warn  countdown       Does countdownCancelAll take conditional orders with it? Yes, ")
    assert " Assumed: it may: stops are read" in countdown
    assert (
        countdown.endswith("Leave it off unless that is wanted.") or "leave it off unless that is wanted." in countdown
    )
    assert "Nothing of the probe rests in ETH/USDT:USDT." in told.stdout
    assert "ETH/USDT:USDT LONG holds 2, as before." in told.stdout
    path = cli.socket.with_name(NAME)
    assert str(path) in told.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text(encoding="utf-8"))["answers"]["countdown"]
    assert found["answer"] == "yes"
    assert (found["venue"], found["symbol"], found["side"]) == ("sim", "ETH/USDT:USDT", "LONG")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", found["at"])
    assert found["version"]
    assert server.api_secret not in told.output
    assert server.api_key not in told.output + path.read_text(encoding="utf-8")


def test_for_a_machine_and_beside_what_was_kept_before(cli: Cli) -> None:
    state = cli.socket.parent
    state.mkdir(parents=True)
    (state / NAME).write_text("{}", encoding="utf-8")
    with exchange(HELD) as server:
        told = probed(cli, server, "--json")
    whole = json.loads(told.stdout)
    assert whole["good"] is True
    assert (whole["left"], whole["stopped"]) == ([], "")
    assert whole["position"] == {"before": "2.000", "after": "2.000"}
    assert len(whole["answers"]) == len(Question)
    answer = {one["question"]: one for one in whole["answers"]}["closers_sum"]
    assert (answer["answer"], answer["code"], answer["matters"]) == ("yes", -2022, False)
    assert set(answer) == {"question", "answer", "asks", "assumes", "text", "code", "ms", "matters", "advice"}
    assert whole["file"] == str(state / NAME)


@pytest.mark.parametrize("name", ["live", "paper"])
def test_never_where_money_or_nobody_would_answer(cli: Cli, name: str) -> None:
    venue(cli, name)
    told = cli("doctor", "--probe", "ETHUSDT", "LONG", VIBE_QUANT_API_KEY="k", VIBE_QUANT_API_SECRET="s")
    assert told.exit_code == INVALID
    assert f"global.venue is {name}" in told.stderr
    assert "Nothing was sent" in told.stderr
    assert not cli.socket.parent.exists()


def test_options_that_do_not_go_together(cli: Cli) -> None:
    for words in (
        ["--probe"],
        ["--probe", "ETHUSDT"],
        ["--probe", "ETHUSDT", "UP"],
        ["ETHUSDT", "LONG"],
        ["--probe", "--offline", "ETHUSDT", "LONG"],
    ):
        assert cli("doctor", *words).exit_code == UNREADABLE, words
    assert cli(*PROBE).exit_code == INVALID, "the embedded exchange is not there without the service"
    cli.config.write_text("global: {venue: moon}", encoding="utf-8")
    assert cli(*PROBE).exit_code == INVALID
    cli.config.unlink()
    assert cli(*PROBE).exit_code == UNREADABLE


def test_keys_that_are_missing(cli: Cli) -> None:
    served = ("--exchange-rest", "http://127.0.0.1:9", "--exchange-ws", "ws://127.0.0.1:9")
    told = cli(*PROBE, *served, VIBE_QUANT_API_KEY="", VIBE_QUANT_API_SECRET="")
    assert told.exit_code == UNREADABLE


def test_a_refusal_is_three_and_one_object(cli: Cli) -> None:
    with exchange(replace(HELD, positions=())) as server:
        told = probed(cli, server, "--json")
    assert told.exit_code == BROKEN
    assert "holds no leg" in json.loads(told.stdout)["refused"]
    assert "refused: The account holds no leg" in told.stderr
    assert not cli.socket.parent.exists()


def test_trouble_is_one_and_what_was_answered_is_kept(cli: Cli) -> None:
    fault = {
        "kind": "unknown_503",
        "reached": True,
        "where": {"endpoint": "POST /fapi/v1/algoOrder"},
        "when": {"nth": 1},
    }
    with exchange(replace(HELD, faults=[fault])) as server:
        told = probed(cli, server)
        assert records(server) == []
    assert told.exit_code == FAILED
    assert "Not everything was asked: POST algoOrder" in told.stderr
    assert "Nothing of the probe rests" in told.stderr
    record = read(cli.socket.parent)
    assert record is not None
    assert "closers_sum" in record.answers
    assert "countdown" not in record.answers


def test_answers_that_cannot_be_kept_are_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vibe_quant.app.probe_record.write", full)
    with exchange(HELD) as server:
        told = probed(cli, server)
    assert told.exit_code == FAILED
    assert "could not be written" in told.stderr
    assert "No space left" in told.stderr


def test_tab_completes_symbol_and_side(cli: Cli) -> None:
    at_config = {"VIBE_QUANT_CONFIG": str(cli.config)}
    assert "--probe" in completed("vibe-quant doctor --")
    assert completed("vibe-quant doctor --probe ", **at_config) == ["BTCUSDT", "ETHUSDT"]
    assert completed("vibe-quant doctor --probe e", **at_config) == ["ethusdt"]
    assert completed("vibe-quant doctor --probe ETHUSDT l") == ["long"]


def test_check_tells_what_was_answered_or_that_nobody_has_asked(cli: Cli) -> None:
    venue(cli, "testnet")
    assert "dead_man is on" not in cli("check").output
    assert "dead_man" not in json.loads(cli("check", "--json").stdout)
    venue(cli, "testnet", ON)
    told = cli("check")
    assert told.exit_code == 0
    assert "warning: risk.dead_man is on, and nobody has asked" in told.stdout
    answered(cli.folder / "state", yes=False)
    assert (
        "note: risk.dead_man is on, and the exchange's countdown leaves protective stops standing"
        in cli("check").stdout
    )
    assert json.loads(cli("check", "--json").stdout)["dead_man"]["asked"] is True
    elsewhere = cli("check", "--state", cli.folder / "other")
    assert "nobody has asked" in elsewhere.stdout


def test_check_online_tells_it_too(cli: Cli) -> None:
    venue(cli, "sim", ON)
    assert "nobody has asked" in cli("check", "--online").stdout, "the embedded exchange"
    with exchange(HELD) as server:
        assert "nobody has asked" in cli("check", "--online", *at(server), **keys(server)).stdout
        whole = json.loads(cli("check", "--online", *at(server), "--json", **keys(server)).stdout)
    assert whole["dead_man"]["asked"] is False
    assert "online" in whole


@pytest.mark.parametrize("on", [True, False])
def test_the_run_says_it_at_its_start(cli: Cli, on: bool) -> None:
    venue(cli, "sim", ON if on else "")
    err = StringIO()

    async def nothing(_: Job, __: Redactor) -> int:
        await asyncio.sleep(0)
        return 0

    assert launch(RunOptions(config=cli.config, state=cli.folder / "state"), {}, StringIO(), err, nothing) == 0
    log = cli.log.read_text(encoding="utf-8")
    assert ("nobody has asked whether the exchange's countdown" in log) is on

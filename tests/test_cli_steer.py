"""Pause, resume, flatten and reload: what reaches the service, and what is asked before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli_stage import Cli
from tests.operations_fake import BTC, ETH, PLAN, WITH_OTHERS

from vibe_quant.cli import asking
from vibe_quant.cli.failure import DECLINED, FAILED, INVALID, UNREADABLE
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.status import Answer, ReloadPlan


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at the terminal."""

    class Terminal:
        @property
        def stdin(self) -> Terminal:
            return self

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(asking, "sys", Terminal())


@pytest.mark.parametrize(
    ("words", "symbol", "for_ms"),
    [
        ((), None, None),
        (("30m",), None, 1_800_000),
        (("all", "90s"), None, 90_000),
        (("btc",), BTC, None),
        (("BTCUSDT", "2h"), BTC, 7_200_000),
        (("1d", "ETH/USDT:USDT"), ETH, 86_400_000),
    ],
)
def test_pause_takes_a_symbol_and_a_time_in_either_order(
    cli: Cli, words: tuple[str, ...], symbol: str | None, for_ms: int | None
) -> None:
    with cli.running():
        told = cli("pause", *words)
    assert told.exit_code == 0
    assert told.stdout == "done\n"
    ((command, asked, wanted_ms, by, *_),) = cli.operations.calls
    assert (command, asked, wanted_ms) == ("pause", symbol, for_ms)
    assert str(by).startswith("cli (uid ")


@pytest.mark.parametrize("words", [("BTC", "ETH"), ("1h", "2h"), ("BTC", "1h", "1h")])
def test_a_pause_that_is_not_clear_is_refused(cli: Cli, words: tuple[str, ...]) -> None:
    with cli.running():
        told = cli("pause", *words)
    assert told.exit_code == UNREADABLE
    assert cli.operations.calls == []


def test_panic_is_paused_only_by_name_and_only_confirmed(cli: Cli) -> None:
    with cli.running():
        assert cli("pause", "--panic").exit_code == UNREADABLE
        assert cli.operations.calls == []
        assert cli("pause", "--panic", "--yes").exit_code == 0
        assert cli("pause").exit_code == 0
    panicked, plain = cli.operations.calls
    assert "panic" in panicked
    assert "panic" not in plain


def test_resume(cli: Cli) -> None:
    with cli.running():
        assert cli("resume").exit_code == 0
        assert cli("resume", "all").exit_code == 0
        assert cli("resume", "eth").exit_code == 0
    assert [call[:2] for call in cli.operations.calls] == [("resume", None), ("resume", None), ("resume", ETH)]


@pytest.mark.parametrize(
    ("words", "symbol", "side"),
    [
        (("all",), None, None),
        (("all", "all"), None, None),
        (("BTC", "long"), BTC, PositionSide.LONG),
        (("btcusdt", "all"), BTC, None),
    ],
)
def test_flatten_with_yes(cli: Cli, words: tuple[str, ...], symbol: str | None, side: PositionSide | None) -> None:
    with cli.running():
        told = cli("flatten", *words, "--yes")
    assert told.exit_code == 0, told.output
    assert [call[:3] for call in cli.operations.calls] == [("flatten", symbol, side)]


@pytest.mark.parametrize("words", [("BTC",), ("all", "LONG"), ("BTC", "UP"), ()])
def test_a_flatten_that_is_not_clear_reaches_nobody(cli: Cli, words: tuple[str, ...]) -> None:
    with cli.running():
        told = cli("flatten", *words, "--yes")
    assert told.exit_code == UNREADABLE
    assert cli.operations.calls == []


def test_flatten_where_nobody_can_be_asked_needs_yes(cli: Cli) -> None:
    with cli.running():
        told = cli("flatten", "all", said="y\n")
    assert told.exit_code == UNREADABLE
    assert "Give --yes" in told.stderr
    assert cli.operations.calls == []


@pytest.mark.usefixtures("person")
def test_flatten_shows_what_it_will_close_and_asks(cli: Cli) -> None:
    with cli.running():
        declined = cli("flatten", "btc", "long", said="n\n")
        assert declined.exit_code == FAILED
        assert f"{BTC} LONG 0.842, about 51287.23" in declined.stderr
        assert ETH not in declined.stderr
        assert "SIM, configuration config/config.yaml" in declined.stderr
        assert cli.operations.calls == []
        assert cli("flatten", "doge", "long", said="\n").exit_code == FAILED
        assert cli("flatten", "all", said="y\n").exit_code == 0
    assert [call[:3] for call in cli.operations.calls] == [("flatten", None, None)]


@pytest.mark.usefixtures("person")
def test_flatten_says_what_is_not_managed_and_stays(cli: Cli) -> None:
    cli.operations.now = WITH_OTHERS
    with cli.running():
        everything = cli("flatten", "all", said="n\n").stderr
        one = cli("flatten", "xrp", "all", said="n\n").stderr
        other = cli("flatten", "btc", "long", said="n\n").stderr
    for line in ("SOL/USDT:USDT SHORT 12.5 stays: it is not managed", "XRP/USDT:USDT LONG 300 stays"):
        assert line in everything
    assert "XRP/USDT:USDT LONG 300 stays: it is not managed" in one
    assert "no open position of that name" in one
    assert "stays" not in other


def test_what_the_service_declines_is_said_and_is_no_success(cli: Cli) -> None:
    cli.operations.answer = Answer(False, "The service is stopping.")
    with cli.running():
        for command in (("pause",), ("resume",), ("flatten", "all", "--yes"), ("reload", "--yes")):
            told = cli(*command)
            assert told.exit_code == DECLINED
            assert "The service is stopping." in told.stderr


def test_a_reload_shows_old_and_new_by_symbol_and_wants_a_word(cli: Cli) -> None:
    with cli.running():
        told = cli("reload")
        assert told.exit_code == UNREADABLE
        assert told.stdout.splitlines() == [BTC, "  execution.order_ttl_ms: 800 -> 1200"]
        assert cli("reload", "--dry-run").exit_code == 0
        assert [call[0] for call in cli.operations.calls] == ["plan_reload", "plan_reload"]
        assert cli("reload", "--yes").exit_code == 0
    assert cli.operations.calls[-1][:2] == ("apply_reload", "abc123")


@pytest.mark.usefixtures("person")
def test_a_reload_asks_on_a_terminal(cli: Cli) -> None:
    with cli.running():
        assert cli("reload", said="n\n").exit_code == FAILED
        assert "apply_reload" not in [call[0] for call in cli.operations.calls]
        assert cli("reload", said="y\n").exit_code == 0
    assert cli.operations.calls[-1][0] == "apply_reload"


def test_a_reload_with_problems_applies_nothing_whatever_is_said(cli: Cli) -> None:
    cli.operations.plan = replace(PLAN, problems=("global.venue: needs a restart",), warnings=("it is unwise",))
    with cli.running():
        told = cli("reload", "--yes")
        as_json = cli("reload", "--yes", "--json")
    assert told.exit_code == as_json.exit_code == INVALID
    assert "global.venue: needs a restart" in told.stderr
    assert "warning: it is unwise" in told.stderr
    assert "Nothing was applied" in told.stderr
    assert json.loads(as_json.stdout)["problems"] == ["global.venue: needs a restart"]
    assert "apply_reload" not in [call[0] for call in cli.operations.calls]


def test_a_reload_of_nothing_and_one_for_a_machine(cli: Cli) -> None:
    with cli.running():
        assert cli("reload", "--json").exit_code == 0
        assert "apply_reload" not in [call[0] for call in cli.operations.calls]
        applied = cli("reload", "--json", "--yes")
        assert json.loads(applied.stdout)["token"] == "abc123"
        assert applied.stderr == "done\n"
        cli.operations.plan = ReloadPlan("", (), ())
        told = cli("reload")
    assert told.exit_code == 0
    assert "nothing changes" in told.stdout


def test_stops_are_dropped_only_by_a_word_of_its_own_and_also_where_nothing_else_changes(cli: Cli) -> None:
    with cli.running():
        assert cli("reload", "--yes").exit_code == 0
        assert cli.operations.calls[-1][-1] != "drop_stops"
        cli.operations.plan = replace(PLAN, changes=())
        assert cli("reload", "--yes", "--drop-stops").exit_code == 0
    assert cli.operations.calls[-1][0] == "apply_reload"
    assert cli.operations.calls[-1][-1] == "drop_stops"

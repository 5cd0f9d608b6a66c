"""``init``: what it writes holds, is private, and writes over nothing."""

from __future__ import annotations

import itertools
import stat
from pathlib import Path

import pytest
from tests.cli_stage import Cli

from vibe_quant.app.sim_venue import box_options
from vibe_quant.cli import init as init_command
from vibe_quant.cli.failure import UNREADABLE
from vibe_quant.config.loader import ConfigLoader, Loaded
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.service_settings import TelegramUser
from vibe_quant.domain.settings import Venue

SECRETS = "VIBE_QUANT_API_KEY=canaryKey\n\nVIBE_QUANT_API_SECRET=canary+Secret\n"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "my" / "config.yaml"


def loaded(path: Path) -> Loaded:
    return ConfigLoader().load(path)


@pytest.mark.parametrize(("venue", "telegram"), list(itertools.product(Venue, (False, True))))
def test_whatever_is_chosen_is_valid_short_and_without_advice_that_it_could_have_heeded(
    cli: Cli, out: Path, venue: Venue, telegram: bool
) -> None:
    more = ("--telegram-chat", "-100", "--telegram-user", "7", "--language", "zh") if telegram else ()
    told = cli(
        "init", "--yes", "--venue", venue.value, "--symbol", "btc", "--symbol", "ETHUSDT", "--config", out, *more
    )
    assert told.exit_code == 0, told.output
    found = loaded(out)
    assert found.settings.shared.venue is venue
    assert [name for name, _ in found.settings.symbols] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert found.settings.shared.telegram.allow == ((TelegramUser(-100, 7),) if telegram else ())
    assert all(one.risk.panic_close.enabled for _, one in found.settings.symbols)
    assert len(out.read_text(encoding="utf-8").splitlines()) < 60
    warned = [warning.path for warning in found.warnings]
    assert warned == (["global.venue"] if venue is Venue.LIVE else [])
    if venue is Venue.SIM:
        assert len(box_options(found.settings).positions) == 4
    assert (f"run --config {out}" + (" --live" if venue is Venue.LIVE else "")) in told.stdout


def test_files_are_private_from_their_first_moment(cli: Cli, out: Path) -> None:
    assert cli("init", "--yes", "--venue", "testnet", "--config", out).exit_code == 0
    env = out.with_name("vibe-quant.env")
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert not stat.S_IMODE(out.stat().st_mode) & 0o027
    assert "#VIBE_QUANT_API_KEY=" in env.read_text(encoding="utf-8")
    assert sorted(path.name for path in out.parent.iterdir()) == ["config.yaml", "vibe-quant.env"]


def test_nothing_is_written_over_and_secrets_never_without_new_ones(cli: Cli, out: Path) -> None:
    env = out.with_name("vibe-quant.env")
    assert cli("init", "--venue", "testnet", "--config", out, "--secrets-stdin", said=SECRETS).exit_code == 0
    text = env.read_text(encoding="utf-8")
    assert "\nVIBE_QUANT_API_KEY=canaryKey\nVIBE_QUANT_API_SECRET='canary+Secret'\n" in text
    again = cli("init", "--yes", "--config", out)
    assert again.exit_code == UNREADABLE
    assert "there already, nothing was written" in again.stderr
    assert loaded(out).settings.shared.venue is Venue.TESTNET
    forced = cli("init", "--yes", "--force", "--venue", "sim", "--side", "long", "--config", out)
    assert forced.exit_code == 0
    assert f"{env} stays as it was" in forced.stdout
    assert env.read_text(encoding="utf-8") == text
    assert loaded(out).settings.symbols[0][1].sides == (PositionSide.LONG,)
    out.unlink()
    other = SECRETS.replace("canaryKey", "other")
    assert cli("init", "--venue", "live", "--config", out, "--secrets-stdin", said=other).exit_code == UNREADABLE
    assert env.read_text(encoding="utf-8") == text
    assert cli("init", "--venue", "live", "--config", out, "--secrets-stdin", "--force", said=other).exit_code == 0
    assert "other" in env.read_text(encoding="utf-8")


def test_no_secret_is_ever_shown(cli: Cli, out: Path) -> None:
    for said in (SECRETS, SECRETS + "canary nonsense\n", "VIBE_QUANT_API_KEY=can'ary\n", "PGPASSWORD=canary\n"):
        told = cli("init", "--venue", "live", "--config", out, "--secrets-stdin", "--force", said=said)
        assert "canary" not in told.output


@pytest.mark.parametrize(
    "options",
    [
        ("--symbol", "BTC/USDT:BTC"),
        ("--symbol", "DOGE/EUR"),
        ("--symbol", "PEPE/USDT:USDT"),
        ("--telegram-chat", "5"),
        ("--venue", "moon"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(cli: Cli, out: Path, options: tuple[str, ...]) -> None:
    assert cli("init", "--yes", "--config", out, *options).exit_code == UNREADABLE
    assert not out.parent.exists()


def test_a_symbol_that_the_embedded_exchange_has_not_is_taken_for_the_real_one(cli: Cli, out: Path) -> None:
    assert cli("init", "--yes", "--venue", "paper", "--symbol", "PEPE/USDT:USDT", "--config", out).exit_code == 0
    assert loaded(out).settings.shared.paper.positions == ()


def test_a_folder_that_cannot_be_written_is_said(cli: Cli) -> None:
    told = cli("init", "--yes", "--config", cli.config / "below" / "config.yaml")
    assert told.exit_code == UNREADABLE
    assert "cannot be written" in told.stderr


def test_it_asks_where_somebody_sits(cli: Cli, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    class System:
        stdin = Terminal()

    monkeypatch.setattr(init_command, "sys", System())
    answers = ["moon", "TESTNET", "eth sol", "short", "y", "-5", "6", "canaryKey", "", "canaryToken"]
    told = cli("init", "--config", out, "--log-folder", 'my "logs"', said="\n".join(answers) + "\n")
    assert told.exit_code == 0, told.output
    assert "there are sim, paper, testnet, live" in told.output
    settings = loaded(out).settings
    assert settings.shared.venue is Venue.TESTNET
    assert settings.shared.log.folder == 'my "logs"'
    assert [(name, one.sides) for name, one in settings.symbols] == [
        ("ETH/USDT:USDT", (PositionSide.SHORT,)),
        ("SOL/USDT:USDT", (PositionSide.SHORT,)),
    ]
    env = out.with_name("vibe-quant.env").read_text(encoding="utf-8")
    assert (
        "\nVIBE_QUANT_API_KEY=canaryKey\n#VIBE_QUANT_API_SECRET=put-it-here\nVIBE_QUANT_TELEGRAM_TOKEN=canaryToken\n"
        in env
    )
    assert "canary" not in told.output


def test_the_file_of_a_venue_without_a_key_names_what_later_ones_want(cli: Cli, out: Path) -> None:
    assert cli("init", "--yes", "--config", out).exit_code == 0
    env = out.with_name("vibe-quant.env").read_text(encoding="utf-8")
    assert "\n#VIBE_QUANT_API_KEY=put-it-here\n#VIBE_QUANT_API_SECRET=put-it-here\n" in env
    assert "\n#VIBE_QUANT_TELEGRAM_TOKEN=put-it-here\n" in env


def test_a_file_of_secrets_that_stays_is_asked_for_what_it_lacks(cli: Cli, out: Path) -> None:
    key = "VIBE_QUANT_API_KEY=canary\nVIBE_QUANT_API_SECRET=canary\n"
    assert cli("init", "--yes", "--venue", "testnet", "--secrets-stdin", "--config", out, said=key).exit_code == 0
    more = ("--telegram-chat", "5", "--telegram-user", "6")
    told = cli("init", "--yes", "--venue", "testnet", "--config", out.with_name("more.yaml"), *more)
    assert f"fill in VIBE_QUANT_TELEGRAM_TOKEN in {out.with_name('vibe-quant.env')}, then set -a" in told.output
    told = cli("init", "--yes", "--venue", "testnet", "--config", out.with_name("third.yaml"))
    assert "fill in" not in told.output
    assert "canary" not in told.output

"""``config show`` and ``diff``, and ``journal export``."""

from __future__ import annotations

import csv
import io
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli_stage import Cli
from tests.operations_fake import BTC, ETH, FakeOperations

from vibe_quant.cli import journal_export
from vibe_quant.cli.failure import INVALID, OUT_OF_REACH, UNREADABLE
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.config.ruling import ruling
from vibe_quant.domain.status import ConfigChange
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def test_show_gives_every_value_and_who_says_it(cli: Cli) -> None:
    told = cli("config", "show")
    assert told.exit_code == 0
    assert "  venue = sim  (global, line 3" in told.stdout
    assert "  execution.order_ttl_ms = 1200  (symbol, line 7)" in told.stdout
    one = cli("config", "show", "eth").stdout
    assert one.startswith(f"{ETH}\n")
    assert BTC not in one
    shown = json.loads(cli("config", "show", "btcusdt", "--json").stdout)["settings"]
    assert list(shown) == [BTC]
    assert shown[BTC]["values"]["sides"] == {"value": ["LONG"], "origin": "symbol", "line": 6}
    assert list(json.loads(cli("config", "show", "global", "--json").stdout)["settings"]) == ["global"]
    assert cli("config", "show", "doge").exit_code == UNREADABLE


def test_a_symbol_that_is_not_listed_is_ruled_by_the_default_where_all_are_worked(cli: Cli) -> None:
    cli.config.write_text("global: {manage: all}\n", encoding="utf-8")
    assert cli("config", "show", "DOGE/USDT:USDT").stdout.startswith("default\n")


def test_a_password_in_an_address_is_masked(cli: Cli) -> None:
    cli.config.write_text(
        'global: {telegram: {api_url: "https://me:hunter2@bot.example"}}\nsymbols: {"BTC/USDT:USDT": }\n',
        encoding="utf-8",
    )
    for command in (("show",), ("show", "--json"), ("diff",), ("diff", "--json")):
        told = cli("config", *command)
        assert told.exit_code == 0
        assert "***@bot.example" in told.stdout
        assert "hunter2" not in told.output


def test_what_does_not_hold_is_said(cli: Cli) -> None:
    cli.config.write_text("global: {venue: moon}\n", encoding="utf-8")
    for command in (("show",), ("diff",)):
        assert cli("config", *command).exit_code == INVALID
    assert cli("config", "show", "--config", cli.folder / "none.yaml").exit_code == UNREADABLE


def test_diff_against_the_defaults_and_another_file(cli: Cli) -> None:
    told = cli("config", "diff")
    assert f"{BTC}\n  sides: [LONG, SHORT] -> [LONG]\n{ETH}\n  execution.order_ttl_ms: 800 -> 1200\n" in told.stdout
    other = cli.folder / "other.yaml"
    other.write_text(
        cli.config.read_text(encoding="utf-8").replace("1200", "900").replace(f'"{BTC}"', '"SOL/USDT:USDT"'),
        encoding="utf-8",
    )
    told = cli("config", "diff", other)
    assert told.stdout.splitlines() == [
        *(BTC, "  (the symbol): not worked -> worked"),
        *(ETH, "  execution.order_ttl_ms: 900 -> 1200"),
        *("SOL/USDT:USDT", "  (the symbol): worked -> not worked"),
    ]
    assert cli("config", "diff", cli.config).stdout == "no difference\n"
    assert json.loads(cli("config", "diff", other, "--json").stdout)[1]["new"] == "1200"
    assert cli("config", "diff", cli.folder / "none.yaml").exit_code == UNREADABLE


class Running(FakeOperations):
    """A service that works by the file as it was."""

    def __init__(self, cli: Cli) -> None:
        super().__init__()
        self.loaded = ConfigLoader().load(cli.config)

    def config(self, symbol: str | None) -> tuple[ConfigChange, ...] | None:
        return ruling(self.loaded, symbol)


def test_diff_against_the_running_service_is_what_a_reload_would_change(cli: Cli) -> None:
    cli.operations = Running(cli)
    with cli.running():
        assert cli("config", "diff", "running").stdout == "no difference\n"
        text = (
            cli.config.read_text(encoding="utf-8")
            .replace("1200", "700")
            .replace("venue: sim", "venue: sim\n  watch: true")
        )
        cli.config.write_text(
            text.replace(f'  "{BTC}": {{sides: [LONG]}}\n', '  "SOL/USDT:USDT": {}\n'), encoding="utf-8"
        )
        told = cli("config", "diff", "running")
    assert told.stdout.splitlines() == [
        *("global", "  watch: false -> true"),
        *("SOL/USDT:USDT", "  (the symbol): not worked -> worked"),
        *(ETH, "  execution.order_ttl_ms: 1200 -> 700"),
        *(BTC, "  (the symbol): worked -> not worked"),
    ]


def test_diff_against_a_service_that_fails(cli: Cli) -> None:
    class Broken(FakeOperations):
        def config(self, symbol: str | None) -> tuple[ConfigChange, ...] | None:
            raise RuntimeError

    cli.operations = Broken()
    with cli.running():
        assert cli("config", "diff", "running").exit_code == OUT_OF_REACH


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    written = SqliteJournal(path, "r1")
    fill = Entry("fill", 1000, {"last_qty": "0.5", "note": 'a "quote", a\nline'}, BTC, "LONG", "vq-1")
    written.write([fill, replace(fill, at_ms=2000), replace(fill, at_ms=3000, kind="report")])
    written.close()
    return path


def test_rows_are_exported_as_json_lines_and_csv(cli: Cli, journal: Path) -> None:
    rows = [json.loads(line) for line in cli("journal", "export", "--path", journal).stdout.splitlines()]
    assert [row["at_ms"] for row in rows] == [1000, 2000, 3000]
    assert rows[0]["body"] == {"last_qty": "0.5", "note": 'a "quote", a\nline'}
    out = cli.folder / "fills.csv"
    told = cli("journal", "export", "--path", journal, "--format", "csv", "--kind", "fill", "-o", out)
    assert told.exit_code == 0
    assert told.stderr == f"{out}: 2 rows\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    table = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert [row["at"] for row in table] == ["1970-01-01 00:00:01.000+00:00", "1970-01-01 00:00:02.000+00:00"]
    assert json.loads(table[0]["body"]) == rows[0]["body"]
    between = cli(
        "journal", "export", "--path", journal, "--since", "1970-01-01T00:00:02", "--until", "1970-01-01T00:00:03"
    )
    assert [json.loads(line)["seq"] for line in between.stdout.splitlines()] == [2]


def test_an_export_that_cannot_be_written_leaves_nothing_half_done(
    cli: Cli, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = cli.folder / "rows"
    out.write_text("as it was", encoding="utf-8")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal_export, "row_object", full)
    told = cli("journal", "export", "--path", journal, "-o", out)
    assert told.exit_code == UNREADABLE
    assert "No space left on device" in told.stderr
    assert out.read_text(encoding="utf-8") == "as it was"
    assert sorted(path.name for path in cli.folder.iterdir() if "part" in path.name) == []
    assert cli("journal", "export", "--path", cli.folder / "none").exit_code == UNREADABLE

"""A service that systemd runs is found by its configuration alone, from any shell and folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli_stage import CONFIG
from typer.testing import CliRunner, Result

from vibe_quant.app import places
from vibe_quant.app.places import INSTALLED, LOGS_DIRECTORY, RUNTIME_DIRECTORY, STATE_DIRECTORY, surroundings
from vibe_quant.cli.app import app
from vibe_quant.cli.where import Where
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry

ONE, TWO = INSTALLED / "config.yaml", INSTALLED / "two" / "config.yaml"
UNITS = Path(__file__).resolve().parents[1] / "deploy" / "systemd"


@pytest.mark.parametrize(("config", "name"), [(ONE, "vibe-quant"), (TWO, "vibe-quant-two")])
def test_the_folders_are_those_that_the_unit_has(config: Path, name: str) -> None:
    found = surroundings(config, None, {"HOME": "/root"})
    assert found["HOME"] == "/root"
    assert Where(config).service({}).socket == Path("/run", name, "control.sock")
    unit = (UNITS / ("vibe-quant.service" if config == ONE else "vibe-quant@.service")).read_text("utf-8")
    for kind, folder, word in (
        (STATE_DIRECTORY, "/var/lib", "StateDirectory"),
        (LOGS_DIRECTORY, "/var/log", "LogsDirectory"),
        (RUNTIME_DIRECTORY, "/run", "RuntimeDirectory"),
    ):
        assert found[kind] == f"{folder}/{name}"
        assert f"\n{word}={name}\n" in unit.replace("%i", "two")


def test_what_is_said_is_not_talked_over() -> None:
    elsewhere: tuple[Path, ...] = (Path("config/config.yaml"), Path("/etc/other/config.yaml"), INSTALLED / "a/b/c.yaml")
    for config in elsewhere:
        assert surroundings(config, None, {}) == {}
    assert surroundings(ONE, Path("here"), {}) == {}
    told = {STATE_DIRECTORY: "/state", RUNTIME_DIRECTORY: "/run/mine"}
    assert surroundings(ONE, None, told) == told


def test_each_command_looks_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {name: str(tmp_path / name) for name in (STATE_DIRECTORY, LOGS_DIRECTORY, RUNTIME_DIRECTORY)}
    monkeypatch.setattr(places, "surroundings", lambda config, state, environment: {**folders, **environment})
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("  log: {folder: 'LOGS'}\n", ""), encoding="utf-8")
    path = tmp_path / STATE_DIRECTORY / "sim" / "journal.sqlite"
    journal = SqliteJournal(path, "r1")
    journal.write([Entry("note", 1000, {"text": "x"}, "", "")])
    journal.close()
    log = tmp_path / LOGS_DIRECTORY / "vibe-quant.log"
    log.parent.mkdir()
    log.write_text("2026-11-21 10:00:00.001Z INFO     stopped |\n", encoding="utf-8")

    def asked(*words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(config)], env=dict.fromkeys(folders))

    assert "rows     1 that hold" in asked("journal", "verify").stdout
    assert "stopped" in asked("logs").stdout
    assert str(path) in asked("report").stderr
    found = {one["check"]: one["text"] for one in json.loads(asked("doctor", "--offline", "--json").stdout)}
    assert str(path) in found["journal"]
    assert folders[RUNTIME_DIRECTORY] in found["service"]

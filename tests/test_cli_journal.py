from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from tests.journal.past import BOUND_MS, prune
from tests.journal.rows import SYMBOL, T0, fill, intent, opened, tamper, written
from typer.testing import CliRunner, Result

from vibe_quant.cli.app import app
from vibe_quant.config.loader import ConfigLoader
from vibe_quant.journal import pruning


def run(*args: object) -> Result:
    return CliRunner().invoke(app, ["journal", *(str(arg) for arg in args)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "j", [intent(1), fill(7, T0 + 1000), intent(2, T0 + 2000, "ÄÖ/USDT:USDT")])


def test_a_good_journal(path: Path) -> None:
    done = run("verify", "--path", path)
    assert done.exit_code == 0
    assert "rows     3 that hold" in done.stdout
    assert "2023-11-14 22:13:20.000+00:00 to 2023-11-14 22:13:22.000+00:00" in done.stdout
    assert "verdict  good" in done.stdout
    assert "note" not in done.stdout
    (path.parent / "j.head").unlink()
    assert "note     " in run("verify", "--path", path).stdout


def test_a_journal_whose_beginning_is_gone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "STEP", 1)
    monkeypatch.setattr(pruning, "LEAST", 1)
    journal = opened(path)
    prune(journal, T0 + BOUND_MS + 1500)
    journal.close()
    done = run("verify", "--path", path)
    assert done.exit_code == 0
    assert "rows     2 that hold, behind 2 that were removed as journal.keep_days has it" in done.stdout
    assert "span     2023-11-14 22:13:22.000+00:00 to 2023-11-22 22:13:21.500+00:00" in done.stdout
    assert "MiB\n" in done.stdout
    found = json.loads(run("verify", "--path", path, "--json").stdout)
    assert (found["good"], found["rows"], found["removed"], found["size"]) == (True, 2, 2, path.stat().st_size)
    said = run("show", "--path", path, "--kind", "pruned").stdout
    assert "removed: 2 rows up to 2, the newest of 2023-11-14 22:13:21.000+00:00; the checksum of the last is" in said


def test_a_broken_journal(path: Path) -> None:
    tamper(path, "UPDATE entries SET at_ms = 9223372036854775807 WHERE seq = 2")
    done = run("verify", "--path", path)
    assert done.exit_code == 3
    assert "verdict  BROKEN: row 2 does not match its checksum" in done.stdout
    assert "9223372036854775807 ms" in done.stdout
    found = json.loads(run("verify", "--path", path, "--json").stdout)
    assert (found["good"], found["rows"], found["first_bad"]) == (False, 1, 2)


def test_nothing_to_read(tmp_path: Path) -> None:
    for line in (("verify", "--path", tmp_path / "j"), ("show", "--path", tmp_path / "j")):
        done = run(*line)
        assert done.exit_code == 2
        assert done.stderr


def test_an_empty_journal(tmp_path: Path) -> None:
    done = run("verify", "--path", written(tmp_path / "j", []))
    assert "span     - to -" in done.stdout


def test_the_configuration_names_it(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.yaml"
    example = (Path(__file__).parents[1] / "config" / "config.yaml").read_text(encoding="utf-8")
    config.write_text(example, encoding="utf-8")
    venue = ConfigLoader().load(config).settings.shared.venue.value
    missing = run("verify", "--config", config, "--state", tmp_path)
    assert missing.exit_code == 2
    assert f"journal {tmp_path / venue / 'journal.sqlite'}: there is no such file" in missing.stderr
    written(tmp_path / "made" / venue / "journal.sqlite", [intent(1)])
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path / 'made'}:/other")
    assert "rows     1 that hold" in run("verify", "--config", config).stdout
    named = example.replace("#path: null ", f"path: {path} ")
    assert named != example
    config.write_text(named, encoding="utf-8")
    done = run("verify", "--config", config)
    assert done.exit_code == 0, done.output
    assert f"journal  {path}" in done.stdout
    assert run("verify", "--config", config, "--path", path).exit_code == 2
    monkeypatch.setenv("VIBE_QUANT_CONFIG", str(config))
    assert f"journal  {path}" in run("verify").stdout
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIBE_QUANT_CONFIG")
    assert "config/config.yaml" in run("verify").stderr


def test_rows_are_shown(path: Path) -> None:
    lines = run("show", "--path", path).stdout.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("       2 2023-11-14 22:13:21.000+00:00 fill     BTC/USDT:USDT LONG {"), (
        "an odd one whole"
    )
    assert "ÄÖ/USDT:USDT" in lines[2]
    chosen = run(
        "show", "--path", path, "--since", "2023-11-14T22:13:21", "--kind", "fill", "--symbol", SYMBOL, "--json"
    )
    rows = [json.loads(line) for line in chosen.stdout.splitlines()]
    assert [(row["seq"], row["body"]["trade_id"]) for row in rows] == [(2, 7)]
    assert len(run("show", "--path", path, "--since", "2023-11-14T23:13:22+01:00").stdout.splitlines()) == 1
    wrong = run("show", "--path", path, "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "is no time" in wrong.stderr


def test_damaged_rows_are_shown_as_they_are(path: Path) -> None:
    tamper(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE entries SET body = CAST(X'FF22' AS TEXT) WHERE seq = 1")
    connection.commit()
    connection.close()
    assert r"\udcff" in run("show", "--path", path).stdout
    assert r"\udcff" in run("show", "--path", path, "--json").stdout.splitlines()[0]

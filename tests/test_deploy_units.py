"""The units: what systemd says of them, and that their times and exit codes fit the program's own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from vibe_quant.app.service_manager import BEAT_S, PROLONGED_S
from vibe_quant.cli import failure
from vibe_quant.domain.settings import GlobalSettings

ROOT = Path(__file__).resolve().parents[1]
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
ONE, EACH, ALARM = (
    SYSTEMD / "vibe-quant.service",
    SYSTEMD / "vibe-quant@.service",
    SYSTEMD / "vibe-quant-alarm@.service",
)
MOST_EXPOSED = 15
"""systemd-analyze's exposure times ten."""
MIRROR_S = 10.0
"""What the last rows may take longer where the mirror's database hangs."""
SETTLE_S = 1.0
"""What Application waits for requests under way once the orders are gone."""
SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600}

analysed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")


def values(unit: Path, name: str) -> list[str]:
    found = [line for line in unit.read_text(encoding="utf-8").splitlines() if line.startswith(f"{name}=")]
    return [line.partition("=")[2] for line in found]


def seconds(unit: Path, name: str) -> float:
    (text,) = values(unit, name)
    number, suffix = re.fullmatch(r"(\d+)(\w*)", text).groups()  # type: ignore[union-attr]  # the test fails where not
    return float(number) * SECONDS[suffix]


def installed(folder: Path) -> list[Path]:
    """The units as installed below ``folder``, with something to be started there."""
    for name in ("bin/vibe-quant", "libexec/alarm"):
        program = folder / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n", encoding="ascii")
        program.chmod(0o755)
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/vibe-quant/current", str(folder))
        (folder / unit.name).write_text(text, encoding="utf-8")
    return [folder / unit.name for unit in UNITS]


@analysed
def test_systemd_has_nothing_to_say_against_them(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *installed(tmp_path)], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "vibe-quant" in line]
    assert told == []
    assert done.returncode == 0, done.stderr


@analysed
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_they_are_exposed_to_as_little_as_can_be(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout[-300:]


def test_all_are_there() -> None:
    assert set(UNITS) == {ONE, EACH, ALARM}


@pytest.mark.parametrize("unit", [ONE, EACH], ids=lambda unit: unit.name)
class TestTimes:
    def test_a_stop_has_the_time_it_needs(self, unit: Path) -> None:
        assert seconds(unit, "TimeoutStopSec") >= GlobalSettings().stop_timeout_s + SETTLE_S + MIRROR_S + 20

    def test_signs_of_life_come_three_times_in_a_watchdogs_and_a_starts_patience(self, unit: Path) -> None:
        assert seconds(unit, "WatchdogSec") >= 3 * BEAT_S
        assert PROLONGED_S >= 3 * BEAT_S
        assert seconds(unit, "TimeoutStartSec") >= 3 * BEAT_S

    def test_an_hours_starts_are_many_and_bounded(self, unit: Path) -> None:
        burst = int(values(unit, "StartLimitBurst")[0])
        assert 5 <= burst <= 60
        assert burst * seconds(unit, "RestartSec") < seconds(unit, "StartLimitIntervalSec"), "or it never bites"

    def test_what_no_restart_cures_is_not_restarted_and_a_refused_start_is(self, unit: Path) -> None:
        assert values(unit, "Restart") == ["on-failure"]
        (prevented,) = values(unit, "RestartPreventExitStatus")
        assert {int(code) for code in prevented.split()} == {failure.UNREADABLE, failure.INVALID}
        assert failure.BROKEN not in {int(code) for code in prevented.split()}


@pytest.mark.parametrize("unit", [ONE, EACH], ids=lambda unit: unit.name)
class TestPromises:
    def test_real_money_needs_a_drop_in(self, unit: Path) -> None:
        (start,) = values(unit, "ExecStart")
        assert start.endswith(" $VIBE_QUANT_LIVE")
        assert "--live" not in start
        (environment,) = values(unit, "Environment")
        assert "VIBE_QUANT_LIVE= " in environment
        assert "Environment=VIBE_QUANT_LIVE=--live" in unit.read_text(encoding="utf-8").partition("[Unit]")[0]

    def test_no_secret_is_in_the_environment_or_on_the_command_line(self, unit: Path) -> None:
        named = {line.partition(":")[0] for line in values(unit, "LoadCredential")}
        assert named == {"api_key", "api_secret", "telegram_token", "web_token", "pg_password"}
        assert values(unit, "LimitCORE") == ["0"]
        assert not values(unit, "EnvironmentFile")

    def test_it_is_killed_only_after_it_was_asked(self, unit: Path) -> None:
        assert values(unit, "Type") == ["notify"]
        assert values(unit, "NotifyAccess") == ["main"]
        assert values(unit, "KillMode") == ["mixed"]
        assert not values(unit, "KillSignal")


def test_the_template_is_the_unit_with_an_account() -> None:
    """No folder of one account stands inside another's: systemd removes a runtime folder with all that is in it."""

    def settings(unit: Path) -> list[str]:
        lines = unit.read_text(encoding="utf-8").partition("[Unit]")[2].splitlines()
        return [line for line in lines if line and not line.startswith("#")]

    one, each = settings(ONE), settings(EACH)
    plain = [
        line.replace(", account %i", "").replace("-%i", "").replace("/etc/vibe-quant/%i/", "/etc/vibe-quant/")
        for line in each
    ]
    assert plain == one
    for name in ("StateDirectory", "LogsDirectory", "RuntimeDirectory"):
        assert values(EACH, name) == ["vibe-quant-%i"]
        assert values(ONE, name) == ["vibe-quant"]


def test_the_alarm_says_what_to_do_and_hands_over(tmp_path: Path) -> None:
    hook = tmp_path / "on-failure"
    alarm = [str(SYSTEMD / "alarm.sh"), "vibe-quant.service"]
    done = subprocess.run(alarm, capture_output=True, text=True, check=True, env={"VIBE_QUANT_ON_FAILURE": str(hook)})
    (line,) = done.stdout.splitlines()
    assert line.startswith("<0>vibe-quant.service has failed")
    assert "Protective stops at the exchange stand" in line
    hook.write_text('#!/bin/sh\necho "told: $1"\n', encoding="ascii")
    hook.chmod(0o755)
    done = subprocess.run(alarm, capture_output=True, text=True, check=True, env={"VIBE_QUANT_ON_FAILURE": str(hook)})
    assert done.stdout.splitlines()[1] == "told: vibe-quant.service"


def test_the_alarm_reaches_the_program_it_hands_over_to() -> None:
    """It stands in a folder that the installer closes to all but root and the service's group."""
    script = (SYSTEMD / "install.sh").read_text(encoding="utf-8")
    assert 'install -d -m 0750 -o root -g "$ACCOUNT" "$ETC"' in script
    assert values(ALARM, "SupplementaryGroups") == values(ONE, "Group")

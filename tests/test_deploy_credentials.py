"""with-credentials.sh, systemd played: what of a unit reaches doctor and check, and that nothing else is run by it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[1] / "deploy" / "systemd"
SCRIPT = SYSTEMD / "with-credentials.sh"
NAMES = ("api_key", "api_secret", "telegram_token", "web_token", "pg_password")
PROGRAM = "/opt/vibe-quant/current/bin/vibe-quant"
PLAYED = """#!/bin/sh
# Plays systemctl: the unit's text, with a drop-in where one was put.
case $1-$2 in
    cat-vibe-quant.service) cat "$UNITS/vibe-quant.service" ;;
    cat-vibe-quant@*.service) cat "$UNITS/vibe-quant@.service" ;;
    *) exit 1 ;;
esac
[ ! -e "$DROP_IN" ] || cat "$DROP_IN"
"""
RUN = """#!/bin/sh
printf '%s\\n' "$@" >"$ASKED"
exit 7
"""
booted = pytest.mark.skipif(
    shutil.which("systemd-run") is None or Path("/run/systemd/system").exists(),
    reason="systemd-run is not installed here, or a systemd is there that would do it",
)
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    for name, text in (("systemctl", PLAYED), ("systemd-run", RUN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    def called(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "UNITS": str(SYSTEMD),
            "DROP_IN": str(tmp_path / "drop-in"),
            "ASKED": str(tmp_path / "asked"),
        }
        return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, check=False, env=environment)

    return called


def asked(folder: Path) -> list[str]:
    """What systemd-run was given."""
    return (folder / "asked").read_text(encoding="utf-8").splitlines()


def credentials(folder: Path) -> list[str]:
    return [word.removeprefix("--property=") for word in asked(folder) if "Credential" in word]


def test_doctor_gets_the_units_credentials_user_and_configuration_and_its_exit_code_is_kept(
    run: Run, tmp_path: Path
) -> None:
    assert run("doctor", "--json").returncode == 7
    words = asked(tmp_path)
    assert words[-4:] == ["--", PROGRAM, "doctor", "--json"]
    assert credentials(tmp_path) == [f"LoadCredential={name}:vibe-quant.{name}" for name in NAMES]
    for needed in ("--wait", "--collect", "--pipe", "--pty", "--property=User=vibe-quant", "--property=LimitCORE=0"):
        assert needed in words
    assert "--setenv=VIBE_QUANT_CONFIG=/etc/vibe-quant/config.yaml" in words


def test_an_account_of_several_gets_its_own(run: Run, tmp_path: Path) -> None:
    run("--unit", "vibe-quant@one.service", "check", "--online")
    assert credentials(tmp_path) == [f"LoadCredential={name}:vibe-quant-one.{name}" for name in NAMES]
    assert "--setenv=VIBE_QUANT_CONFIG=/etc/vibe-quant/one/config.yaml" in asked(tmp_path)
    assert asked(tmp_path)[-3:] == [PROGRAM, "check", "--online"]


def test_a_drop_in_rules_as_it_does_for_the_service(run: Run, tmp_path: Path) -> None:
    encrypted = "LoadCredentialEncrypted=api_key:vibe-quant.api_key"
    (tmp_path / "drop-in").write_text(f"[Service]\nLoadCredential=\n{encrypted}\n", encoding="utf-8")
    run("doctor")
    assert credentials(tmp_path) == [encrypted]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "--live"), "run is not run here"),
        ((), "which command?"),
        (("--unit",), "--unit needs a value"),
        (("--unit", "sshd", "doctor"), "sshd is no unit of vibe-quant"),
        (("--unit", "vibe-quant@", "doctor"), "is no unit of vibe-quant"),
    ],
)
def test_what_is_not_meant_runs_nothing(run: Run, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = run(*words)
    assert (done.returncode, (tmp_path / "asked").exists()) == (2, False)
    assert says in done.stderr


def test_a_unit_that_is_not_installed_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    done = run("doctor")
    assert done.returncode == 2
    assert "vibe-quant.service is not installed" in done.stderr
    assert run("--help").returncode == 0


@booted
def test_systemd_run_knows_every_option(run: Run, tmp_path: Path) -> None:
    """The real one gets as far as looking for a systemd, which is not here."""
    run("doctor")
    environment = {**os.environ, "LC_ALL": "C"}
    words = ["/bin/true" if word == PROGRAM else word for word in asked(tmp_path)]
    done = subprocess.run(["systemd-run", *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert re.search("bus|booted with systemd", done.stderr), done.stderr
    assert "option" not in done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_knows_every_property(run: Run, tmp_path: Path) -> None:
    run("doctor")
    words = [word.removeprefix("--property=") for word in asked(tmp_path) if word.startswith("--property=")]
    unit = tmp_path / "once.service"
    unit.write_text("\n".join(["[Service]", *words, "ExecStart=/bin/true"]) + "\n", encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "once.service" in line]
    assert told == []
    unit.write_text("[Service]\nLoadCredentials=x:y\nExecStart=/bin/true\n", encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert "Unknown key" in done.stderr, "what is unknown is told"

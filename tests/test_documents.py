"""The documents are true: each command in them is run or accounted for, and what they name is there."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.documents import DOCUMENTS, ROOT, commands, dotted, files, links, row, text_of
from tests.documents_stage import PATIENCE_S, Stage
from tests.test_cli_examples import COMMANDS, parsed
from tests.test_deploy_scripts import Host
from typer.testing import CliRunner

from vibe_quant.app.web_access import LINK
from vibe_quant.cli import failure
from vibe_quant.cli.app import app

FOUND = commands()
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKS = "order_sent"
SERVES = {"run": WORKS, "sim serve": "api_secret"}
"""Commands that go on until they are stopped -> what they say once they work."""
ASKS = {"init", "flatten", "reload", "--panic"}
"""What these ask a person is confirmed by --yes here."""
FILLED = {"SYMBOL SIDE": "BTC LONG", "SYMBOL": "BTC", "TAPE": "btc.parquet", "NAME": "one"}
LEFT_OUT = {
    "vibe-quant init": "--config config/another.yaml",
    "vibe-quant replay TAPE ...": "--symbol BTC/USDT:USDT --side LONG --qty 2",
    "vibe-quant tape import": "btc.parquet --symbol BTC/USDT:USDT -o another.parquet",
    "vibe-quant tape info": "btc.parquet",
    "vibe-quant tape generate": "--duration 5 -o made.parquet",
}
"""What a command that is named without its arguments is given."""


def target(command: str) -> None:
    """A target of the Makefile; variables are ones that it knows."""
    [_, name, *more] = command.split()
    assert re.search(rf"^{re.escape(name)}:.*## ", MAKEFILE, re.MULTILINE), f"make has no target {name}"
    for one in more:
        assert re.search(rf"^{one.partition('=')[0]} *\?=", MAKEFILE, re.MULTILINE)


def module(command: str) -> None:
    """A module that is there, for a folder or a word that it knows."""
    name, *arguments = re.split(r"python -m ", command)[1].split()
    found = importlib.util.find_spec(name)
    assert found is not None
    for word in arguments:
        there = "/" in word and (ROOT / word).is_dir()
        assert there or word.startswith("-") or word.isdigit() or word in Path(found.origin or "").read_text("utf-8")


def unit(command: str) -> None:
    """A verb of systemctl, and a unit that is shipped."""
    words = command.removeprefix("sudo ").split()[1:]
    assert words[0] in {"edit", "start", "status", "reload", "restart", "stop"}
    for name in words[1:]:
        assert (ROOT / "deploy/systemd" / re.sub(r"@\w+$", "@", name)).with_suffix(".service").exists()


def credential(command: str) -> None:
    """One that the unit takes."""
    text = (ROOT / "deploy/systemd/vibe-quant.service").read_text(encoding="utf-8")
    assert f"LoadCredential={command.rpartition('/')[2].partition('.')[2]}:" in text.replace("LoadCredential=-", "")


def option(command: str) -> None:
    """Options that the script's usage holds."""
    script, *words = command.split()
    usage = subprocess.run([ROOT / "deploy/systemd" / script, "--help"], capture_output=True, text=True, check=True)
    assert words[0] in usage.stdout


def composed(command: str) -> None:
    """The file is there, and has the profile and the service; what runs in the service parses."""
    words = command.split()
    compose: dict[str, Any] = yaml.safe_load((ROOT / words[words.index("-f") + 1]).read_text(encoding="utf-8"))
    profiles = {name for one in compose["services"].values() for name in one.get("profiles", [])}
    assert "--profile" not in words or words[words.index("--profile") + 1] in profiles
    if "exec" in words:
        service, *rest = words[words.index("exec") + 1 :]
        assert service in compose["services"]
        if rest[0] == "vibe-quant":
            parsed(" ".join(rest))
        else:
            assert rest == ["cat", f"/run/vibe-quant/{LINK}"]


def credited(command: str) -> None:
    """The program is installed there; what it is given parses as a command of ours."""
    program, *words = command.removeprefix("sudo ").split()
    install = (ROOT / "deploy/systemd/install.sh").read_text(encoding="utf-8")
    assert program.replace("/opt/vibe-quant/current/", "$target/") in install
    assert words[0] in ("doctor", "check")
    parsed(f"vibe-quant {' '.join(words)}")


def inner(command: str) -> None:
    """A command of ours, as another user or with real money."""
    parsed(command.partition("-u vibe-quant ")[2] or command)


SUITE, REAL, HOST = "runs a suite, which this is part of", "needs Binance", "needs root and systemd"
ELSEWHERE: dict[str, tuple[str, Callable[[str], None]]] = {
    **{
        f"make {name}": (SUITE, target) for name in ("test", "test-e2e", "test-all", "test-fills", "test-units", "seek")
    },
    **{f"make {name}": ("writes into the repository", target) for name in ("format", "schema", "pictures")},
    **{f"make {name}": ("needs a package index", target) for name in ("lock", "wheels", "run PYTHON=python3.12")},
    "make bench": ("takes minutes of a quiet machine", target),
    "make run": ("is vibe-quant run with config/demo.yaml, see below, until flat", target),
    ".venv/bin/python -m pytest tests/core -q": (SUITE, module),
    "python -m tests.bench.live observers": ("takes minutes of a quiet machine", module),
    "python -m tests.bench.request_count 20 100": ("takes minutes", module),
    "vibe-quant run --config config/my.yaml --live": (REAL, inner),
    "vibe-quant doctor --probe BTC/USDT:USDT LONG": (REAL, inner),
    "sudo -u vibe-quant vibe-quant status --config /etc/vibe-quant/config.yaml": (HOST, inner),
    "sudo systemd-creds encrypt --name=api_key - /etc/credstore.encrypted/vibe-quant.api_key": (HOST, credential),
    **{f"sudo systemctl {verb} vibe-quant": (HOST, unit) for verb in ("edit", "stop")},
    **{f"systemctl {rest}": (HOST, unit) for rest in ("edit vibe-quant", "start vibe-quant@NAME")},
    **{f"systemctl {verb}": (HOST, unit) for verb in ("status", "reload", "restart", "stop")},
    "install.sh --wheels build/wheels": ("needs wheels", option),
    "git pull": ("needs a remote", lambda _: None),
    **{
        f"docker compose -f deploy/docker/compose.yaml {rest}": ("needs docker", composed)
        for rest in (
            "up -d --build",
            "--profile postgres up -d --build",
            "exec vibe-quant vibe-quant status",
            f"exec vibe-quant cat /run/vibe-quant/{LINK}",
        )
    },
    **{
        f"sudo /opt/vibe-quant/current/libexec/with-credentials {command}": (HOST, credited)
        for command in ("doctor", "check --online")
    },
}
"""Commands that are not run here -> (why, what is looked at instead)."""


def filled(command: str) -> str:
    """What is to be typed: no brackets, names in place of placeholders."""
    given = re.sub(r" ?\[[^]]*\]", "", command.removeprefix(".venv/bin/")).replace(
        "python -m vibe_quant ", "vibe-quant "
    )
    if command in LEFT_OUT:
        given = f"{given.removesuffix(' ...')} {LEFT_OUT[command]}"
    for name, value in FILLED.items():
        given = re.sub(rf"\b{name}\b", value, given)
    return given


RUN = sorted({filled(command) for command in FOUND if command not in ELSEWHERE})


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Long positions for the whole time."""
    at = Stage(tmp_path_factory.mktemp("documents"))
    config = at.folder / "config"
    config.mkdir()
    for file in (ROOT / "config").glob("*.*"):
        if file.name not in ("my.yaml", "vibe-quant.env"):
            (config / file.name).write_bytes(file.read_bytes())
    runner = CliRunner()
    made = runner.invoke(app, ["tape", "generate", "--duration", "20", "-o", str(at.folder / "btc.parquet")])
    assert made.exit_code == 0, made.output
    made = runner.invoke(app, ["init", "--yes", "--side", "LONG", "--config", str(config / "my.yaml")])
    assert made.exit_code == 0, made.output
    text = (config / "my.yaml").read_text(encoding="utf-8")
    assert text.count("qty: 0.05") == 1
    text = text.replace("qty: 0.05", "qty: 0.5").replace("\nglobal:\n", "\nglobal:\n  web: {port: 0}\n")
    (config / "my.yaml").write_text(text, encoding="utf-8")
    with at.going(["run"], WORKS):
        yield at


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """With a version installed, and one before it."""
    made = Host(tmp_path_factory.mktemp("host"))
    for made.version in ("3.11.2", "3.12.0"):
        assert made.install().returncode == 0
    return made


@pytest.mark.parametrize("command", RUN)
def test_a_command_does_what_it_says(
    command: str, stage: Stage, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(command)
    if words[0] == "vibe-quant":
        perform(words[1:], stage, tmp_path, monkeypatch)
    elif command.startswith("python -m "):
        subprocess.run([sys.executable, *words[1:]], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    elif script := re.fullmatch(r"sudo deploy/systemd/(\w+\.sh)( .*)?", command):
        more = shlex.split(script[2] or "")
        done = host.install(*more) if script[1] == "install.sh" else host.call(script[1], *more, "--yes")
        assert done.returncode == 0, done.stderr
    elif words[0] in ("export", "set"):
        subprocess.run(["bash", "-euc", command], cwd=stage.folder, check=True)
    else:
        pytest.fail(f"a document has a command that no test runs: {command}")


def perform(words: list[str], stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of ours: against the service, or in a folder of its own where it is one itself, or makes files."""
    for begin, says in SERVES.items():
        if words[: len(begin.split())] == begin.split():
            with stage.beside(tmp_path).going(words, says):
                return
    if words == ["logs", "-f"]:
        follow(stage)
        return
    at = stage.beside(tmp_path, mine=False) if words[0] in ("init", "tape") else stage
    monkeypatch.chdir(at.folder)
    more = ["--yes"] if ASKS.intersection(words) else []
    done = CliRunner().invoke(app, [*words, *more], env={**dict.fromkeys(os.environ, None), **at.environment})
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() or done.stderr.strip()


def follow(stage: Stage) -> None:
    """It shows what comes, until it is interrupted."""
    command = [sys.executable, "-m", "vibe_quant", "logs", "-f"]
    with subprocess.Popen(
        command, cwd=stage.folder, env=stage.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert any(" | " in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(PATIENCE_S) == 128 + signal.SIGINT


@pytest.mark.parametrize("command", [command for command in FOUND if "[" in command])
def test_what_stands_in_brackets_is_an_option(command: str) -> None:
    parsed(re.sub(r"[\[\]]", "", command))


@pytest.mark.parametrize("command", ELSEWHERE)
def test_what_cannot_be_run_here_is_there(command: str) -> None:
    assert command in FOUND, "no document holds it any more"
    why, look = ELSEWHERE[command]
    assert why
    look(command)


def test_make_run_is_the_command_that_is_run_here() -> None:
    recipe = MAKEFILE.partition("\nrun: ")[2].partition("\n\n")[0]
    assert "vibe-quant run --config config/demo.yaml --until-flat" in recipe
    assert "vibe-quant run --config config/demo.yaml --until-flat" in RUN


def test_the_table_of_commands_is_that_of_the_program() -> None:
    lines = [line.split("|")[1] for line in text_of("README.md").splitlines() if line.startswith("| `vibe-quant ")]
    told = {command.removeprefix("vibe-quant ") for line in lines for command in row(re.findall(r"`([^`]+)`", line))}
    assert {name for name in COMMANDS if not any(f"{one} ".startswith(f"{name} ") for one in told)} == set()


def test_the_table_of_exit_codes_is_that_of_the_program() -> None:
    told = re.findall(r"^\| (\d) \|", text_of("README.md"), re.MULTILINE)
    assert told == re.findall(r"^  (\d)  ", failure.CODES, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_is_there(document: str) -> None:
    text, folder = text_of(document), (ROOT / document).parent
    assert [link for link in links(text) if not (folder / link).exists()] == []
    bases = (ROOT, ROOT / "src" / "vibe_quant", ROOT / "src" / "vibe_quant" / "sim", folder)
    assert [name for name in files(text) if not any((base / name).exists() for base in bases)] == []
    settings = set(known())
    groups = {part for name in settings for part in name.split(".")[:-1]}
    named = [name for name in dotted(text) if name.split(".")[0] in groups and not is_file(name)]
    assert [name for name in named if not any(f".{one}".endswith(f".{name}") for one in settings)] == []


def is_file(name: str) -> bool:
    """Rather than a setting."""
    return name.rpartition(".")[2] in ("py", "md", "yaml", "json", "sh", "sqlite", "log")


def known() -> Iterator[str]:
    """Every setting and group of settings, ``global.risk.panic_close.enabled``."""
    schema = json.loads((ROOT / "config" / "config.schema.json").read_text(encoding="utf-8"))
    yield from below("global", schema["properties"]["global"])


def below(path: str, node: dict[str, Any]) -> Iterator[str]:
    yield path
    for name, child in node.get("properties", {}).items():
        yield from below(f"{path}.{name}", child)

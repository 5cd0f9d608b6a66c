"""Every command has examples that parse, stands in the help, and is completed by Tab."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from vibe_quant.cli import failure
from vibe_quant.cli.app import app
from vibe_quant.cli.completion import short_name
from vibe_quant.cli.groups import GROUPS

ROOT = Path(__file__).resolve().parents[1]
HELP: Any = typer.main.get_command(app)


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(HELP))


def examples(text: str) -> list[str]:
    """The command lines of a help text; one that goes on in the next line is one."""
    joined = re.sub(r"\\\n\s+", "", text)
    return [line.strip() for line in joined.splitlines() if line.strip().startswith("vibe-quant ")]


def parsed(line: str) -> None:
    """Fails where the command or an option of it is none."""
    words = shlex.split(line)[1:]
    if ">" in words:
        words = words[: words.index(">")]
    command = HELP
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    with command.make_context("example", words):
        pass


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_of_itself_that_parses(name: str) -> None:
    found = examples(COMMANDS[name].help)
    assert found, f"{name} has no example"
    for line in found:
        assert line.startswith(f"vibe-quant {name}")
        parsed(line)


def test_the_examples_of_the_whole_parse() -> None:
    found = examples(HELP.help)
    assert len(found) >= 5
    for line in found:
        parsed(line)


def test_each_command_stands_in_one_group_and_all_are_listed() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(HELP.commands)
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    for title, names in GROUPS.items():
        at = lines.index(f"{title}:")
        assert [line.split()[0] for line in lines[at + 1 : at + 1 + len(names)]] == list(names)
        assert all(not line.endswith("...") for line in lines[at + 1 : at + 1 + len(names)])


def test_the_version_is_told_both_ways() -> None:
    said = [CliRunner().invoke(app, [words]) for words in ("version", "--version")]
    assert said[0].exit_code == said[1].exit_code == 0
    assert said[0].stdout == said[1].stdout != ""


def test_each_exit_code_stands_in_the_one_table() -> None:
    codes = {value for name, value in vars(failure).items() if name.isupper() and type(value) is int}
    table = {int(found) for found in re.findall(r"^  (\d+)  ", failure.CODES, re.MULTILINE)}
    assert codes | {0} == table
    assert failure.CODES in HELP.help
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = readme.split("| exit code | means |")[1].split("\n\n")[0]
    said = re.findall(r"^\| (\d+) \| (.*) \|$", told.replace("`", ""), re.MULTILINE)
    helped = re.findall(r"^(\d+)  (.*)$", re.sub(r"\n {5}", " ", failure.CODES).replace("\n  ", "\n"), re.MULTILINE)
    assert said == helped, "one table, in the same words"
    assert failure.INTERRUPTED == 128 + signal.SIGINT


def completed(words: str, **more: str) -> list[str]:
    """What bash is told for a line that is not finished."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "_VIBE_QUANT_COMPLETE": "complete_bash"}
    environment |= {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1), **more}
    done = subprocess.run(
        [sys.executable, "-m", "vibe_quant"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_tab_completes_commands_options_symbols_and_sides(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text('global: {}\nsymbols: {"BTC/USDT:USDT": , "ETH/USDC:USDC": }\n', encoding="utf-8")
    assert completed("vibe-quant fl") == ["flatten"]
    assert "--dry-run" in completed("vibe-quant reload --")
    assert completed("vibe-quant why ", VIBE_QUANT_CONFIG=str(config)) == ["BTCUSDT", "ETHUSDC"]
    assert completed("vibe-quant why e", VIBE_QUANT_CONFIG=str(config)) == ["ethusdc"]
    assert completed("vibe-quant why E", VIBE_QUANT_CONFIG=str(config)) == ["ETHUSDC"]
    assert completed("vibe-quant why BTCUSDT s") == ["short"]
    assert completed("vibe-quant flatten ", VIBE_QUANT_CONFIG=str(config)) == ["BTCUSDT", "ETHUSDC", "all"]
    assert completed(f"vibe-quant pause --config {config} B") == ["BTCUSDT"]
    assert completed("vibe-quant logs --level e") == ["error"]
    assert completed("vibe-quant resume ", VIBE_QUANT_CONFIG=str(tmp_path / "none")) == ["all"]
    assert short_name("1000SHIB/USDT:USDT") == "1000SHIBUSDT"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_of_a_shell_is_one(shell: str, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["completion", shell])
    assert told.exit_code == 0
    assert "_VIBE_QUANT_COMPLETE=complete_" + shell in told.stdout
    if shell == "bash":
        script = tmp_path / "script"
        script.write_text(told.stdout, encoding="utf-8")
        subprocess.run(["bash", "-n", str(script)], check=True)
    else:  # a file of fpath is run at the first Tab, which wants its completions too
        assert re.search(
            r'"\$\{funcstack\[1\]\}" = _vibe-quant \]\]; then\n +_vibe_quant_completion "\$@"', told.stdout
        )
    assert CliRunner().invoke(app, ["completion", "cmd"]).exit_code == failure.UNREADABLE


def test_light_commands_load_nothing_heavy() -> None:
    """What takes time is loaded by those who need it: seconds are long at night."""
    heavy = ["ccxt", "sqlalchemy", "pyarrow", "aiohttp", "rich", "numpy", "matplotlib", "loguru"]
    for arguments in (["--help"], ["status", "--socket", "/nowhere/control.sock"], ["version"]):
        code = (
            "import sys; sys.argv = ['vibe-quant', *sys.argv[1:]]\n"
            "from vibe_quant.cli import main\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            f"print('loaded', [name for name in {heavy!r} if name in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "loaded []"

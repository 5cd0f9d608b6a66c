"""The outer shape of the repository: what is at the top, what the locks hold, and that the import contracts bite."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = {
    "requirements.txt": ("build",),
    "requirements-dev.txt": ("build", "test", "clients", "dev"),
    "requirements-hftbacktest.txt": ("build", "test", "hftbacktest"),
}
TOP_LEVEL = {
    *(".ci", ".gitignore", "CLAUDE.md", "Makefile", "README.md", "pyproject.toml"),
    *("config", "deploy", "logs", "memory-bank", "src", "tests"),
    *LOCKS,
}


def entries(lock: str) -> Iterator[tuple[Requirement, str]]:
    """Each locked requirement with the text of its hashes."""
    text = re.sub(r"^\s*#.*$", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip()):
        requirement, _, hashes = entry.partition("--hash=")
        yield Requirement(requirement.strip()), hashes


def pins(lock: str) -> dict[str, set[str]]:
    """Name -> the versions locked, one for each marker."""
    found: dict[str, set[str]] = {}
    for requirement, _ in entries(lock):
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier).removeprefix("=="))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_and_hashes_everything_and_names_no_host(lock: str) -> None:
    for requirement, hashes in entries(lock):
        assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement
        assert re.match(r"sha256:[0-9a-f]{64}", hashes), f"{requirement} has no hash"
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_lock_satisfies_pyproject(lock: str, extras: tuple[str, ...]) -> None:
    locked = pins(lock)
    asked = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    for line in asked:
        requirement = Requirement(line)
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{line} is not in {lock}: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), f"{line}: make lock"


def test_development_runs_on_the_pins_that_ship() -> None:
    shipped, development = pins("requirements.txt"), pins("requirements-dev.txt")
    assert shipped == {name: development.get(name) for name in shipped}


def test_top_level_holds_what_belongs_there() -> None:
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert {line.split("/")[0] for line in listed.splitlines()} <= TOP_LEVEL


def test_every_folder_is_a_package_so_that_the_contracts_see_it() -> None:
    folders = {path.parent for path in (ROOT / "src" / "vibe_quant").rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package and its contracts, to be broken."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return tmp_path


def contracts(root: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "COLUMNS": "200"}
    arguments = [sys.executable, "-c", command, "--no-cache"]
    return subprocess.run(arguments, cwd=root, env=environment, capture_output=True, text=True, check=False)


def test_contracts_hold(copy: Path) -> None:
    done = contracts(copy)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "line", "complaint"),
    [
        ("unplaced/__init__.py", "", "vibe_quant.unplaced"),
        ("domain/late.py", "import vibe_quant.core", "vibe_quant.domain is not allowed to import vibe_quant.core"),
        ("sim/late.py", "import vibe_quant.config", "vibe_quant.sim is not allowed to import vibe_quant.config"),
        ("core/late.py", "import time", "vibe_quant.core is not allowed to import time"),
        ("core/late.py", "import yaml", "vibe_quant.core is not allowed to import yaml"),
    ],
)
def test_contracts_refuse(copy: Path, path: str, line: str, complaint: str) -> None:
    file = copy / "src" / "vibe_quant" / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(line + "\n", encoding="utf-8")
    done = contracts(copy)
    assert done.returncode == 1
    assert complaint in done.stdout


def test_module_is_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["vibe-quant", "version"])
    with pytest.raises(SystemExit) as end:
        runpy.run_module("vibe_quant", run_name="__main__")
    assert end.value.code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", capsys.readouterr().out)

"""What is installed has every file that the program reads: a page without its script is found out here, not there."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "vibe_quant"
CODE = {".py", ".pyc"}


def test_every_file_beside_the_code_is_packaged() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-data"]
    packaged = {
        path
        for package, patterns in told.items()
        for pattern in patterns
        for path in (ROOT / "src").joinpath(*package.split(".")).glob(pattern)
    }
    there = {path for path in SOURCE.rglob("*") if path.is_file() and path.suffix not in CODE}
    assert there - packaged == set()
    assert there, "the page's files are among them"

"""The table of faults in the memory bank is whole: every kind that the exchange in a box knows, every story file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vibe_quant.sim.front.faults.reading import KINDS

TABLE = Path(__file__).parents[2] / "memory-bank" / "faults.md"
STORIES = Path(__file__).parent
ELSEWHERE = {"test_calm", "test_table", "test_paper"}
"""Of no fault, or described with what they are about."""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_fault_has_its_row(kind: str) -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    assert any(f"`{kind}`" in row.split("|")[1] for row in rows)


def test_every_story_file_is_named() -> None:
    text = TABLE.read_text(encoding="utf-8")
    for path in sorted(STORIES.glob("test_*.py")):
        name = path.stem.removeprefix("test_")
        families = {name, name.rpartition("_")[2], name.partition("_")[0]}
        assert path.stem in ELSEWHERE or any(re.search(rf"`{family}`|test_{family}", text) for family in families), name

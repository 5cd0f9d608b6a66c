"""The operator's guide explains each alarm that the program can raise, and none that it cannot."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "memory-bank" / "operators-guide.md"
SOURCE = ROOT / "src" / "vibe_quant"
pytestmark = pytest.mark.untraced
PASSED_ON = {
    "app/key_watch.py:_tell",
    "app/session.py:_with_journal",
    "app/start_findings.py:refusal",
    "core/execution.py:_perform",
    "core/machine.py:_ask_again",
}
"""Functions whose alarm is worded by others."""


def explained() -> list[list[str]]:
    """The first column of the table of alarms: parts of a text that stand in it in this order."""
    chapter = GUIDE.read_text(encoding="utf-8").partition("## 4. Alarms")[2].partition("\n## 5.")[0]
    rows = [line.split("|")[1] for line in chapter.splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def words(node: ast.AST) -> str:
    """Every literal text inside, joined as they stand, holes as blanks between; docstrings left out."""
    told = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr)}
    texts = [one for one in ast.walk(node) if isinstance(one, ast.Constant) and id(one) not in told]
    return " ".join(one.value for one in texts if isinstance(one.value, str))


def alarms() -> Iterator[tuple[str, str]]:
    """(where, all its literal text) of each function or constant of the source that raises an alarm."""
    for path in sorted(SOURCE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if ".ALARM" not in source:
            continue  # each process of the tests reads this when it collects them: quickly
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            given = [one for call in ast.walk(node) if isinstance(call, ast.Call) for one in call.args]
            raised = any(isinstance(one, ast.Attribute) and one.attr == "ALARM" for one in given)
            if raised:
                yield f"{path.relative_to(SOURCE)}:{node.name}", re.sub(r"\s+", " ", words(node))


@cache
def everything() -> str:
    texts = [words(ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(SOURCE.rglob("*.py"))]
    return re.sub(r"\s+", " ", " ".join(texts))


@pytest.mark.parametrize("parts", explained(), ids=" … ".join)
def test_what_it_explains_can_be_said(parts: list[str]) -> None:
    for part in parts:
        assert part in everything(), f"no text of the program holds {part!r}"


@pytest.mark.parametrize(("where", "text"), list(alarms()), ids=lambda value: value.partition(" ")[0])
def test_each_alarm_is_explained(where: str, text: str) -> None:
    found = any(all(part in text for part in parts) for parts in explained())
    assert found is (where not in PASSED_ON), f"{where} raises an alarm that {GUIDE.name} does not explain: {text}"

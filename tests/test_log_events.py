"""The table of the log's events against the code that writes them, and against the page that people read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from loguru import logger

from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind
from vibe_quant.log import Value, log, rendered

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "vibe_quant"
PAGE = ROOT / "memory-bank" / "log-events.md"
EVENTS = {name: one for name, one in vars(le).items() if isinstance(one, le.LogEvent)}
NOT_FIELDS = {"level", "defect"}
OWN_WORDS = {"sim/server/runner.py", "binance/dial.py", "telegram/wire.py"}
"""Of a process without this log; and where loggers of libraries are silenced."""


@dataclass(frozen=True)
class Use:
    """A call whose first argument is an event of the table."""

    where: str
    event: le.LogEvent
    fields: frozenset[str]
    level: str | None


def files() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SRC.rglob("*.py")):
        yield str(path.relative_to(SRC)), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Events that a file calls by their bare names."""
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    table = [node for node in froms if node.module == le.__name__]
    return {alias.name for node in table for alias in node.names} & set(EVENTS)


def events_of(node: ast.expr, bare: set[str]) -> list[le.LogEvent]:
    """``le.NAME``, ``NAME``, ``le.NOTICES[kind]``."""
    match node:
        case ast.Attribute(value=ast.Name(id="le" | "log_events"), attr=name) if name in EVENTS:
            return [EVENTS[name]]
        case ast.Name(id=name) if name in bare:
            return [EVENTS[name]]
        case ast.Subscript(
            value=ast.Attribute(attr="NOTICES"), slice=ast.Attribute(value=ast.Name(id="NoticeKind"), attr=kind)
        ):
            return [le.NOTICES[NoticeKind[kind]]]
        case ast.Subscript(value=ast.Attribute(attr="NOTICES")):
            return [one for kind, one in le.NOTICES.items() if kind is not NoticeKind.FILL]
        case _:
            return []


@cache
def uses() -> list[Use]:
    found: list[Use] = []
    for where, tree in files():
        bare = imported(tree)
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            fields = frozenset(word.arg for word in call.keywords if word.arg) - NOT_FIELDS
            level = None
            if len(call.args) > 1 and isinstance(call.args[1], ast.Attribute):
                level = call.args[1].attr
            found += [Use(f"{where}:{call.lineno}", one, fields, level) for one in events_of(call.args[0], bare)]
    return found


@pytest.mark.untraced
def test_each_use_has_exactly_the_fields_that_are_declared() -> None:
    wrong = {use.where: (use.event.name, use.fields ^ set(use.event.fields)) for use in uses()}
    assert {where: fields for where, (_, fields) in wrong.items() if fields} == {}


def test_each_event_is_used() -> None:
    """``note`` is what has no event of its own."""
    assert {one.name for one in le.EVENTS} - {use.event.name for use in uses()} == {le.NOTE.name}


def test_each_level_that_is_written_out_is_declared() -> None:
    names = {str(level) for level in le.Level}
    wrong = [use for use in uses() if use.level in names and use.level not in use.event.levels]
    assert wrong == []


@pytest.mark.untraced
def test_nobody_writes_into_the_log_past_the_table() -> None:
    """No logger but in the one way in and where its lines go."""
    others: list[str] = []
    for where, tree in files():
        if where in {"log.py", "app/logs.py"} | OWN_WORDS:
            continue
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            others += [f"{where}:{node.lineno}" for name in names if name in {"loguru", "logging"}]  # type: ignore[attr-defined]
    assert others == []


def test_names_are_each_ones_own_and_a_sentence_stands_last() -> None:
    names = [one.name for one in le.EVENTS]
    assert len(set(names)) == len(names)
    for one in le.EVENTS:
        assert re.fullmatch("[a-z]+(_[a-z]+)*", one.name)
        assert "text" not in one.fields[:-1]
        assert len(set(one.fields)) == len(one.fields)
        assert not NOT_FIELDS & set(one.fields)
        assert one.level not in one.also
    assert set(le.NOTICES) == set(NoticeKind)
    assert set(EVENTS.values()) | set(le.NOTICES.values()) == set(le.EVENTS)


def row(one: le.LogEvent) -> str:
    levels = ", ".join(one.levels)
    return f"| `{one.name}` | {levels} | {', '.join(one.fields) or '-'} | {one.meaning} |"


def test_the_page_lists_every_event_with_its_fields() -> None:
    """Print the rows to be pasted with: python -m tests.test_log_events"""
    listed = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert listed == [row(one) for one in le.EVENTS]


@pytest.fixture
def lines() -> Iterator[list[str]]:
    kept: list[str] = []
    sink = logger.add(lambda message: kept.append(str(message).rstrip("\n")), format="{level} {message}", level=0)
    yield kept
    logger.remove(sink)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", '""'),
        ("plain", "plain"),
        ("BTC/USDT:USDT", "BTC/USDT:USDT"),
        ("币安/USDT:USDT", "币安/USDT:USDT"),
        ("two words", '"two words"'),
        ('a "quote" \\', r'"a \"quote\" \\"'),
        ("a=b", '"a=b"'),
        ("a|b", '"a|b"'),
        ("line\nand \x1b[31m\u2028\u202e", r'"line\nand \x1b[31m\u2028\u202e"'),
        ("\x85", r'"\x85"'),
        (Decimal("1.500"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal(0), "0"),
        (Decimal("NaN"), "NaN"),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (0.1, "0.1"),
        (2.0, "2"),
        (le.Level.INFO, "INFO"),
    ],
)
def test_values(value: Value, text: str) -> None:
    assert rendered(le.NOTE, {"text": value}) == f"note | text={text}"


def test_a_line_keeps_the_declared_order_and_leaves_out_what_is_not_there(lines: list[str]) -> None:
    log(le.REFUSED, text="No {braces} <red>", code=-2022, client_id=None, request="submit", symbol="X")
    log(le.REFUSED, le.Level.INFO, symbol="X", request="submit", client_id="c", code=1, text="-")
    log(le.POSITION_CLOSED, symbol="X", side="LONG", more="a defect of the caller")
    log(le.NOTE)
    assert lines == [
        'WARNING refused | symbol=X request=submit code=-2022 text="No {braces} <red>"',
        "INFO refused | symbol=X request=submit client_id=c code=1 text=-",
        'INFO position_closed | symbol=X side=LONG more="a defect of the caller"',
        "INFO note |",
    ]


if __name__ == "__main__":
    print("\n".join(row(one) for one in le.EVENTS))  # noqa: T201

"""Shows a check of a configuration: JSON of a stable shape, tables for a terminal, plain lines for anything else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vibe_quant.config.effective import Row, Scope
from vibe_quant.config.problems import Problem, plain, shown


def as_json(path: Path, problems: Iterable[Problem], warnings: Iterable[Problem], scopes: Iterable[Scope]) -> str:
    """``{path, valid, problems, warnings, settings}``; decimals are strings, so that none passes through a float.

    ``problems`` and ``warnings`` hold ``{path, line, message}``; ``settings`` maps a scope's name to
    ``{values: {key: {value, origin, line}}, panic_bounds_ms}``; ``restart`` is true beside a value that no reload
    changes.
    """
    faults = [_problem(p) for p in problems]
    shape = {
        "path": str(path),
        "valid": not faults,
        "problems": faults,
        "warnings": [_problem(p) for p in warnings],
        "settings": {s.name: _scope(s) for s in scopes},
    }
    return json.dumps(shape, indent=2, ensure_ascii=False) + "\n"


def _problem(problem: Problem) -> dict[str, Any]:
    return {"path": problem.path, "line": problem.line, "message": problem.message}


def _scope(scope: Scope) -> dict[str, Any]:
    values = {
        row.key: {
            "value": _plain_json(row.value),
            "origin": row.origin.source.value,
            "line": row.origin.line,
            **({"restart": True} if row.restart else {}),
        }
        for row in scope.rows
    }
    return {"values": values, "panic_bounds_ms": list(scope.panic_bounds_ms)}


def _plain_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, tuple):
        return [_plain_json(v) for v in value]
    if is_dataclass(value):
        return {f.name: _plain_json(getattr(value, f.name)) for f in fields(value)}
    return value


def write_text(out: TextIO, path: Path, warnings: Iterable[Problem], scopes: Iterable[Scope]) -> None:
    """Settings by scope, then the warnings."""
    for scope in scopes:
        if out.isatty():
            _table(out, scope)
        else:
            _lines(out, scope)
    for warning in warnings:
        out.write(f"warning: {located(path, warning)}\n")
    out.write(f"{path}: valid\n")


def located(path: Path, problem: Problem) -> str:
    """``file:line: key: message``, which editors and terminals make a link of."""
    line = f":{problem.line}" if problem.line is not None else ""
    key = f" {problem.path}:" if problem.path else ""
    return f"{path}{line}:{key} {problem.message}"


def _table(out: TextIO, scope: Scope) -> None:
    table = Table("key", "value", "from", title=Text(scope.name), title_justify="left")
    for row in scope.rows:
        table.add_row(Text(row.key), Text(_value(row)), Text(_origin(row)))
    for text in _bounds(scope):
        table.add_row(Text("panic bound"), Text(text), Text("computed"))
    Console(file=out).print(table)


def _lines(out: TextIO, scope: Scope) -> None:
    out.write(f"{scope.name}\n")
    for row in scope.rows:
        out.write(f"  {row.key} = {_value(row)}  ({_origin(row)})\n")
    for text in _bounds(scope):
        out.write(f"  panic bound: {text}\n")
    out.write("\n")


def _value(row: Row) -> str:
    if isinstance(row.value, tuple):
        return "[" + ", ".join(_item(v) for v in row.value) + "]"
    return row.value if isinstance(row.value, str) else shown(row.value)


def _item(value: Any) -> str:
    if not is_dataclass(value):
        return str(value)
    return "{" + ", ".join(f"{f.name}: {shown(getattr(value, f.name))}" for f in fields(value)) + "}"


def _origin(row: Row) -> str:
    line = f", line {row.origin.line}" if row.origin.line is not None else ""
    return row.origin.source.value + line + ("; a change needs a restart" if row.restart else "")


def _bounds(scope: Scope) -> list[str]:
    given = "if the touch shows its slices as they arrive"
    return [f"tiers[{i}] is flat within {ms / 1000:.1f} s, {given}" for i, ms in enumerate(scope.panic_bounds_ms)]

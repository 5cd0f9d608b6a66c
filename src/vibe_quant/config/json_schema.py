"""The JSON schema for editors, from the same dataclasses: ``python -m vibe_quant.config.json_schema [FILE]``."""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING
from decimal import Decimal
from pathlib import Path
from typing import Any

from vibe_quant.config.shape import GLOBAL, SYMBOL, Member
from vibe_quant.config.symbols import SYMBOL_PATTERN

_TYPES = {int: "integer", Decimal: "number", bool: "boolean", str: "string"}
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "pattern": "pattern",
}


def schema() -> dict[str, Any]:
    """Draft-07, which editors know best; null is allowed wherever it stands for the default."""
    symbol = _or_null(_section(SYMBOL, "what this symbol does otherwise than global:"))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "vibe-quant configuration",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "global": _or_null(_section(GLOBAL, "the program's own settings, and what every symbol inherits")),
            "symbols": {
                "description": "positions that are worked, by unified name such as BTC/USDT:USDT",
                "type": ["object", "null"],
                "additionalProperties": False,
                "patternProperties": {SYMBOL_PATTERN: symbol},
            },
        },
    }


def _section(keys: tuple[Member, ...], doc: str) -> dict[str, Any]:
    required = [m.name for m in keys if m.default is MISSING]
    return {
        "description": doc,
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {m.name: _member(m) for m in keys},
    }


def _member(member: Member) -> dict[str, Any]:
    one = _section(member.children, member.meaning) if member.children else _value(member)
    if member.many:
        one = {
            "description": member.meaning,
            "type": "array",
            "items": {k: v for k, v in one.items() if k != "default"},
        }
    if member.default is not MISSING and not member.is_section:
        one["default"] = _json_value(member.default)
    return one if member.default is MISSING else _or_null(one)


def _value(member: Member) -> dict[str, Any]:
    if member.choices:
        return {"description": member.meaning, "enum": list(member.choices)}
    bounds = {_BOUNDS[k]: _json_value(v) for k, v in member.bounds.items()}
    return {"description": member.meaning, "type": _TYPES[member.kind], **bounds}


def _or_null(one: dict[str, Any]) -> dict[str, Any]:
    if "enum" in one:
        return {**one, "enum": [*one["enum"], None]}
    return {**one, "type": [one["type"], "null"]}


def _json_value(value: Any) -> Any:
    """JSON numbers; a float prints the few digits of a bound or default back exactly, and nothing computes with it."""
    if isinstance(value, tuple):
        return [_json_value(v) for v in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def text() -> str:
    """The schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text(), encoding="utf-8")
    else:
        sys.stdout.write(text())

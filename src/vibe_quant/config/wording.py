"""What a refused value is told: what it is, what would be right, and which key was probably meant."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from vibe_quant.config.problems import KeyPath, dotted, nearest, shown
from vibe_quant.config.shape import GLOBAL, SHARED, SYMBOL, Member, find, leaves

_BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
_SECRET = re.compile(r"(?i)secret|token|passw|api_?key|private_?key")
SECRET = (
    "unknown key, and a secret does not belong in this file: take it out, give it as a credential or in the "
    "environment, and change it if others could read this file"
)
_LOOSE_NUMBER = re.compile(r"[-+]?[0-9][0-9_.,:eE+-]*%?\Z")


def is_secret(key: str) -> bool:
    """Whether what is written under a key that nobody knows is probably one; no known key is called so."""
    return _SECRET.search(key) is not None


def unknown_key(keys: tuple[Member, ...], path: KeyPath) -> tuple[str, str | None]:
    """Message for a key nobody knows, and the sibling that was probably meant."""
    key = str(path[-1])
    if is_secret(key):
        return SECRET, None
    parent = find(keys, path[:-1]) if path[:-1] else None
    known = [m.name for m in (parent.children if parent else keys)]
    meant = nearest(key, known)
    if home := _home(key, path):
        return f"unknown key here; it belongs to {home}", None
    if meant is not None:
        return f"unknown key; did you mean {meant}?", meant
    return f"unknown key; known here: {', '.join(known)}", None


def _home(key: str, path: KeyPath) -> str | None:
    """Where a key that exists elsewhere belongs."""
    if len(path) == 1 and key in {m.name for m in SHARED}:
        return "global:, it has no symbol form"
    if len(path) == 1 and key in {m.name for m in SYMBOL}:
        return "a symbol under symbols:"
    homes = [dotted(p) for p, _ in leaves(GLOBAL) if p[-1] == key]
    return homes[0] if len(homes) == 1 else None


def message_of(keys: tuple[Member, ...], error: dict[str, Any]) -> str:
    """Message for a value of the wrong type or out of bounds, or for a key that is missing."""
    path: KeyPath = error["loc"]
    member = find(keys, path)
    kind, value = str(error["type"]), error["input"]
    if member is None:
        return f"must be a section, is {shown(value)}"
    if kind == "missing":
        return f"is required: {member.doc}"
    in_item = member.many and isinstance(path[-1], int)
    if member.many and not in_item:
        return f"must be a list, is {shown(value)}"
    if kind in _BOUNDS:
        return f"is {shown(value)}; must be {member.limits} ({member.doc})"
    if kind == "string_pattern_mismatch":
        return f"is {shown(value)}; must match {member.bounds['pattern']} ({member.doc})"
    if member.choices:
        return _not_a_choice(member, value)
    return f"must be {_wanted(member)}, is {_is(value)}"


def _not_a_choice(member: Member, value: Any) -> str:
    meant = nearest(value, member.choices) if isinstance(value, str) else None
    hint = f"; did you mean {meant}?" if meant else ""
    return f"is {shown(value)}; must be one of {', '.join(member.choices)}{hint}"


def _wanted(member: Member) -> str:
    if member.children:
        names = ", ".join(m.name for m in member.children[:4])
        return f"a section with keys such as {names}" if not member.many else f"an item with {names}"
    return {int: "a whole number", Decimal: "a number", bool: "true or false", str: "text"}[member.kind]


def _is(value: Any) -> str:
    if isinstance(value, str) and _LOOSE_NUMBER.match(value):
        return f"the text {shown(value)} (no quotes, leading zeros, underscores or colons in numbers)"
    return shown(value)

"""Reads what an expression of PromQL names, strictly: each word is a function, a keyword, a metric or a label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

FUNCTIONS = frozenset({"abs", "absent", "changes", "histogram_quantile", "increase", "max_over_time", "rate"})
FUNCTIONS |= {"time", "timestamp", "vector"}
AGGREGATIONS = frozenset({"avg", "count", "max", "min", "sum"})
SETS = frozenset({"and", "or", "unless", "bool", "offset"})
GROUPS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<range>\[(?:\d+[smhdw]|\$__rate_interval|\$__range)\])
    |(?P<duration>\d+[smhdw]\b)|(?P<number>\d+(?:\.\d+)?(?:e\d+)?)|(?P<word>[a-zA-Z_][a-zA-Z0-9_]*)
    |(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},])""",
    re.VERBOSE,
)
PAIRS = {")": "(", "}": "{"}


class NotPromqlError(Exception):
    """What cannot be read, and where."""


@dataclass(slots=True)
class Named:
    """``metrics`` in their order; ``matchers``: (metric, label, operator, value); ``grouped``: labels of by and on."""

    metrics: list[str] = field(default_factory=list)
    matchers: list[tuple[str, str, str, str]] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, token), blanks left out."""
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise NotPromqlError(f"{text[at : at + 20]!r} in {text!r}")
        if found.lastgroup != "space":
            yield found.lastgroup, found[0]
        at = found.end()


def read(text: str) -> Named:
    """What it names.

    Raises:
        NotPromqlError: it has a word, a sign or a bracket that has no place there.
    """
    named, found, opened = Named(), [*tokens(text)], list[str]()
    at = 0
    while at < len(found):
        kind, token = found[at]
        if token in "({" and kind == "sign":
            opened.append(token)
        elif token in PAIRS and (not opened or opened.pop() != PAIRS[token]):
            raise NotPromqlError(f"{token} in {text!r}")
        if kind != "word" or token in SETS:
            at += 1
        elif token in GROUPS:
            at = _labels(found, at + 1, named, may_lack=token.startswith("group_"))
        elif token in FUNCTIONS | AGGREGATIONS:
            if at + 1 >= len(found) or found[at + 1][1] not in ("(", "by", "without"):
                raise NotPromqlError(f"{token} is followed by nothing it works on, in {text!r}")
            at += 1
        else:
            named.metrics.append(token)
            at = _matchers(found, at + 1, token, named)
    if opened or not found:
        raise NotPromqlError(f"brackets of {text!r}")
    return named


def _labels(found: list[tuple[str, str]], at: int, named: Named, *, may_lack: bool) -> int:
    """The labels in brackets; how far they reach."""
    if at >= len(found) or found[at][1] != "(":
        if may_lack:
            return at
        raise NotPromqlError("a grouping without labels")
    while found[at := at + 1][1] != ")":
        kind, token = found[at]
        if kind == "word":
            named.grouped.add(token)
        elif token != ",":
            raise NotPromqlError(f"{token} among labels")
    return at + 1


def _matchers(found: list[tuple[str, str]], at: int, metric: str, named: Named) -> int:
    """The matchers of a metric in braces, where it has any; how far they reach."""
    if at >= len(found) or found[at][1] != "{":
        return at
    at += 1
    while found[at][1] != "}":
        (label_kind, label), (_, sign), (value_kind, value) = found[at : at + 3]
        if label_kind != "word" or sign not in ("=", "!=", "=~", "!~") or value_kind != "string":
            raise NotPromqlError(f"matcher {label}{sign}{value} of {metric}")
        named.matchers.append((metric, label, sign, value[1:-1]))
        at += 3
        if found[at][1] == ",":
            at += 1
    return at + 1

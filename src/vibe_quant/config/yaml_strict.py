"""Reads YAML without its surprises: no duplicate keys, only true/false are booleans, numbers are exact, bounded size.

Scalars follow the core schema of YAML 1.2 less octal, hex, infinity and NaN; every value knows its line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml

from vibe_quant.config.problems import EMPTY, Empty, KeyPath, Problem, dotted, shown
from vibe_quant.config.steps import Steps, done

MAX_DEPTH = 24
MAX_NODES = 20_000
MAX_DIGITS = 40
MAX_EXPONENT = 30

_WORDS: dict[str, bool | Empty | None] = {
    "": EMPTY,
    **dict.fromkeys(("~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values (dict, list, str, int, Decimal, bool, None, EMPTY), where each is written, and what was refused."""

    data: Any
    marks: Mapping[KeyPath, Mark]
    problems: tuple[Problem, ...]


class StrictYamlError(Exception):
    """The text cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(slots=True)
class _Node:
    value: Any  # a scalar, a list of nodes, or a dict of key -> (mark of the key, node)
    mark: Mark
    size: int = 1  # nodes after all aliases are expanded


def parse(text: str) -> Document:
    """Read one YAML document.

    Raises:
        StrictYamlError: syntax, nesting or size make the rest unreadable.
    """
    return done(reading(text))


def reading(text: str) -> Steps[Document]:
    """The same, a value at a time."""
    builder = _Builder(text)
    try:
        root = yield from builder.document()
    except yaml.YAMLError as error:
        raise StrictYamlError(_syntax_problem(text, error)) from error
    except (ValueError, OverflowError) as error:
        raise StrictYamlError(Problem("", None, "holds an escape or a directive that is no valid YAML")) from error
    marks: dict[KeyPath, Mark] = {}
    data = yield from _expand(root, (), marks)
    return Document(data, marks, tuple(builder.problems))


def _syntax_problem(text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return Problem("", line, f"holds the unprintable character U+{int(error.character):04X}")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    what = getattr(error, "problem", None) or str(error)
    if mark is None:
        return Problem("", None, f"is not valid YAML: {what}")
    lines = text.splitlines()
    row = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in row[: len(row) - len(row.lstrip())] or "'\\t'" in what:
        return Problem("", mark.line + 1, "is indented with a tab; YAML takes spaces only")
    return Problem("", mark.line + 1, f"is not valid YAML: {what} (column {mark.column + 1})")


def _expand(node: _Node, path: KeyPath, marks: dict[KeyPath, Mark]) -> Steps[Any]:
    """Plain values of a node; ``size`` was checked, so an alias may be written out."""
    marks.setdefault(path, node.mark)
    if isinstance(node.value, dict):
        for key, (mark, _) in node.value.items():
            marks[(*path, key)] = mark
        section: dict[str, Any] = {}
        for key, (_, child) in node.value.items():
            section[key] = yield from _expand(child, (*path, key), marks)
            yield
        return section
    if isinstance(node.value, list):
        items: list[Any] = []
        for i, child in enumerate(node.value):
            items.append((yield from _expand(child, (*path, i), marks)))
            yield
        return items
    return node.value


@dataclass(slots=True)
class _Builder:
    """One pass over the parser's events."""

    text: str
    problems: list[Problem] = field(default_factory=list)
    _anchors: dict[str, _Node | None] = field(default_factory=dict)
    _events: Iterator[Any] = field(init=False)

    def document(self) -> Steps[_Node]:
        self._events = yaml.parse(self.text, Loader=yaml.SafeLoader)
        root: _Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise StrictYamlError(
                        Problem("", _mark(event).line, "starts a second document; one file is one document")
                    )
                root = yield from self._node(next(self._events), ())
        return root or _Node(EMPTY, Mark(1, 1))

    def _node(self, event: Any, path: KeyPath) -> Steps[_Node]:
        mark = _mark(event)
        if len(path) > MAX_DEPTH:
            raise StrictYamlError(Problem("", mark.line, f"is nested deeper than {MAX_DEPTH} levels"))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark)
        if event.tag is not None:
            self._refuse(path, mark, f"carries the tag {shown(event.tag)}; tags are not used here")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = yield from self._content(event, path, mark)
        if node.size > MAX_NODES:
            raise StrictYamlError(
                Problem("", mark.line, f"holds more than {MAX_NODES} values once its aliases are written out")
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, path: KeyPath, mark: Mark) -> Steps[_Node]:
        if isinstance(event, yaml.MappingStartEvent):
            return (yield from self._mapping(path, mark))
        if isinstance(event, yaml.SequenceStartEvent):
            return (yield from self._sequence(path, mark))
        return _Node(self._scalar(event, path, mark), mark)

    def _alias(self, event: Any, mark: Mark) -> _Node:
        if event.anchor not in self._anchors:
            raise StrictYamlError(
                Problem("", mark.line, f"uses *{event.anchor}, but no &{event.anchor} stands above it")
            )
        node = self._anchors[event.anchor]
        if node is None:
            raise StrictYamlError(Problem("", mark.line, f"uses *{event.anchor} inside itself"))
        return node

    def _sequence(self, path: KeyPath, mark: Mark) -> Steps[_Node]:
        node = _Node([], mark)
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            child = yield from self._node(event, (*path, len(node.value)))
            node.value.append(child)
            node.size += child.size
            yield
        return node

    def _mapping(self, path: KeyPath, mark: Mark) -> Steps[_Node]:
        node = _Node({}, mark)
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path)
            child = yield from self._node(next(self._events), (*path, key))
            node.size += child.size
            self._enter(node, key, _mark(event), child, path)
            yield
        return node

    def _key(self, event: Any, path: KeyPath) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise StrictYamlError(Problem(dotted(path), _mark(event).line, "uses something other than text as a key"))
        if _SURROGATE.search(event.value):
            raise StrictYamlError(Problem(dotted(path), _mark(event).line, "has a key with half a character in it"))
        return str(event.value)

    def _enter(self, node: _Node, key: str, mark: Mark, child: _Node, path: KeyPath) -> None:
        if key == "<<":
            self._refuse((*path, key), mark, "merge keys are not used here; symbols inherit from global: by themselves")
        elif key in node.value:
            first = node.value[key][0].line
            self._refuse((*path, key), mark, f"is written twice, first in line {first}; keep one of them")
        else:
            node.value[key] = (mark, child)

    def _scalar(self, event: Any, path: KeyPath, mark: Mark) -> Any:
        text = str(event.value)
        if _SURROGATE.search(text):
            raise StrictYamlError(Problem(dotted(path), mark.line, "holds half a character (a lone surrogate)"))
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if not _DECIMAL.match(text):
            return text
        return self._number(text, path, mark)

    def _number(self, text: str, path: KeyPath, mark: Mark) -> int | Decimal | Empty:
        """Exact; what no bound could judge (endless digits, absurd exponents) is refused and read as not written."""
        if len(text) <= MAX_DIGITS:
            number = Decimal(text)
            if abs(number.adjusted()) <= MAX_EXPONENT:
                return int(text) if _INT.match(text) else number
        self._refuse(path, mark, f"is the number {shown(text)}, which is out of any range")
        return EMPTY

    def _refuse(self, path: KeyPath, mark: Mark, message: str) -> None:
        self.problems.append(Problem(dotted(path), mark.line, message))


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)

"""The forms that an expression of the sources may come to as a text, with a hole for each value put in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from itertools import product
from string import Formatter

from tests.telegram.syntax import Function, Module, elements, parameters, values_of

HOLE = "\0"
"""Stands where a value is put in that is known only when the program runs."""
MOST, DEEPEST = 200, 12
VALUES = frozenset({"text", "shown", "plain", "dotted", "_text"})
"""Functions that write a value as it is: no words to translate."""
Part = Callable[[Module, ast.expr, Function | None], None]


class Forms:
    """``part`` is told each member of a list that is joined into a text."""

    def __init__(self, modules: Mapping[str, Module], part: Part) -> None:
        self._modules = modules
        self._part = part
        self._open: set[tuple[Function | None, str]] = set()

    def of(self, module: Module, node: ast.expr, function: Function | None, depth: int = 0) -> list[str]:
        """What the expression may come to, as it stands in that function."""
        inner = [] if depth > DEEPEST else _inner(node)
        found = [self.of(module, one, function, depth + 1) for one in inner]
        match node:
            case _ if depth > DEEPEST:
                return [HOLE]
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                return _all(found)
            case ast.Name(id=name):
                return self._named(module, name, function, depth)
            case ast.Call():
                return self._called(module, node, function, depth)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return self._returned(module, name, depth)
            case _:
                return _some(found) or [HOLE]

    def _named(self, module: Module, name: str, function: Function | None, depth: int) -> list[str]:
        values = values_of(function, name)
        if values and (function, name) not in self._open:
            self._open.add((function, name))
            found = _some([self.of(module, one, function, depth + 1) for one in values])
            self._open.discard((function, name))
            return found
        if function is not None and name in parameters(function):
            return [HOLE]
        if name in module.constants:
            return self.of(module, module.constants[name], None, depth + 1)
        home, there = module.imports.get(name, ("", ""))
        other = self._modules.get(home)
        constant = None if other is None else other.constants.get(there)
        return [HOLE] if other is None or constant is None else self.of(other, constant, None, depth + 1)

    def _called(self, module: Module, call: ast.Call, function: Function | None, depth: int) -> list[str]:
        match call.func:
            case ast.Attribute(value=value, attr="format"):
                given = [self.of(module, one, function, depth + 1) for one in call.args]
                texts = self.of(module, value, function, depth + 1)
                return [_formatted(one, put) for one in texts for put in product(*given)]
            case ast.Attribute(attr="join"):
                for one in elements(call, function):
                    if not isinstance(one, ast.Name):
                        self._part(module, one, function)
                return [HOLE]
            case ast.Attribute(value=value, attr="rstrip" | "strip"):
                return self.of(module, value, function, depth + 1)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                return self._returned(module, name, depth)
            case ast.Name(id=name) if name not in VALUES:
                home, there = module.imports.get(name, (module.name, name))
                found = self._modules.get(home)
                return [HOLE] if found is None else self._returned(found, there, depth)
            case _:
                return [HOLE]

    def _returned(self, module: Module, name: str, depth: int) -> list[str]:
        functions = module.functions.get(name, [])
        values = [(one.value, f) for f in functions for one in ast.walk(f) if isinstance(one, ast.Return) and one.value]
        return _some([self.of(module, value, f, depth + 1) for value, f in values]) or [HOLE]


def _inner(node: ast.expr) -> list[ast.expr]:
    """The expressions of which it is made, or one of which it is."""
    match node:
        case ast.JoinedStr(values=values) | ast.BoolOp(values=values):
            return values
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
            return [one, other]
        case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.FormattedValue(value=value, format_spec=None):
            return [value]
        case _:
            return []


def _all(parts: list[list[str]]) -> list[str]:
    found = []
    for one in product(*parts):
        found.append("".join(one))
        if len(found) > MOST:
            raise AssertionError(f"too many forms: {found[0]}")
    return list(dict.fromkeys(found))


def _some(parts: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(one for part in parts for one in part))


def _formatted(text: str, given: tuple[str, ...]) -> str:
    pieces = [(words, name) for words, name, _, _ in Formatter().parse(text)]
    puts = iter(given)
    return "".join(words + ("" if name is None else HOLE if name else next(puts, HOLE)) for words, name in pieces)

"""Source files as syntax: their functions, constants and imports, and what an expression may be made of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "vibe_quant"
PHRASES = frozenset({"law", "reason", "at", "what", "how", "detail"})
"""Parameters of such a name are phrases, also where they are only a part of what is shown."""
LISTS = (ast.List, ast.ListComp, ast.GeneratorExp, ast.IfExp)
Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Module:
    """One source file: its functions, constants and imports, by name."""

    name: str
    tree: ast.Module
    functions: dict[str, list[Function]] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    inside: dict[ast.AST, Function | None] = field(default_factory=dict)


def read(path: Path) -> Module:
    """One file."""
    parts = path.relative_to(SOURCES.parent).with_suffix("").parts
    module = Module(".".join(parts), ast.parse(path.read_text("utf-8")))
    for node in ast.walk(module.tree):
        if isinstance(node, FUNCTIONS):
            module.functions.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ImportFrom) and node.module:
            module.imports |= {one.asname or one.name: (node.module, one.name) for one in node.names}
    for statement in module.tree.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and statement.value:
            module.constants[target.id] = statement.value
        elif isinstance(statement, ast.Assign) and isinstance(target, ast.Tuple):
            values = statement.value.elts if isinstance(statement.value, ast.Tuple) else []
            named = zip(target.elts, values, strict=False)
            module.constants |= {one.id: value for one, value in named if isinstance(one, ast.Name)}
    _place(module, module.tree, None)
    return module


def _place(module: Module, node: ast.AST, function: Function | None) -> None:
    for child in ast.iter_child_nodes(node):
        module.inside[child] = function
        _place(module, child, child if isinstance(child, FUNCTIONS) else function)


def package_of(module: Module) -> str:
    """The package right below ours."""
    return ".".join(module.name.split(".")[:2])


def parameters(function: Function) -> list[str]:
    """Their names, ``self`` too."""
    return [one.arg for one in _arguments(function)]


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def is_text(function: Function, name: str) -> bool:
    """Whether a parameter is a text."""
    annotated = [one.annotation for one in _arguments(function) if one.arg == name and one.annotation is not None]
    return bool(annotated) and ast.unparse(annotated[0]) in ("str", "str | None")


def given(function: Function) -> list[str]:
    """The parameters that a caller gives."""
    names = parameters(function)
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def values_of(function: Function | None, name: str) -> list[ast.expr]:
    """What is assigned to that name within the function."""
    found: list[ast.expr] = []
    for node in ast.walk(function) if function is not None else ():
        match node:
            case ast.Assign(targets=targets, value=value) if any(is_name(target, name) for target in targets):
                found.append(value)
            case ast.NamedExpr(target=ast.Name(id=target), value=value) if target == name:
                found.append(value)
            case ast.AugAssign(target=ast.Name(id=target), value=value) if target == name:
                found.append(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                found += [v for n, v in zip(names, values, strict=False) if is_name(n, name)]
            case _:
                pass
    return found


def phrases(text: ast.expr, function: Function | None) -> set[str]:
    """The parameters that stand in the text and are phrases themselves."""
    if function is None:
        return set()
    names = {node.id for node in ast.walk(text) if isinstance(node, ast.Name)}
    values = [value for name in names for value in values_of(function, name)]
    names |= {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}
    return {name for name in names & PHRASES if is_text(function, name)}


def whole(text: ast.expr, function: Function | None) -> Iterator[ast.expr]:
    """The expressions which may be the whole text."""
    match text:
        case ast.Name(id=name):
            values = [value for value in values_of(function, name) if not is_name(value, name)]
            if not values or (function is not None and is_text(function, name)):
                yield text
            for value in values:
                yield from whole(value, None)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*whole(body, function), *whole(orelse, function))
        case ast.BoolOp(values=values):
            for value in values:
                yield from whole(value, function)
        case ast.Attribute() | ast.Call() | ast.Subscript():
            yield text
        case _:
            pass


def elements(value: ast.expr, function: Function | None) -> Iterator[ast.expr]:
    """What a list is made of, or the text itself."""
    match value:
        case ast.List(elts=members) | ast.Tuple(elts=members):
            for one in members:
                yield from elements(one, function)
        case ast.ListComp(elt=one) | ast.GeneratorExp(elt=one) | ast.Starred(value=one) | ast.Await(value=one):
            yield from elements(one, function)
        case ast.BinOp(left=left, op=ast.Add(), right=right) if isinstance(left, ast.Name | ast.List):
            yield from (*elements(left, function), *elements(right, function))
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*elements(body, function), *elements(orelse, function))
        case ast.Call(func=ast.Attribute(attr="join"), args=[one]):
            yield from elements(one, function)
        case ast.Name(id=name) if any(isinstance(v, LISTS) for v in values_of(function, name)):
            for one in values_of(function, name):
                if not is_name(one, name):
                    yield from elements(one, None)
        case _:
            yield value


def is_name(node: ast.expr, name: str) -> bool:
    """Whether it is that name and nothing else."""
    return isinstance(node, ast.Name) and node.id == name


def argument(call: ast.Call, index: int, name: str) -> ast.expr | None:
    """By its place or by its name."""
    named = [one.value for one in call.keywords if one.arg == name]
    return named[0] if named else call.args[index] if index < len(call.args) else None

"""Collects from the sources every sentence that can come before the person on the phone, as templates.

It follows what is given as the text of a Notify, an Answer, a halt ...: constants, f-strings, choices, the returns of a
function, and the callers of a function that hands its own parameter on.
"""

from __future__ import annotations

import ast
import re

from tests.telegram.forms import HOLE, Forms
from tests.telegram.syntax import (
    SOURCES,
    Function,
    Module,
    argument,
    elements,
    given,
    is_text,
    package_of,
    phrases,
    read,
    whole,
)

SPEAK = ("app.", "binance.", "config.reload", "core.", "domain.", "journal.", "ports")
"""The modules whose sentences come to the phone; what is wrong in a configuration file is told in English."""
_SPEAK = tuple(f"vibe_quant.{name}" for name in SPEAK)
SILENT = frozenset({"vibe_quant.app.last_good"})
"""Said on the terminal alone."""
HOLES = re.compile(HOLE + "+")
BUILTIN = {
    "Notify": (2, "text"),
    "Answer": (1, "text"),
    "Halt": (2, "reason"),
    "Finding": (3, "text"),
    "Problem": (2, "message"),
    "FileProblem": (1, "reason"),
    "JournalBroken": (0, ""),
    "PostgresError": (0, ""),
    "LeaseHeldError": (0, ""),
    "NewerFormError": (0, ""),
    "ForeignFormError": (0, ""),
    "Lost": (0, "detail"),
    "NotSent": (0, "detail"),
    "Unknown": (0, "detail"),
    "NoConnection": (0, ""),
    "StreamDown": (2, "detail"),
    "JournalState": (2, "detail"),
    "RiskFlag": (1, "reason"),
    "replace": (99, "reason"),
    "Hold": (1, "reason"),
}
"""Who takes a sentence: the place and the name of that argument."""
CALLBACKS = {
    "holding.put": (1, "reason"),
    "hold": (1, "reason"),
    "patience.ask": (0, "what"),
    "alarm.urge": (0, "cause"),
    "alarm.lost": (1, "how"),
    "stop.lost": (1, "how"),
    "ev.NotSent": (4, "detail"),
    "ev.Unknown": (4, "detail"),
    "changed": (1, "detail"),
    "fails": (1, "at"),
    "observer.fails": (1, "at"),
    "drop": (0, "detail"),
    "socket.drop": (0, "detail"),
}
"""The same of a function that is handed over, whom no import tells."""
ATTRIBUTES = frozenset({"halted"})
"""What is assigned to them is shown."""
RETURNED = {
    "vibe_quant.app.commanding": ("standing", "ended", "_over", "_unknown"),
    "vibe_quant.app.lease_watch": ("take",),
    "vibe_quant.app.memory": ("heritage",),
    "vibe_quant.app.instance": ("text", "_or", "__str__"),
    "vibe_quant.app.breaker": ("blocks",),
    "vibe_quant.app.reload": ("_unlisted",),
    "vibe_quant.app.restart_positions": ("text",),
    "vibe_quant.binance.link": ("_why",),
    "vibe_quant.binance.subscriptions": ("ask",),
    "vibe_quant.app.picture": ("pause_words",),
    "vibe_quant.core.gate": ("words",),
    "vibe_quant.config.reload": ("_consequences",),
    "vibe_quant.journal.faults": ("low",),
}
"""Functions whose result is shown, by a way that is not followed."""


class Spoken:
    """``templates``: text -> where it stands; ``unknown``: where a whole text could not be followed."""

    def __init__(self) -> None:
        every = map(read, sorted(SOURCES.rglob("*.py")))
        self.modules = {m.name: m for m in every if m.name.startswith(_SPEAK) and m.name not in SILENT}
        self._forms = Forms(self.modules, self._say)
        self.templates: dict[str, str] = {}
        self.unknown: set[str] = set()
        self._takers: dict[tuple[str, str], tuple[int, str]] = {}
        """(module, package or "" for all; function) -> the argument that is shown."""
        for name, place in BUILTIN.items():
            self._takers["", name] = place
        before = -1
        while before != len(self._takers):
            before = len(self._takers)
            for module in self.modules.values():
                self._read(module)

    def _read(self, module: Module) -> None:
        for name in RETURNED.get(module.name, ()):
            for function in module.functions[name]:
                self._shown_parts(module, function)
        for node in list(module.inside):
            if isinstance(node, ast.Call):
                place = self._taker(module, node.func)
                found = None if place is None else argument(node, *place)
            else:
                found = _assigned(node)
            if found is not None:
                self._shown(module, found, module.inside[node])

    def _taker(self, module: Module, func: ast.expr) -> tuple[int, str] | None:
        if isinstance(func, ast.Attribute):
            called = f"{ast.unparse(func)}".removeprefix("self.").removeprefix("_")
            if called in CALLBACKS:
                return CALLBACKS[called]
            homes = (module.name, package_of(module), "")
            return next((self._takers[home, func.attr] for home in homes if (home, func.attr) in self._takers), None)
        if not isinstance(func, ast.Name):
            return None
        home, name = module.imports.get(func.id, (module.name, func.id))
        return self._takers.get((home, name)) or (self._takers.get(("", name)) if name in BUILTIN else None)

    def _shown(self, module: Module, text: ast.expr, function: Function | None) -> None:
        """It is shown; where it is what the function was given, or cannot be followed, that is kept."""
        self._say(module, text, function)
        for name in phrases(text, function):
            self._hand_on(module, function, name)
        for part in whole(text, function):
            name = part.id if isinstance(part, ast.Name) else ""
            if function is not None and name and is_text(function, name):
                self._hand_on(module, function, name)
            elif not any(one.strip(HOLE) for one in self._forms.of(module, part, function)):
                self.unknown.add(f"{module.name.removeprefix('vibe_quant.')}: {ast.unparse(part)}")

    def _say(self, module: Module, text: ast.expr, function: Function | None) -> None:
        if isinstance(text, ast.Constant) and not text.value:
            return
        for one in self._forms.of(module, text, function):
            if any(c.isalpha() for c in one):
                self.templates.setdefault(HOLES.sub(HOLE, one), f"{module.name}:{text.lineno}")

    def _shown_parts(self, module: Module, function: Function) -> None:
        """Each sentence that the function gives, alone or in a list."""
        for node in ast.walk(function):
            value = node.value if isinstance(node, ast.Return | ast.Yield) else None
            for one in () if value is None else elements(value, function):
                if not isinstance(one, ast.Name) or one.id in module.constants:
                    self._say(module, one, function)

    def _hand_on(self, module: Module, function: Function | None, name: str) -> None:
        """The callers of ``function`` say it."""
        if function is None:
            return
        names = given(function)
        place = (names.index(name), name)
        self._takers[module.name, function.name] = place
        if not function.name.startswith("_"):
            self._takers.setdefault((package_of(module), function.name), place)


def _assigned(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.Assign(targets=[ast.Attribute(attr=attr)], value=value) if attr in ATTRIBUTES:
            return value
        case _:
            return None

"""Who says a value: the symbol's own section, ``global:``, or nobody (the default); and in which line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vibe_quant.config.problems import EMPTY, KeyPath, Problem, dotted
from vibe_quant.config.yaml_strict import Mark


class Source(StrEnum):
    """Where a value comes from."""

    DEFAULT = "default"
    GLOBAL = "global"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Origin:
    """``path`` in the file; ``line`` of the value, or of the null that reset it to its default; None: not written."""

    source: Source
    path: KeyPath
    line: int | None


_NOT_SAID = object()


@dataclass(frozen=True, slots=True)
class Sources:
    """The raw sections of the file with the places of their keys."""

    shared: Mapping[str, Any]
    symbols: Mapping[str, Any]
    marks: Mapping[KeyPath, Mark]

    def origin(self, symbol: str | None, path: KeyPath) -> Origin:
        """Origin of a symbol's knob (``path`` below the symbol), or of one of ``global:`` (symbol None)."""
        for source, root, raw in self._layers(symbol):
            value = _said(raw, path)
            if value is not _NOT_SAID:
                full = (*root, *path)
                return Origin(Source.DEFAULT if value is None else source, full, self.line(full))
        return Origin(Source.DEFAULT, ("global", *path), None)

    def written_by_symbol(self, symbol: str, path: KeyPath) -> bool:
        """True where the symbol's own section gives the value (a null gives none)."""
        return self.origin(symbol, path).source is Source.SYMBOL

    def place(self, symbol: str | None, path: KeyPath) -> tuple[KeyPath, int | None]:
        """Where a key is written that need not be a known one, with its line."""
        for _, root, raw in self._layers(symbol):
            full = (*root, *path)
            if full in self.marks or _said(raw, path) is not _NOT_SAID:
                return full, self.line(full)
        return ("global", *path), None

    def line(self, path: KeyPath) -> int | None:
        """Line of a path, or of the nearest thing above it that is written."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks[path].line if path else None

    def problem(self, symbol: str | None, paths: Iterable[KeyPath], message: str) -> Problem:
        """A problem between several knobs, put where the most particular of them is written.

        What rests on defaults alone is said of ``global:``, so that it is the same problem for every symbol.
        """
        order = (Source.SYMBOL, Source.GLOBAL, Source.DEFAULT)
        origin = min((self.origin(symbol, p) for p in paths), key=lambda o: order.index(o.source))
        return Problem(dotted(origin.path), origin.line, message)

    def _layers(self, symbol: str | None) -> list[tuple[Source, KeyPath, Any]]:
        layers: list[tuple[Source, KeyPath, Any]] = [(Source.GLOBAL, ("global",), self.shared)]
        if symbol is not None:
            layers.insert(0, (Source.SYMBOL, ("symbols", symbol), self.symbols.get(symbol, EMPTY)))
        return layers


def _said(raw: Any, path: KeyPath) -> Any:
    """Value at ``path``; what lies in a list or below a null belongs to whoever wrote that."""
    for step in path:
        if raw is EMPTY or not isinstance(raw, Mapping):
            break
        raw = raw.get(str(step), EMPTY)
    return _NOT_SAID if raw is EMPTY else raw

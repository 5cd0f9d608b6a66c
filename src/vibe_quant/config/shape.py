"""The knobs of ``domain/settings.py`` as data: the one reading of those dataclasses that models and schema share."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from vibe_quant.config.problems import KeyPath, plain
from vibe_quant.domain.settings import GlobalSettings, SymbolSettings

RESTART = "a change needs a restart"
_PHRASES = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


@dataclass(frozen=True, slots=True)
class Member:
    """One key: ``kind`` is int, Decimal, bool, str, an enum or a settings dataclass; ``many``: a list of that.

    ``restart``: a reload may not change it, nor anything below it.
    """

    name: str
    kind: type[Any]
    optional: bool
    many: bool
    doc: str
    default: Any  # MISSING: required; of a section: the whole section
    bounds: dict[str, Any] = field(hash=False)
    restart: bool = False

    @property
    def children(self) -> tuple[Member, ...]:
        """Keys of the section, or of each item of the list; empty for a plain value."""
        found = members(self.kind) if is_dataclass(self.kind) else ()
        return tuple(replace(m, restart=True) for m in found) if self.restart else found

    @property
    def meaning(self) -> str:
        """What it says of itself, and that a reload may not change it where that is so."""
        return f"{self.doc} ({RESTART})" if self.restart else self.doc

    @property
    def is_section(self) -> bool:
        """True where the key holds further keys rather than a value or a list."""
        return is_dataclass(self.kind) and not self.many

    @property
    def choices(self) -> tuple[str, ...]:
        """Allowed words of an enum."""
        return tuple(e.value for e in self.kind) if issubclass(self.kind, StrEnum) else ()

    @property
    def limits(self) -> str:
        """The bounds in words: "at least 50 and at most 600000"."""
        said = [f"{words} {plain(Decimal(self.bounds[k]))}" for k, words in _PHRASES.items() if k in self.bounds]
        return " and ".join(said)


@cache
def members(of: type[Any]) -> tuple[Member, ...]:
    """Keys of a settings dataclass, in the order of its fields."""
    hints = get_type_hints(of)
    return tuple(_member(f, hints[f.name]) for f in fields(of))


def _member(f: Any, hint: Any) -> Member:
    optional, many = False, False
    if get_origin(hint) in (Union, types.UnionType):
        optional, hint = True, next(arg for arg in get_args(hint) if arg is not type(None))
    if get_origin(hint) is tuple:
        many, hint = True, get_args(hint)[0]
    default = f.default_factory() if f.default_factory is not MISSING else f.default
    bounds = {k: v for k, v in f.metadata.items() if k not in ("doc", "restart")}
    doc, restart = f.metadata.get("doc", ""), f.metadata.get("restart", False)
    return Member(f.name, hint, optional, many, doc, default, bounds, restart)


SHARED = members(GlobalSettings)
""" what has no symbol form """
SYMBOL = members(SymbolSettings)
""" what stands under a symbol """
INHERITED = tuple(m for m in SYMBOL if m.name != "sides")
""" what global: gives to every symbol """
GLOBAL = SHARED + INHERITED
""" what stands under global: """


def leaves(keys: tuple[Member, ...], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Member]]:
    """Every value or list below ``keys``, depth first; items of lists are not entered."""
    for member in keys:
        here = (*path, member.name)
        if member.is_section:
            yield from leaves(member.children, here)
        else:
            yield here, member


def find(keys: tuple[Member, ...], path: KeyPath) -> Member | None:
    """The key that ``path`` leads to (or the list, for a path that ends at one of its items)."""
    found: Member | None = None
    for step in path:
        if isinstance(step, int):
            continue
        found = next((m for m in keys if m.name == step), None)
        keys = found.children if found else ()
    return found

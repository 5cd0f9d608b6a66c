"""What rules now, as text: every key of a scope with its default beside it, and no secret."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any

from vibe_quant.config.effective import scope_of
from vibe_quant.config.loader import Loaded
from vibe_quant.config.problems import shown
from vibe_quant.domain.settings import GlobalSettings, SymbolSettings
from vibe_quant.domain.status import ConfigChange

MASK = "***"
_IN_ADDRESS = re.compile(r"(?<=://)([^/@:\s]*):[^/\s]*@")
_IN_QUERY = re.compile(r"(?i)((?:password|passwd|passfile|sslpassword|token|secret)=)[^&\s]*")


def ruling(loaded: Loaded, symbol: str | None) -> tuple[ConfigChange, ...]:
    """Key, default (``old``) and value (``new``) of a symbol's scope, or of ``global`` (None).

    A symbol that the file does not name is ruled by the scope default, under whose name its rows are given.
    """
    scope = scope_of(loaded, symbol)
    usual: GlobalSettings | SymbolSettings = GlobalSettings() if symbol is None else SymbolSettings()
    return tuple(
        ConfigChange(scope.name, row.key, text(attrgetter(row.key)(usual)), text(row.value)) for row in scope.rows
    )


def text(value: Any) -> str:
    """A value in one line as YAML would have it, passwords masked."""
    if isinstance(value, str) and type(value) is str:
        return masked(value)
    if isinstance(value, tuple):
        return f"[{', '.join(text(item) for item in value)}]"
    if is_dataclass(value) and not isinstance(value, type):
        return f"{{{', '.join(f'{f.name}: {text(getattr(value, f.name))}' for f in fields(value))}}}"
    return shown(value)


def masked(value: str) -> str:
    """The same without a password in an address or its query; the loader refuses such, an older file may hold one."""
    return _IN_QUERY.sub(rf"\1{MASK}", _IN_ADDRESS.sub(rf"\1:{MASK}@", value))

"""What rules: every value of every symbol after merging, with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from vibe_quant.config.loader import Loaded
from vibe_quant.config.panic_time import time_to_flat_ms
from vibe_quant.config.problems import KeyPath
from vibe_quant.config.shape import SHARED, SYMBOL, Member, leaves
from vibe_quant.config.sources import Origin
from vibe_quant.domain.settings import Manage, SymbolSettings


@dataclass(frozen=True, slots=True)
class Row:
    """One knob: ``key`` is dotted below its scope, ``value`` as in Settings; ``restart``: no reload changes it."""

    key: str
    value: Any
    origin: Origin
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """All knobs of ``global``, of a symbol, or of ``default`` (any symbol that is not listed, under manage: all).

    ``panic_bounds_ms`` is the bound on time to flat of each panic tier, in order; empty where panic is off.
    """

    name: str
    rows: tuple[Row, ...]
    panic_bounds_ms: tuple[int, ...] = ()


def effective(loaded: Loaded) -> tuple[Scope, ...]:
    """Scopes in the order global, default (only where it can rule), symbols as listed."""
    settings = loaded.settings
    scopes = [Scope("global", _rows(loaded, None, settings.shared, SHARED))]
    if settings.shared.manage is Manage.ALL:
        scopes.append(_symbol(loaded, None, settings.default))
    scopes += [_symbol(loaded, name, one) for name, one in settings.symbols]
    return tuple(scopes)


def scope_of(loaded: Loaded, symbol: str | None) -> Scope:
    """One scope alone: ``global`` (None), a symbol as listed, or ``default`` for one that is not."""
    if symbol is None:
        return Scope("global", _rows(loaded, None, loaded.settings.shared, SHARED))
    listed = dict(loaded.settings.symbols).get(symbol)
    return _symbol(loaded, None, loaded.settings.default) if listed is None else _symbol(loaded, symbol, listed)


def _symbol(loaded: Loaded, name: str | None, one: SymbolSettings) -> Scope:
    panic = one.risk.panic_close
    bounds = tuple(time_to_flat_ms(t, panic, one.execution) for t in panic.tiers) if panic.enabled else ()
    return Scope(name or "default", _rows(loaded, name, one, SYMBOL), bounds)


def _rows(loaded: Loaded, symbol: str | None, settings: Any, keys: tuple[Member, ...]) -> tuple[Row, ...]:
    return tuple(_row(loaded, symbol, settings, path, member) for path, member in leaves(keys))


def _row(loaded: Loaded, symbol: str | None, settings: Any, path: KeyPath, member: Member) -> Row:
    key = ".".join(str(step) for step in path)
    return Row(key, attrgetter(key)(settings), loaded.sources.origin(symbol, path), member.restart)

"""What a reload would change, why it cannot be, and what it brings with it: of two configurations, without a service.

Changes are told by scope (``global``, ``default``, a symbol), old -> new, as ``config show`` has the values.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from vibe_quant.config.loader import Loaded
from vibe_quant.config.problems import Problem
from vibe_quant.config.ruling import text
from vibe_quant.config.shape import SHARED, SYMBOL, Member, leaves
from vibe_quant.config.steps import Steps, done
from vibe_quant.domain.settings import Manage, Settings, SymbolSettings
from vibe_quant.domain.status import ConfigChange

MANAGED = "managed"
YES, NO = "yes", "no"
NOBODY = "names nobody while telegram.enabled is true: no message would go anywhere"


def changes(old: Settings, new: Settings) -> tuple[ConfigChange, ...]:
    """Every knob that would have another value, and every symbol that would come or go."""
    return done(changing(old, new))


def changing(old: Settings, new: Settings) -> Steps[tuple[ConfigChange, ...]]:
    """The same, a symbol at a time."""
    found = list(_between("global", old.shared, new.shared, SHARED))
    if old.shared.manage is new.shared.manage is Manage.ALL:
        found += _between("default", old.default, new.default, SYMBOL)
    for symbol, before, after in _listed(old, new):
        yield
        found += _of_symbol(symbol, before, after)
    return tuple(found)


def refusals(old: Settings, new: Loaded) -> tuple[Problem, ...]:
    """What of it a running program cannot take: what needs a restart, and what would make it mute."""
    shared, key = new.settings.shared, ("telegram", "allow")
    if shared.telegram.enabled and not shared.telegram.allow:
        line = new.sources.origin(None, key).line
        return (*_restarts(old, new), Problem("global.telegram.allow", line, NOBODY))
    return _restarts(old, new)


def _restarts(old: Settings, new: Loaded) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"global.{key}", new.sources.origin(None, path).line, _refusal(old.shared, new.settings.shared, key))
        for path, member in leaves(SHARED)
        if member.restart and _value(old.shared, key := _dotted(path)) != _value(new.settings.shared, key)
    )


def consequences(old: Settings, new: Settings) -> tuple[str, ...]:
    """What the operator should know before it is applied."""
    return tuple(_consequences(old, new))


def _consequences(old: Settings, new: Settings) -> Iterator[str]:
    for symbol, before, after in _listed(old, new):
        if before is None:
            continue
        gone = before.sides if after is None else tuple(side for side in before.sides if side not in after.sides)
        for side in gone:
            yield (
                f"{symbol} {side} is not managed any more: its orders are cancelled, its protective stop is left "
                "standing and not looked after."
            )
        if after is not None and before.risk.protective_stop.enabled and not after.risk.protective_stop.enabled:
            yield (
                f"{symbol}: protective_stop.enabled becomes false. The stop of a position that is open is kept until "
                "that is closed; only a reload with --drop-stops takes it away."
            )
    if old.shared.manage is Manage.ALL and new.shared.manage is Manage.LISTED:
        yield "Positions that are not listed are not managed any more: orders are cancelled, stops are left standing."
    if old.shared.manage is Manage.LISTED and new.shared.manage is Manage.ALL:
        yield "Every open position of the account is worked down from now on, those you open by hand too."


def _of_symbol(symbol: str, old: SymbolSettings | None, new: SymbolSettings | None) -> Iterator[ConfigChange]:
    if old is None or new is None:
        if old is not new:
            yield ConfigChange(symbol, MANAGED, NO if old is None else YES, NO if new is None else YES)
        return
    yield from _between(symbol, old, new, SYMBOL)


def _between(scope: str, old: Any, new: Any, keys: tuple[Member, ...]) -> Iterator[ConfigChange]:
    for path, _ in leaves(keys):
        key = _dotted(path)
        before, after = _value(old, key), _value(new, key)
        if before != after:
            yield ConfigChange(scope, key, text(before), text(after))


def _refusal(old: Any, new: Any, key: str) -> str:
    return (
        f"{text(_value(old, key))} -> {text(_value(new, key))} needs a restart: put it back, or restart the service "
        "(own orders are cancelled, protective stops stay)"
    )


def _listed(old: Settings, new: Settings) -> Iterator[tuple[str, SymbolSettings | None, SymbolSettings | None]]:
    """Each symbol that one of them names, with what it is worked by in both."""
    before, after = dict(old.symbols), dict(new.symbols)
    for symbol in {**before, **after}:
        yield symbol, before.get(symbol) or old.of(symbol), after.get(symbol) or new.of(symbol)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def _value(settings: Any, key: str) -> Any:
    return attrgetter(key)(settings)

"""Finds what of other settings is still held, wherever it is: every object that can be reached is looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from vibe_quant.config.shape import SHARED, SYMBOL, Member, leaves
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.risk_settings import PanicTier
from vibe_quant.domain.service_settings import TelegramUser
from vibe_quant.domain.settings import (
    AccelTier,
    GlobalSettings,
    Manage,
    RoiTier,
    SeededPosition,
    Settings,
    SymbolSettings,
)
from vibe_quant.domain.strategy_settings import StrategyName, StrategyWeight

D = Decimal
ATOMS = (str, bytes, int, float, Decimal, Enum, type, ModuleType, BuiltinFunctionType, type(None))


def sections(settings: Any) -> Iterator[Any]:
    """Every settings object of a tree, those in lists too."""
    if is_dataclass(settings):
        yield settings
        for f in fields(settings):
            yield from sections(getattr(settings, f.name))
    elif isinstance(settings, tuple):
        for item in settings:
            yield from sections(item)


KINDS = {type(one) for one in sections(Settings(symbols=(("X", SymbolSettings()),)))}


def reachable(roots: Iterable[object], besides: Iterable[object] = ()) -> Iterator[object]:
    """Every object of this program that can be reached from ``roots``, ``besides`` and what is behind them left out."""
    seen = {id(one) for one in besides}
    waiting = deque(roots)
    while waiting:
        one = waiting.popleft()
        if id(one) in seen or isinstance(one, ATOMS):
            continue
        seen.add(id(one))
        yield one
        waiting += behind(one)


def behind(one: object) -> list[object]:
    if isinstance(one, dict):
        return [*one.keys(), *one.values()]
    if isinstance(one, list | tuple | set | frozenset | deque):
        return list(one)
    if isinstance(one, MethodType):
        return [one.__self__]
    if isinstance(one, FunctionType):
        return [cell.cell_contents for cell in one.__closure__ or ()]
    if not type(one).__module__.startswith(("vibe_quant", "tests")):
        return []
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    found = [getattr(one, name) for name in slots if hasattr(one, name) and name != "__weakref__"]
    return [*found, *getattr(one, "__dict__", {}).values()]


def stale(roots: Iterable[object], now: Settings, besides: Iterable[object] = ()) -> list[object]:
    """Settings objects that can be reached and are no part of ``now``."""
    ruling = set(map(repr, sections(now)))
    found = reachable(roots, [now, *besides])
    return [one for one in found if type(one) in KINDS and repr(one) not in ruling]


def other_value(path: tuple[Any, ...], member: Member, value: Any) -> Any:
    """A valid value of a knob that is another one than ``value``."""
    if path in LISTS:
        return LISTS[path]
    if member.choices:
        return next(word for word in member.kind if word is not value)
    if member.kind is bool:
        return not value
    if member.kind is str:
        return "other"
    if value is None:
        return member.kind(7)
    more, most = value + (value or 1), member.bounds.get("le", member.bounds.get("lt"))
    return member.kind(more if most is None or more < most else value / 2)


LISTS: dict[tuple[Any, ...], Any] = {
    ("sides",): (PositionSide.LONG,),
    ("accel", "tiers"): (AccelTier(D("0.01"), 2),),
    ("roi", "tiers"): (RoiTier(D("0.1"), 2),),
    ("risk", "panic_close", "tiers"): (PanicTier(D("0.013"), D("0.2"), 1),),
    ("strategy", "names"): (StrategyName.PATIENT,),
    ("strategy", "weights"): (StrategyWeight(StrategyName.PATIENT, D(2)),),
    ("telegram", "allow"): (TelegramUser(5, 6),),
    ("manage",): Manage.ALL,
    ("allow", "key_rights"): ("enableWithdrawals",),
    ("sim", "positions"): (SeededPosition("BTC/USDT:USDT", PositionSide.LONG, D(1)),),
    ("paper", "positions"): (SeededPosition("BTC/USDT:USDT", PositionSide.LONG, D(1)),),
}


def with_value(settings: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The same settings with one knob put otherwise."""
    head, *rest = path
    changed = with_value(getattr(settings, head), tuple(rest), value) if rest else value
    return replace(settings, **{head: changed})


def knob_of(settings: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for step in path:
        settings = getattr(settings, step)
    return settings


def with_other(settings: Any, path: tuple[Any, ...], member: Member) -> Any:
    """The same settings with that knob changed."""
    return with_value(settings, path, other_value(path, member, knob_of(settings, path)))


HOT_OF_SYMBOL = dict(leaves(SYMBOL))
HOT_OF_ALL = {path: member for path, member in leaves(SHARED) if not member.restart}
COLD = {path: member for path, member in leaves(SHARED) if member.restart}


def changed_all(one: SymbolSettings) -> SymbolSettings:
    """Every knob of a symbol otherwise, but for its sides."""
    for path, member in HOT_OF_SYMBOL.items():
        if path != ("sides",):
            one = with_other(one, path, member)
    return one


def changed_shared(shared: GlobalSettings) -> GlobalSettings:
    """Every hot knob of ``global:`` otherwise."""
    for path, member in HOT_OF_ALL.items():
        shared = with_other(shared, path, member)
    return shared

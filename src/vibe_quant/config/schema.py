"""Validating models made from the settings dataclasses: raw mappings in, frozen settings and all faults out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from vibe_quant.config.problems import EMPTY, KeyPath
from vibe_quant.config.shape import GLOBAL, SHARED, SYMBOL, Member
from vibe_quant.config.wording import message_of, unknown_key
from vibe_quant.domain.settings import GlobalSettings, SymbolSettings


@dataclass(frozen=True, slots=True)
class Fault:
    """One refusal below a section; ``blocks`` are the knobs whose value is therefore not known.

    ``unknown``: the key itself is refused, not its value.
    """

    path: KeyPath
    message: str
    blocks: tuple[KeyPath, ...]
    unknown: bool = False


def read_global(raw: Mapping[str, Any]) -> tuple[GlobalSettings, SymbolSettings, list[Fault]]:
    """Settings of ``global:``; what is at fault has its default in them and a Fault beside them."""
    model, faults = _validate(_model("global", GLOBAL), GLOBAL, raw)
    inherited = tuple(m for m in GLOBAL if m not in SHARED)
    return _freeze(GlobalSettings, model, SHARED), _freeze(SymbolSettings, model, inherited), faults


def read_symbol(raw: Mapping[str, Any]) -> tuple[SymbolSettings, list[Fault]]:
    """Settings of one symbol from its merged sections, as ``read_global``."""
    model, faults = _validate(_model("symbol", SYMBOL), SYMBOL, raw)
    return _freeze(SymbolSettings, model, SYMBOL), faults


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_default(cls, data: Any) -> Any:
        """A known key with null, or with nothing after it, is as though it were not there."""
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if k not in cls.model_fields or (v is not None and v is not EMPTY)}


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise PydanticCustomError("number_type", "not a number")
    return Decimal(value)


def _word(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("enum", "not a word")
    return value


_TYPES: dict[type[Any], Any] = {
    int: Annotated[int, Strict()],
    bool: Annotated[bool, Strict()],
    str: Annotated[str, Strict()],
    Decimal: Annotated[Decimal, BeforeValidator(_number)],
}


@cache
def _model(name: str, keys: tuple[Member, ...]) -> type[_Section]:
    return create_model(name, __base__=_Section, **cast("Any", {m.name: _field(m) for m in keys}))


def _field(member: Member) -> tuple[Any, Any]:
    """(annotation, default) of a key, as create_model takes them."""
    if member.children:
        kind: Any = _model(member.kind.__name__, member.children)
    elif issubclass(member.kind, StrEnum):
        kind = Annotated[member.kind, BeforeValidator(_word)]
    else:
        kind = Annotated[_TYPES[member.kind], Field(**member.bounds)]
    if member.many:
        return tuple[kind, ...], Field(default=member.default)
    if member.is_section:
        return kind, Field(default_factory=kind)
    if member.optional:
        kind = kind | None
    return kind, Field(default=... if member.default is MISSING else member.default)


def _validate(model: type[_Section], keys: tuple[Member, ...], raw: Mapping[str, Any]) -> tuple[_Section, list[Fault]]:
    """The model of what is sound in ``raw``: a knob at fault is taken out, a list as a whole."""
    faults: list[Fault] = []
    while True:
        try:
            return model.model_validate(raw), faults
        except ValidationError as error:
            found = [_fault(keys, dict(e)) for e in error.errors(include_url=False)]
            faults += found
            for fault in found:
                raw = _without(raw, fault.path if fault.unknown else _knob(fault.path))


def _fault(keys: tuple[Member, ...], error: dict[str, Any]) -> Fault:
    path: KeyPath = error["loc"]
    if error["type"] == "extra_forbidden":
        message, meant = unknown_key(keys, path)
        return Fault(path, message, (path,) if meant is None else (path, (*path[:-1], meant)), unknown=True)
    return Fault(path, message_of(keys, error), (_knob(path),))


def _knob(path: KeyPath) -> KeyPath:
    """The path up to the list that it enters."""
    for i, step in enumerate(path):
        if isinstance(step, int):
            return path[:i]
    return path


def _without(raw: Any, path: KeyPath) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(raw, list):
        return [_without(item, rest) if i == head else item for i, item in enumerate(raw)]
    if rest and isinstance(raw.get(head), dict | list):
        return {**raw, head: _without(raw[head], rest)}
    return {k: v for k, v in raw.items() if k != head}


def _freeze(of: type[Any], model: BaseModel, keys: tuple[Member, ...]) -> Any:
    return of(**{m.name: _frozen_value(m, getattr(model, m.name)) for m in keys})


def _frozen_value(member: Member, value: Any) -> Any:
    if not member.children:
        return value
    if member.many:
        return tuple(v if isinstance(v, member.kind) else _freeze(member.kind, v, member.children) for v in value)
    return _freeze(member.kind, value, member.children)

"""Reads declared faults out of plain data: strictly, all problems at once, each with its path and its cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vibe_quant.sim.front.faults import account_kinds, event_kinds, foreign_kinds, request_kinds, socket_kinds
from vibe_quant.sim.front.faults.families import Act, Declared, EventFault, RequestFault

Kind = type[RequestFault] | type[EventFault] | type[Act]
FAMILIES: tuple[tuple[Kind, Any], ...] = (
    (RequestFault, request_kinds),
    (EventFault, event_kinds),
    (Act, socket_kinds),
    (Act, account_kinds),
    (Act, foreign_kinds),
)


class FaultError(ValueError):
    """Declarations that cannot be followed; nothing of them was taken.  ``problems`` holds one line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def _kinds() -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for family, module in FAMILIES:
        for item in vars(module).values():
            if isinstance(item, type) and issubclass(item, family) and item.__module__ == module.__name__:
                found.update(dict.fromkeys(get_args(item.model_fields["kind"].annotation), item))
    return found


KINDS = _kinds()
"""Every kind of fault by its name."""


def read_faults(data: object) -> tuple[Declared, ...]:
    """Faults of a list, of a mapping that holds one under ``faults``, or of a single declaration.

    Raises:
        FaultError: whatever is wrong with any of them.
    """
    items, path = _items(data)
    problems: list[str] = []
    specs = [_one(item, f"{path}[{number}]", problems) for number, item in enumerate(items)]
    taken: set[str] = set()
    for number, spec in enumerate(specs):
        if spec is not None and spec.name is not None:
            if spec.name in taken:
                problems.append(f"{path}[{number}].name: {spec.name!r} is taken; give each its own name, or none")
            taken.add(spec.name)
    if problems:
        raise FaultError(problems)
    return tuple(spec for spec in specs if spec is not None)


def _items(data: object) -> tuple[Sequence[object], str]:
    if isinstance(data, Mapping) and "kind" in data:
        return [data], "faults"
    if isinstance(data, Mapping):
        unknown = [key for key in data if key != "faults"]
        if unknown or "faults" not in data:
            raise FaultError([f"{unknown[0] if unknown else 'faults'}: a file of faults holds one key, faults: a list"])
        data = data["faults"]
    if not isinstance(data, list | tuple):
        raise FaultError(["faults: must be a list of declarations, each with its kind"])
    return data, "faults"


def _one(item: object, path: str, problems: list[str]) -> Declared | None:
    if not isinstance(item, Mapping):
        problems.append(f"{path}: must be a declaration with its kind, as {{kind: ack_late, ...}}")
        return None
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        problems.append(f"{path}.kind: {_unknown_kind(kind)}")
        return None
    try:
        return KINDS[kind].model_validate(dict(item))
    except ValidationError as error:
        details = [detail for detail in error.errors() if not (detail["type"] == "too_short" and detail["input"])]
        problems.extend(_said(path, KINDS[kind], kind, detail) for detail in details)
        return None


def _unknown_kind(kind: object) -> str:
    near = get_close_matches(kind, KINDS, n=1) if isinstance(kind, str) else []
    meant = f"did you mean {near[0]}? All are" if near else "all are"
    return f"{kind!r} is no kind of fault; {meant} in vibe-quant sim faults, and in GET /catalogue of the control port"


def _said(path: str, model: Kind, kind: str, detail: ErrorDetails) -> str:
    where = path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"{where}: {_unknown_key(model, kind, detail['loc'])}"
        case "missing":
            return f"{where}: is missing; {_meaning(model, detail['loc'])}"
        case "value_error":
            return f"{where}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            meaning = _meaning(model, detail["loc"])
            hint = f" ({meaning})" if meaning else ""
            return f"{where}: {detail['msg'].removeprefix('Input ')}, is {_short(detail['input'])}{hint}"


def _unknown_key(model: Kind, kind: str, loc: tuple[int | str, ...]) -> str:
    fields = _fields_at(model, loc[:-1])
    near = get_close_matches(str(loc[-1]), fields, n=1)
    meant = f"did you mean {near[0]}? There are" if near else "there are"
    return f"{kind} has no such key; {meant} {', '.join(fields)}"


def _fields_at(model: Kind, loc: tuple[int | str, ...]) -> list[str]:
    inner: Any = model
    for step in loc:
        inner = inner_model(inner.model_fields[str(step)].annotation)
    return list(inner.model_fields)


def _meaning(model: Kind, loc: tuple[int | str, ...]) -> str:
    inner: Any = model
    text = ""
    for step in loc:
        field = inner.model_fields.get(str(step)) if inner is not None else None
        if field is None:
            break
        text = field.description or text
        inner = inner_model(field.annotation)
    return text


def inner_model(annotation: Any) -> Any:
    """The declaration that a field holds, None where it holds a plain value."""
    for choice in (annotation, *get_args(annotation)):
        if isinstance(choice, type) and hasattr(choice, "model_fields"):
            return choice
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."

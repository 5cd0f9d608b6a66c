"""The table of every kind of fault with its fields, made from the declarations themselves."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from pydantic.fields import FieldInfo

from vibe_quant.sim.front.faults.families import Act, EventFault, RequestFault
from vibe_quant.sim.front.faults.reading import KINDS, Kind
from vibe_quant.sim.front.faults.spec import Spec, When
from vibe_quant.sim.front.faults.where import EventFilter, RequestFilter

SHARED = ("kind", "name", "when", "where", "times", "for_s")
TITLES = ((RequestFault, "Requests and answers"), (EventFault, "User stream"), (Act, "What happens by itself"))


def catalogue() -> str:
    """Markdown: what all faults take, then one table a family."""
    parts = [_shared()]
    for family, title in TITLES:
        rows = [_row(name, kind) for name, kind in KINDS.items() if issubclass(kind, family)]
        parts.append("\n".join([f"### {title}", "", "| kind | what | fields |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(name: str, kind: Kind) -> str:
    summary = " ".join((getdoc(kind) or "").split("\n\n")[0].split())
    own = [_field(key, field) for key, field in kind.model_fields.items() if key not in SHARED]
    return f"| `{name}` | {summary}{_default(kind)} | {'; '.join(own)} |"


def _default(kind: Kind) -> str:
    said = []
    if issubclass(kind, RequestFault) and kind.endpoint != ("*",):
        methods = " ".join(endpoint.split()[0] for endpoint in kind.endpoint)
        said.append(f"{methods} `{kind.endpoint[0].split()[1]}` unless `where` names another")
    if kind.lasting_s is not None:
        said.append(f"{kind.lasting_s} s unless `for_s` says otherwise")
    if issubclass(kind, Act) and kind.ends:
        said.append("for good, or `for_s`")
    return f" ({'; '.join(said)})" if said else ""


def _field(name: str, field: FieldInfo) -> str:
    must = " (must)" if field.is_required() else ""
    return f"`{name}`{must} {field.description or ''}".rstrip()


def _shared() -> str:
    lines = ["### All faults", "", "| key | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {_plain(Spec.model_fields[name])} |" for name in ("name", "times", "for_s")]
    lines += [f"| `when.{name}` | {_plain(field)} |" for name, field in When.model_fields.items()]
    for title, model in (("request", RequestFilter), ("event", EventFilter)):
        fields: dict[str, Any] = model.model_fields
        lines += [f"| `where.{name}` ({title}) | {_plain(field)} |" for name, field in fields.items()]
    return "\n".join(lines)


def _plain(field: FieldInfo) -> str:
    return field.description or ""

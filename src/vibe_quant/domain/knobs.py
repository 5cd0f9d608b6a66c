"""How a knob is declared: its default, bounds and meaning stand in one place, as a dataclass field's metadata."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def knob(
    default: Any,
    doc: str,
    *,
    ge: Any = None,
    gt: Any = None,
    le: Any = None,
    lt: Any = None,
    pattern: str | None = None,
) -> Any:
    """A dataclass field with its bounds and meaning as metadata; ``...`` as default makes it required."""
    bounds = {"ge": ge, "gt": gt, "le": le, "lt": lt, "pattern": pattern}
    metadata = {"doc": doc, **{k: v for k, v in bounds.items() if v is not None}}
    return field(metadata=metadata) if default is ... else field(default=default, metadata=metadata)


def group(of: type[Any], doc: str) -> Any:
    """A nested section with all its defaults."""
    return field(default_factory=of, metadata={"doc": doc})

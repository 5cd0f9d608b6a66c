"""How a knob is declared: its default, bounds, meaning and whether a reload may change it stand in one place.

They are metadata of a dataclass field.
"""

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
    restart: bool = False,
) -> Any:
    """A dataclass field with its bounds and meaning as metadata; ``...`` as default makes it required.

    ``restart``: a running program cannot take another value, and a reload that brings one is refused as a whole.
    Without it, whoever holds a copy of the value is given the new one (tests/app/test_reload_knobs.py).
    """
    bounds = {"ge": ge, "gt": gt, "le": le, "lt": lt, "pattern": pattern}
    metadata = {"doc": doc, **_marked(restart), **{k: v for k, v in bounds.items() if v is not None}}
    return field(metadata=metadata) if default is ... else field(default=default, metadata=metadata)


def group(of: type[Any], doc: str, *, restart: bool = False) -> Any:
    """A nested section with all its defaults; ``restart``: none of its knobs changes while the program runs."""
    return field(default_factory=of, metadata={"doc": doc, **_marked(restart)})


def _marked(restart: bool) -> dict[str, Any]:
    return {"restart": True} if restart else {}

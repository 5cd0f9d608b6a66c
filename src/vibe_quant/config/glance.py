"""What a file says of where its service is, read without judging the rest: an operator is not stopped by a typo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vibe_quant.config.yaml_strict import StrictYamlError, parse

VENUES = ("sim", "paper", "testnet", "live")
MOST_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Glance:
    """As written, or the default; what is of another kind than it must be counts as not written."""

    venue: str = VENUES[0]
    log_folder: str | None = None
    symbols: tuple[str, ...] = ()


def glance(path: Path) -> Glance | None:
    """What stands in the file; None where it cannot be read, is no YAML, or names a venue that there is not."""
    try:
        with path.open("rb") as file:
            data = parse(file.read(MOST_BYTES + 1).decode("utf-8-sig")).data
    except (OSError, ValueError, StrictYamlError):
        return None
    shared = _section(data, "global")
    venue = shared.get("venue", VENUES[0])
    if not isinstance(data, Mapping) or venue not in VENUES:
        return None
    folder = _section(shared, "log").get("folder")
    return Glance(venue, folder if isinstance(folder, str) and folder else None, tuple(_section(data, "symbols")))


def _section(data: Any, name: str) -> Mapping[str, Any]:
    found = data.get(name) if isinstance(data, Mapping) else None
    return found if isinstance(found, Mapping) else {}

"""What a check says of the knobs it has looked at."""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.config.problems import KeyPath


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction between the knobs of ``uses``; ``incomplete``: it would be gone if a missing value were given."""

    uses: tuple[KeyPath, ...]
    message: str
    incomplete: bool = False

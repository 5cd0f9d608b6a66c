"""What is counted of the frames of a stream, and what of them may be put into words: never a listen key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NAMES_KEPT = 64
"""Names that a peer has chosen and that are counted each by itself; those beyond are counted together."""
OTHERS = "others"
LONGEST_NAME = 48
_KEY = re.compile(r"[A-Za-z0-9]{32,}")


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the start.  ``unknown``: event names and, as ``event.field=``, words and fields that have no meaning here.

    ``malformed``: events and frames that could not be read; ``late`` and ``out_of_order`` by event name, passed on all
    the same; ``ignored`` by reason.
    """

    frames: int
    events: int
    malformed: int
    unknown: Mapping[str, int]
    late: Mapping[str, int]
    out_of_order: Mapping[str, int]
    ignored: Mapping[str, int]


@dataclass(slots=True)
class Tally:
    """The counts as they grow."""

    frames: int = 0
    events: int = 0
    malformed: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    out_of_order: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)

    def meet(self, name: str) -> None:
        """One more of a name nobody here knows."""
        name = hidden(name)[:LONGEST_NAME]
        more(self.unknown, name if name in self.unknown or len(self.unknown) < NAMES_KEPT else OTHERS)

    def snapshot(self) -> Counters:
        """A copy that does not change any more."""
        copies = (MappingProxyType(dict(kept)) for kept in (self.unknown, self.late, self.out_of_order, self.ignored))
        return Counters(self.frames, self.events, self.malformed, *copies)


def more(counts: dict[str, int], name: str) -> None:
    """One more under ``name``."""
    counts[name] = counts.get(name, 0) + 1


def hidden(text: str) -> str:
    """The same without whatever could be a listen key."""
    return _KEY.sub("(hidden)", text)

"""What the running program counts of itself, beside the picture in ``domain.status``: for machines, not for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vibe_quant.domain.enums import PositionSide, RequestKind
from vibe_quant.domain.spread import Spread


@dataclass(frozen=True, slots=True)
class Messages:
    """What one codec has read since the start; ``late`` and ``out_of_order`` were passed on all the same."""

    frames: int = 0
    malformed: int = 0
    unknown: int = 0
    late: int = 0
    out_of_order: int = 0


@dataclass(frozen=True, slots=True)
class Keys:
    """Listen keys of the user stream since the start: extensions, failed ones, and keys that were new."""

    extended: int = 0
    failed: int = 0
    replaced: int = 0


@dataclass(frozen=True, slots=True)
class Measures:
    """Counts since the start; the spreads go on counting while they are looked at.

    ``waiting``: events in the queue now, ``longest`` the most there ever were.  ``outcomes``: (kind, what came of it).
    ``levels``: name, how often it was come to and for how many ms.  ``dropped``: pairs that each observer missed,
    ``failed``: what each has skipped because a defect of it made it fail.
    ``market_age_ms``: of the newest quote or trade of a symbol, ``mark_age_ms`` of its mark; unknown where missing.
    ``gates``: what holds each leg's discretion back, by the name of ``domain.blocked.Blocked``.
    """

    handled: int = 0
    waiting: int = 0
    longest: int = 0
    conflated: int = 0
    rows_lost: int = 0
    defects: int = 0
    breaker_opened: int = 0
    sent: Mapping[RequestKind, int] = field(default_factory=dict)
    outcomes: Mapping[tuple[RequestKind, str], int] = field(default_factory=dict)
    round_trips: Mapping[RequestKind, Spread] = field(default_factory=dict)
    commits: Spread = field(default_factory=Spread)
    levels: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    messages: Mapping[str, Messages] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    keys: Keys = field(default_factory=Keys)
    market_age_ms: Mapping[str, int] = field(default_factory=dict)
    mark_age_ms: Mapping[str, int] = field(default_factory=dict)
    gates: Mapping[tuple[str, PositionSide], str] = field(default_factory=dict)

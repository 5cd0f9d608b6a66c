"""What the operator wants: events like any other; a part of the closed union in domain/events.py.

``by`` names who asked, for the journal; nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import Settings


@dataclass(frozen=True, slots=True)
class Pause:
    """Operator: no discretionary orders for a symbol (None: all), until ``until_ms`` (monotonic) or undone."""

    recv_ms: int
    symbol: str | None = None
    until_ms: int | None = None
    panic: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Operator: undo a pause, and a halt."""

    recv_ms: int
    symbol: str | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Flatten:
    """Operator: work the side down to zero without signals; symbol and side None: all."""

    recv_ms: int
    symbol: str | None = None
    side: PositionSide | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reload:
    """Operator: new settings, already validated."""

    recv_ms: int
    settings: Settings
    drop_stops: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """Operator or service manager: cancel what is ours and come to rest; protective stops stay."""

    recv_ms: int


OperatorEvent = Pause | Resume | Flatten | Reload | Stop

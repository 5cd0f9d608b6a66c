"""What a socket is to the exchange: four verbs that the server lends, and how much one client may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Wire(Protocol):
    """What the server lends to each socket.  No call waits, fails, or comes back into the session."""

    def send(self, payload: bytes) -> None:
        """One text frame, after those sent before it."""
        ...

    def ping(self, payload: bytes) -> None:
        """A ping frame, after what was sent."""
        ...

    def close(self, code: int, reason: str) -> None:
        """An orderly close, after what was sent."""
        ...

    def abort(self) -> None:
        """The connection breaks without a word."""
        ...


@dataclass(frozen=True, slots=True)
class HubLimits:
    """What a socket may do and how long it lives."""

    ping_every_ms: int = 180_000
    pong_within_ms: int = 600_000
    life_ms: int = 24 * 3_600_000
    messages_per_s: int = 10
    streams: int = 1024

"""Which sockets deliver, since when, and how often each has come back."""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Event, StreamDown, StreamUp


@dataclass(slots=True)
class Socket:
    """``since_ms``: of the last change, monotonic; None before the first."""

    up: bool = False
    since_ms: int | None = None
    came: int = 0

    @property
    def reconnects(self) -> int:
        """How often it came again."""
        return max(0, self.came - 1)


class Sockets:
    """One an application."""

    def __init__(self) -> None:
        self.of = {stream: Socket() for stream in Stream}

    def see(self, event: Event) -> None:
        """Any event that is not market news."""
        if not isinstance(event, StreamUp | StreamDown):
            return
        socket, up = self.of[event.stream], isinstance(event, StreamUp)
        socket.came += up and not socket.up
        if up is not socket.up or socket.since_ms is None:
            socket.up, socket.since_ms = up, event.recv_ms

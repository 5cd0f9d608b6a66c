"""Who may be told what: the seam between what happens and the sockets that hear of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class StreamClass(StrEnum):
    """Class of a stream, which is also the first element of its path."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"


class Publisher(Protocol):
    """What the market's and the account's tellers see of the sockets."""

    def wanted(self, cls: StreamClass, stream: str) -> bool:
        """Whether anybody listens to ``stream`` (lower-case symbol) on the class where it travels."""
        ...

    def publish(self, cls: StreamClass, stream: str, payload: bytes) -> None:
        """Send one raw payload to all who listen to it; wrapped for those in stream mode."""
        ...

    def push_user(self, name: str, payload: bytes) -> None:
        """Send one user event, ``name`` being its ``e``, to every live socket of the account's listen key."""
        ...

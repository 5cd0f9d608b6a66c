"""What one socket asked to hear, whether anything has that name or not, and the rooms that it stands in for it."""

from __future__ import annotations

from collections.abc import Iterable

from vibe_quant.sim.front.streams.rooms import Rooms, Send, enter, envelope, leave
from vibe_quant.sim.front.streams.stream_paths import Wish


class TooManyStreams(Exception):  # noqa: N818 - an ordinary answer
    """More names than one socket may ask for; nothing was added."""


class Subscriptions:
    """Names in the order in which they were asked for.  While ``silent`` nothing is heard and all is remembered."""

    def __init__(self, rooms: Rooms, send: Send, combined: bool, most: int) -> None:
        """``rooms`` are those of the socket's class, ``send`` its way out, ``most`` the number of names it may have."""
        self._rooms = rooms
        self._send = send
        self._combined = combined
        self._most = most
        self._wishes: dict[str, Wish] = {}
        self._silent = False

    @property
    def names(self) -> list[str]:
        """All of them."""
        return list(self._wishes)

    @property
    def combined(self) -> bool:
        """Whether payloads come wrapped in the stream's name."""
        return self._combined

    def add(self, wishes: Iterable[Wish]) -> None:
        """Ask for more; a listen key that is asked for twice is heard for the events of both.

        Raises:
            TooManyStreams: nothing was added.
        """
        wished = dict(self._wishes)
        for wish in wishes:
            before = wished.get(wish.name)
            wished[wish.name] = wish if before is None else _both(before, wish)
        if len(wished) > self._most:
            raise TooManyStreams(f"at most {self._most} streams on one connection")
        added = [name for name in wished if name not in self._wishes]
        self._wishes = wished
        self._enter(added)

    def remove(self, names: Iterable[str]) -> None:
        """Hear of these no more; names that were not asked for do not matter."""
        gone = [name for name in names if self._wishes.pop(name, None) is not None]
        self._leave(gone)

    def wrap(self, combined: bool) -> None:
        """Wrap payloads from now on, or do not."""
        self._leave(self._wishes)
        self._combined = combined
        self._enter(self._wishes)

    def silence(self, silent: bool) -> None:
        """Hear nothing for a while, or again."""
        if silent:
            self._leave(self._wishes)
        self._silent, before = silent, self._silent
        if before and not silent:
            self._enter(self._wishes)

    def asked_for(self, key: str) -> bool:
        """Whether this listen key's events reach the socket at all."""
        return key in self._wishes and not self._silent

    def hears(self, key: str, event: str) -> bool:
        """Whether this event of a listen key reaches the socket."""
        wish = self._wishes.get(key)
        return wish is not None and not self._silent and (wish.events is None or event in wish.events)

    def tell(self, stream: str, payload: bytes) -> None:
        """Send one payload as coming from a stream, wrapped or not."""
        self._send(envelope(stream) + payload + b"}" if self._combined else payload)

    def _enter(self, names: Iterable[str]) -> None:
        if not self._silent:
            for name in names:
                enter(self._rooms, name, self._send, self._combined)

    def _leave(self, names: Iterable[str]) -> None:
        for name in names:
            leave(self._rooms, name, self._send)


def _both(one: Wish, other: Wish) -> Wish:
    if one.events is None or other.events is None:
        return Wish(one.name)
    return Wish(one.name, one.events | other.events)

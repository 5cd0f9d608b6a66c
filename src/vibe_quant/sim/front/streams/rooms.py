"""Who hears which stream: the shortest way from one payload to every socket that asked for it."""

from __future__ import annotations

import json
from collections.abc import Callable

Send = Callable[[bytes], None]


class Room:
    """The sockets that listen to one stream; ``prefix`` is what comes before a payload where it is wrapped."""

    __slots__ = ("prefix", "raw", "wrapped")

    def __init__(self, stream: str) -> None:
        self.raw: tuple[Send, ...] = ()
        self.wrapped: tuple[Send, ...] = ()
        self.prefix = envelope(stream)


Rooms = dict[str, Room]
"""The rooms of one class by stream; none is empty."""


def envelope(stream: str) -> bytes:
    """``{"stream":"btcusdt@bookTicker","data":``; the payload and ``}`` follow."""
    return b'{"stream":' + json.dumps(stream, ensure_ascii=False).encode(errors="replace") + b',"data":'


def enter(rooms: Rooms, stream: str, send: Send, combined: bool) -> None:
    """Let a socket hear a stream, after those that do already."""
    room = rooms.get(stream)
    if room is None:
        room = rooms[stream] = Room(stream)
    if combined:
        room.wrapped = (*room.wrapped, send)
    else:
        room.raw = (*room.raw, send)


def leave(rooms: Rooms, stream: str, send: Send) -> None:
    """Let a socket hear a stream no more; nothing happens where it did not."""
    room = rooms.get(stream)
    if room is None:
        return
    room.raw = tuple(other for other in room.raw if other is not send)
    room.wrapped = tuple(other for other in room.wrapped if other is not send)
    if not room.raw and not room.wrapped:
        del rooms[stream]


def tell(room: Room, payload: bytes) -> None:
    """Send one payload to all in a room."""
    for send in room.raw:
        send(payload)
    if room.wrapped:
        frame = room.prefix + payload + b"}"
        for send in room.wrapped:
            send(frame)

"""What a socket's URL asks for: a class of streams, raw or wrapped, and the names or listen keys to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from vibe_quant.sim.front.streams.publisher import StreamClass

RAW, WRAPPED = "ws", "stream"
CLASSES = {member.value: member for member in StreamClass}


class NoSuchPath(Exception):  # noqa: N818 - what the handshake answers
    """No socket is served at this path: the handshake gets 404."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One name asked for; ``events`` narrows a listen key to these, None: all."""

    name: str
    events: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where a socket stands: ``cls`` None is an unrouted path; ``combined`` wraps each payload in its stream's name."""

    cls: StreamClass | None
    combined: bool
    wishes: tuple[Wish, ...] = ()


def read_target(path: str, query: str) -> Target:
    """Read a raw path and query: ``/public/ws/a/b``, ``/market/stream?streams=a/b``, ``/private/ws?listenKey=K``.

    Any name is accepted, whether a stream has it or not.

    Raises:
        NoSuchPath: anything else.
    """
    first, *rest = path.removeprefix("/").split("/")
    cls = CLASSES.get(first)
    mode, *names = rest if cls is not None and rest else [first, *rest]
    if not path.startswith("/") or mode not in (RAW, WRAPPED) or (mode == WRAPPED and any(names)):
        raise NoSuchPath(path)
    wishes = [Wish(unquote(name)) for name in names if name]
    if mode == WRAPPED:
        wishes += _streams(query)
    if cls is StreamClass.PRIVATE:
        wishes += _listen_keys(query)
    return Target(cls, mode == WRAPPED, tuple(wishes))


def _streams(query: str) -> list[Wish]:
    values = [value for name, value in parse_qsl(query) if name == "streams"]
    return [Wish(stream) for value in values for stream in value.split("/") if stream]


def _listen_keys(query: str) -> list[Wish]:
    """``events`` belongs to the ``listenKey`` before it; one that comes before any belongs to the first."""
    wishes: list[Wish] = []
    early: frozenset[str] | None = None
    for name, value in parse_qsl(query):
        if name == "listenKey":
            wishes.append(Wish(value, early))
            early = None
        elif name == "events":
            events = frozenset(event for event in value.split("/") if event) or None
            if wishes:
                wishes[-1] = Wish(wishes[-1].name, events)
            else:
                early = events
    return wishes

"""One socket: what it asked for, what it is answered, how long it lives, and the ways in which it can be broken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from vibe_quant.sim.front.http import Json
from vibe_quant.sim.front.streams.control_messages import (
    BadControl,
    Control,
    GetCombined,
    ListSubscriptions,
    SetCombined,
    Subscribe,
    Unsubscribe,
    read_control,
    result,
)
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.front.streams.rooms import Rooms
from vibe_quant.sim.front.streams.stream_paths import NoSuchPath, Target, Wish
from vibe_quant.sim.front.streams.subscriptions import Subscriptions, TooManyStreams
from vibe_quant.sim.front.streams.wire import HubLimits, Wire
from vibe_quant.sim.venue import NEVER

__all__ = ["HubLimits", "NoSuchPath", "Session", "Wire"]

SECOND_MS = 1000
POLICY, GOING_AWAY = 1008, 1001


@dataclass(frozen=True, slots=True)
class Place:
    """Where a socket stands: its ``path`` as asked for, what it asks, and the ``rooms`` of its class."""

    number: int
    path: str
    target: Target
    rooms: Rooms


class Session:
    """A socket's side of the exchange.

    ``opened`` is epoch ms; ``received`` counts what the client sent (messages, pings, pongs), ``user_events`` the
    events of listen keys that it was sent.  One that is ``closed`` does nothing more, whatever is called.
    """

    def __init__(
        self, place: Place, wire: Wire, limits: HubLimits, now: int, changed: Callable[[Session], None]
    ) -> None:
        """``changed`` is told when its timers moved or it closed."""
        self.number = place.number
        self.path = place.path
        self.opened = now
        self.received = 0
        self.user_events = 0
        self.closed = False
        self.muted = False
        self.frozen = False
        self._cls = place.target.cls
        self._wire = wire
        self._limits = limits
        self._changed = changed
        self._streams = Subscriptions(place.rooms, wire.send, place.target.combined, limits.streams)
        self._recent: deque[int] = deque(maxlen=limits.messages_per_s)
        self._next_ping = now + limits.ping_every_ms
        self._unanswered_since: int | None = None
        self._begin(place.target.wishes)

    @property
    def cls(self) -> StreamClass | None:
        """Class of its path; None: unrouted."""
        return self._cls

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Names asked for, in order, whether streams have them or not."""
        return tuple(self._streams.names)

    @property
    def due(self) -> int:
        """When ``advance`` has something to do (epoch ms)."""
        return min(self._next_ping, self._ends_at, self._pong_due)

    def age_ms(self, now: int) -> int:
        """How long it lives."""
        return now - self.opened

    def receive(self, text: str, now: int) -> None:
        """A text frame from the client; what is no request is answered with an error."""
        if not self._heard(now):
            return
        try:
            control = read_control(text)
            self._wire.send(self._obey(control))
        except BadControl as bad:
            self._wire.send(bad.reply)

    def pinged(self, now: int) -> bool:
        """A ping from the client; whether to answer it with a pong."""
        return self._heard(now)

    def pong(self, now: int) -> None:
        """A pong from the client, asked for or not."""
        if self._heard(now):
            self._unanswered_since = None
            self._changed(self)

    def gone(self) -> None:
        """The client is gone; what is left of the socket is forgotten."""
        if not self.closed:
            self._streams.silence(True)
            self.closed = True
            self._changed(self)

    def advance(self, now: int) -> None:
        """Ping, or close where the pong is overdue or the life is over.  Nothing happens to one that is frozen."""
        if self.closed or self.frozen:
            return
        if now >= self._ends_at:
            self.close(GOING_AWAY, "Connection reached its maximum age")
        elif now >= self._pong_due:
            self.close(POLICY, "Pong timeout")
        elif now >= self._next_ping:
            self._ping(now)

    def hears(self, key: str, event: str) -> bool:
        """Whether this event of a listen key reaches the client."""
        return self._cls is StreamClass.PRIVATE and self._streams.hears(key, event)

    def asked_for(self, key: str) -> bool:
        """Whether any event of a listen key reaches the client."""
        return self._cls is StreamClass.PRIVATE and self._streams.asked_for(key)

    def tell_user(self, key: str, payload: bytes) -> None:
        """Send one event of a listen key; wrapped in the key where the socket is in stream mode."""
        self.user_events += 1
        self._streams.tell(key, payload)

    def close(self, code: int, reason: str) -> None:
        """Close in order.  One that is frozen stays as it is until the client gives up."""
        if not self.closed and not self.frozen:
            self.gone()
            self._wire.close(code, reason)

    def drop(self) -> None:
        """Break the connection without a word."""
        if not self.closed:
            self.gone()
            self._wire.abort()

    def mute(self) -> None:
        """Connected and silent: pings and answers go on, streams and events do not."""
        self.muted = True
        self._streams.silence(True)

    def unmute(self) -> None:
        """What was asked for flows again; what happened meanwhile is lost."""
        if not self.frozen and not self.closed:
            self.muted = False
            self._streams.silence(False)

    def freeze(self) -> None:
        """Half-open: nothing comes through in either direction, and the connection stays."""
        self.mute()
        self.frozen = True
        self._changed(self)

    @property
    def _ends_at(self) -> int:
        return self.opened + self._limits.life_ms

    @property
    def _pong_due(self) -> int:
        return NEVER if self._unanswered_since is None else self._unanswered_since + self._limits.pong_within_ms

    def _begin(self, wishes: tuple[Wish, ...]) -> None:
        try:
            self._streams.add(wishes)
        except TooManyStreams as refusal:
            self.close(POLICY, str(refusal))

    def _heard(self, now: int) -> bool:
        if self.closed or self.frozen:
            return False
        self.received += 1
        crowded = len(self._recent) == self._limits.messages_per_s and now - self._recent[0] < SECOND_MS
        self._recent.append(now)
        if crowded:
            self.close(POLICY, "Too many requests")
        return not crowded

    def _ping(self, now: int) -> None:
        self._wire.ping(str(now).encode())
        self._next_ping = now + self._limits.ping_every_ms
        if self._unanswered_since is None:
            self._unanswered_since = now

    def _obey(self, control: Control) -> bytes:
        answer: Json = None
        match control.request:
            case Subscribe(names):
                self._subscribe(names, control)
            case Unsubscribe(names):
                self._streams.remove(names)
            case ListSubscriptions():
                answer = list(self._streams.names)
            case SetCombined(combined):
                self._streams.wrap(combined)
            case GetCombined():
                answer = self._streams.combined
            case _:
                assert_never(control.request)
        return result(answer, control.id)

    def _subscribe(self, names: tuple[str, ...], control: Control) -> None:
        try:
            self._streams.add(Wish(name) for name in names)
        except TooManyStreams as refusal:
            raise BadControl(2, f"Invalid request: {refusal}", {"id": control.id}) from None

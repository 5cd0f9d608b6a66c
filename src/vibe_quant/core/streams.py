"""What a socket's coming and going means: what is read, which orders are in doubt; and a user stream gone silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity, Stream
from vibe_quant.domain.intents import Intent, Notify

if TYPE_CHECKING:
    from vibe_quant.core.desk import Desk
    from vibe_quant.core.engine import Engine


class Streams:
    """The three sockets of an account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._house = engine.house
        self._up: set[Stream] = set()
        self._seen: set[Stream] = set()
        """Streams that have been up in this run."""

    def show(self, desk: Desk) -> None:
        """A desk that has just been opened learns what is up."""
        for stream in self._up:
            desk.on_stream(stream, True)

    def came(self, event: ev.StreamUp, now: int) -> list[Intent]:
        """After a connection everything is read before discretion goes on; after a new one the rules too."""
        again = event.stream in self._seen
        self._up.add(event.stream)
        self._seen.add(event.stream)
        self._house.sync.begin(now, f"the {event.stream} stream is up")
        out: list[Intent] = []
        if event.stream is Stream.USER:
            self._house.user_up, self._house.heard_ms = True, now
        for desk in self._engine.desks.values():
            desk.on_stream(event.stream, True)
            out += desk.rulebook.stream_up(event.stream, now, again=again)
            out += _tell_stops(desk, event.stream, True, now)
        if again:
            text = f"The {event.stream} stream is back. Rules and account are read before discretionary orders go on."
            out.append(Notify(NoticeKind.RECONNECT, Severity.INFO, text))
        return out

    def went(self, event: ev.StreamDown, now: int) -> list[Intent]:
        """Discretion stops by the gates; with the user stream, whatever is live is in doubt."""
        self._up.discard(event.stream)
        text = f"The {event.stream} stream is down ({event.detail or 'no reason given'}). Discretionary orders wait."
        out: list[Intent] = [Notify(NoticeKind.RECONNECT, Severity.WARNING, text)]
        if event.stream is Stream.USER:
            self._house.user_up = False
        for desk in self._engine.desks.values():
            desk.on_stream(event.stream, False)
            out += _tell_stops(desk, event.stream, False, now)
            if event.stream is Stream.USER:
                for side in desk.sides.values():
                    out += side.settle(side.execution.stream_lost(now), now)
        return out

    def tick(self, now: int) -> None:
        """A user stream that has been silent for too long is cross-checked."""
        silent = self.deadline()
        if silent is not None and now >= silent:
            self._house.heard_ms = now
            self._house.sync.surprise(now, "the user stream is silent")

    def deadline(self) -> int | None:
        """When a user stream that stays silent is cross-checked; None while nothing is held or it is down anyway."""
        house = self._house
        if not house.user_up or not any(
            side.is_active for desk in self._engine.desks.values() for side in desk.sides.values()
        ):
            return None
        return house.heard_ms + house.settings.shared.ws.user_silence_s * 1000


def _tell_stops(desk: Desk, stream: Stream, up: bool, now: int) -> list[Intent]:
    if stream is not Stream.USER:
        return []
    return [intent for side in desk.pair.working for intent in side.stop.on_user_stream(up, now)]

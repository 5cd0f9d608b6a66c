"""What a WebSocket frame is: an event, wrapped in its stream's name or bare, an array of them, or an answer.

Nothing that a peer sends raises: what cannot be read is counted, and put into words at most once a minute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from vibe_quant.binance.frame_counts import Counters, Tally, hidden, more
from vibe_quant.binance.frame_fields import unknown_fields

T_co = TypeVar("T_co", covariant=True)
Taker = Callable[[Any, int, str], Sequence[T_co]]
"""(what was told, recv_ms, the stream's name or nothing) -> events.  Raises one of ``UNREADABLE`` before it counts."""
Complain = Callable[[str], None]
UNREADABLE = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)
WRAPPED = b'{"stream"'
ABSENT = msgspec.Raw()
SILENCE_MS = 60_000
REPLIES_KEPT = 256


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to SUBSCRIBE and the like; ``code`` None: done.  ``id`` None: it does not say to which request."""

    id: int | str | None
    code: int | None = None
    msg: str = ""


class Shape(msgspec.Struct):
    """Whatever tells one kind of frame from another."""

    stream: str = ""
    data: msgspec.Raw = ABSENT
    e: str | None = None
    id: int | str | None = None
    result: msgspec.Raw = ABSENT
    error: msgspec.Raw = ABSENT
    code: int | None = None
    msg: str | None = None


class Named(msgspec.Struct):
    """An event's name."""

    e: str


class Refusal(msgspec.Struct):
    """What an error says."""

    code: int = 0
    msg: str = ""


SHAPE = msgspec.json.Decoder(Shape)
NAMED = msgspec.json.Decoder(Named)
REFUSAL = msgspec.json.Decoder(Refusal)
ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class FrameReader(Generic[T_co]):
    """Reads the frames of one class of streams.

    ``replies`` are the answers to requests, oldest first, for whoever asked.  ``server_ms`` gives the exchange's clock
    (epoch ms) at a monotonic ``recv_ms``; it is asked once in ``glance_ms``.
    """

    what = "stream"
    advice = ""
    shows_frames = True
    """Whether a complaint may show the beginning of the frame."""

    def __init__(
        self,
        wrapped: Callable[[bytes], Any],
        bare: Callable[[bytes], Any],
        takers: Mapping[type[Any], Taker[T_co]],
        late_ms: int,
        server_ms: Callable[[int], int] | None,
        complain: Complain | None,
        glance_ms: int,
    ) -> None:
        """``takers`` by what the decoders give; one frame in ``glance_ms`` is searched for new fields, 0: each."""
        self.tally = Tally()
        self.replies: deque[Reply] = deque(maxlen=REPLIES_KEPT)
        self._wrapped, self._bare, self._takers = wrapped, bare, takers
        self._names = {kind.__struct_config__.tag for kind in takers}
        self._late_ms, self._server_ms, self._complain = late_ms, server_ms, complain
        self._glance_ms = glance_ms
        self._late_before = -(1 << 62)
        """An exchange time below this plus ``recv_ms`` is late."""
        self._glance_due = self._complain_due = -(1 << 62)
        self._unsaid = 0

    def decode(self, frame: bytes, recv_ms: int) -> Sequence[T_co]:
        """The events of one frame, in its order; none for an answer, for what is ignored and for what is unreadable."""
        tally = self.tally
        tally.frames += 1
        if recv_ms >= self._glance_due:
            self._glance(frame, recv_ms)
        try:
            if frame.startswith(WRAPPED):
                told = self._wrapped(frame)
                data = told.data
                events = self._takers[data.__class__](data, recv_ms, told.stream)
            else:
                data = self._bare(frame)
                events = self._takers[type(data)](data, recv_ms, "")
        except UNREADABLE:
            events = self._sort_out(frame, recv_ms)
        tally.events += len(events)
        return events

    def counters(self) -> Counters:
        """What was counted since the start."""
        return self.tally.snapshot()

    def _glance(self, frame: bytes, recv_ms: int) -> None:
        """What need not be done for each of thousands of frames: the offset of the clocks, fields nobody knows."""
        self._glance_due = recv_ms + self._glance_ms
        if self._server_ms is not None:
            self._late_before = self._server_ms(recv_ms) - recv_ms - self._late_ms
        try:
            found = list(unknown_fields(frame))
        except UNREADABLE:
            return
        for name in found:
            self.tally.meet(name)

    def _sort_out(self, frame: bytes, recv_ms: int) -> Sequence[T_co]:
        """The long way: whatever is not one known event in the usual order of keys."""
        try:
            if _is_array(frame):
                return self._each(frame, recv_ms, "")
            shape = SHAPE.decode(frame)
            data = bytes(shape.data)
            if data:
                return (self._each if _is_array(data) else self._one)(data, recv_ms, shape.stream)
            if shape.e is not None:
                return self._one(frame, recv_ms, "")
            self._answered(shape)
        except UNREADABLE as error:
            self._malformed(frame, str(error), recv_ms)
        return ()

    def _each(self, payload: bytes, recv_ms: int, stream: str) -> Sequence[T_co]:
        events: list[T_co] = []
        for raw in ARRAY.decode(payload):
            data = bytes(raw)
            try:
                events += self._one(data, recv_ms, stream)
            except UNREADABLE as error:
                self._malformed(data, str(error), recv_ms)
        return events

    def _one(self, payload: bytes, recv_ms: int, stream: str) -> Sequence[T_co]:
        name = NAMED.decode(payload).e
        if name not in self._names:
            self.tally.meet(name)
            return ()
        data = self._bare(payload)
        return self._takers[type(data)](data, recv_ms, stream)

    def _answered(self, shape: Shape) -> None:
        if bytes(shape.error) not in (b"", b"null"):
            refusal = REFUSAL.decode(shape.error)
            self.replies.append(Reply(shape.id, refusal.code, hidden(refusal.msg)))
        elif shape.code is not None:
            self.replies.append(Reply(shape.id, shape.code, hidden(shape.msg or "")))
        elif bytes(shape.result):
            self.replies.append(Reply(shape.id))
        else:
            raise ValueError("neither an event nor an answer")

    def _malformed(self, frame: bytes, why: str, recv_ms: int) -> None:
        self.tally.malformed += 1
        self._unsaid += 1
        if self._complain is None or recv_ms < self._complain_due:
            return
        self._complain_due = recv_ms + SILENCE_MS
        shown = f" It begins with {ascii(frame[:160])[1:]}." if self.shows_frames else ""
        count, self._unsaid = self._unsaid, 0
        self._complain(
            f"A frame of the {self.what} could not be read: {hidden(why)[:200]}.{hidden(shown)} It was skipped, the "
            f"stream goes on ({count} since this was last said, {self.tally.malformed} in all). {self.advice}"
        )

    def _judge(self, name: str, seen: Seen, exch_ms: int, number: int, recv_ms: int) -> None:
        """Count news that is late, or older than the newest of its stream; remember what is newest."""
        if exch_ms < recv_ms + self._late_before:
            more(self.tally.late, name)
        if exch_ms < seen.exch_ms or number < seen.number:
            more(self.tally.out_of_order, name)
        else:
            seen.exch_ms, seen.number = exch_ms, number


class Seen:
    """The newest of one symbol's stream, and the symbol's unified name."""

    __slots__ = ("exch_ms", "number", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.exch_ms = self.number = 0


def _is_array(payload: bytes) -> bool:
    return payload.lstrip(b" \t\r\n").startswith(b"[")

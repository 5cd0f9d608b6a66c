"""The one thread: what is to be written waits in bounded rows, and only this thread waits for terminals and disks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Protocol

MOST_CHARS = 2_000_000
AT_ONCE = 64_000
LINGER_S = 0.05
"""Lines of one moment go together; and trading, which has written them, goes first."""
LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    """Whole lines with their ends; ``loud`` ones have room of their own."""

    text: str
    at: datetime
    loud: bool = False


class Output(Protocol):
    """Where lines go; called by the thread alone, may wait, and raises nothing for what the world does."""

    def ready(self) -> bool:
        """Nothing is left of what it was given, and more can be written."""
        ...

    def write(self, lines: list[Line]) -> None:
        """Take them."""
        ...

    def idle(self) -> bool:
        """Something that can wait; False where there is nothing."""
        ...


@dataclass(slots=True, eq=False)
class Lane:
    """Lines on their way to one output, each with its number: loud ones and others have a row each."""

    output: Output
    most: int
    rows: tuple[deque[tuple[int, Line]], deque[tuple[int, Line]]] = field(default_factory=lambda: (deque(), deque()))
    sizes: list[int] = field(default_factory=lambda: [0, 0])
    dropped: int = 0
    gap: int = 0
    """The number of the first that was dropped."""
    broken: bool = False

    def put(self, number: int, line: Line) -> None:
        """Append, or count as dropped."""
        if self.broken or self.sizes[line.loud] + len(line.text) > self.most:
            self.gap = self.gap if self.dropped else number
            self.dropped += 1
            return
        self.rows[line.loud].append((number, line))
        self.sizes[line.loud] += len(line.text)

    def take(self) -> tuple[list[Line], int]:
        """The oldest, for one write, and how many are missing after them."""
        taken: list[Line] = []
        chars = 0
        while any(self.rows) and chars < AT_ONCE:
            row = min((row for row in self.rows if row), key=lambda row: row[0][0])
            number, line = row[0]
            if self.dropped and number > self.gap:
                break
            row.popleft()
            self.sizes[line.loud] -= len(line.text)
            chars += len(line.text)
            taken.append(line)
        missing = self.dropped if chars < AT_ONCE else 0
        self.dropped -= missing
        return taken, missing


class LogWriter:
    """``put`` never waits.  ``tick`` is called by the thread between writes.

    ``lost`` words how many lines an output was too slow for, ``broke`` that an output has a defect.
    """

    def __init__(
        self,
        tick: Callable[[], None],
        lost: Callable[[int], Line],
        broke: Callable[[Exception], Line],
        most_chars: int = MOST_CHARS,
    ) -> None:
        self._tick = tick
        self._lost = lost
        self._broke = broke
        self._most = most_chars
        self._lanes: list[Lane] = []
        self._numbers = count()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._settled = threading.Event()
        self._closing = threading.Event()
        self._given_up = False
        self._thread = threading.Thread(target=self._run, name="log writer", daemon=True)

    def lane(self, output: Output) -> Lane:
        """Another output, before the start."""
        lane = Lane(output, self._most)
        self._lanes.append(lane)
        return lane

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def closing(self) -> bool:
        """The end is near: nothing long is begun."""
        return self._closing.is_set()

    def put(self, lane: Lane, line: Line) -> None:
        """Have it written; at once back, whatever terminals and disks do."""
        with self._lock:
            lane.put(next(self._numbers), line)
            self._settled.clear()
        self._news.set()

    def flush(self, within_s: float) -> bool:
        """Wait until all is written, so long at most; not for a loop."""
        self._settled.clear()
        self._news.set()
        return self._settled.wait(within_s)

    def close(self, within_s: float) -> bool:
        """Write what waits, so long at most, and end; False where the rest was given up."""
        self._closing.set()
        self._news.set()
        self._thread.join(within_s)
        done = not self._thread.is_alive()
        self._given_up = True
        self._news.set()
        self._thread.join(LOOK_S)  # so that it writes nothing later, to whatever is in a descriptor's place then
        return done

    def _run(self) -> None:
        while True:
            self._news.wait(LOOK_S)
            self._news.clear()
            self._closing.wait(LINGER_S)
            if self._given_up:
                return
            self._tick()
            while self._round():
                pass
            if self._are_settled() and self._closing.is_set():
                return
            if not self._closing.is_set():
                self._idle()

    def _round(self) -> bool:
        """A write to each output that takes one; False where nothing could be done."""
        done = False
        for lane in self._lanes:
            try:
                done |= self._written(lane)
            except Exception as defect:  # noqa: BLE001 - whatever an output comes to, the others go on
                self._break(lane, defect)
        return done and not self._given_up

    def _written(self, lane: Lane) -> bool:
        if lane.broken or not lane.output.ready():
            return False
        with self._lock:
            lines, missing = lane.take()
        if missing:
            lines.append(self._lost(missing))
        if lines:
            lane.output.write(lines)
        return bool(lines)

    def _break(self, lane: Lane, defect: Exception) -> None:
        line = self._broke(defect)
        with self._lock:
            lane.broken = True
            for row in lane.rows:
                row.clear()
            for other in self._lanes:
                other.put(next(self._numbers), line)
        self._news.set()

    def _are_settled(self) -> bool:
        ready = all(lane.broken or lane.output.ready() for lane in self._lanes)  # which may wait: not under the lock
        with self._lock:
            settled = ready and not any(any(lane.rows) for lane in self._lanes)
            if settled and not self._news.is_set():
                self._settled.set()
            return settled

    def _idle(self) -> None:
        for lane in self._lanes:
            if not lane.broken and lane.output.idle():
                self._news.set()

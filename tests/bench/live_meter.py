"""What a process has used, and how long its orders took from the frame that caused them to the wire."""

from __future__ import annotations

import asyncio.selector_events
import re
import resource
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, perf_counter_ns, process_time
from typing import Any

from vibe_quant.app.consumer import Consumer
from vibe_quant.app.inbox import Inbox
from vibe_quant.binance.market_side import MarketSide
from vibe_quant.domain.events import Event
from vibe_quant.domain.intents import Intent, OrderIntent
from vibe_quant.journal.sqlite_journal import SqliteJournal
from vibe_quant.ports import Entry

STATM = Path("/proc/self/statm")
ORDER = re.compile(rb"^POST /fapi/v1/order\b.*newClientOrderId=([^&\s]+)", re.DOTALL)
REMEMBERED = 100_000
_Transport: Any = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]


def memory_mb() -> float:
    """What the process holds now; where the system does not say, the most that it has held."""
    if STATM.exists():
        return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a process; CPU time is of all its threads."""

    cpu: float = field(default_factory=process_time)
    wall: float = field(default_factory=perf_counter)
    rss_mb: float = field(default_factory=memory_mb)


@dataclass(slots=True)
class Order:
    """Nanoseconds: when its frame was read, when the journal began and had it, when its request was written."""

    read: int
    decided: int
    journalled: int = 0
    written: int = 0


def write_times() -> list[int]:
    """When each new order was given to a socket to write, ns, from now on."""
    written: list[int] = []
    plain = _Transport.write

    def watched(itself: Any, data: bytes) -> None:
        if ORDER.match(data):
            written.append(perf_counter_ns())
        plain(itself, data)

    _Transport.write = watched
    return written


class Stopwatch:
    """Follows each order that a market frame causes; orders that time or an answer cause are counted apart."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.others = 0
        self._read = 0
        self._of: deque[tuple[Event, int]] = deque(maxlen=REMEMBERED)
        self._frames: dict[int, int] = {}
        self._began = self._journalled = 0

    def attach(self) -> None:
        """Look at frames as they are read, at the journal's writes, and at what sockets are given to write."""
        self._watch(MarketSide, "frame", self._frame)
        self._watch(Inbox, "put", self._put)
        self._watch(SqliteJournal, "write", self._journal)
        self._watch(Consumer, "_act", self._act)
        self._watch(_Transport, "write", self._write)

    def _watch(self, of: type[Any], name: str, look: Callable[..., Any]) -> None:
        plain = getattr(of, name)

        def watched(itself: Any, *given: Any) -> Any:
            return look(plain, itself, *given)

        setattr(of, name, watched)

    def _frame(self, plain: Callable[..., bool], side: MarketSide, frame: bytes) -> bool:
        self._read = perf_counter_ns()
        try:
            return plain(side, frame)
        finally:
            self._read = 0

    def _put(self, plain: Callable[..., None], inbox: Inbox, event: Event) -> None:
        if self._read:
            if len(self._of) == REMEMBERED:
                self._frames.pop(id(self._of[0][0]), None)
            self._of.append((event, self._read))  # which keeps it alive, so that its id stays its own
            self._frames[id(event)] = self._read
        plain(inbox, event)

    def _journal(self, plain: Callable[..., None], journal: SqliteJournal, entries: Sequence[Entry]) -> None:
        self._began = perf_counter_ns()
        plain(journal, entries)
        self._journalled = perf_counter_ns()

    def _write(self, plain: Callable[..., None], transport: object, data: bytes) -> None:
        found = ORDER.match(data) if data.startswith(b"POST /fapi/v1/order") else None
        order = self.orders.get(found[1].decode()) if found is not None else None
        if order is not None and not order.written:
            order.written = perf_counter_ns()
        plain(transport, data)

    def _act(
        self, plain: Callable[..., None], consumer: Consumer, event: Event, intents: list[Intent], now: int
    ) -> None:
        """One call of the engine: its journal write is over then, and none of its requests has had its turn."""
        plain(consumer, event, intents, now)
        for intent in intents:
            if not isinstance(intent, OrderIntent):
                continue
            read = self._frames.get(id(event))
            if read is None:
                self.others += 1
            else:
                self.orders[intent.client_id] = Order(read, self._began, self._journalled)

    @property
    def done(self) -> list[Order]:
        """Those that were written."""
        return [order for order in self.orders.values() if order.written]

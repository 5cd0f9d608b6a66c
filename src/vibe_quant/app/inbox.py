"""The one queue between everything that happens and the engine: in order, and never longer than what is worth knowing.

While the consumer is behind, a symbol's waiting quote is replaced by the newest, and its waiting depth alike: what was
between them is gone from the market too.  Trades, marks, candles and all that is about the account are never merged.
"""

from __future__ import annotations

import asyncio
from collections import deque

from vibe_quant.domain.events import Depth, Event, Quote, StreamDown, StreamUp


class _Slot:
    """The place in the queue of a symbol's newest quote or depth; None once it was taken."""

    __slots__ = ("event",)

    def __init__(self, event: Quote | Depth) -> None:
        self.event: Quote | Depth | None = event


class Inbox:
    """``put`` may be called from anywhere in the loop; one consumer calls ``take`` and ``arrived``.

    ``conflated`` counts the quotes and depths that gave way to newer ones, by symbol; ``longest`` is the most that ever
    waited.
    """

    def __init__(self) -> None:
        self._items: deque[Event | _Slot] = deque()
        self._quotes: dict[str, _Slot] = {}
        self._depths: dict[str, _Slot] = {}
        self._waiter: asyncio.Future[None] | None = None
        self.conflated: dict[str, int] = {}
        self.longest = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def awaited(self) -> bool:
        """Whether the consumer has done all that there was, and waits for more."""
        return self._waiter is not None and not self._waiter.done()

    def put(self, event: Event) -> None:
        """Append; never waits."""
        kind = type(event)
        if kind is Quote:
            self._newest(self._quotes, event)  # type: ignore[arg-type]  # its type was compared above
        elif kind is Depth:
            self._newest(self._depths, event)  # type: ignore[arg-type]
        else:
            if kind is StreamDown or kind is StreamUp:  # news of another connection stays behind it
                self._quotes.clear()
                self._depths.clear()
            self._items.append(event)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def nudge(self) -> None:
        """Let the consumer look, whatever there is for it."""
        if self._waiter is not None:
            _wake(self._waiter)

    def take(self) -> Event | None:
        """The next event; None where none waits."""
        items = self._items
        if not items:
            return None
        if len(items) > self.longest:
            self.longest = len(items)
        item = items.popleft()
        if type(item) is not _Slot:
            return item  # type: ignore[return-value]  # a union of two
        event, item.event = item.event, None
        return event

    async def arrived(self, timeout_ms: int | None) -> None:
        """Return when something waits, or after ``timeout_ms`` (None: no such end)."""
        if self._items:
            return
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        alarm = None if timeout_ms is None else loop.call_later(timeout_ms / 1000, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if alarm is not None:
                alarm.cancel()

    def _newest(self, slots: dict[str, _Slot], event: Quote | Depth) -> None:
        slot = slots.get(event.symbol)
        if slot is None or slot.event is None:
            slots[event.symbol] = slot = _Slot(event)
            self._items.append(slot)
        else:
            slot.event = event
            self.conflated[event.symbol] = self.conflated.get(event.symbol, 0) + 1


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)

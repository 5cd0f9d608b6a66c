"""What waits to be told to one chat: bounded, risk first, fills summed, repetitions folded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from vibe_quant.domain.enums import Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.status import ExitCost
from vibe_quant.telegram.fill_pile import FillPile, FillSum
from vibe_quant.telegram.urgency import Urgency
from vibe_quant.telegram.wording import Html

MOST = {Urgency.RISK: 200, Urgency.REPLY: 20}
MOST_OTHER = 100


@dataclass(frozen=True, slots=True)
class Buttons:
    """Under a message: (what it says, what it sends) each, in one row."""

    row: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """Text that is written already."""

    text: Html
    buttons: Buttons | None = None


@dataclass(slots=True)
class Item:
    """One thing to tell; ``count``: so often the same."""

    content: Notify | ExitCost | Ready
    silent: bool
    at_ms: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes into one message.  ``dropped``: so many of the kind were lost to the bound since the last one."""

    urgency: Urgency
    items: tuple[Item, ...] = ()
    fills: tuple[FillSum, ...] = ()
    dropped: int = 0
    silent: bool = True


@dataclass(slots=True)
class _Shelf:
    """The things of one urgency; when it is full, the oldest that is no alarm makes room."""

    most: int
    items: OrderedDict[object, Item] = field(default_factory=OrderedDict)
    dropped: int = 0
    _quiet: OrderedDict[object, None] = field(default_factory=OrderedDict)  # keys of what is no alarm

    def put(self, key: object, item: Item) -> int:
        """Keep it; how many were lost to the bound by that."""
        known = self.items.get(key)
        if known is not None:
            known.count += item.count
            known.at_ms = item.at_ms
            known.silent = known.silent and item.silent
            return 0
        lost = self._make_room() if len(self.items) >= self.most else 0
        self.items[key] = item
        if not _is_alarm(item):
            self._quiet[key] = None
        return lost

    def take(self, most: int) -> tuple[Item, ...]:
        """The oldest."""
        taken = [self.items.popitem(last=False) for _ in range(min(most, len(self.items)))]
        for key, _ in taken:
            self._quiet.pop(key, None)
        return tuple(item for _, item in taken)

    def _make_room(self) -> int:
        key = next(iter(self._quiet or self.items))
        self._quiet.pop(key, None)
        gone = self.items.pop(key)
        self.dropped += gone.count
        return gone.count


class Mailbox:
    """One chat's.  ``dropped`` counts what was lost to the bounds since the start."""

    def __init__(self) -> None:
        self.dropped = 0
        self._shelves = {urgency: _Shelf(MOST.get(urgency, MOST_OTHER)) for urgency in Urgency}
        self._fills = FillPile()
        self._fills_silent = True
        self._number = 0

    def __len__(self) -> int:
        return len(self._fills) + sum(len(shelf.items) for shelf in self._shelves.values())

    def put(self, urgency: Urgency, content: Notify | ExitCost | Ready, *, silent: bool, at_ms: int) -> None:
        """Take it; never waits, never fails."""
        self._number += 1
        key: object = self._number
        if isinstance(content, Notify):
            key = (content.kind, content.symbol, content.side, content.text)
        self.dropped += self._shelves[urgency].put(key, Item(content, silent, at_ms))

    def put_fill(self, notice: Notify, *, silent: bool, at_ms: int) -> None:
        """A fill: it is added to those of its side that wait."""
        before = self._fills.dropped
        self._fills.add(notice, at_ms)
        self._fills_silent = self._fills_silent and silent
        self.dropped += self._fills.dropped - before

    def waiting(self) -> tuple[Urgency, ...]:
        """The kinds that have something, the most urgent first."""
        return tuple(urgency for urgency in Urgency if self._has(urgency))

    def take(self, urgency: Urgency) -> Batch:
        """All that waits of a kind; a reply alone."""
        if urgency is Urgency.FILL:
            fills, dropped = self._fills.take()
            silent, self._fills_silent = self._fills_silent, True
            return Batch(urgency, fills=fills, dropped=dropped, silent=silent)
        shelf = self._shelves[urgency]
        items = shelf.take(1 if urgency is Urgency.REPLY else len(shelf.items))
        dropped, shelf.dropped = shelf.dropped, 0
        return Batch(urgency, items, dropped=dropped, silent=all(item.silent for item in items))

    def _has(self, urgency: Urgency) -> bool:
        if urgency is Urgency.FILL:
            return bool(self._fills)
        shelf = self._shelves[urgency]
        return bool(shelf.items) or shelf.dropped > 0


def _is_alarm(item: Item) -> bool:
    return isinstance(item.content, Notify) and item.content.severity is Severity.ALARM

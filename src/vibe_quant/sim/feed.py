"""Plays the market of each symbol onto the exchange's clock, at a speed, merged into one sequence."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain

from vibe_quant.domain.events import Candle, Depth, Mark, MarketEvent, Quote, Trade
from vibe_quant.sim.market.news import ForcedTrade, FundingAt, MarketNews, StatusChange
from vibe_quant.sim.market.timetable import FUNDING_EVERY_MS
from vibe_quant.sim.marks import MarkDeriver
from vibe_quant.sim.venue import NEVER

FeedEvent = MarketEvent | MarketNews


class Feed:
    """Events of all symbols in the order of their new times; ``due`` is that of the next one.

    An event's time is ``start_ms`` plus the time since its own market's first event, divided by ``speed``; receive
    times are dropped, for the sockets have lags of their own.
    """

    def __init__(self, markets: Mapping[str, Iterable[FeedEvent]], start_ms: int, speed: Decimal) -> None:
        """``markets`` by symbol, each in the order of exchange time; ``speed`` above zero."""
        self._heap: list[tuple[int, int, FeedEvent, Iterator[FeedEvent]]] = []
        self._start = _Start(start_ms)
        for index, (symbol, events) in enumerate(markets.items()):
            stamped = _stamped(iter(events), self._start, speed, symbol)
            first = next(stamped, None)
            if first is not None:
                self._heap.append((first.exch_ms, index, first, stamped))
        heapq.heapify(self._heap)
        self.due = self._heap[0][0] if self._heap else NEVER

    def pop(self) -> FeedEvent:
        """The next event.

        Raises:
            IndexError: every market has come to its end (``due`` is NEVER).
        """
        _, index, event, rest = self._heap[0]
        following = next(rest, None)
        if following is None:
            heapq.heappop(self._heap)
        else:
            heapq.heapreplace(self._heap, (following.exch_ms, index, following, rest))
        self.due = self._heap[0][0] if self._heap else NEVER
        return event

    def postpone(self, now: int) -> None:
        """Let every market stand still until ``now`` (epoch ms), and go on from there with the events it is at."""
        late = now - self.due
        if late <= 0 or not self._heap:
            return
        self._start.ms += late
        later = [
            (at + late, index, _moved(event, late.__add__, event.symbol), rest) for at, index, event, rest in self._heap
        ]
        self._heap = later  # all by as much: a heap still
        self.due = now


def with_marks(events: Iterable[FeedEvent]) -> Iterator[FeedEvent]:
    """The events of a market without marks, with marks derived from its quotes."""
    deriver = MarkDeriver()
    for event in events:
        yield event
        if isinstance(event, Quote):
            mark = deriver.on_quote(event)
            if mark is not None:
                yield mark


@dataclass(slots=True)
class _Start:
    """When the markets' first events are, or would have been with all that was postponed since; epoch ms."""

    ms: int


@dataclass(frozen=True, slots=True)
class _Shift:
    """Where a market's own times come to lie."""

    origin: int
    start: _Start
    speed: Decimal

    def __call__(self, own_ms: int) -> int:
        since = own_ms - self.origin
        return self.start.ms + (since if self.speed == 1 else int(since / self.speed))


def _stamped(events: Iterator[FeedEvent], start: _Start, speed: Decimal, symbol: str) -> Iterator[FeedEvent]:
    first = next(events, None)
    if first is None:
        return
    shift = _Shift(first.exch_ms, start, speed)
    for event in chain((first,), events):
        yield _moved(event, shift, symbol)


def _moved(event: FeedEvent, shift: Callable[[int], int], symbol: str) -> FeedEvent:
    """The event at its new time and under the exchange's name; the frequent kinds by hand, for ``replace`` is slow."""
    at = shift(event.exch_ms)
    match event:
        case Quote():
            return Quote(symbol, at, at, event.bid, event.bid_qty, event.ask, event.ask_qty, event.update_id)
        case Trade():
            return Trade(symbol, at, at, event.price, event.qty, event.buyer_is_maker, event.trade_id)
        case Mark():
            return Mark(symbol, at, at, event.price, event.index, event.funding_rate, event.source)
        case Depth() | Candle():
            return replace(event, symbol=symbol, exch_ms=at, recv_ms=at)
        case FundingAt():
            return FundingAt(symbol, at, _funding_ms(event, at, shift), event.rate)
        case ForcedTrade() | StatusChange():
            return replace(event, symbol=symbol, exch_ms=at)


def _funding_ms(event: FundingAt, at: int, shift: Callable[[int], int]) -> int:
    """The usual hours are those of the clock at every speed; a moment that a scenario names moves with its market."""
    if event.next_ms % FUNDING_EVERY_MS:
        return shift(event.next_ms)
    return (at // FUNDING_EVERY_MS + 1) * FUNDING_EVERY_MS

"""Puts events into tape order: a bounded look-back for rows that are late, and arrival times that never fall."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from vibe_quant.domain.events import MarketEvent, Quote
from vibe_quant.tapes.tape import order_key

TOLERANCE_MS = 1000
"""A row may be this much older than the newest before it; more is an error of the file, not jitter."""

Batch = tuple[list[MarketEvent], bool]
"""Events as they stand in the file, and whether none of them comes before its predecessor."""


def in_order(batches: Iterable[Batch]) -> Iterator[list[MarketEvent]]:
    """The events of ``batches`` sorted by ``order_key``, holding back the last ``TOLERANCE_MS``.

    Stable: events of one kind and time keep the file's order.  The caller refuses rows later than the tolerance.
    """
    held: list[MarketEvent] = []
    for events, tidy in batches:
        held += events
        if not tidy:
            held.sort(key=order_key)
        if held:
            safe = bisect_left(held, held[-1].exch_ms - TOLERANCE_MS, key=_exch_ms)
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held


def arrive_in_order(batches: Iterable[list[MarketEvent]]) -> Iterator[list[MarketEvent]]:
    """Raises ``recv_ms`` where an event would arrive before its predecessor on the same socket."""
    book = market = 0
    for events in batches:
        for index, event in enumerate(events):
            recv = event.recv_ms
            if type(event) is Quote:
                if recv < book:
                    events[index] = replace(event, recv_ms=book)
                else:
                    book = recv
            elif recv < market:
                events[index] = replace(event, recv_ms=market)
            else:
                market = recv
        yield events


def in_batches(events: Iterable[MarketEvent], size: int) -> Iterator[list[MarketEvent]]:
    """The events in lists of ``size``, the last one shorter."""
    source = iter(events)
    while batch := list(islice(source, size)):
        yield batch


def _exch_ms(event: MarketEvent) -> int:
    return event.exch_ms

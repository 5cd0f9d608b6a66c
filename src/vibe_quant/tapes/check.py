"""Surveys the events of a tape in one pass: counts what is odd, refuses what cannot be replayed.

Errors (TapeError): nothing in the tape, events out of order.  Counted only: crossed or locked quotes, silences.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.tape import Dropped, Stretch, TapeError, TapeMeta, order_key

GAP_MS = 1500
"""Neither quote nor trade for longer than this is a gap: the default of ``ws.stale_data_ms``."""


class Survey:
    """Collects what ``TapeMeta`` says; ``name`` is the file for messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.quotes = Stretch()
        self.trades = Stretch()
        self.marks = Stretch()
        self.crossed = 0
        self.gaps = 0
        self.longest_gap_ms = 0
        self.least_lag_ms = 0
        self.most_lag_ms = 0
        self._key = 0
        self._busy_ms = 0

    def add(self, events: Sequence[MarketEvent]) -> None:
        """Take the next events.

        Raises:
            TapeError: they are not in tape order.
        """
        if not events:
            return
        self._check_order(events)
        lags = [event.recv_ms - event.exch_ms for event in events]
        first = not self._key
        self.least_lag_ms = min(lags) if first else min(self.least_lag_ms, *lags)
        self.most_lag_ms = max(lags) if first else max(self.most_lag_ms, *lags)
        self._key = order_key(events[-1])
        quotes = [event for event in events if type(event) is Quote]
        self.crossed += sum(quote.bid >= quote.ask for quote in quotes)
        self.quotes = _longer(self.quotes, quotes)
        self.trades = _longer(self.trades, [event for event in events if type(event) is Trade])
        self.marks = _longer(self.marks, [event for event in events if type(event) is Mark])
        self._count_gaps([event.exch_ms for event in events if type(event) is not Mark])

    def _check_order(self, events: Sequence[MarketEvent]) -> None:
        keys = [self._key, *map(order_key, events)]
        if keys != sorted(keys):
            index = next(index for index in range(len(events)) if keys[index + 1] < keys[index])
            raise TapeError(
                f"{self.name}: {type(events[index]).__name__.lower()} at {events[index].exch_ms} ms comes after an "
                f"event of {keys[index] // 4} ms; sort the events by exchange time, trades before quotes before marks"
            )

    def _count_gaps(self, times: list[int]) -> None:
        if not times:
            return
        before = [self._busy_ms or times[0], *times]
        silences = [later - earlier for earlier, later in zip(before, times, strict=False)]
        self.gaps += sum(silence > GAP_MS for silence in silences)
        self.longest_gap_ms = max(self.longest_gap_ms, *silences)
        self._busy_ms = times[-1]

    def meta(
        self, symbol: str, recorded_symbol: str, tick: Decimal, step: Decimal, dropped: Dropped, provenance: str
    ) -> TapeMeta:
        """What was found.

        Raises:
            TapeError: there was no event at all.
        """
        stretches = [stretch for stretch in (self.quotes, self.trades, self.marks) if stretch.count]
        if not stretches:
            raise TapeError(f"{self.name}: holds no quote, trade or mark; record or fetch it again")
        return TapeMeta(
            symbol=symbol,
            recorded_symbol=recorded_symbol,
            first_ms=min(stretch.first_ms for stretch in stretches),
            last_ms=max(stretch.last_ms for stretch in stretches),
            quotes=self.quotes,
            trades=self.trades,
            marks=self.marks,
            tick=tick,
            step=step,
            has_recv_clock=self.least_lag_ms != 0 or self.most_lag_ms != 0,
            crossed=self.crossed,
            gaps=self.gaps,
            longest_gap_ms=self.longest_gap_ms,
            dropped=dropped,
            provenance=provenance,
        )


def _longer(stretch: Stretch, events: Sequence[MarketEvent]) -> Stretch:
    if not events:
        return stretch
    first = stretch.first_ms if stretch.count else events[0].exch_ms
    return Stretch(stretch.count + len(events), first, events[-1].exch_ms)

"""Candles of longer timeframes, built from the one-minute stream."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from vibe_quant.domain.events import Candle

MINUTE_MS = 60_000
KEPT = 500


class CandleSeries:
    """Candles of ``minutes``, aligned to the epoch: ``closed`` (oldest first, the last 500) and ``current``.

    A timeframe of which a minute was missed never enters ``closed``; older minutes and repeats are ignored.
    """

    __slots__ = ("_done", "_last_open_ms", "_parts", "closed", "current", "minutes")

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self.closed: deque[Candle] = deque(maxlen=KEPT)
        self.current: Candle | None = None
        self._done: Candle | None = None  # the timeframe's closed minutes, merged
        self._parts = 0
        self._last_open_ms = -1

    def add(self, minute: Candle) -> None:
        """Take one state of a one-minute candle, closed or not."""
        if minute.open_ms <= self._last_open_ms:
            return
        span_ms = self.minutes * MINUTE_MS
        start_ms = minute.open_ms - minute.open_ms % span_ms
        if self._done is not None and self._done.open_ms != start_ms:
            self._done, self._parts = None, 0
        merged = _merge(self._done, replace(minute, open_ms=start_ms, closed=False))
        if minute.closed:
            self._last_open_ms = minute.open_ms
            self._parts += 1
            self._done = merged
            if self._parts == self.minutes:
                merged = replace(merged, closed=True)
                self.closed.append(merged)
        self.current = merged


def _merge(done: Candle | None, minute: Candle) -> Candle:
    if done is None:
        return minute
    return replace(
        minute,
        open=done.open,
        high=max(done.high, minute.high),
        low=min(done.low, minute.low),
        volume=done.volume + minute.volume,
    )

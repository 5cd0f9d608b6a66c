"""The streams of venue paper: the real market's, which the imagined exchange sees first, and the account's own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress

from vibe_quant.app.paper_venue import PaperVenue
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Candle, Depth, Event, Mark, Quote, StreamUp, Trade
from vibe_quant.domain.market import Wants
from vibe_quant.ports import Clock, MarketFeed, Sink

LEVELS = 20  # of the book, the most that a stream carries: what a large order would walk through


class PaperTap:
    """The sink of the market's sockets: all goes to the imagined exchange, and on to ``sink`` what was asked for."""

    def __init__(self, venue: PaperVenue, sink: Sink) -> None:
        self._show = venue.show
        self._sink = sink
        self.wanted: Mapping[str, Wants] = {}

    def take(self, event: Event) -> None:
        """The exchange's own news leaves it after its latency: what was asked for is never later than that."""
        self._show(event)
        if isinstance(event, Quote | Trade | Mark | Candle | Depth):
            wants = self.wanted.get(event.symbol)
            if wants is None or (type(event) is Depth and not wants.depth_levels):
                return
        self._sink(event)


class PaperMarketFeed:
    """A MarketFeed that follows what matching, margin and stops need beside what is asked for."""

    def __init__(self, feed: MarketFeed, tap: PaperTap) -> None:
        self._feed = feed
        self._tap = tap
        self._held: dict[str, Wants] = {}

    def hold(self, symbols: Iterable[str]) -> None:
        """Follow these too, from the next ``follow`` on."""
        self._held = dict.fromkeys(symbols, Wants(LEVELS))

    def follow(self, wanted: Mapping[str, Wants]) -> None:
        """These symbols from now on, and those that the account began with."""
        self._tap.wanted = dict(wanted)
        more = {symbol: Wants(max(LEVELS, wants.depth_levels), wants.candles) for symbol, wants in wanted.items()}
        self._feed.follow({**self._held, **more})

    async def run(self) -> None:
        """Connect and stay connected until cancelled."""
        await self._feed.run()


class PaperUserFeed:
    """A UserFeed without a socket, which never falls silent; it lets the imagined exchange's own timers run too."""

    def __init__(self, venue: PaperVenue, clock: Clock, sink: Sink) -> None:
        self._venue = venue
        self._clock = clock
        self._sink = sink

    def expect(self, now: int) -> None:
        """What it must tell of it does tell."""

    async def run(self) -> None:
        """Until cancelled."""
        self._sink(StreamUp(Stream.USER, self._clock.now_ms()))
        venue = self._venue
        while True:
            venue.news.clear()
            venue.time()
            for event in venue.deliver():
                self._sink(event)
            with suppress(TimeoutError):
                async with asyncio.timeout(venue.wait_ms() / 1000):  # wait_for may swallow a cancellation
                    await venue.news.wait()

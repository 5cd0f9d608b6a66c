"""Merges the tape, the exchange and the journeys of requests into one sequence of events for the engine.

At equal times: the exchange first sees the tape, then runs its own timers, then works requests in order of sending;
then the engine hears account news, then the book, then the market socket; its own deadline comes last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Candle, Depth, Event, Mark, MarketEvent, Quote, ServerTime, StreamUp, Timer, Trade
from vibe_quant.domain.intents import Intent
from vibe_quant.sim.gateway import SimGateway
from vibe_quant.sim.latency import TapeLatency
from vibe_quant.sim.marks import MarkDeriver
from vibe_quant.sim.venue import NEVER


class World:
    """A replay: ``next`` gives the engine its next event, ``send`` takes what it wants done.

    The clock is the exchange's (epoch ms, server offset 0).  The first events are StreamUp of all three streams and
    ServerTime.  A tape event that claims to have arrived before it happened is delivered when it happened; one that
    would overtake its predecessor on the same socket is delivered with it.
    """

    def __init__(self, tape: Iterable[MarketEvent], gateway: SimGateway, marks: MarkDeriver | None = None) -> None:
        """``tape`` in order of exchange time; ``marks`` derives mark prices where the tape has none."""
        self.gateway = gateway
        self.exchange = gateway.exchange
        self.now = 0
        self._tape = iter(tape)
        self._marks = marks
        self._lags = gateway.latency if isinstance(gateway.latency, TapeLatency) else None
        self._book: deque[Quote | Depth] = deque()
        self._market: deque[Trade | Mark | Candle] = deque()
        self._head = next(self._tape, None)
        self._head_ms = NEVER if self._head is None else self._head.exch_ms
        if self._head is not None:
            self.now = self._head_ms
            for stream in Stream:
                gateway.deliver(self.now, StreamUp(stream, self.now))
            gateway.deliver(self.now, ServerTime(0, self.now))

    def next(self, deadline: int | None = None) -> tuple[int, Event] | None:
        """(now, event): what the engine hears next, a Timer if its ``deadline`` comes first.

        None when the tape has ended and nothing is in flight any more; the exchange's own timers do not count.
        """
        gateway, venue, book, market = self.gateway, self.exchange.venue, self._book, self._market
        limit = NEVER if deadline is None else deadline
        while True:
            due = gateway.due_delivery
            queue: deque[Quote | Depth] | deque[Trade | Mark | Candle] | None = None
            if book and book[0].recv_ms < due:
                due = book[0].recv_ms
                queue = book
            if market and market[0].recv_ms < due:
                due = market[0].recv_ms
                queue = market
            work = gateway.due_request
            at = self._head_ms
            if due == at == work == NEVER:
                return None
            if venue.due < work:
                work = venue.due
            if limit < due and limit < at and limit < work:
                self.now = max(self.now, limit)
                return self.now, Timer(self.now)
            if at <= due and at <= work:
                self._play()
            elif work <= due:
                self._work(work)
            else:
                if due > self.now:
                    self.now = due
                return self.now, gateway.receive() if queue is None else queue.popleft()

    def send(self, intents: Sequence[Intent], now: int) -> None:
        """Let the engine's intents leave at ``now``, in order."""
        for intent in intents:
            self.gateway.send(intent, now)

    def _work(self, at: int) -> None:
        venue = self.exchange.venue
        if venue.due <= at:
            self.exchange.advance(at)
            self.gateway.collect()
        else:
            self.gateway.execute()

    def _play(self) -> None:
        """Show the exchange the next event of the tape and put it on its way to the engine."""
        event = self._head
        exchange = self.exchange
        if event is None:
            return
        self._head = head = next(self._tape, None)
        self._head_ms = NEVER if head is None else head.exch_ms
        if event.recv_ms < event.exch_ms:
            event = replace(event, recv_ms=event.exch_ms)
        if type(event) is Quote:
            exchange.on_quote(event)
            self._book.append(event)
            if self._marks is not None:
                self._derive(event)
        elif type(event) is Trade:
            exchange.on_trade(event)
            self._market.append(event)
        else:
            self._play_rare(event)
        if self._lags is not None:
            self._lags.saw(event.recv_ms - event.exch_ms)
        if exchange.out:
            self.gateway.collect()

    def _play_rare(self, event: MarketEvent) -> None:
        if isinstance(event, Mark):
            self.exchange.on_mark(event)
            self._market.append(event)
        elif isinstance(event, Depth):
            self.exchange.on_depth(event)
            self._book.append(event)
        elif isinstance(event, Candle):
            self._market.append(event)

    def _derive(self, quote: Quote) -> None:
        mark = None if self._marks is None else self._marks.on_quote(quote)
        if mark is not None:
            self.exchange.on_mark(mark)
            self._market.append(mark)

"""A market that a test moves while the exchange runs: what is said between two moments happens between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.front.box import WARM_UP_MS
from vibe_quant.sim.instruments import Instrument

ZERO = Decimal(0)
EIGHT = Decimal("1E-8")


@dataclass(slots=True)
class Clock:
    """Epoch ms of the exchange, and of the moment up to which it is being carried on."""

    now: int
    until: int


class LiveMarket:
    """One symbol; ``mid`` in ticks is where its prices are counted from."""

    def __init__(self, instrument: Instrument, price: Decimal, clock: Clock) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.tick = instrument.rules.tick
        self.step = instrument.rules.step
        self.mid = int(price / self.tick)
        self.mark = price
        self._clock = clock
        self._begin = clock.now - WARM_UP_MS
        self._said: deque[FeedEvent] = deque()

    def price(self, ticks: int) -> Decimal:
        """A price so far from the middle, above zero."""
        return max(1, self.mid + ticks) * self.tick

    def say(self, event: FeedEvent) -> None:
        """Happens in the next stretch of time that the exchange is carried on by."""
        self._said.append(event)

    @property
    def waiting(self) -> int:
        """How many events the next stretch must hold."""
        return len(self._said)

    def quote(self, bid: int, ask: int, bid_qty: int, ask_qty: int) -> None:
        """A touch so many ticks off the middle; a side of which nothing is left has zeros."""
        sides = ((self.price(bid), bid_qty * self.step), (self.price(ask), ask_qty * self.step))
        (bid_at, bid_size), (ask_at, ask_size) = ((at if size else ZERO, size) for at, size in sides)
        self.say(Quote(self.symbol, 0, 0, bid_at, bid_size, ask_at, ask_size))

    def trade(self, ticks: int, qty: int, taker_sells: bool) -> None:
        """A print so many ticks off the middle."""
        self.say(Trade(self.symbol, 0, 0, self.price(ticks), qty * self.step, taker_sells))

    def move_mark(self, price: Decimal) -> None:
        """The mark from now on, to 8 places as marks are told."""
        self.say(Mark(self.symbol, 0, 0, price.quantize(EIGHT)))

    def events(self) -> Iterator[FeedEvent]:
        """Without end: where nothing is said, the mark is repeated once a stretch."""
        at = self._begin
        yield Quote(self.symbol, at, at, self.price(-1), 5000 * self.step, self.price(1), 5000 * self.step)
        yield self._mark(at)
        while True:
            if self._said:
                at += 1
                event = self._said.popleft()
                if isinstance(event, Mark):
                    self.mark = event.price
                yield replace(event, exch_ms=at)
            else:
                at = max(at, self._clock.until) + 1
                yield self._mark(at)

    def _mark(self, at: int) -> Mark:
        return Mark(self.symbol, at, at, self.mark)

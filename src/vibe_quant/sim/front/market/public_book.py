"""A symbol's book as it is published: one numbering for all its streams, and what each speed has still to tell.

What a client is shown changes at two moments only: on the grid of the depth streams, and when somebody reads the book.
An order in between meets the touch of the last quote and those settled levels that still lie behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from vibe_quant.domain.events import Depth, Level, Quote
from vibe_quant.sim.front.market.ladder import LadderSide
from vibe_quant.sim.front.market.own_orders import NOTHING, Sizes, with_own
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.records import ZERO

SHOWN = 20
FIRST_ID = 300_000_000_000
ID_SPAN = 90_000_000_000


@dataclass(frozen=True, slots=True)
class DepthDiff:
    """What a depth stream tells at once: ids as ``U``, ``u``, ``pu``; the levels that changed, zero where one left."""

    first_id: int
    last_id: int
    previous_id: int
    bids: list[Level]
    asks: list[Level]


@dataclass(slots=True, eq=False)
class DepthChain:
    """One speed: the id of its last event, and the keys that changed since."""

    last_id: int
    bids: set[Decimal] = field(default_factory=set)
    asks: set[Decimal] = field(default_factory=set)


class PublicBook:
    """``last_id`` rises with every quote and every read; ``T`` of its events is ``quote.exch_ms``."""

    def __init__(self, instrument: Instrument, speeds: tuple[int, ...], seed: str) -> None:
        """``speeds`` in milliseconds; a chain for each."""
        rng = Random(seed)
        rules = instrument.rules
        self.symbol = instrument.symbol
        self.last_id = FIRST_ID + rng.randrange(ID_SPAN)
        self.quote: Quote | None = None
        self.moved = False
        self.told = False
        self.bids = LadderSide(-1, rules.tick, rules.step, rng)
        self.asks = LadderSide(1, rules.tick, rules.step, rng)
        self.holds_own = False
        self.own_bids: Sizes = NOTHING
        self.own_asks: Sizes = NOTHING
        self.chains = {speed: DepthChain(self.last_id) for speed in speeds}

    def on_quote(self, quote: Quote) -> int:
        """Note the touch; its update id."""
        self.quote = quote
        self.moved = True
        self.last_id += 1
        return self.last_id

    def on_depth(self, depth: Depth) -> None:
        """Levels that a tape brings: they win over invented ones for good."""
        self.bids.tell(depth.bids)
        self.asks.tell(depth.asks)
        self.last_id += 1
        self.moved = self.told = True

    def settle(self, tick: Decimal) -> Depth | None:
        """Let the ladder follow the touch; the new first levels if any but the touch's quantity changed."""
        quote = self.quote
        if not self.moved or quote is None:
            return None
        self.moved = False
        bids = self.bids.settle(quote.bid, quote.bid_qty, tick)
        asks = self.asks.settle(quote.ask, quote.ask_qty, tick)
        for chain in self.chains.values():
            chain.bids |= bids
            chain.asks |= asks
        if bids <= {-quote.bid} and asks <= {quote.ask}:
            return None
        return Depth(
            self.symbol,
            quote.exch_ms,
            quote.recv_ms,
            tuple(self.bids.levels(SHOWN)),
            tuple(self.asks.levels(SHOWN)),
        )

    @property
    def touch(self) -> Quote | None:
        """The best of both sides, own orders among them; None before the first quote."""
        quote = self.quote
        if quote is None or not self.holds_own:
            return quote
        return with_own(quote, self.own_bids, self.own_asks)

    def show(self, bids: Sizes, asks: Sizes) -> None:
        """Let these own orders, and no others, stand in the book."""
        if bids == self.own_bids and asks == self.own_asks:
            return
        for chain in self.chains.values():
            chain.bids |= _changed(self.own_bids, bids)
            chain.asks |= _changed(self.own_asks, asks)
        self.own_bids, self.own_asks = bids, asks
        self.holds_own = bool(bids or asks)
        self.last_id += 1

    def levels(self, most: int) -> tuple[list[Level], list[Level]]:
        """The first ``most`` levels of bids and asks, best first."""
        return _merged(self.bids, self.own_bids, most), _merged(self.asks, self.own_asks, most)

    def read(self) -> int:
        """Number a read of the settled book, so that the next event of every chain spans it."""
        self.last_id += 1
        return self.last_id

    def take(self, speed: int) -> DepthDiff | None:
        """The next event of a chain; None while nothing has changed."""
        chain = self.chains[speed]
        if not chain.bids and not chain.asks:
            return None
        bids = [(-key, self.bids.qty_at(key) + self.own_bids.get(key, ZERO)) for key in sorted(chain.bids)]
        asks = [(key, self.asks.qty_at(key) + self.own_asks.get(key, ZERO)) for key in sorted(chain.asks)]
        diff = DepthDiff(chain.last_id + 1, self.last_id, chain.last_id, bids, asks)
        chain.last_id = self.last_id
        chain.bids.clear()
        chain.asks.clear()
        return diff


def _changed(old: Sizes, new: Sizes) -> set[Decimal]:
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _merged(side: LadderSide, own: Sizes, most: int) -> list[Level]:
    levels = side.levels(most)
    if not own:
        return levels
    sizes = {price * side.sign: qty for price, qty in levels}
    for key, qty in own.items():
        sizes[key] = sizes.get(key, ZERO) + qty
    return [(key * side.sign, sizes[key]) for key in sorted(sizes)[:most]]

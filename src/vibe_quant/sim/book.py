"""One symbol's market as the exchange sees it: touch, depth, mark, and what of the shown quantity we already took."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide, PriceMatch
from vibe_quant.domain.events import Depth, Level, Quote
from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.sim.records import ZERO, DeepMatch, SimOrder

LEVELS = {
    PriceMatch.OPPONENT: 1,
    PriceMatch.OPPONENT_5: 5,
    DeepMatch.OPPONENT_10: 10,
    DeepMatch.OPPONENT_20: 20,
    PriceMatch.QUEUE: 1,
    DeepMatch.QUEUE_5: 5,
    DeepMatch.QUEUE_10: 10,
    DeepMatch.QUEUE_20: 20,
}
QUEUES = frozenset((PriceMatch.QUEUE, DeepMatch.QUEUE_5, DeepMatch.QUEUE_10, DeepMatch.QUEUE_20))


@dataclass(slots=True, eq=False)
class Market:
    """Mutable state of one symbol; ``resting`` holds our live orders in order of arrival.

    ``take_bound`` is marketTakeBound: how far from the mark a MARKET order may trade, a ratio; None: any distance.
    """

    rules: SymbolRules
    brackets: Brackets = ()
    quote: Quote | None = None
    depth: Depth | None = None
    mark: Decimal | None = None
    funding_rate: Decimal | None = None
    last: Decimal | None = None
    resting: list[SimOrder] = field(default_factory=list)
    bid_taken: Decimal = ZERO
    ask_taken: Decimal = ZERO
    deep_taken: dict[Decimal, Decimal] = field(default_factory=dict)
    take_bound: Decimal | None = None

    @property
    def trades(self) -> bool:
        """Whether the matching engine works: in a halt what rests is not filled, whatever the tape shows."""
        return self.rules.status == "TRADING"

    def set_quote(self, quote: Quote) -> None:
        """Replace the touch; a side shown anew (other price or quantity) may be taken from again."""
        old = self.quote
        if old is not None:
            if self.bid_taken and (quote.bid != old.bid or quote.bid_qty != old.bid_qty):
                self.bid_taken = ZERO
            if self.ask_taken and (quote.ask != old.ask or quote.ask_qty != old.ask_qty):
                self.ask_taken = ZERO
        self.quote = quote

    def set_depth(self, depth: Depth) -> None:
        """Replace the levels behind the touch."""
        self.depth = depth
        self.deep_taken.clear()

    def shown(self, side: OrderSide) -> list[Level]:
        """What an incoming order of ``side`` may take, best first, less what we took of it already."""
        quote = self.quote
        if quote is None:
            return []
        sell = side is OrderSide.SELL
        touch = quote.bid if sell else quote.ask
        left = quote.bid_qty - self.bid_taken if sell else quote.ask_qty - self.ask_taken
        levels = [(touch, left)]
        if self.depth is not None:
            for price, qty in self.depth.bids if sell else self.depth.asks:
                if (price < touch) if sell else (price > touch):
                    levels.append((price, qty - self.deep_taken.get(price, ZERO)))
        return [(price, qty) for price, qty in levels if qty > 0]

    def take(self, side: OrderSide, price: Decimal, qty: Decimal) -> None:
        """Remember that an order of ``side`` took ``qty`` of the level at ``price``."""
        quote = self.quote
        if quote is not None and price == (quote.bid if side is OrderSide.SELL else quote.ask):
            if side is OrderSide.SELL:
                self.bid_taken += qty
            else:
                self.ask_taken += qty
        else:
            self.deep_taken[price] = self.deep_taken.get(price, ZERO) + qty

    def own_touch(self, side: OrderSide) -> tuple[Decimal, Decimal]:
        """Price and displayed quantity of the touch that an order of ``side`` would join; zeros if nothing is shown."""
        quote = self.quote
        if quote is None:
            return ZERO, ZERO
        return (quote.ask, quote.ask_qty) if side is OrderSide.SELL else (quote.bid, quote.bid_qty)

    def market_limit(self, side: OrderSide) -> Decimal | None:
        """The worst price that a MARKET order of ``side`` takes; what is left of it there expires."""
        if self.take_bound is None or self.mark is None:
            return None
        return self.mark * (1 - self.take_bound if side is OrderSide.SELL else 1 + self.take_bound)

    def crosses(self, side: OrderSide, price: Decimal) -> bool:
        """True where a limit order of ``side`` at ``price`` would take from the shown book."""
        return self.quote is not None and crosses(self.quote, side, price)

    def matched_price(self, side: OrderSide, match: PriceMatch | DeepMatch) -> Decimal | None:
        """Price that ``priceMatch`` picks; None where the book does not show that level.

        Without depth the Nth level is taken to be N-1 ticks behind the touch: the nearest that it can be.
        """
        if self.quote is None:
            return None
        queue, level = match in QUEUES, LEVELS[match]
        bids = (side is OrderSide.BUY) is queue
        touch = self.quote.bid if bids else self.quote.ask
        if level == 1 or not touch:
            return touch or None
        if self.depth is not None:
            levels = self.depth.bids if bids else self.depth.asks
            return levels[level - 1][0] if len(levels) >= level else None
        away = self.rules.tick * (1 - level if bids else level - 1)
        return touch + away if touch + away > 0 else None


def crosses(quote: Quote, side: OrderSide, price: Decimal) -> bool:
    """True where a limit price of ``side`` meets the opposite touch; an empty side (price zero) meets nothing."""
    return price <= quote.bid if side is OrderSide.SELL else price >= quote.ask > 0

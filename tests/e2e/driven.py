"""A market that the story drives: it stands where it was put, and goes where it is sent while the program trades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from tests.e2e.stage import Scene

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.domain.rules import maintenance_margin
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.feed import FeedEvent
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource

D = Decimal
STEP_MS = 50
MARK_MS = 250
WOBBLE_MS = 400
STAIR_MS = 400


class Driven:
    """One symbol's market, told each 50 ms and led down stairs of 0.4 s, so that each price can be met.

    ``gap`` is how far the book stands from the mark, a ratio of it (-0.06: six per cent below); ``wobble`` moves the
    touch by so many ticks every 0.4 s; ``touch`` is what each side shows, of which a quarter trades at each step.
    """

    def __init__(self, symbol: str = "BTCUSDT", *, touch: str = "2", wobble: int = 0) -> None:
        self.rules = CATALOGUE[symbol].rules
        self.symbol = symbol
        self.opened = CATALOGUE[symbol].price
        self.gap = D(0)
        self.wobble = wobble
        self._touch = D(touch)
        self._ms = 0
        self._way = ((0, self.opened), (0, self.opened))

    @property
    def mark(self) -> Decimal:
        """Where the price is led now."""
        (begin, start), (end, goal) = self._way
        if self._ms >= end:
            return goal
        stair = (self._ms - begin) // STAIR_MS * STAIR_MS
        return start + (goal - start) * stair / (end - begin)

    def go(self, ratio: str, over_s: float = 0) -> None:
        """Lead the price to ``opened x (1 + ratio)`` in so many seconds of the market's own time."""
        self.to(self.opened * (1 + D(ratio)), over_s)

    def to(self, price: Decimal, over_s: float = 0) -> None:
        """Lead it to a price."""
        self._way = ((self._ms, self.mark), (self._ms + int(over_s * 1000), price))

    def events(self) -> Iterator[FeedEvent]:
        """Without end."""
        while True:
            at, mark = self._ms, self.mark
            shift = self.wobble if at // WOBBLE_MS % 2 else 0
            bid = self.rules.floor_price(mark * (1 + self.gap)) + shift * self.rules.tick
            ask = bid + self.rules.tick
            if at % MARK_MS == 0:
                yield Mark(self.symbol, at, at, mark, mark, D("0.0001"))
            yield Quote(self.symbol, at, at, bid, self._touch, ask, self._touch, at + 1)
            sells = at // STEP_MS % 2 == 0
            share = self.rules.floor_qty(self._touch / 4)
            yield Trade(self.symbol, at, at, bid if sells else ask, share, sells, at + 1)
            self._ms += STEP_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class DrivenScene(Scene):
    """A scene in that market, whose symbol is the scene's."""

    market: Driven

    def options(self) -> BoxOptions:
        """As the box takes them."""
        source = MarketSource(CATALOGUE[self.market.symbol], events=self.market.events())
        return replace(Scene.options(self), markets=(source,))


def wallet_for(market: Driven, qty: str, liq: str, side: PositionSide = PositionSide.LONG) -> str:
    """A wallet with which a lone leg, entered at the opening, is liquidated ``liq`` (a ratio) away from it."""
    entry, share = market.opened, D(liq)
    price = entry * (1 - share) if side is PositionSide.LONG else entry * (1 + share)
    need = maintenance_margin(CATALOGUE[market.symbol].brackets, D(qty) * price)
    return str((D(qty) * entry * share + need).quantize(D("0.01")))

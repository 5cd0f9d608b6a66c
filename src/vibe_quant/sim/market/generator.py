"""Generates a market from a seed: a book's touch on the tick grid, trades that eat it, and a mark each second.

A latent price (a led path plus noise) pulls the book; the touch thins and refills; takers come in clusters and as parts
of larger orders, and never take more than is displayed.  Rough realism: sizes, rates, bursts and spreads are held
against recorded markets (``vibe-quant sim describe``), depth behind the touch does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import inf, log
from random import Random
from typing import cast

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.sim.market.book import Book
from vibe_quant.sim.market.flow import Flow, Sides, Wire
from vibe_quant.sim.market.latent import Index, Latent
from vibe_quant.sim.market.news import ForcedTrade, MarketNews
from vibe_quant.sim.market.params import MarketParams
from vibe_quant.sim.market.scenarios import scenario_params
from vibe_quant.sim.market.timetable import Timetable

START_MS = 1_735_689_600_000
PATH_S = 600
MARK_EVERY_MS = 1000
MOST_PRINTS = 300
PRINTS_POWER = 0.8
PRINTS_SIGMA = 1.2
TILT = 0.25
MARK_GRID = 1000
MOST_MULTIPLES = 4096

Told = MarketEvent | MarketNews


def generate(
    scenario: str,
    seed: int,
    symbol: str,
    duration_s: int,
    *,
    side: PositionSide | None = None,
    move: float | None = None,
    start_ms: int = START_MS,
    params: MarketParams | None = None,
) -> Iterator[MarketEvent]:
    """The events of a named scenario in tape order; the same arguments give the same events.

    ``side`` is the leg that the scenario's move hurts, ``move`` its size as a ratio of the first price.  ``params``
    takes the place of the scenario's (its ``on_instrument`` plays it elsewhere); ``side`` and ``move`` are in it then.

    Raises:
        ValueError: as ``scenario_params``; or the duration is not positive.
    """
    told = generate_with_news(
        scenario, seed, symbol, duration_s, side=side, move=move, start_ms=start_ms, params=params, news=False
    )
    return cast(Iterator[MarketEvent], told)


def generate_with_news(
    scenario: str,
    seed: int,
    symbol: str,
    duration_s: int,
    *,
    side: PositionSide | None = None,
    move: float | None = None,
    start_ms: int = START_MS,
    params: MarketParams | None = None,
    news: bool = True,
) -> Iterator[Told]:
    """The same events with the market's news among them; exchange times never fall.

    Raises:
        ValueError: as ``generate``.
    """
    if duration_s <= 0:
        raise ValueError(f"a duration of {duration_s} s is not positive")
    like = params or scenario_params(scenario, side, move)
    return Generator(like, Random(f"{scenario}/{seed}"), symbol, duration_s, start_ms, news=news).events()


def endless(
    scenario: str,
    seed: int,
    symbol: str,
    *,
    side: PositionSide | None = None,
    move: float | None = None,
    start_ms: int = START_MS,
    params: MarketParams | None = None,
) -> Iterator[Told]:
    """Events and news without end: the scenario's path over ``PATH_S``, then calmly on from where it ended.

    Raises:
        ValueError: as ``scenario_params``.
    """
    like = params or scenario_params(scenario, side, move)
    generator = Generator(like, Random(f"{scenario}/{seed}"), symbol, PATH_S, start_ms, news=True, endless=True)
    return generator.events()


class Multiples(dict[int, Decimal]):
    """n -> n x unit, remembered within bounds."""

    def __init__(self, unit: Decimal) -> None:
        super().__init__()
        self.unit = unit

    def __missing__(self, count: int) -> Decimal:
        """The product."""
        if len(self) >= MOST_MULTIPLES:
            self.clear()
        product = self[count] = count * self.unit
        return product


class Generator:
    """One run of one market; whatever trades has a millisecond of its own, quotes may share one."""

    def __init__(
        self,
        params: MarketParams,
        rng: Random,
        symbol: str,
        duration_s: int,
        start_ms: int,
        *,
        news: bool = False,
        endless: bool = False,
    ) -> None:
        self.params = params
        self.symbol = symbol
        self._rng = rng
        self._news = news
        self._start_ms = start_ms
        self._path_end_ms = start_ms + duration_s * 1000
        self._end_ms = inf if endless else self._path_end_ms
        self._at_ms = float(start_ms)
        self._due_ms = start_ms + MARK_EVERY_MS
        self._timetable = Timetable(params, symbol, start_ms, duration_s)
        self._prices = Multiples(params.tick)
        self._qtys = Multiples(params.step)
        self._mark_grid = Multiples(params.tick / MARK_GRID)
        self._latent = Latent(params, rng, duration_s)
        self._flow = Flow(params, rng)
        self._sides = Sides(params.meta_share, rng)
        self._book_wire = Wire(params.book_lag_ms, params.lag_sigma, rng)
        self._market_wire = Wire(params.market_lag_ms, params.lag_sigma, rng)
        self._book = Book(params, rng, self._latent.start)
        self._value = self._latent.start
        self._index = Index(self._value)
        self._ids = 0
        self._trade_ids = 0

    def events(self) -> Iterator[Told]:
        """All events, in tape order, and the news where they are asked for."""
        now = last = self._start_ms
        yield from self._told(self._timetable.first(now))
        yield self._quote(now)
        while (now := self._next_ms(last)) < self._end_ms:
            if now > self._due_ms:
                yield from self._timers(now)
            self._value = self._latent.at((now - self._start_ms) / 1000, self._flow.activity)
            yield from self._arrival(now, fresh=now > last)
            yield self._quote(now)
            last = now
        yield from self._timers(int(self._end_ms) + 1)

    def _next_ms(self, last: int) -> int:
        """When the next arrival is; one that may trade comes in a later millisecond than the last."""
        if self._book.open:
            self._flow.takes = False
            self._at_ms += self._rng.random() * self.params.close_ms
            return int(self._at_ms)
        self._at_ms += 1000 * self._flow.gap_s()
        off = abs(self._value - self._book.mid)
        if self._at_ms < last + 1 and (self._flow.takes or off > self._book.threshold):
            self._at_ms = last + 1.0
        if self._timetable.halted(self._at_ms):
            self._at_ms = float(self._timetable.resumption_ms())
        return int(self._at_ms)

    def _timers(self, until_ms: int) -> Iterator[Told]:
        """Marks and news that are due before ``until_ms``."""
        while self._due_ms < until_ms:
            due_ms = self._due_ms
            yield from self._told(self._timetable.due(due_ms))
            if due_ms >= self._path_end_ms < self._end_ms:
                self._latent.settle()
            yield self._mark(due_ms)
            self._due_ms += MARK_EVERY_MS

    def _told(self, news: list[MarketNews]) -> list[MarketNews]:
        return news if self._news else []

    def _arrival(self, now: int, *, fresh: bool) -> list[Told]:
        """What happens to the book; trades only in a ``fresh`` millisecond, as they come before its quotes."""
        book = self._book
        if self._timetable.resumed():
            book.jump(self._value)
            return []
        if book.open:
            book.close_up(self._value)
            return []
        off = self._value - book.mid
        if fresh and abs(off) > book.threshold:
            return self._move(now, up=off > 0)
        if self._flow.takes:
            return self._take(now, off)
        book.requote(max(-1.0, min(1.0, off / book.threshold)))
        return []

    def _move(self, now: int, *, up: bool) -> list[Told]:
        """The book leaves its level for the latent price, in most cases because its touch is traded away."""
        told: list[Told] = []
        if self._rng.random() < self.params.sweep_share:
            told += self._prints(now, self._book.ask_qty if up else self._book.bid_qty, buys=up)
            told += self._forced(now, up=up)
            self._flow.ordered()
        self._book.move(self._value, up=up)
        self._flow.moved()
        return told

    def _forced(self, now: int, *, up: bool) -> list[MarketNews]:
        """The liquidation that this sweep was, if it was one."""
        share = self.params.forced_share
        if not share or up != (self.params.move > 0) or not self._latent.runs() or self._rng.random() >= share:
            return []
        level, qty = (self._book.ask, self._book.ask_qty) if up else (self._book.bid, self._book.bid_qty)
        order_side = OrderSide.BUY if up else OrderSide.SELL
        return self._told([ForcedTrade(self.symbol, now, order_side, self._qtys[qty], self._prices[level])])

    def _take(self, now: int, off: float) -> list[Told]:
        """A taker's order of ordinary size."""
        buys = self._sides.next(max(-0.5, min(0.5, TILT * off / self._book.threshold)))
        qty = self._book.wanted(buys=buys)
        trades = self._prints(now, qty, buys=buys)
        self._latent.push(buys=buys)
        self._flow.ordered()
        if self._book.take(qty, buys=buys):
            self._flow.moved()
        return trades

    def _prints(self, now: int, qty: int, *, buys: bool) -> list[Told]:
        """Trades at the touch in force that add up to ``qty`` steps."""
        price = self._prices[self._book.ask if buys else self._book.bid]
        more = self._rng.lognormvariate(PRINTS_POWER * log(qty / self.params.print_lots), PRINTS_SIGMA)
        count = min(qty, MOST_PRINTS, 1 + int(more))
        cuts = sorted({int(qty * self._rng.random() ** self.params.print_unevenness) for _ in range(count - 1)} - {0})
        trades: list[Told] = []
        for begin, end in zip([0, *cuts], [*cuts, qty], strict=True):
            self._trade_ids += 1
            recv = self._market_wire.recv(now)
            trades.append(Trade(self.symbol, now, recv, price, self._qtys[end - begin], not buys, self._trade_ids))
        return trades

    def _quote(self, now: int) -> Quote:
        self._ids += 1
        book, prices, qtys, recv = self._book, self._prices, self._qtys, self._book_wire.recv(now)
        bid, ask, bid_qty, ask_qty = prices[book.bid], prices[book.ask], qtys[book.bid_qty], qtys[book.ask_qty]
        return Quote(self.symbol, now, recv, bid, bid_qty, ask, ask_qty, self._ids)

    def _mark(self, now: int) -> Mark:
        trading = not self._timetable.halted(now)
        price = self._book.mid
        if not trading:
            price = self._value = self._latent.at((now - self._start_ms) / 1000, 1.0)
        mark, index = self._index.follow(price, trading=trading)
        grid, recv = self._mark_grid, self._market_wire.recv(now)
        rate = self._timetable.rate
        return Mark(self.symbol, now, recv, grid[round(mark * MARK_GRID)], grid[round(index * MARK_GRID)], rate)

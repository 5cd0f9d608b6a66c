"""What the exchange remembers of one symbol's public market, and how that symbol's streams are called."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.events import Depth, Mark, Trade
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.sim.book import Market
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.market.candles import HOUR, SPANS, Kline, flat
from vibe_quant.sim.front.market.klines import Klines
from vibe_quant.sim.front.market.market_wire import SymbolWire
from vibe_quant.sim.front.market.own_orders import own_sizes
from vibe_quant.sim.front.market.price_marks import PriceMarks
from vibe_quant.sim.front.market.prints import Print, Prints
from vibe_quant.sim.front.market.public_book import PublicBook
from vibe_quant.sim.instruments import Instrument

SPEEDS = (100, 250, 500)
ORDINARY_SPEED = 250
PARTIAL = (5, 10, 20)
FUNDING_KEPT = 1000
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """One funding of the past, as GET fundingRate lists it."""

    exch_ms: int
    rate: Decimal
    mark: Decimal


class StreamNames:
    """The names of a symbol's streams, its own name in lower case."""

    def __init__(self, symbol: str) -> None:
        name = symbol.lower()
        self.book_ticker = f"{name}@bookTicker"
        self.trade = f"{name}@trade"
        self.agg_trade = f"{name}@aggTrade"
        self.mark = f"{name}@markPrice"
        self.mark_1s = f"{name}@markPrice@1s"
        self.mini_ticker = f"{name}@miniTicker"
        self.ticker = f"{name}@ticker"
        self.force_order = f"{name}@forceOrder"
        self.klines = {i: (f"{name}@kline_{i}", f"{name}_perpetual@continuousKline_{i}") for i in SPANS}
        self.diffs: dict[int, tuple[str, ...]] = {speed: (f"{name}@depth{suffix(speed)}",) for speed in SPEEDS}
        self.diffs[500] += (f"{name}@rpiDepth@500ms",)
        self.partial = {
            speed: tuple((most, f"{name}@depth{most}{suffix(speed)}") for most in PARTIAL) for speed in SPEEDS
        }


def suffix(speed: int) -> str:
    """How a depth stream's name ends: the ordinary speed is not named."""
    return "" if speed == ORDINARY_SPEED else f"@{speed}ms"


class SymbolBoard:
    """Mutable; times are the exchange's."""

    def __init__(self, exchange: SimExchange, instrument: Instrument, seed: int) -> None:
        self._exchange = exchange
        self._seed = f"{seed}/{instrument.symbol}"
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.names = StreamNames(instrument.symbol)
        self.wire = SymbolWire(instrument)
        self.book = PublicBook(instrument, SPEEDS, self._seed)
        self.prints = Prints()
        self.klines: Klines | None = None
        self.traded = False
        self.told_minute = 0
        self.marks = PriceMarks()
        self.mark_klines: Klines | None = None
        self.index_klines: Klines | None = None
        self.funding_paid: deque[FundingPaid] = deque(maxlen=FUNDING_KEPT)
        self.told_rules = self.rules
        self._funding_ms = 0

    @property
    def market(self) -> Market:
        """The exchange's own state of the symbol."""
        return self._exchange.venue.markets[self.symbol]

    @property
    def rules(self) -> SymbolRules:
        """Status and filters as they are now."""
        return self.market.rules

    @property
    def last_price(self) -> Decimal:
        """Price of the last trade; before the first, the price at which the market opened."""
        return self.instrument.price if self.klines is None else self.klines.minute.close

    @property
    def last_qty(self) -> Decimal:
        """Quantity of the last trade; zero before the first."""
        return self.prints.trades[-1].qty if self.prints.trades else ZERO

    @property
    def funding_ms(self) -> int:
        """When funding is paid next; zero without a timetable."""
        return self._exchange.funding.next_ms(self.symbol)

    @property
    def funding_hours(self) -> int:
        """Hours between two payments."""
        return self._exchange.funding.interval_hours(self.symbol)

    @property
    def funding_rate(self) -> Decimal:
        """The rate that stands; zero while nobody told one."""
        return self.market.funding_rate or ZERO

    def begin(self, now: int, price: Decimal) -> Klines:
        """Open the candles at the first price."""
        self.klines = Klines(self.instrument, now, price, self._seed)
        self.told_minute = self.klines.minute.open_ms
        return self.klines

    def on_trade(self, trade: Trade) -> Print:
        """Number the trade, aggregate it, and put it into the candles."""
        made = self.prints.add(trade)
        klines = self.klines or self.begin(trade.exch_ms, trade.price)
        klines.add(made)
        self.traded = True
        return made

    def on_mark(self, mark: Mark) -> None:
        """Take over mark and index, and put them into candles of their own."""
        self.marks.on_mark(mark)
        index, now = mark.price if mark.index is None else mark.index, mark.exch_ms
        if self.mark_klines is None or self.index_klines is None:
            self.mark_klines = Klines(self.instrument, now, mark.price, f"{self._seed}/mark")
            self.index_klines = Klines(self.instrument, now, index, f"{self._seed}/index")
        self.mark_klines.add(Print(0, mark.price, ZERO, now, True))
        self.index_klines.add(Print(0, index, ZERO, now, True))

    def flat_day(self, now: int) -> Kline:
        """The last 24 hours of a market that has not opened."""
        return flat(now, self.last_price)

    def settle(self) -> None:
        """Bring the published book up to the last quote; what is invented of it, the exchange's orders meet too."""
        depth: Depth | None = self.book.settle(self.rules.tick)
        if depth is not None and not self.book.told:
            self._exchange.on_depth(depth)

    def show_own(self) -> None:
        """Let the account's orders stand in the published book as they rest now."""
        market = self.market
        if market.resting or self.book.holds_own:
            self.book.show(*own_sizes(market))

    def note_funding(self) -> None:
        """Enter what was paid since the last look: funding times that went by, whole intervals to the next one.

        A next time at any other distance is a new timetable, of which nothing was paid.
        """
        last, due, interval = self._funding_ms, self.funding_ms, self.funding_hours * HOUR
        if last and due > last and (due - last) % interval == 0:
            for paid_ms in range(last, due, interval):
                self.funding_paid.append(FundingPaid(paid_ms, self.funding_rate, self.marks.mark or ZERO))
        self._funding_ms = due

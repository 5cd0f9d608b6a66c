"""What the exchange tells of its markets, and when: at once (touch, trades), or on the grid of the clock (the rest).

The tape or the generator plays the whole rest of the market.  The account's resting orders stand in the public book
among it, so that a program meets its own quotes there; its takes neither shrink the book nor appear among the trades.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.events import Depth, Mark, MarketEvent, Quote, Trade
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.market.board_grid import BoardGrid
from vibe_quant.sim.front.market.forced_orders import ForcedOrder, ForcedOrders
from vibe_quant.sim.front.market.symbol_board import SymbolBoard
from vibe_quant.sim.front.streams.publisher import Publisher, StreamClass
from vibe_quant.sim.instruments import Instrument
from vibe_quant.sim.market.news import ForcedTrade, MarketNews
from vibe_quant.sim.venue import NEVER

PUBLIC = StreamClass.PUBLIC
ALL_TOUCHES = "!bookTicker"
FINE, COARSE = 100, 250
LONGEST_CATCH_UP_MS = 60_000
CATCH_UP_MS = 3_000


class Board:
    """``due`` is when ``advance`` has something to publish next; NEVER until the first event or ``advance``.

    ``symbols`` are the published states, for whoever answers requests; ``clock_skew_ms`` is what the exchange's own
    clock is off where it tells the time (a fault sets it).
    """

    def __init__(
        self, exchange: SimExchange, instruments: Mapping[str, Instrument], publisher: Publisher, seed: int
    ) -> None:
        """``instruments`` by symbol, each of which the exchange lists; ``seed`` invents what no tape brings."""
        self.symbols = {name: SymbolBoard(exchange, instrument, seed) for name, instrument in instruments.items()}
        self.clock_skew_ms = 0
        self.due = NEVER
        self._publisher = publisher
        self._forced = ForcedOrders()
        self._grid = BoardGrid(list(self.symbols.values()), publisher, self._forced)

    def on_event(self, event: MarketEvent | MarketNews) -> None:
        """Take over what the exchange has just seen, and publish what is not bound to the grid.

        Candles of a tape are left aside, for candles are made of the trades; so is news that changes the exchange
        itself (status, funding), for it is read from there.
        """
        if self.due == NEVER:
            self.due = _next(event.exch_ms)
        if type(event) is Quote:
            self._on_quote(event)
        elif type(event) is Trade:
            self._on_trade(event)
        else:
            self._on_rare(event)

    def _on_quote(self, quote: Quote) -> None:
        state = self.symbols[quote.symbol]
        state.book.on_quote(quote)
        state.show_own()
        if state.klines is None:
            state.begin(quote.exch_ms, quote.bid or quote.ask or state.instrument.price)
            state.settle()
        self._tell_touch(state)

    def on_own(self, symbol: str, now: int) -> None:
        """An order of the account came, changed or went: the touch is told anew where that moved it."""
        state = self.symbols[symbol]
        before = state.book.touch
        state.show_own()
        touch = state.book.touch
        if touch is not None and touch != before:
            self._tell_touch(state, now)

    def _tell_touch(self, state: SymbolBoard, now: int | None = None) -> None:
        update_id = state.book.last_id
        publisher, name = self._publisher, state.names.book_ticker
        alone, among_all = publisher.wanted(PUBLIC, name), publisher.wanted(PUBLIC, ALL_TOUCHES)
        touch = state.book.touch
        if touch is not None and (alone or among_all):
            frame = state.wire.book_ticker(touch if now is None else replace(touch, exch_ms=now), update_id)
            if alone:
                publisher.publish(PUBLIC, name, frame)
            if among_all:
                publisher.publish(PUBLIC, ALL_TOUCHES, frame)

    def _on_trade(self, trade: Trade) -> None:
        state = self.symbols[trade.symbol]
        made = state.on_trade(trade)
        if self._publisher.wanted(PUBLIC, state.names.trade):
            self._publisher.publish(PUBLIC, state.names.trade, state.wire.trade(made, trade.exch_ms))

    def _on_rare(self, event: MarketEvent | MarketNews) -> None:
        if isinstance(event, Mark):
            self.symbols[event.symbol].on_mark(event)
        elif isinstance(event, Depth):
            self.symbols[event.symbol].book.on_depth(event)
        elif isinstance(event, ForcedTrade):
            self.forced(event.symbol, event.side, event.qty, event.price, event.price, event.exch_ms)

    def forced(self, symbol: str, side: OrderSide, qty: Decimal, price: Decimal, avg: Decimal, now: int) -> None:
        """A liquidation, anybody's: ``side`` that of its order, ``avg`` the price it was done at."""
        self._forced.add(ForcedOrder(symbol, side, qty, price, avg, now))

    def advance(self, now: int) -> None:
        """Publish all that is due by ``now``.  A clock that jumped by more than a minute finds the last seconds."""
        if self.due == NEVER:
            self.due = _next(now)
        self.skip(now)
        while self.due <= now:
            self._grid.tick(self.due)
            self.due = _next(self.due)

    def skip(self, now: int) -> None:
        """Leave out what is due by ``now`` but the last seconds, if that is more than a minute."""
        if now - self.due > LONGEST_CATCH_UP_MS:
            self.due = _next(now - CATCH_UP_MS)

    def settled(self, symbol: str) -> SymbolBoard:
        """The state of a symbol with its book brought up to the last quote.

        Raises:
            KeyError: the symbol is not listed.
        """
        state = self.symbols[symbol]
        state.settle()
        return state


def _next(now: int) -> int:
    """The first point of the grid after ``now``."""
    return min((now // FINE + 1) * FINE, (now // COARSE + 1) * COARSE)

"""The exchange that venue paper imagines: real market news goes in, fills and account news come out after their way.

It sees the market when this host does, so that orders meet a book that is late by the feed's lag; while the book stream
is down nothing rests on what was seen before it but what stands already.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide, Stream
from vibe_quant.domain.events import Depth, Event, Mark, Quote, StreamDown, Trade
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import PaperSettings
from vibe_quant.ports import Clock, UserTrade
from vibe_quant.sim import answers
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.latency import LatencyModel, TapeLatency
from vibe_quant.sim.records import ExchangeEvent, OrderEvent
from vibe_quant.sim.venue import REMEMBERED
from vibe_quant.tapes.brackets import default_brackets

LONGEST_LAG_MS = 1000  # a market that is later than this says nothing of how long requests travel
LONGEST_WAIT_MS = 60_000  # the server's clock may be corrected meanwhile


class PaperVenue:
    """One account.  ``exchange`` works at ``time()``: the server's clock, never backwards, its own timers run first.

    ``news`` is set whenever there may be something to deliver, or another moment at which there will be.
    """

    def __init__(self, clock: Clock, latency: LatencyModel, settings: PaperSettings) -> None:
        self.exchange = SimExchange({}, {})
        self.latency = latency
        self.news = asyncio.Event()
        self.trades: deque[UserTrade] = deque(maxlen=REMEMBERED)
        """The account's own, oldest first."""
        self._clock = clock
        self._settings = settings
        self._lags = latency if isinstance(latency, TapeLatency) else None
        self._now = 0
        self._pushes: deque[tuple[int, ExchangeEvent]] = deque()
        self._quoted: set[str] = set()
        self._newest: dict[tuple[type[Event], str], int] = {}
        self._funded: set[str] = set()

    def time(self) -> int:
        """The exchange's present, epoch ms; what was due until then has happened."""
        now = self._clock.server_ms()
        if now > self._now:
            self._now = now
        if self.exchange.venue.due <= self._now:
            self.exchange.advance(self._now)
            self.collect()
        return self._now

    def list_symbol(self, rules: SymbolRules) -> bool:
        """List a symbol, or put its new rules in force; True where its leverage had to be less than configured."""
        symbol, venue, now = rules.symbol, self.exchange.venue, self.time()
        if symbol in venue.markets:
            if rules != venue.markets[symbol].rules:
                self.exchange.change_rules(symbol, rules, now)
                self.collect()
            return False
        brackets = default_brackets(symbol)
        venue.add_market(rules, brackets)
        if rules.margin_asset not in self._funded:
            self._funded.add(rules.margin_asset)
            venue.account.pay(rules.margin_asset, self._settings.wallet, now)
        most = brackets[0].max_leverage
        venue.account.leverage[symbol] = min(self._settings.leverage, most)
        self.exchange.funding.start(symbol, now)
        return self._settings.leverage > most

    def seat(self, symbol: str, side: PositionSide, qty: Decimal, entry: Decimal) -> None:
        """Give the account a leg that it holds from the start; nothing is told."""
        self.exchange.seed_position(symbol, side, qty, entry)
        self.exchange.account.leg(symbol, side).updated_ms = self.time()

    def has_book(self, symbol: str) -> bool:
        """Whether a quote has come since the book stream was up."""
        return symbol in self._quoted

    def show(self, event: Event) -> None:
        """Let the exchange see news of the market, now; what is older than what it has seen is left out."""
        if isinstance(event, Quote | Trade | Mark | Depth):
            if event.symbol in self.exchange.venue.markets:
                self._show(event)
        elif isinstance(event, StreamDown) and event.stream is Stream.BOOK:
            self._quoted.clear()

    def _show(self, event: Quote | Trade | Mark | Depth) -> None:
        key = (type(event), event.symbol)
        number, least = event.exch_ms, self._newest.get(key, -1)
        if isinstance(event, Trade):  # one that is told twice would fill twice
            number, least = event.trade_id, least + 1
        if number < least:
            return
        self._newest[key] = number
        lag = self._clock.server_ms() - event.exch_ms
        if self._lags is not None and isinstance(event, Quote | Trade) and lag <= LONGEST_LAG_MS:
            self._lags.saw(lag)
        self._play(event, self.time())
        if self.exchange.out:
            self.collect()

    def _play(self, event: Quote | Trade | Mark | Depth, now: int) -> None:
        """As of ``now``: whatever follows from it happens when it is known here."""
        exchange, symbol, recv = self.exchange, event.symbol, event.recv_ms
        if isinstance(event, Quote):
            self._quoted.add(symbol)
            exchange.on_quote(Quote(symbol, now, recv, event.bid, event.bid_qty, event.ask, event.ask_qty))
        elif isinstance(event, Trade):
            exchange.on_trade(Trade(symbol, now, recv, event.price, event.qty, event.buyer_is_maker, event.trade_id))
        elif isinstance(event, Mark):
            exchange.on_mark(Mark(symbol, now, recv, event.price, event.index, event.funding_rate))
        else:
            exchange.on_depth(Depth(symbol, now, recv, event.bids, event.asks))

    def collect(self) -> None:
        """Send what the exchange has told on its way; a push that is quick waits for those before it."""
        for event in self.exchange.take_events():
            if isinstance(event, OrderEvent) and event.last_qty:
                self.trades.append(_trade(event))
            self._pushes.append((self._clock.now_ms() + self.latency.stream(), event))
        self.news.set()

    def deliver(self) -> Sequence[Event]:
        """What has arrived of the account's stream by now."""
        now, pushes = self._clock.now_ms(), self._pushes
        told: list[Event] = []
        while pushes and pushes[0][0] <= now:
            told += answers.pushed(pushes.popleft()[1], now)
        return told

    def wait_ms(self) -> int:
        """How long until something may be due: a push, or a timer of the exchange."""
        until = self.exchange.venue.due - self._clock.server_ms()
        if self._pushes:
            until = min(until, self._pushes[0][0] - self._clock.now_ms())
        return min(max(0, until), LONGEST_WAIT_MS)


def _trade(event: OrderEvent) -> UserTrade:
    order = event.order
    return UserTrade(
        symbol=order.symbol,
        side=order.side,
        position_side=order.position_side,
        trade_id=event.trade_id,
        order_id=order.order_id,
        price=event.last_price,
        qty=event.last_qty,
        is_maker=event.is_maker,
        fee=event.fee,
        fee_asset=event.fee_asset,
        realized_pnl=event.realized_pnl,
        exch_ms=event.exch_ms,
    )

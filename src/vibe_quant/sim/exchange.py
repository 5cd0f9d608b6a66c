"""The simulated exchange: the tape plays the rest of the market, requests come with their time, events wait in out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vibe_quant.domain.enums import OrderStatus, PositionSide, WorkingType
from vibe_quant.domain.events import Depth, Mark, Quote, Trade
from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.sim.account import ENTRY, Account
from vibe_quant.sim.account_settings import AccountSettings
from vibe_quant.sim.countdown import Countdowns
from vibe_quant.sim.entry import Entry
from vibe_quant.sim.forced import Forced
from vibe_quant.sim.funding import Funding
from vibe_quant.sim.liquidator import Liquidator
from vibe_quant.sim.matching import Matching
from vibe_quant.sim.records import (
    AmendRequest,
    ExchangeEvent,
    ExpiryReason,
    OrderRef,
    OrderRequest,
    Rejected,
    SimOrder,
)
from vibe_quant.sim.settlement import Settlement
from vibe_quant.sim.stops import AlgoService
from vibe_quant.sim.switches import Switches
from vibe_quant.sim.venue import Venue


class SimExchange:
    """Facade of the parts; all times are the exchange's epoch milliseconds and never run backwards.

    Requests raise ``Rejected``.  ``algos`` takes conditional orders, ``countdowns`` keeps the dead-man's timers,
    ``settings`` is the owner's leverage, margin type and modes, ``funding`` the timetable of payments, ``settlement`` a
    symbol's rules and status; ``forced`` is where tests and scenarios let things happen to the account,
    ``entry.overloaded`` turns -1008 on.
    """

    def __init__(
        self,
        symbols: Mapping[str, tuple[SymbolRules, Brackets]],
        wallets: Mapping[str, Decimal],
        switches: Switches | None = None,
    ) -> None:
        """``symbols``: rules and maintenance brackets by name; ``wallets``: balance by margin asset."""
        self.venue = Venue(symbols, wallets, switches or Switches())
        self.matching = Matching(self.venue)
        self.entry = Entry(self.venue, self.matching)
        self.algos = AlgoService(self.venue, self.matching, self.entry)
        self.liquidator = Liquidator(self.venue, self.matching)
        self.forced = Forced(self.venue, self.matching, self.algos, self.liquidator)
        self.settings = AccountSettings(self.venue, self.algos)
        self.funding = Funding(self.venue, self.forced)
        self.settlement = Settlement(self.venue, self.forced, self.algos)
        self.matching.order_ended = self.algos.order_ended
        self.matching.leg_closed = self.algos.leg_closed
        self.out = self.venue.out
        self._markets = self.venue.markets
        self.countdowns = Countdowns(self.venue, self.matching, self.algos)

    @property
    def account(self) -> Account:
        """Wallets and legs."""
        return self.venue.account

    def on_quote(self, quote: Quote) -> None:
        """A new touch of the tape."""
        market = self._markets[quote.symbol]
        before = market.quote
        market.set_quote(quote)
        if market.resting and market.trades:
            self.matching.on_quote(market, before, quote.exch_ms)

    def on_trade(self, trade: Trade) -> None:
        """A print of the tape."""
        market = self._markets[trade.symbol]
        market.last = trade.price
        if market.resting and market.trades:
            self.matching.on_trade(market, trade, trade.exch_ms)
        if self.algos.open:
            self.algos.on_price(trade.symbol, WorkingType.CONTRACT_PRICE, trade.price, trade.exch_ms)

    def on_mark(self, mark: Mark) -> None:
        """A new mark price: triggers stops, then liquidation."""
        market = self._markets[mark.symbol]
        market.mark = mark.price
        market.funding_rate = mark.funding_rate
        if self.algos.open:
            self.algos.on_price(mark.symbol, WorkingType.MARK_PRICE, mark.price, mark.exch_ms)
        self.liquidator.check_margin(mark.exch_ms)

    def on_depth(self, depth: Depth) -> None:
        """Levels behind the touch, which arriving orders may then walk."""
        self._markets[depth.symbol].set_depth(depth)

    def place(self, request: OrderRequest, now: int) -> SimOrder:
        """POST order."""
        return self.entry.place(request, now)

    def check(self, request: OrderRequest, now: int) -> SimOrder:
        """POST order/test: what the request would become, with order id zero."""
        return self.entry.check(request, now)

    def amend(self, request: AmendRequest, now: int) -> SimOrder:
        """PUT order."""
        return self.entry.amend(request, now)

    def cancel(self, symbol: str, ref: OrderRef, now: int) -> SimOrder:
        """DELETE order, by order id or client id; -2011 where it is not open."""
        self.venue.market(symbol)
        order = self.venue.live_order(symbol, ref)
        if order is None:
            raise Rejected(-2011, "Unknown order sent.")
        self.matching.end(order, OrderStatus.CANCELED, ExpiryReason.NONE, now)
        return order

    def cancel_all(self, symbol: str, now: int) -> None:
        """DELETE allOpenOrders: every regular order of the symbol; conditional ones too, or not, by switch."""
        for order in list(self.venue.market(symbol).resting):
            self.matching.end(order, OrderStatus.CANCELED, ExpiryReason.NONE, now)
        if self.venue.switches.cancel_all_cancels_algos:
            self.algos.cancel_all(symbol, now)

    def query(self, symbol: str, ref: OrderRef, now: int) -> SimOrder:
        """GET order; -2013 when unknown, and for ``query_lag_ms`` after it was placed."""
        order = self.venue.find(symbol, ref)
        lag = self.venue.switches.query_lag_ms
        if order is None or now - order.created_ms < lag:
            raise Rejected(-2013, "Order does not exist.")
        return order

    def open_orders(self, symbol: str | None) -> list[SimOrder]:
        """GET openOrders; None: of all symbols."""
        markets = self._markets.values() if symbol is None else [self.venue.market(symbol)]
        return [order for market in markets for order in market.resting]

    def set_leverage(self, symbol: str, leverage: int, now: int) -> None:
        """POST leverage."""
        self.settings.set_leverage(symbol, leverage, now)

    def change_rules(self, symbol: str, rules: SymbolRules, now: int) -> None:
        """New rules for a symbol; what follows from its status is in settlement.py."""
        self.settlement.change_rules(symbol, rules, now)

    def seed_position(
        self, symbol: str, side: PositionSide, qty: Decimal, entry: Decimal, isolated_wallet: Decimal | None = None
    ) -> None:
        """Give the account a leg that it had before the tape began; nothing is told.

        ``isolated_wallet`` makes the symbol isolated and is taken out of the cross wallet.
        """
        leg = self.account.leg(symbol, side)
        leg.qty, leg.entry = qty, entry.quantize(ENTRY)
        if isolated_wallet is not None:
            self.account.isolated.add(symbol)
            leg.isolated_wallet = isolated_wallet

    def advance(self, now: int) -> None:
        """Run the exchange's own timers up to ``now``; its driver does so before each request and tape event."""
        self.venue.run_timers(now)

    def take_events(self) -> list[ExchangeEvent]:
        """All events since the last call, in the order in which they happened."""
        events = self.out[:]
        self.out.clear()
        return events

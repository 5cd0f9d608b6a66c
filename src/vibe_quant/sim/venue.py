"""What the exchange's parts share: markets, account, orders by id, the events to tell and the timers to run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from copy import copy
from decimal import Decimal

from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.sim.account import Account, LegKey
from vibe_quant.sim.book import Market
from vibe_quant.sim.records import (
    ZERO,
    AccountEvent,
    AlgoEvent,
    ExchangeEvent,
    ExecType,
    OrderEvent,
    Rejected,
    SimAlgo,
    SimOrder,
)
from vibe_quant.sim.switches import Switches

NEVER = 1 << 62


class Venue:
    """Shared state; holds no rule of the exchange itself."""

    def __init__(
        self,
        symbols: Mapping[str, tuple[SymbolRules, Brackets]],
        wallets: Mapping[str, Decimal],
        switches: Switches,
    ) -> None:
        """``symbols`` gives rules and maintenance brackets, ``wallets`` the balance of each margin asset."""
        self.markets = {name: Market(rules, brackets) for name, (rules, brackets) in symbols.items()}
        self.account = Account(self.markets, wallets)
        self.switches = switches
        self.out: list[ExchangeEvent] = []
        self.orders: dict[str, SimOrder] = {}  # client id -> the latest order of that id
        self.due = NEVER  # when the next timer runs
        self._timers: list[tuple[int, int, Callable[[int], None]]] = []
        self._ids = 0

    def next_id(self) -> int:
        """A number never given before, for orders, trades and conditional orders alike."""
        self._ids += 1
        return self._ids

    def market(self, symbol: str) -> Market:
        """The symbol's market, or -1121."""
        try:
            return self.markets[symbol]
        except KeyError:
            raise Rejected(-1121, "Invalid symbol.") from None

    def add(self, order: SimOrder, now: int) -> None:
        """Record a new order and tell of it."""
        self.orders[order.client_id] = order
        self.tell(order, ExecType.NEW, now)

    def tell(self, order: SimOrder, exec_type: ExecType, now: int) -> None:
        """ORDER_TRADE_UPDATE without a trade."""
        order.updated_ms = now
        asset = self.account.asset_of(order.symbol)
        self.out.append(OrderEvent(copy(order), exec_type, now, fee_asset=asset))

    def tell_trade(self, event: OrderEvent, key: LegKey) -> None:
        """One execution: ORDER_TRADE_UPDATE and the ACCOUNT_UPDATE of the same moment, in the switched order."""
        account = self.account
        rows = (account.balance_row(account.asset_of(key[0])),)
        update = AccountEvent("ORDER", rows, (account.position_row(key),), event.exch_ms)
        self.out += (update, event) if self.switches.account_update_first else (event, update)

    def tell_account(self, reason: str, asset: str, change: Decimal, now: int, symbol: str = "") -> None:
        """ACCOUNT_UPDATE of a wallet alone."""
        self.out.append(AccountEvent(reason, (self.account.balance_row(asset, change),), (), now, symbol))

    def tell_algo(self, algo: SimAlgo, now: int) -> None:
        """ALGO_UPDATE."""
        algo.updated_ms = now
        self.out.append(AlgoEvent(copy(algo), now))

    def live_order(self, symbol: str, client_id: str) -> SimOrder | None:
        """The open order of that id, if there is one."""
        order = self.orders.get(client_id)
        return order if order is not None and order.symbol == symbol and not order.status.is_final else None

    def closers(self, key: LegKey) -> list[SimOrder]:
        """Resting orders that reduce the leg, in order of arrival."""
        return [o for o in self.markets[key[0]].resting if o.is_closer and o.position_side is key[1]]

    def claimed(self, key: LegKey) -> Decimal:
        """What the leg's resting closers may still close."""
        return sum((order.remaining for order in self.closers(key)), ZERO)

    def schedule(self, due: int, action: Callable[[int], None]) -> None:
        """Run ``action(due)`` when the exchange's time reaches ``due``."""
        heapq.heappush(self._timers, (due, self.next_id(), action))
        self.due = self._timers[0][0]

    def run_timers(self, now: int) -> None:
        """Run everything due at or before ``now``, in order."""
        while self._timers and self._timers[0][0] <= now:
            due, _, action = heapq.heappop(self._timers)
            action(due)
        self.due = self._timers[0][0] if self._timers else NEVER

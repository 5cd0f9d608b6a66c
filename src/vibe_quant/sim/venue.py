"""What the exchange's parts share: markets, account, orders by id, the events to tell and the timers to run."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from decimal import Decimal

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.rules import Brackets, SymbolRules
from vibe_quant.sim.account import Account, LegKey
from vibe_quant.sim.book import Market
from vibe_quant.sim.records import (
    ZERO,
    AccountEvent,
    AlgoEvent,
    Amendment,
    ExchangeEvent,
    ExecType,
    OrderEvent,
    OrderRef,
    Rejected,
    SimAlgo,
    SimOrder,
)
from vibe_quant.sim.switches import Switches

NEVER = 1 << 62
FIRST_ORDER_ID = 8_389_766_000_000_000_000  # the busiest symbols' ids have 19 digits, beyond what a double holds
FIRST_TRADE_ID = 5_612_000_000
FIRST_ALGO_ID = 4_000_001_910_000_000
REMEMBERED = 20_000


class Venue:
    """Shared state; holds no rule of the exchange itself."""

    def __init__(
        self,
        symbols: Mapping[str, tuple[SymbolRules, Brackets]],
        wallets: Mapping[str, Decimal],
        switches: Switches,
        remembered: int = REMEMBERED,
    ) -> None:
        """``symbols`` gives rules and maintenance brackets, ``wallets`` the balance of each margin asset.

        Of finished orders the newest ``remembered`` are kept.
        """
        self.markets = {name: Market(rules, brackets) for name, (rules, brackets) in symbols.items()}
        self.account = Account(self.markets, wallets)
        self.switches = switches
        self.out: list[ExchangeEvent] = []
        self.orders: dict[str, SimOrder] = {}  # client id -> the latest order of that id
        self.open_algos: list[SimAlgo] = []  # conditional orders that are not final, in order of arrival
        self.by_id: dict[int, SimOrder] = {}  # order id -> order, in the order in which they were entered
        self.entering: SimOrder | None = None  # an order while it takes what is shown, before it rests
        self.due = NEVER  # when the next timer runs
        self._timers: list[tuple[int, int, Callable[[int], None]]] = []
        self._sequence = 0
        self._remembered = remembered
        self._finished: deque[SimOrder] = deque()
        self._order_id = FIRST_ORDER_ID
        self._algo_id = FIRST_ALGO_ID
        self._trade_ids = dict.fromkeys(self.markets, FIRST_TRADE_ID)

    def add_market(self, rules: SymbolRules, brackets: Brackets) -> None:
        """List one more symbol; the wallet of its margin asset is empty unless there is one."""
        self.markets[rules.symbol] = Market(rules, brackets)
        self._trade_ids[rules.symbol] = FIRST_TRADE_ID
        self.account.wallets.setdefault(rules.margin_asset, ZERO)

    def next_order_id(self) -> int:
        """Id of the next regular order; never given twice, growing."""
        self._order_id += 1
        return self._order_id

    def next_trade_id(self, symbol: str) -> int:
        """Id of the symbol's next trade; gapless within the symbol."""
        self._trade_ids[symbol] += 1
        return self._trade_ids[symbol]

    def next_algo_id(self) -> int:
        """Id of the next conditional order; never given twice, growing."""
        self._algo_id += 1
        return self._algo_id

    def market(self, symbol: str) -> Market:
        """The symbol's market, or -1121."""
        try:
            return self.markets[symbol]
        except KeyError:
            raise Rejected(-1121, "Invalid symbol.") from None

    def add(self, order: SimOrder, now: int) -> None:
        """Record a new order and tell of it."""
        self.orders[order.client_id] = self.by_id[order.order_id] = order
        self.tell(order, ExecType.NEW, now)

    def finished(self, order: SimOrder) -> None:
        """Count a finished order, and forget the oldest beyond those that are kept."""
        self._finished.append(order)
        while len(self._finished) > self._remembered:
            old = self._finished.popleft()
            self.by_id.pop(old.order_id, None)
            if self.orders.get(old.client_id) is old:
                del self.orders[old.client_id]

    def tell(self, order: SimOrder, exec_type: ExecType, now: int, amended: Amendment | None = None) -> None:
        """ORDER_TRADE_UPDATE without a trade."""
        order.updated_ms = now
        asset = self.account.asset_of(order.symbol)
        bids, asks = self.notionals(order)
        self.out.append(OrderEvent(copy(order), exec_type, now, fee_asset=asset, bids=bids, asks=asks, amended=amended))

    def notionals(self, told: SimOrder) -> tuple[Decimal, Decimal]:
        """Value of the symbol's resting bids and asks once ``told`` is in the state of which it is told.

        Orders that are about to rest count already (``entering``, too, while others end by it), one that has finished
        no more; MARKET orders have no value.
        """
        bids = asks = ZERO
        for order in {*self.markets[told.symbol].resting, told, self.entering or told}:
            if order.symbol != told.symbol:
                continue
            if order.side is OrderSide.BUY:
                bids += order.remaining * order.price
            else:
                asks += order.remaining * order.price
        return bids, asks

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

    def find(self, symbol: str, ref: OrderRef) -> SimOrder | None:
        """The order of that order id, or the latest of that client id."""
        order = self.by_id.get(ref) if isinstance(ref, int) else self.orders.get(ref)
        return order if order is not None and order.symbol == symbol else None

    def live_order(self, symbol: str, ref: OrderRef) -> SimOrder | None:
        """The open order of that id, if there is one."""
        order = self.find(symbol, ref)
        return None if order is None or order.status.is_final else order

    def closers(self, key: LegKey) -> list[SimOrder]:
        """Resting orders that reduce the leg, in order of arrival."""
        return [o for o in self.markets[key[0]].resting if o.is_closer and o.position_side is key[1]]

    def claimed(self, key: LegKey) -> Decimal:
        """What the leg's resting closers may still close."""
        return sum((order.remaining for order in self.closers(key)), ZERO)

    def schedule(self, due: int, action: Callable[[int], None]) -> None:
        """Run ``action(due)`` when the exchange's time reaches ``due``."""
        self._sequence += 1
        heapq.heappush(self._timers, (due, self._sequence, action))
        self.due = self._timers[0][0]

    def run_timers(self, now: int) -> None:
        """Run everything due at or before ``now``, in order."""
        while self._timers and self._timers[0][0] <= now:
            due, _, action = heapq.heappop(self._timers)
            action(due)
        self.due = self._timers[0][0] if self._timers else NEVER

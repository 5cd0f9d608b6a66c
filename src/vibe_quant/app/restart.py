"""What became of the orders, trades and positions of earlier runs: asked of the exchange, and journalled.

It decides nothing and cancels nothing: own orders that are still open are the core's, which meets them in its first
snapshot.  Where a request of the earlier run may still be on its way, it waits until that can do nothing any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vibe_quant.app.bodies import report_body
from vibe_quant.app.memory import KEPT_MS, Memory, Past
from vibe_quant.app.patience import MISSING, Patience, Sleep
from vibe_quant.app.restart_positions import Unexplained, unexplained
from vibe_quant.app.time_sync import Say, why
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Notify, QueryOrder
from vibe_quant.journal.reader import OpenOrder
from vibe_quant.ports import Accepted, Clock, Entry, Exchange, Outcome, Rejected, UserTrade

IN_FLIGHT_MS = 4000
"""A request can be worked until its window of 2 s is over; 2 s more for clocks, as behaviour has it for doubt."""
SOON_MS = 100
"""First pause after which an order that is missing is asked for again: the exchange's own reads lag."""
MARGIN_MS = 60_000
"""Trades are read from so long before the newest journalled one: they are not told in order."""
ATTEMPTS = 5
ABREAST = 4
"""Orders that are asked for at a time: hundreds at once would earn a ban, and leave no sockets for what protects."""
FEW = 20
PACE_MS = 300
"""Where there are more than ``FEW``, the pause after each: together they spend half of the exchange's weight."""
LOOKS = 3
"""Trades and positions are two reads: only what stays unexplained is."""
OWNERS_MS = 86_400_000
"""Reports are looked through from so long before a trade, for whose order it was."""
FOUND = {"found_at_restart": True}
Write = Callable[[Sequence[Entry]], object]


@dataclass(slots=True)
class Found:
    """What a restart found.

    ``trades``: (symbol, trade id) of the fills journalled here, for whoever journals those that the stream tells again.
    ``open_orders``: own orders still open, by client id: the core cancels them.
    """

    trades: set[tuple[str, int]] = field(default_factory=set)
    open_orders: list[str] = field(default_factory=list)
    mismatches: int = 0


class Restart:
    """One start.  ``write`` takes rows to the journal; ``past`` is asked again for what was journalled meanwhile."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        memory: Memory,
        past: Past,
        write: Write,
        say: Say,
        patience: Patience,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._memory = memory
        self._past = past
        self._write = write
        self._say = say
        self._patience = patience
        self._sleep = sleep
        self._owners: dict[tuple[str, int], str] = {}
        self._unread_symbols: set[str] = set()
        self.found = Found()

    async def run(self) -> Found:
        """Settle orders, then trades, then positions; until it is over, no discretionary order may leave.

        Raises:
            JournalBroken: the journal cannot be read any more.
        """
        left_orders = iter(self._memory.open_orders)
        await asyncio.gather(*(self._settle_all(left_orders) for _ in range(ABREAST)))
        left: dict[tuple[str, str], Unexplained] = {}
        for look in range(LOOKS if self._memory.newest_ms else 0):
            if look:
                await self._sleep(1)
            left = await self._compare()
            if not left:
                break
        for one in left.values():
            self._mismatch(one.symbol, str(one.side), one.text, one.body)
        return self.found

    async def _settle_all(self, orders: Iterator[OpenOrder]) -> None:
        """One after the other, beside others who take from the same."""
        for order in orders:
            await self._settle(order)
            if self._is_many:
                await self._sleep(PACE_MS / 1000)

    @property
    def _is_many(self) -> bool:
        return len(self._memory.open_orders) > FEW

    async def _settle(self, order: OpenOrder) -> None:
        """One order whose end is not journalled."""
        outcome = await self._told(order)
        if isinstance(outcome, Accepted):
            update = outcome.value
            if not update.status.is_final:
                self.found.open_orders.append(order.client_id)
            self._report(order, report_body(update))
        elif isinstance(outcome, Rejected) and outcome.code == MISSING:
            # The exchange keeps no record of an order that ended without a fill either: both traded nothing.
            self._report(order, {"answer": "OrderMissing", "final": True, "exch_ms": outcome.exch_ms})
        else:
            text = (
                f"{order.symbol} {order.side}: what became of order {order.client_id} of an earlier run could not be "
                f"found out ({why(outcome)}). The program goes on, and cancels the order where it turns up. Look at "
                "the exchange's order history; the next start asks again."
            )
            self._mismatch(order.symbol, order.side, text, {"client_id": order.client_id})

    async def _told(self, order: OpenOrder) -> Outcome[ev.OrderUpdate]:
        """The exchange's last word: that it does not exist is one only when it can come into being no more."""
        # None was sent after now, whatever the clock said that the row is of.
        closes_ms, pause_ms = min(order.at_ms, self._clock.server_ms()) + IN_FLIGHT_MS, SOON_MS
        query = QueryOrder(order.symbol, order.client_id)
        while True:
            outcome = await self._patience.ask(
                f"order {order.client_id}", lambda: self._exchange.query(query), ATTEMPTS
            )
            missing = isinstance(outcome, Rejected) and outcome.code == MISSING
            if not missing:
                return outcome
            if isinstance(outcome, Rejected) and outcome.exch_ms > closes_ms:
                return await self._listed(order) or outcome
            left_ms = max(SOON_MS, closes_ms + 1 - self._clock.server_ms())
            await self._sleep(min(pause_ms, left_ms) / 1000)
            pause_ms *= 2

    async def _listed(self, order: OpenOrder) -> Accepted[ev.OrderUpdate] | None:
        """A second witness: the list of open orders."""
        symbol = order.symbol
        read = await self._patience.ask("open orders", lambda: self._exchange.open_orders(symbol), ATTEMPTS)
        orders = read.value.orders if isinstance(read, Accepted) else ()
        return next((Accepted(o) for o in orders if o.client_id == order.client_id), None)

    async def _compare(self) -> dict[tuple[str, str], Unexplained]:
        """Journal the trades that are not, and tell which positions they do not explain."""
        trades: dict[str, tuple[UserTrade, ...]] = {}
        for symbol, newest in self._memory.newest_ms.items():
            read = await self._trades(symbol, newest)
            if isinstance(read, Accepted):
                trades[symbol] = read.value
                self._book(symbol, read.value)
            else:
                self._unread(symbol, why(read))
        known = tuple(sorted(trades))
        snapshot = await self._patience.ask("positions", lambda: self._exchange.snapshot(None, known), ATTEMPTS)
        if not isinstance(snapshot, Accepted) or snapshot.value.positions is None:
            return {}
        found = unexplained(self._memory.legs, trades, snapshot.value.positions)
        return {(one.symbol, str(one.side)): one for one in found}

    async def _trades(self, symbol: str, newest: int) -> Outcome[tuple[UserTrade, ...]]:
        since = max(newest - MARGIN_MS, self._clock.server_ms() - KEPT_MS)
        return await self._patience.ask(
            f"trades of {symbol}", lambda: self._exchange.user_trades(symbol, since), ATTEMPTS
        )

    def _unread(self, symbol: str, reason: str) -> None:
        if symbol in self._unread_symbols:
            return
        self._unread_symbols.add(symbol)
        text = (
            f"{symbol}: the trades since the last run could not be read ({reason}), so that the journal may lack some, "
            "and its positions were not compared. The program goes on by what the exchange says of positions; the next "
            "start asks again."
        )
        self._mismatch(symbol, "", text, {})

    def _book(self, symbol: str, trades: Sequence[UserTrade]) -> None:
        """Write the trades that no row has; looked up and written without a pause between."""
        if not trades:
            return
        known = self._past.fills_since(trades[0].exch_ms - MARGIN_MS).get(symbol, frozenset())
        new = [t for t in trades if t.trade_id not in known and (symbol, t.trade_id) not in self.found.trades]
        if not new:
            return
        if any((symbol, trade.order_id) not in self._owners for trade in new):
            self._learn_owners(symbol, new[0].exch_ms)
        at = self._clock.server_ms()
        self._write([self._fill(trade, at) for trade in new])
        self.found.trades |= {(symbol, trade.trade_id) for trade in new}

    def _learn_owners(self, symbol: str, since_ms: int) -> None:
        """Which orders were ours, by the reports of the time: a trade names its order by the exchange's number only."""
        for row in self._past.rows(since_ms - OWNERS_MS, ("report",), symbol):
            order_id = row.data().get("order_id")
            if order_id and row.client_id:
                self._owners.setdefault((symbol, order_id), row.client_id)

    def _fill(self, trade: UserTrade, at_ms: int) -> Entry:
        """As a report of the stream is journalled, as far as a trade tells; ``client_id`` "" where it was not ours."""
        client_id = self._owners.get((trade.symbol, trade.order_id), "")
        body = {
            **FOUND,
            "side": str(trade.side),
            "exch_ms": trade.exch_ms,
            "order_id": trade.order_id,
            "trade_id": trade.trade_id,
            "last_qty": str(trade.qty),
            "last_price": str(trade.price),
            "is_maker": trade.is_maker,
            "fee": str(trade.fee),
            "fee_asset": trade.fee_asset,
            "realized_pnl": str(trade.realized_pnl),
        }
        return Entry("fill", at_ms, body, trade.symbol, str(trade.position_side), client_id)

    def _report(self, order: OpenOrder, body: Mapping[str, Any]) -> None:
        at = self._clock.server_ms()
        self._write([Entry("report", at, {**body, **FOUND}, order.symbol, order.side, order.client_id)])

    def _mismatch(self, symbol: str, side: str, text: str, body: Mapping[str, Any]) -> None:
        self.found.mismatches += 1
        client_id = str(body.get("client_id", ""))
        row = {"notice": str(NoticeKind.MISMATCH), "severity": str(Severity.WARNING), "text": text, **body, **FOUND}
        self._write([Entry("mismatch", self._clock.server_ms(), row, symbol, side, client_id)])
        key = PositionSide(side) if side else None
        self._say(Notify(NoticeKind.MISMATCH, Severity.WARNING, text, symbol, key))

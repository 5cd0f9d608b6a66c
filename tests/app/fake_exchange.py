"""An exchange port that answers by script and remembers what it was asked; and a clock that is set by hand.

``FakeExchange(clock)`` is a healthy hedge-mode account without positions.  ``answers(method, *outcomes)`` scripts a
method: the outcomes one after another, the last one for ever.  An outcome may also be a function of the arguments, or
an exception instance, which is raised.  ``asked`` holds (method, arguments) in order, ``sent`` those of them that
change something at the exchange.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderSide, OrderStatus, OrderType, PositionSide, Source, StopStatus
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.ports import Accepted, AccountConfig, KeyRights, Outcome, Rejected, UserTrade

D = Decimal
NONE, ONE, PRICE = D(0), D(1), D(60_000)
WALL_MS = 1_790_000_000_000
SENDING = frozenset({"submit", "cancel", "amend", "place_stop", "cancel_stop", "countdown"})
RIGHTS = {
    "enableReading": True,
    "enableFutures": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
}


@dataclass(slots=True)
class FakeClock:
    """Both clocks, moved by hand; the server's is ``now + offset_ms``."""

    now: int = 1_000_000
    offset_ms: int = WALL_MS

    def now_ms(self) -> int:
        return self.now

    def server_ms(self) -> int:
        return self.now + self.offset_ms

    def set_offset(self, offset_ms: int) -> None:
        self.offset_ms = offset_ms

    async def sleep(self, seconds: float) -> None:
        """For what takes its sleep as an argument: time passes at once."""
        self.now += round(seconds * 1000)
        await asyncio.sleep(0)


def rules(symbol: str, status: str = "TRADING") -> SymbolRules:
    return SymbolRules(
        symbol=symbol,
        tick=D("0.1"),
        step=D("0.001"),
        min_qty=D("0.001"),
        max_qty=D(1000),
        min_notional=D(5),
        market_max_qty=D(120),
        status=status,
    )


def order(
    symbol: str,
    client_id: str,
    status: OrderStatus = OrderStatus.NEW,
    *,
    position_side: PositionSide = PositionSide.LONG,
    qty: Decimal = ONE,
    filled: Decimal = NONE,
    price: Decimal = PRICE,
    order_id: int = 0,
    exch_ms: int = WALL_MS,
) -> ev.OrderUpdate:
    """A closing order as REST reports it."""
    return ev.OrderUpdate(
        symbol=symbol,
        client_id=client_id,
        position_side=position_side,
        side=position_side.exit_side,
        status=status,
        order_type=OrderType.LIMIT,
        qty=qty,
        price=price,
        filled_qty=filled,
        exch_ms=exch_ms,
        recv_ms=0,
        source=Source.REST,
        order_id=order_id,
    )


def trade(
    symbol: str,
    trade_id: int,
    qty: Decimal,
    exch_ms: int,
    *,
    position_side: PositionSide = PositionSide.LONG,
    side: OrderSide | None = None,
    order_id: int = 1,
) -> UserTrade:
    """A trade of the account; without ``side`` one that closes."""
    return UserTrade(
        symbol=symbol,
        side=side or position_side.exit_side,
        position_side=position_side,
        trade_id=trade_id,
        order_id=order_id,
        price=D(60_000),
        qty=qty,
        is_maker=True,
        fee=D("0.01"),
        fee_asset="USDT",
        realized_pnl=D(1),
        exch_ms=exch_ms,
    )


class FakeExchange:
    """``ports.Exchange`` by script."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.asked: list[tuple[str, tuple[Any, ...]]] = []
        self._script: dict[str, deque[Any]] = {}

    def answers(self, method: str, *outcomes: Any) -> None:
        """Script a method, in place of its script so far."""
        self._script[method] = deque(outcomes)

    @property
    def sent(self) -> list[tuple[str, tuple[Any, ...]]]:
        return [call for call in self.asked if call[0] in SENDING]

    def count(self, method: str) -> int:
        return sum(name == method for name, _ in self.asked)

    async def _answer(self, method: str, arguments: tuple[Any, ...], default: Any) -> Any:
        self.asked.append((method, arguments))
        await asyncio.sleep(0)
        script = self._script.get(method)
        found = default if not script else script.popleft() if len(script) > 1 else script[0]
        if isinstance(found, BaseException):
            raise found
        return found(*arguments) if callable(found) else found

    async def submit(self, order: OrderIntent) -> Outcome[ev.OrderUpdate]:
        return await self._answer("submit", (order,), self._acknowledged)  # type: ignore[no-any-return]

    def _acknowledged(self, intent: OrderIntent) -> Accepted[ev.OrderUpdate]:
        at = self.clock.server_ms()
        side = intent.position_side
        ack = order(intent.symbol, intent.client_id, position_side=side, qty=intent.qty, exch_ms=at)
        return Accepted(ack)

    async def cancel(self, cancel: CancelOrder) -> Outcome[ev.OrderUpdate]:
        gone = Accepted(order(cancel.symbol, cancel.client_id, OrderStatus.CANCELED, exch_ms=self.clock.server_ms()))
        return await self._answer("cancel", (cancel,), gone)  # type: ignore[no-any-return]

    async def amend(self, amend: AmendOrder) -> Outcome[ev.OrderUpdate]:
        at = self.clock.server_ms()
        now = order(amend.symbol, amend.client_id, qty=amend.qty, price=amend.price, exch_ms=at)
        return await self._answer("amend", (amend,), Accepted(now))  # type: ignore[no-any-return]

    async def query(self, query: QueryOrder) -> Outcome[ev.OrderUpdate]:
        missing = Rejected(-2013, "Order does not exist.", self.clock.server_ms())
        return await self._answer("query", (query,), missing)  # type: ignore[no-any-return]

    async def open_orders(self, symbol: str) -> Outcome[ev.OpenOrdersRead]:
        now, at = self.clock.now_ms(), self.clock.server_ms()
        none = Accepted(ev.OpenOrdersRead(symbol, (), now, now, at))
        return await self._answer("open_orders", (symbol,), none)  # type: ignore[no-any-return]

    async def place_stop(self, stop: PlaceStop) -> Outcome[ev.StopReport]:
        return await self._answer("place_stop", (stop,), self._stop_stands)  # type: ignore[no-any-return]

    def _stop_stands(self, stop: PlaceStop) -> Accepted[ev.StopReport]:
        report = ev.StopReport(
            symbol=stop.symbol,
            side=stop.position_side,
            client_id=stop.client_id,
            status=StopStatus.NEW,
            order_type=OrderType.STOP_MARKET,
            order_side=stop.side,
            trigger_price=stop.trigger_price,
            close_position=stop.qty is None,
            qty=stop.qty or D(0),
            exch_ms=self.clock.server_ms(),
            recv_ms=self.clock.now_ms(),
            source=Source.REST,
        )
        return Accepted(report)

    async def cancel_stop(self, cancel: CancelStop) -> Outcome[ev.StopReport]:
        report = ev.StopReport(
            symbol=cancel.symbol,
            side=cancel.position_side,
            client_id=cancel.client_id,
            status=StopStatus.CANCELED,
            order_type=OrderType.STOP_MARKET,
            order_side=cancel.position_side.exit_side,
            trigger_price=D(0),
            close_position=False,
            qty=D(0),
            exch_ms=self.clock.server_ms(),
            recv_ms=self.clock.now_ms(),
            source=Source.REST,
        )
        return await self._answer("cancel_stop", (cancel,), Accepted(report))  # type: ignore[no-any-return]

    async def open_stops(self, symbol: str) -> Outcome[ev.StopsRead]:
        now, at = self.clock.now_ms(), self.clock.server_ms()
        none = Accepted(ev.StopsRead(symbol, (), now, now, at))
        return await self._answer("open_stops", (symbol,), none)  # type: ignore[no-any-return]

    async def countdown(self, symbol: str, countdown_ms: int) -> Outcome[ev.DeadManAck]:
        ack = Accepted(ev.DeadManAck(symbol, countdown_ms, self.clock.now_ms()))
        return await self._answer("countdown", (symbol, countdown_ms), ack)  # type: ignore[no-any-return]

    async def snapshot(self, symbol: str | None, known: Sequence[str]) -> Outcome[ev.AccountSnapshot]:
        now, at = self.clock.now_ms(), self.clock.server_ms()
        empty = Accepted(ev.AccountSnapshot(symbol, (), (), (), (), now, now, at))
        return await self._answer("snapshot", (symbol, tuple(known)), empty)  # type: ignore[no-any-return]

    async def positions(self) -> Outcome[ev.PositionsRead]:
        now, at = self.clock.now_ms(), self.clock.server_ms()
        return await self._answer("positions", (), Accepted(ev.PositionsRead((), now, now, at)))  # type: ignore[no-any-return]

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        price = ev.Mark(symbol, self.clock.server_ms(), self.clock.now_ms(), PRICE, source=Source.REST)
        return await self._answer("mark", (symbol,), Accepted(price))  # type: ignore[no-any-return]

    async def rules(self, symbol: str, since_ms: int | None = None) -> Outcome[ev.RulesLoaded]:
        loaded = Accepted(ev.RulesLoaded(rules(symbol), self.clock.now_ms()))
        return await self._answer("rules", (symbol,), loaded)  # type: ignore[no-any-return]

    async def server_time(self) -> Outcome[int]:
        return await self._answer("server_time", (), Accepted(self.clock.server_ms()))  # type: ignore[no-any-return]

    async def account_config(self) -> Outcome[AccountConfig]:
        healthy = AccountConfig(hedge_mode=True, multi_assets=False, can_trade=True)
        return await self._answer("account_config", (), Accepted(healthy))  # type: ignore[no-any-return]

    async def key_rights(self) -> Outcome[KeyRights | None]:
        healthy = KeyRights(RIGHTS, ip_restricted=True)
        return await self._answer("key_rights", (), Accepted(healthy))  # type: ignore[no-any-return]

    async def user_trades(self, symbol: str, since_ms: int) -> Outcome[tuple[UserTrade, ...]]:
        return await self._answer("user_trades", (symbol, since_ms), Accepted(()))  # type: ignore[no-any-return]

    async def close(self) -> None:
        self.asked.append(("close", ()))

"""An application over fake ports with a room in front of it; the market and the account are told by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.app.fake_exchange import FakeClock, FakeExchange, rules
from tests.app.test_application import Book, Feeds, Half, Running

from vibe_quant.app.application import Application, Goal, Parts
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.observers import Observer
from vibe_quant.app.time_sync import TimeSync
from vibe_quant.config.loader import ConfigLoader, Loaded
from vibe_quant.domain import events as ev
from vibe_quant.domain.account import Balance, Position
from vibe_quant.domain.enums import PositionSide
from vibe_quant.ports import Accepted, Outcome

D = Decimal
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
CONFIG = """
global:
  stop_timeout_s: 2
  journal: {url: "postgresql://someone@127.0.0.1/x"}
  risk:
    protective_stop: {enabled: false}
symbols:
  "BTC/USDT:USDT":
    sides: [LONG]
    execution: {order_ttl_ms: 60000}
  "ETH/USDT:USDT": {}
"""


def loaded(folder: Path, text: str = CONFIG) -> Loaded:
    """The configuration of a file."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return ConfigLoader().load(path)


class Going(Running):
    """Both of its clocks go with the loop."""

    def server_ms(self) -> int:
        return self.now_ms() + self.offset_ms


class RoomHouse:
    """``held``: the LONG of BTC."""

    def __init__(self, folder: Path, held: str = "0.5", text: str = CONFIG, **parts: Any) -> None:
        self.loaded = loaded(folder, text)
        self.room = ControlRoom(self.loaded, "1.2.3", folder)
        self.clock: FakeClock = Going()
        self.inbox, self.book = Inbox(), Book()
        self.exchange = FakeExchange(self.clock)
        self.held = D(held)
        self.exchange.answers("snapshot", self._account)
        self.feeds = Feeds(self.inbox, self.clock)
        made = {
            "clock": self.clock,
            "run": "r1",
            "random": Half(),
            "exchange": self.exchange,
            "market": self.feeds,
            "user": self.feeds,
            "journal": self.book,
            "time_sync": TimeSync(self.exchange, self.clock, self.inbox.put, lambda _: None),
            "observers": [Observer("operations", self.room.see)],
            "first": [
                ev.RulesLoaded(rules(BTC), 0),
                ev.RulesLoaded(rules(ETH), 0),
                ev.ServerTime(self.clock.offset_ms, 0),
            ],
        }
        self.app = Application(self.loaded.settings, self.inbox, Parts(**{**made, **parts}))
        self._task: asyncio.Task[int] | None = None

    async def __aenter__(self) -> RoomHouse:
        self.room.began(self.app)
        self._task = asyncio.create_task(self.app.run(Goal.SERVE))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def end(self) -> None:
        """Stop it and wait for its end."""
        assert self._task is not None
        self.app.stop()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(self._task), 20)

    async def working(self) -> None:
        """Until the start is over and the account is known."""
        await self.until(lambda: self.room.status().ready)

    async def resting(self) -> str:
        """Until an order of BTC LONG rests; its client id."""
        await self.working()
        for price in ("100.2", "99.8", "99.9"):
            self.market(price)
            await asyncio.sleep(0.01)
        await self.until(lambda: self.room.status().legs[0].state == "WAITING")
        order = self.room.status().legs[0].order
        assert order is not None
        return order.client_id

    def market(self, price: str) -> None:
        """A quote of 100 to 100.4, a mark of 100, and a trade at ``price``."""
        now, at = self.clock.now_ms(), self.clock.server_ms()
        self.inbox.put(ev.Mark(BTC, at, now, D(100)))
        self.inbox.put(ev.Quote(BTC, at, now, D(100), D(50), D("100.4"), D(50)))
        self.inbox.put(ev.Trade(BTC, at, now, D(price), D(1), False))

    async def until(self, reached: Callable[[], object], within_s: float = 10) -> None:
        """Wait for it."""
        async with asyncio.timeout(within_s):
            while not reached():
                await asyncio.sleep(0.01)

    def commands(self) -> list[dict[str, Any]]:
        """The journal's rows of kind command."""
        return [dict(row.body) for row in self.book.rows if row.kind == "command"]

    def _account(self, symbol: str | None, _known: object) -> Outcome[ev.AccountSnapshot]:
        now, at = self.clock.now_ms(), self.clock.server_ms()
        leg = Position(BTC, PositionSide.LONG, self.held, D(100), at, leverage=10)
        wallet = Balance("USDT", D(10_000), D(10_000), at)
        return Accepted(ev.AccountSnapshot(symbol, (leg,) if self.held else (), (wallet,), (), (), now, now, at))

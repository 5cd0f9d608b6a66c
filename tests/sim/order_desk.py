from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Depth, Mark, Quote, Trade
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.orders.history import History
from vibe_quant.sim.front.orders.order_calls import OrderCalls
from vibe_quant.sim.front.orders.user_events import UserEvents
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import ExchangeEvent, Rejected
from vibe_quant.sim.switches import Switches

D = Decimal
NOW = 1_790_000_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "BTCUSDC")
QUICK = Switches(query_lag_ms=0)


class OrderDesk:
    """The order calls over an exchange with BTCUSDT at 60000.0 / 60000.1 (5 each), 2 LONG and 1 SHORT from 60000."""

    def __init__(self, switches: Switches = QUICK) -> None:
        self.instruments = {name: CATALOGUE[name] for name in SYMBOLS}
        pairs = {name: (instrument.rules, instrument.brackets) for name, instrument in self.instruments.items()}
        self.x = SimExchange(pairs, {"USDT": D(1_000_000), "USDC": D(100_000)}, switches)
        self.history = History()
        calls = OrderCalls(self.x, self.instruments, self.history).endpoints()
        self.routes: dict[tuple[str, str], Endpoint] = {(e.method, e.path): e for e in calls}
        self.user = UserEvents(self.instruments, switches)
        self.now = NOW
        for name, price in (("BTCUSDT", "60000.0"), ("ETHUSDT", "2500.00"), ("BTCUSDC", "60000.0")):
            self.quote(price, str(D(price) + D("0.1")), symbol=name)
            self.x.on_mark(Mark(name, self.now, self.now, D(price)))
        self.x.seed_position("BTCUSDT", PositionSide.LONG, D(2), D(60_000))
        self.x.seed_position("BTCUSDT", PositionSide.SHORT, D(1), D(60_000))
        self.told()

    def quote(self, bid: str, ask: str, qty: str = "5", symbol: str = "BTCUSDT") -> None:
        self.x.on_quote(Quote(symbol, self.now, self.now, D(bid), D(qty), D(ask), D(qty)))

    def depth(self, bids: list[str], asks: list[str]) -> None:
        levels = [tuple((D(price), D(1)) for price in side) for side in (bids, asks)]
        self.x.on_depth(Depth("BTCUSDT", self.now, self.now, *levels))

    def trade(self, price: str, qty: str, taker: str, symbol: str = "BTCUSDT") -> None:
        self.x.on_trade(Trade(symbol, self.now, self.now, D(price), D(qty), taker == "SELL"))

    def rules(self, **changes: Any) -> None:
        market = self.x.venue.markets["BTCUSDT"]
        market.rules = replace(market.rules, **changes)

    def call(self, method: str, path: str, **params: object) -> Any:
        pairs = [(name, str(value)) for name, value in params.items() if value is not None]
        return self.routes[method, f"/fapi/v1/{path}"].handler(Call(Params(pairs), self.now))

    def refused(self, method: str, path: str, **params: object) -> tuple[int, str]:
        with pytest.raises(Rejected) as caught:
            self.call(method, path, **params)
        return caught.value.code, caught.value.message

    def limit(
        self, side: str = "SELL", leg: str = "LONG", qty: object = "0.100", price: object = "60100.0", **more: Any
    ) -> Any:
        """A closing LIMIT GTC that rests, unless told otherwise."""
        return self.call("POST", "order", **limit(side, leg, qty, price, **more))

    def market(self, qty: str = "0.100", **more: Any) -> Any:
        return self.call(
            "POST", "order", symbol="BTCUSDT", side="SELL", positionSide="LONG", type="MARKET", quantity=qty, **more
        )

    def events(self) -> list[ExchangeEvent]:
        events = self.x.take_events()
        for event in events:
            self.history.record(event)
        return events

    def told(self) -> list[Any]:
        """The bodies of the frames since the last call."""
        return [frame.body for frame in self.user.frames(self.events())]

    def wait(self, ms: int) -> None:
        self.now += ms
        self.x.advance(self.now)


def limit(side: str = "SELL", leg: str = "LONG", qty: object = "0.100", price: object = "60100.0", **more: Any) -> Any:
    base = {
        "symbol": "BTCUSDT",
        "side": side,
        "positionSide": leg,
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": qty,
        "price": price,
    }
    return base | more

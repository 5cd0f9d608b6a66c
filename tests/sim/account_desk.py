from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.domain.events import Mark, Quote
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.account.account_calls import AccountCalls
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.http import encode
from vibe_quant.sim.front.orders.history import History
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.records import ExchangeEvent, Rejected
from vibe_quant.sim.switches import Switches

D = Decimal
NOW = 1_790_000_000_000
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
SYMBOLS = ("BTCUSDT", "SOLUSDT", "BTCUSDC")


class AccountDesk:
    """The account's calls over an exchange: 10000 USDT, 1000 USDC, marks 60000, 80, 60000 and touches around them."""

    def __init__(self, switches: Switches | None = None, permissions: dict[str, bool] | None = None) -> None:
        self.instruments = {name: CATALOGUE[name] for name in SYMBOLS}
        pairs = {name: (instrument.rules, instrument.brackets) for name, instrument in self.instruments.items()}
        self.x = SimExchange(pairs, {"USDT": D(10_000), "USDC": D(1_000)}, switches)
        self.history = History()
        self.calls = AccountCalls(self.x, self.instruments, self.history, permissions)
        self.routes: dict[tuple[str, str], Endpoint] = {(e.method, e.path): e for e in self.calls.endpoints()}
        self.now = NOW
        for name, price in (("BTCUSDT", "60000"), ("SOLUSDT", "80"), ("BTCUSDC", "60000")):
            self.mark(price, name)
            at = D(price)
            self.x.on_quote(Quote(name, self.now, self.now, at, D(5), at + D("0.1"), D(5)))

    def mark(self, price: str, symbol: str = "BTCUSDT", rate: str | None = None) -> None:
        self.x.on_mark(Mark(symbol, self.now, self.now, D(price), None, None if rate is None else D(rate)))

    def buy(self, qty: str, price: str, side: PositionSide = LONG, symbol: str = "BTCUSDT") -> None:
        self.x.forced.external_trade(symbol, side, OrderSide.BUY, D(qty), self.now, D(price))

    def sell(self, qty: str, price: str, side: PositionSide = LONG, symbol: str = "BTCUSDT") -> None:
        self.x.forced.external_trade(symbol, side, OrderSide.SELL, D(qty), self.now, D(price))

    def call(self, method: str, path: str, **params: object) -> Any:
        pairs = [(name, str(value)) for name, value in params.items()]
        return self.send(method, path, pairs)

    def send(self, method: str, path: str, pairs: list[tuple[str, str]]) -> Any:
        answer = self.routes[method, path].handler(Call(Params(pairs), self.now))
        return json.loads(encode(answer))

    def get(self, path: str, **params: object) -> Any:
        return self.call("GET", path, **params)

    def refused(self, method: str, path: str, **params: object) -> int:
        with pytest.raises(Rejected) as caught:
            self.call(method, path, **params)
        return caught.value.code

    def told(self) -> list[ExchangeEvent]:
        events = self.x.take_events()
        for event in events:
            self.history.record(event)
        return events

"""A board of its own for tests: the catalogue's exchange, everything that is published, and short words."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.front.endpoint import Call, Endpoint
from vibe_quant.sim.front.market.board import Board
from vibe_quant.sim.front.market.market_calls import MarketCalls
from vibe_quant.sim.front.params import Params
from vibe_quant.sim.front.streams.publisher import StreamClass
from vibe_quant.sim.records import Rejected

D = Decimal
BTC = "BTCUSDT"
START = 1_785_048_480_000
"""A whole minute, and a whole quarter of an hour."""
PAYLOADS = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared") / "payloads"


def recorded(name: str) -> Path:
    """A file of recordings; the test is skipped where it is not there."""
    path = PAYLOADS / name
    if not path.exists():
        pytest.skip(f"{name} does not ship with the project; set VQ_SHARED to the folder that holds payloads/")
    return path


@dataclass
class Ears:
    """A Publisher that hears what it is interested in; None: everything."""

    only: set[str] | None = None
    heard: list[tuple[StreamClass, str, bytes]] = field(default_factory=list)

    def wanted(self, cls: StreamClass, stream: str) -> bool:
        return self.only is None or stream in self.only

    def publish(self, cls: StreamClass, stream: str, payload: bytes) -> None:
        assert self.wanted(cls, stream)
        self.heard.append((cls, stream, payload))

    def push_user(self, name: str, payload: bytes) -> None:
        raise AssertionError(name)

    def of(self, stream: str) -> list[dict[str, Any]]:
        return [json.loads(payload) for _, name, payload in self.heard if name == stream]

    def arrays(self, stream: str) -> list[list[str]]:
        """The symbols in each of a stream's arrays."""
        return [[row["s"] for row in json.loads(payload)] for _, name, payload in self.heard if name == stream]


class MarketDesk:
    """Time moves by hand, in milliseconds from START."""

    def __init__(self, only: set[str] | None = None, seed: int = 7) -> None:
        self.exchange = SimExchange({n: (i.rules, i.brackets) for n, i in CATALOGUE.items()}, {"USDT": D(1000)})
        self.ears = Ears(only)
        self.board = Board(self.exchange, CATALOGUE, self.ears, seed)
        self.calls = MarketCalls(self.exchange, CATALOGUE, self.board)
        self.table: dict[str, Endpoint] = {endpoint.path: endpoint for endpoint in self.calls.endpoints()}
        self.now = START
        self.board.advance(START)

    def at(self, ms: int) -> None:
        self.now = START + ms
        self.exchange.advance(self.now)
        self.board.advance(self.now)

    def quote(self, bid: str, ask: str, bid_qty: str = "5", ask_qty: str = "7", symbol: str = BTC) -> None:
        quote = Quote(symbol, self.now, self.now, D(bid), D(bid_qty), D(ask), D(ask_qty))
        self.exchange.on_quote(quote)
        self.board.on_event(quote)

    def trade(self, price: str, qty: str, taker: str = "BUY", symbol: str = BTC) -> None:
        trade = Trade(symbol, self.now, self.now, D(price), D(qty), taker == "SELL")
        self.exchange.on_trade(trade)
        self.board.on_event(trade)

    def mark(self, price: str, index: str | None = None, rate: str | None = None, symbol: str = BTC) -> None:
        mark = Mark(
            symbol, self.now, self.now, D(price), None if index is None else D(index), None if rate is None else D(rate)
        )
        self.exchange.on_mark(mark)
        self.board.on_event(mark)

    def get(self, path: str, **params: object) -> Any:
        pairs = [(name, str(value)) for name, value in params.items()]
        answer = self.table[path].handler(Call(Params(pairs), self.now))
        return json.loads(json.dumps(answer, ensure_ascii=False))

    def refused(self, path: str, **params: object) -> int:
        with pytest.raises(Rejected) as caught:
            self.get(path, **params)
        return caught.value.code

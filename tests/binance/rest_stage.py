"""A client that answers by script, clocks that stand still, and the adapter over the exchange in a box."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Context, Decimal, getcontext
from time import monotonic_ns, time_ns
from typing import Any

from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.holds import Hold
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import simulated
from vibe_quant.domain.enums import ExecutionMode, OrderType, PositionSide, SignalReason, TimeInForce
from vibe_quant.domain.intents import OrderIntent
from vibe_quant.ports import Accepted, Outcome, Sink
from vibe_quant.sim.front.box_options import BoxOptions
from vibe_quant.sim.server import SimServer

BTC, RAW = "BTC/USDT:USDT", "BTCUSDT"
D = Decimal
SERVER_MS = 1_790_000_000_000


@dataclass(slots=True)
class StillClock:
    """Moves only when told."""

    now: int = 1000
    server: int = SERVER_MS

    def now_ms(self) -> int:
        return self.now

    def server_ms(self) -> int:
        return self.server

    @property
    def offset_ms(self) -> int:
        return self.server - self.now


class WallClock:
    """The host's."""

    def now_ms(self) -> int:
        return monotonic_ns() // 1_000_000

    def server_ms(self) -> int:
        return time_ns() // 1_000_000

    @property
    def offset_ms(self) -> int:
        return self.server_ms() - self.now_ms()


Answer = Outcome[str] | str
Asked = tuple[str, dict[str, str | int], Hold]


@dataclass(slots=True)
class Script:
    """Answers each call with what stands under its name; of a list one after the other, the last for good."""

    answers: dict[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    has_wallet: bool = True
    closed: bool = False
    crowded: str | None = None

    def no_room(self, weight: int) -> str | None:
        return None if self.crowded is None else f"{weight}: {self.crowded}"

    async def call(self, name: str, params: Mapping[str, str | int], hold: Hold) -> Outcome[str]:
        self.asked.append((name, dict(params), hold))
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return Accepted(answer) if isinstance(answer, str) else answer

    async def close(self) -> None:
        self.closed = True

    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]

    def params(self, name: str) -> list[dict[str, str | int]]:
        return [params for asked, params, _ in self.asked if asked == name]


def scripted(known: Mapping[str, str] = {BTC: RAW}, **answers: Answer | list[Answer]) -> tuple[ExchangeAdapter, Script]:
    """An adapter that knows these names, and the client that it asks."""
    script, names = Script(dict(answers)), SymbolNames()
    for unified, raw in known.items():
        names.learn(unified, raw)
    return ExchangeAdapter(script, names, StillClock()), script


def text(value: Any) -> str:
    """JSON as the exchange sends it."""
    return json.dumps(value, ensure_ascii=False)


def close_order(**changed: Any) -> OrderIntent:
    """A post-only order that closes a part of the LONG leg."""
    given: dict[str, Any] = {
        "symbol": BTC,
        "position_side": PositionSide.LONG,
        "client_id": "vq-1",
        "order_type": OrderType.LIMIT,
        "qty": D("0.010"),
        "price": D("90000.50"),
        "time_in_force": TimeInForce.GTX,
        "mode": ExecutionMode.MAKER_ONLY,
        "reason": SignalReason.LONG_PRIMARY,
        "timestamp_ms": SERVER_MS,
    }
    return OrderIntent(**{**given, **changed})


@asynccontextmanager
async def boxed(options: BoxOptions, sink: Sink = lambda _: None) -> AsyncIterator[tuple[ExchangeAdapter, SimServer]]:
    """The adapter over the real client, against an exchange in a box; nothing may go wrong there unseen."""
    async with SimServer(options) as server:
        endpoints, credentials = simulated(server.rest, server.ws), Credentials(server.api_key, server.api_secret)
        client = RestClient(endpoints, credentials, WallClock(), sink)
        adapter = ExchangeAdapter(client, SymbolNames(), WallClock())
        try:
            yield adapter, server
        finally:
            await adapter.close()
        assert server.defects == []
        used, fresh = getcontext(), Context()
        assert (used.prec, used.rounding, used.traps) == (fresh.prec, fresh.rounding, fresh.traps), "ccxt set its own"

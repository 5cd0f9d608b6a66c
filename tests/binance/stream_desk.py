"""The market and the user streams against an exchange in a box: what they tell, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from time import monotonic_ns

import aiohttp
from tests.binance.socket_desk import QUICK_WS, TIMES

from vibe_quant import ports
from vibe_quant.binance.market_ws import MarketTimes, MarketWSClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import simulated
from vibe_quant.binance.user_ws import UserDataWSClient, UserTimes
from vibe_quant.domain.enums import PositionSide, Stream
from vibe_quant.domain.events import Event, StreamDown, StreamUp
from vibe_quant.domain.market import Wants
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.server import SimServer

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
OPTIONS = BoxOptions(
    (MarketSource(CATALOGUE["BTCUSDT"]), MarketSource(CATALOGUE["ETHUSDT"])),
    positions=(Seat("BTCUSDT", PositionSide.LONG, Decimal(2)),),
)
MARKET_TIMES = MarketTimes(socket=TIMES)
USER_TIMES = UserTimes(keep_alive_ms=60_000, keep_alive_again_ms=40, news_ms=150, socket=TIMES)
ALL = Wants(depth_levels=5, candles=True)


class SteadyClock:
    """The machine's own."""

    def now_ms(self) -> int:
        return monotonic_ns() // 1_000_000

    def server_ms(self) -> int:
        return self.now_ms() + self.offset_ms

    @property
    def offset_ms(self) -> int:
        return 1_700_000_000_000


def names_of(*raw: str) -> SymbolNames:
    names = SymbolNames()
    for name in raw:
        names.learn(f"{name.removesuffix('USDT')}/USDT:USDT", name)
    return names


class Ear:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.said: list[str] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event], symbol: str | None = None) -> list[Event]:
        return [
            e for e in self.events if isinstance(e, kind) and (symbol is None or getattr(e, "symbol", "") == symbol)
        ]

    def course(self, stream: Stream) -> list[str]:
        """What was told of one stream's coming and going."""
        return [
            "up" if isinstance(e, StreamUp) else "down"
            for e in self.events
            if isinstance(e, StreamUp | StreamDown) and e.stream is stream
        ]

    def reasons(self, stream: Stream) -> list[str]:
        return [e.detail for e in self.events if isinstance(e, StreamDown) and e.stream is stream]


class Keys:
    """The listen key calls, straight to the box, or as a test wants them answered."""

    def __init__(self, server: SimServer) -> None:
        self._server = server
        self.answers: list[ports.Failure] = []
        """What the next calls are answered."""
        self.asked = 0
        self.extended = 0

    async def listen_key(self) -> ports.Outcome[str]:
        self.asked += 1
        if self.answers:
            return self.answers.pop(0)
        return ports.Accepted(self._server.box.listen_keys.create(self._server.box.now))

    async def keep_alive(self) -> ports.Outcome[None]:
        self.extended += 1
        if self.answers:
            return self.answers.pop(0)
        if self._server.box.listen_keys.live is None:
            return ports.Rejected(-1125, "This listenKey does not exist.", 0)
        return ports.Accepted(None)


def market_of(base: str, ear: Ear, names: SymbolNames, times: MarketTimes = MARKET_TIMES) -> MarketWSClient:
    ends = simulated("http://127.0.0.1:1", base)
    return MarketWSClient(ends, names, SteadyClock(), ear, QUICK_WS, Random(1), say=ear.said.append, times=times)


def user_of(
    base: str, ear: Ear, keys: Keys, times: UserTimes = USER_TIMES, clock: ports.Clock | None = None
) -> UserDataWSClient:
    ends = simulated("http://127.0.0.1:1", base)
    names = names_of("BTCUSDT")
    clock = clock or SteadyClock()
    return UserDataWSClient(ends, names, clock, ear, QUICK_WS, Random(1), keys, say=ear.said.append, times=times)


async def act(server: SimServer, **fault: object) -> None:
    """One act, now."""
    async with aiohttp.ClientSession() as client, client.post(f"{server.control}/act", json=fault) as answer:
        assert answer.status == 200, await answer.text()


def both(wants: Wants = ALL) -> Mapping[str, Wants]:
    return {BTC: wants, ETH: wants}

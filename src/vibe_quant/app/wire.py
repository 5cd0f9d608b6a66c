"""The exchange over the network as one set of parts: REST, both streams, and the names that they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.counted import Streams
from vibe_quant.app.start_gate import Opening, open_already
from vibe_quant.binance.adapter import ExchangeAdapter
from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.market_ws import MarketTimes, MarketWSClient
from vibe_quant.binance.rest import RestClient
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import Endpoints
from vibe_quant.binance.user_ws import UserDataWSClient, UserTimes
from vibe_quant.core.strategies.port import RandomSource
from vibe_quant.domain.measures import Keys
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.ports import Exchange, MarketFeed, Outcome, Sink, UserFeed


class NamingExchange(Exchange, Protocol):
    """An exchange whose contracts have to be learnt before anything is asked of it."""

    async def load_names(self) -> Outcome[int]:
        """Learn the names of all perpetuals; how many there are."""
        ...


@dataclass(frozen=True, slots=True)
class Wire:
    """Everything that has a socket, or stands for one."""

    names: SymbolNames
    exchange: NamingExchange
    market: MarketFeed
    user: UserFeed
    opening: Opening = open_already
    """Comes before anything is asked of the account, once the clock is measured."""
    streams: Streams = dict
    """What the streams' codecs have counted, by the stream's name."""
    keys: Callable[[], Keys] = Keys
    """What became of listen keys."""
    retune: Callable[[GlobalSettings], None] = lambda _: None
    """Takes new settings."""


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """How patient the streams are and how long they live; left out: as Binance wants them."""

    market: MarketTimes = field(default_factory=MarketTimes)
    user: UserTimes = field(default_factory=UserTimes)


def open_wire(
    endpoints: Endpoints,
    credentials: Credentials | None,
    clock: SystemClock,
    sink: Sink,
    settings: GlobalSettings,
    random: RandomSource,
    times: StreamTimes,
) -> Wire:
    """Nothing connects yet; all news go to ``sink``."""
    names = SymbolNames()
    client = RestClient(endpoints, credentials, clock, sink, reserve=settings.rate_limit.weight_reserve)
    exchange = ExchangeAdapter(client, names, clock)
    ws = settings.ws
    market = MarketWSClient(endpoints, names, clock, sink, ws, random, times=times.market)
    user = UserDataWSClient(endpoints, names, clock, sink, ws, random, exchange, times=times.user)
    return Wire(
        names,
        exchange,
        market,
        user,
        streams=lambda: {"market": market.codec.counters(), "user": user.codec.counters()},
        keys=lambda: user.counted,
        retune=lambda shared: client.keep_back(shared.rate_limit.weight_reserve),
    )

"""Which streams a followed symbol needs, and over which socket each of them travels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vibe_quant.binance.symbols import SymbolNames, UnknownSymbol
from vibe_quant.domain.market import Wants

CONTRACT_NEWS = "!contractInfo"
DEPTHS = (5, 10, 20)


def known(names: SymbolNames, wanted: Mapping[str, Wants]) -> tuple[dict[str, Wants], list[str]]:
    """What is wanted by the name that streams have it under (lower case), and the symbols that nobody has learnt."""
    streams: dict[str, Wants] = {}
    unknown: list[str] = []
    for symbol, wants in wanted.items():
        try:
            streams[names.raw(symbol).lower()] = wants
        except UnknownSymbol:
            unknown.append(symbol)
    return streams, unknown


def book_names(wanted: Mapping[str, Wants]) -> Iterator[str]:
    """On the public socket: quotes, and the smallest partial depth that has the levels asked for."""
    for name, wants in wanted.items():
        yield f"{name}@bookTicker"
        if wants.depth_levels > 0:
            levels = next((depth for depth in DEPTHS if depth >= wants.depth_levels), DEPTHS[-1])
            yield f"{name}@depth{levels}@100ms"


def market_names(wanted: Mapping[str, Wants]) -> Iterator[str]:
    """On the market socket: news of contracts always; marks, trades, and minute candles where wanted."""
    yield CONTRACT_NEWS
    for name, wants in wanted.items():
        yield f"{name}@markPrice@1s"
        yield f"{name}@aggTrade"
        if wants.candles:
            yield f"{name}@kline_1m"

"""What the market says: quotes, trades, marks, depth, candles; a part of the closed union in domain/events.py."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import Source

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask with their quantities (bookTicker)."""

    symbol: str
    exch_ms: int
    recv_ms: int
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal
    update_id: int = 0


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade (aggTrade); ``buyer_is_maker`` True means that the taker sold."""

    symbol: str
    exch_ms: int
    recv_ms: int
    price: Decimal
    qty: Decimal
    buyer_is_maker: bool
    trade_id: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark price; index and funding rate where the source has them."""

    symbol: str
    exch_ms: int
    recv_ms: int
    price: Decimal
    index: Decimal | None = None
    funding_rate: Decimal | None = None
    source: Source = Source.STREAM


@dataclass(frozen=True, slots=True)
class Depth:
    """The first levels of the book, best first."""

    symbol: str
    exch_ms: int
    recv_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Candle:
    """A one-minute candle; ``closed`` when it will not change any more."""

    symbol: str
    exch_ms: int
    recv_ms: int
    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    closed: bool


MarketEvent = Quote | Trade | Mark | Depth | Candle

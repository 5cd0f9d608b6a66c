"""The public streams' events as they are written: only the fields that are used, each of the one type it may have."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from vibe_quant.binance.frame_numbers import Millis, Number


class MarketFrame(msgspec.Struct, tag_field="e", gc=False):
    """``st`` 1 is USDⓈ-M; where it is absent, nothing else is meant."""


class BookTicker(MarketFrame, tag="bookTicker", gc=False):
    """The touch; zeros where a side is empty."""

    s: str
    b: Decimal
    B: Decimal
    a: Decimal
    A: Decimal
    T: Millis
    u: Number
    st: int = 1


class AggTrade(MarketFrame, tag="aggTrade", gc=False):
    """An aggregate trade."""

    s: str
    a: Number
    p: Decimal
    q: Decimal
    T: Millis
    m: bool
    st: int = 1


class MarkPriceUpdate(MarketFrame, tag="markPriceUpdate", gc=False):
    """Mark ``p``, index ``i``, funding rate ``r``; the last two may be empty."""

    s: str
    E: Millis
    p: Decimal
    i: str = ""
    r: str = ""
    st: int = 1


class DepthUpdate(MarketFrame, tag="depthUpdate", gc=False):
    """First levels or changes: only the stream's name tells which."""

    s: str
    T: Millis
    u: Number
    b: tuple[tuple[Decimal, Decimal], ...]
    a: tuple[tuple[Decimal, Decimal], ...]
    st: int = 1


class CandleBody(msgspec.Struct, gc=False):
    """``t`` opens it, ``x``: it is closed."""

    t: Millis
    i: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741 - the exchange's name
    c: Decimal
    v: Decimal
    x: bool


class Kline(MarketFrame, tag="kline", gc=False):
    """A candle."""

    s: str
    E: Millis
    k: CandleBody
    st: int = 1


class ContractInfo(MarketFrame, tag="contractInfo", gc=False):
    """A change of a contract; ``cs`` is its status."""

    s: str
    cs: str
    st: int = 1


AnyMarketFrame = BookTicker | AggTrade | MarkPriceUpdate | DepthUpdate | Kline | ContractInfo


class WrappedMarketFrame(msgspec.Struct, gc=False):
    """``{"stream":"btcusdt@bookTicker","data":{…}}``."""

    data: AnyMarketFrame
    stream: str = ""

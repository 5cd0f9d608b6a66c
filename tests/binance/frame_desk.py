"""What the tests of the codecs share: names, codecs on a clock of their own, and frames put together by hand."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.user_codec import UserCodec

D = Decimal
BTC = "BTC/USDT:USDT"
NOW = 1_785_048_483_093
RECV = 700_000
KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
SHARED = Path(os.environ.get("VQ_SHARED") or Path(__file__).resolve().parents[2] / "../shared")
QUOTE: dict[str, Any] = {
    "e": "bookTicker", "u": 7, "s": "BTCUSDT", "ps": "BTCUSDT", "b": "64336.00", "B": "73.3346",
    "a": "64346.70", "A": "589.8026", "T": NOW - 2, "E": NOW - 1, "st": 1,
}  # fmt: skip
TRADE: dict[str, Any] = {
    "e": "aggTrade", "E": NOW, "a": 5, "s": "BTCUSDT", "p": "64346.70", "q": "0.0200", "nq": "0.0200",
    "f": 1, "l": 1, "T": NOW - 3, "m": True, "st": 1,
}  # fmt: skip
MARK: dict[str, Any] = {
    "e": "markPriceUpdate", "E": NOW, "s": "BTCUSDT", "p": "64346.70000000", "ap": "64346.7", "P": "64335.3",
    "i": "64399.61608696", "r": "-0.00005301", "T": NOW + 9999, "st": 1,
}  # fmt: skip
DEPTH: dict[str, Any] = {
    "e": "depthUpdate", "E": NOW, "T": NOW - 4, "s": "BTCUSDT", "U": 1, "u": 9, "pu": 0, "st": 1,
    "b": [["64336.00", "73.3"], ["64335.90", "4.5"]], "a": [["64346.70", "589.8"]],
}  # fmt: skip
CANDLE: dict[str, Any] = {"e": "kline", "E": NOW, "s": "BTCUSDT"} | {
    "k": {"t": NOW - 50_000, "T": NOW + 9_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2, "o": "10", "c": "11"}
    | {"h": "12", "l": "9", "v": "0", "n": 0, "x": True, "q": "0", "V": "0", "Q": "0", "B": "0"}
}
CONTRACT: dict[str, Any] = {"e": "contractInfo", "E": NOW, "s": "BTCUSDT", "ct": "PERPETUAL", "cs": "SETTLING", "st": 1}
STREAMS = {
    "bookTicker": "btcusdt@bookTicker",
    "aggTrade": "btcusdt@aggTrade",
    "markPriceUpdate": "btcusdt@markPrice@1s",
    "depthUpdate": "btcusdt@depth5@100ms",
    "kline": "btcusdt@kline_1m",
    "contractInfo": "!contractInfo",
}
FRAMES: list[dict[str, Any]] = [QUOTE, TRADE, MARK, DEPTH, CANDLE, CONTRACT]


def names(*raw: str) -> SymbolNames:
    """Perpetuals by their own names."""
    known = SymbolNames()
    for name in raw or ("BTCUSDT",):
        quote = name[-4:]
        known.learn(f"{name[:-4]}/{quote}:{quote}", name)
    return known


def market(said: list[str] | None = None, known: SymbolNames | None = None) -> MarketCodec:
    """Its server's clock shows ``NOW`` when its own shows ``RECV``; every frame is searched for new fields."""
    complain = (said if said is not None else []).append
    return MarketCodec(known or names(), 1500, lambda recv_ms: recv_ms + NOW - RECV, complain, glance_ms=0)


def user(said: list[str] | None = None, known: SymbolNames | None = None) -> UserCodec:
    """The same for the account."""
    complain = (said if said is not None else []).append
    return UserCodec(known or names(), 1500, lambda recv_ms: recv_ms + NOW - RECV, complain)


def packed(body: Any) -> bytes:
    """Compact, as the exchange writes."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def wrapped(body: dict[str, Any], stream: str | None = None) -> bytes:
    """As stream mode sends it."""
    return packed({"stream": STREAMS[body["e"]] if stream is None else stream, "data": body})


def recorded(part: str) -> Path:
    """A file or folder that the exchange's recordings are in; skips where there is none."""
    path = SHARED / part
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VQ_SHARED to the folder that holds them")
    return path

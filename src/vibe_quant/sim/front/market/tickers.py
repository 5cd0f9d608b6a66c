"""The rolling day of a symbol in the words of the 24-hour ticker, for the stream and for REST."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.sim.front.http import Json, encode
from vibe_quant.sim.front.market.candles import DAY, Kline
from vibe_quant.sim.front.market.market_wire import SymbolWire

ZERO = Decimal(0)


def change(day: Kline) -> tuple[Decimal, Decimal, Decimal]:
    """(change of price, the same in percent of the open, mean price by volume)."""
    moved = day.close - day.open
    percent = moved / day.open * 100 if day.open else ZERO
    return moved, percent, day.quote / day.volume if day.volume else ZERO


def ticker_frame(wire: SymbolWire, day: Kline, last_qty: Decimal, now: int) -> bytes:
    """``<s>@ticker``."""
    moved, percent, mean = change(day)
    return encode(
        {
            "e": "24hrTicker",
            "E": now,
            "s": wire.symbol,
            "ps": wire.symbol,
            "p": wire.prices[moved],
            "P": f"{percent:.3f}",
            "w": _price(wire, mean),
            "c": wire.prices[day.close],
            "Q": wire.qtys[last_qty],
            "o": wire.prices[day.open],
            "h": wire.prices[day.high],
            "l": wire.prices[day.low],
            "v": wire.qtys[day.volume],
            "q": wire.value(day.quote),
            "O": now - DAY,
            "C": now,
            "F": day.first_id,
            "L": day.last_id,
            "n": day.count,
            "st": 1,
        }
    )


def ticker_row(wire: SymbolWire, day: Kline, last_qty: Decimal, now: int) -> Json:
    """A row of GET ticker/24hr."""
    moved, percent, mean = change(day)
    return {
        "symbol": wire.symbol,
        "priceChange": wire.prices[moved],
        "priceChangePercent": f"{percent:.3f}",
        "weightedAvgPrice": _price(wire, mean),
        "lastPrice": wire.prices[day.close],
        "lastQty": wire.qtys[last_qty],
        "openPrice": wire.prices[day.open],
        "highPrice": wire.prices[day.high],
        "lowPrice": wire.prices[day.low],
        "volume": wire.qtys[day.volume],
        "quoteVolume": wire.value(day.quote),
        "openTime": now - DAY,
        "closeTime": now,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.count,
    }


def _price(wire: SymbolWire, value: Decimal) -> str:
    return f"{value:.{wire.instrument.price_places}f}"

"""The messages of the market's streams, key by key as the exchange sends them.

``SymbolWire`` holds what is the same in every message of a symbol, so that the frequent ones are put together from few
parts; each returns the raw payload.  ``st`` 1 is USDⓈ-M.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from vibe_quant.domain.events import Level, Quote
from vibe_quant.sim.front.account.amounts import fixed
from vibe_quant.sim.front.http import Json, encode
from vibe_quant.sim.front.market.candles import Kline, next_open
from vibe_quant.sim.front.market.padded import Padded, padded
from vibe_quant.sim.front.market.price_marks import PriceMarks
from vibe_quant.sim.front.market.prints import Aggregate, Print
from vibe_quant.sim.front.market.public_book import DepthDiff
from vibe_quant.sim.instruments import Instrument


class SymbolWire:
    """Writes one symbol's messages; prices and quantities padded to its precisions."""

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = name = instrument.symbol
        self.instrument = instrument
        self.prices = Padded(instrument.price_places)
        self.qtys = Padded(instrument.qty_places)
        self.value_places = instrument.price_places + instrument.qty_places
        self._touch = f',"s":"{name}","ps":"{name}","b":"'
        self._name = f'"s":"{name}","ps":"{name}"'

    def book_ticker(self, quote: Quote, update_id: int) -> bytes:
        """The touch."""
        prices, qtys, now = self.prices, self.qtys, quote.exch_ms
        return (
            f'{{"e":"bookTicker","u":{update_id}{self._touch}{prices[quote.bid]}","B":"{qtys[quote.bid_qty]}",'
            f'"a":"{prices[quote.ask]}","A":"{qtys[quote.ask_qty]}","T":{now},"E":{now},"st":1}}'
        ).encode()

    def levels(self, levels: Iterable[Level]) -> str:
        """``[["64336.00","73.3346"],…]``."""
        prices, qtys = self.prices, self.qtys
        return "[" + ",".join([f'["{prices[price]}","{qtys[qty]}"]' for price, qty in levels]) + "]"

    def depth(self, diff: DepthDiff, bids: str, asks: str, trade_ms: int, now: int) -> bytes:
        """A diff or the first levels, both with the ids of the chain's event; sides as ``levels`` writes them."""
        return (
            f'{{"e":"depthUpdate","E":{now},"T":{trade_ms},{self._name},"U":{diff.first_id},"u":{diff.last_id},'
            f'"pu":{diff.previous_id},"b":{bids},"a":{asks},"st":1}}'
        ).encode()

    def trade(self, made: Print, now: int) -> bytes:
        """The undocumented raw trade."""
        maker = "true" if made.buyer_is_maker else "false"
        return (
            f'{{"E":{now},"T":{made.exch_ms},"X":"MARKET","e":"trade","m":{maker},"p":"{self.prices[made.price]}",'
            f'"q":"{self.qtys[made.qty]}","s":"{self.symbol}","st":1,"t":{made.trade_id}}}'
        ).encode()

    def agg_trade(self, made: Aggregate, now: int) -> bytes:
        """An aggregate; there are no RPI trades here, so ``nq`` equals ``q``."""
        maker, qty = "true" if made.buyer_is_maker else "false", self.qtys[made.qty]
        return (
            f'{{"e":"aggTrade","E":{now},"a":{made.agg_id},"s":"{self.symbol}","p":"{self.prices[made.price]}",'
            f'"q":"{qty}","nq":"{qty}","f":{made.first_id},"l":{made.last_id},"T":{made.exch_ms},"m":{maker},"st":1}}'
        ).encode()

    def mark_price(self, marks: PriceMarks, rate: Decimal, funding_ms: int, now: int) -> bytes:
        """The mark price of a second; ``marks`` holds one."""
        mark, index = marks.mark or Decimal(0), marks.index or Decimal(0)
        eight = [fixed(value) for value in (mark, marks.mean, marks.settle, index, rate)]
        return (
            f'{{"e":"markPriceUpdate","E":{now},"s":"{self.symbol}","p":"{eight[0]}","ap":"{eight[1]}",'
            f'"P":"{eight[2]}","i":"{eight[3]}","r":"{eight[4]}","T":{funding_ms},"st":1}}'
        ).encode()

    def kline(self, kline: Kline, interval: str, closed: bool, now: int) -> bytes:
        """A candle of ``<s>@kline_<i>``."""
        return encode({"e": "kline", "E": now, "s": self.symbol, "k": self._candle(kline, interval, closed, True)})

    def continuous_kline(self, kline: Kline, interval: str, closed: bool, now: int) -> bytes:
        """The same of ``<pair>_perpetual@continuousKline_<i>``."""
        candle = self._candle(kline, interval, closed, False)
        return encode({"e": "continuous_kline", "E": now, "ps": self.symbol, "ct": "PERPETUAL", "k": candle})

    def _candle(self, kline: Kline, interval: str, closed: bool, named: bool) -> Json:
        prices, qtys = self.prices, self.qtys
        name: dict[str, Json] = {"s": self.symbol} if named else {}
        return {
            "t": kline.open_ms,
            "T": next_open(kline.open_ms, interval) - 1,
            **name,
            "i": interval,
            "f": kline.first_id,
            "L": kline.last_id,
            "o": prices[kline.open],
            "c": prices[kline.close],
            "h": prices[kline.high],
            "l": prices[kline.low],
            "v": qtys[kline.volume],
            "n": kline.count,
            "x": closed,
            "q": self.value(kline.quote),
            "V": qtys[kline.taker_volume],
            "Q": self.value(kline.taker_quote),
            "B": "0",
        }

    def value(self, amount: Decimal) -> str:
        """A turnover in the quote asset."""
        return padded(amount, self.value_places)

    def mini_ticker(self, day: Kline, now: int) -> bytes:
        """The last 24 hours in short."""
        return encode(
            {
                "e": "24hrMiniTicker",
                "E": now,
                "s": self.symbol,
                "c": self.prices[day.close],
                "o": self.prices[day.open],
                "h": self.prices[day.high],
                "l": self.prices[day.low],
                "v": self.qtys[day.volume],
                "q": self.value(day.quote),
                "ps": self.symbol,
                "st": 1,
            }
        )


def array(payloads: Sequence[bytes]) -> bytes:
    """One payload of the payloads of many symbols."""
    return b"[" + b",".join(payloads) + b"]"

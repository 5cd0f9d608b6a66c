"""WebSocket frames to events: nanoseconds a frame by kind, with a bare json.loads of the same frames beside it.

The frames of a kind differ from each other in price, quantity, time and id, as real ones do.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Sequence
from time import perf_counter

from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.user_codec import UserCodec

FRAMES = 20_000
ROUNDS = 5
AIM_NS = 3_000
START_MS = 1_785_048_483_000
Decode = Callable[[bytes, int], Sequence[object]]


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def wrapped(stream: str, payload: str) -> bytes:
    """As stream mode sends it."""
    return f'{{"stream":"{stream}","data":{payload}}}'.encode()


def book_ticker(n: int) -> bytes:
    """A touch that moves now and then, its quantities always."""
    now, bid = START_MS + n, 64336 + n // 50 % 40
    return wrapped(
        "btcusdt@bookTicker",
        f'{{"e":"bookTicker","u":{359220650272 + n},"s":"BTCUSDT","ps":"BTCUSDT","b":"{bid}.00","B":"{n % 977}.334",'
        f'"a":"{bid}.10","A":"{n % 613}.026","T":{now},"E":{now},"st":1}}',
    )


def agg_trade(n: int) -> bytes:
    """A trade."""
    now = START_MS + n
    return wrapped(
        "btcusdt@aggTrade",
        f'{{"e":"aggTrade","E":{now},"a":{300238285 + n},"s":"BTCUSDT","p":"64{n % 900 + 100}.70",'
        f'"q":"0.0{n % 89 + 10}","nq":"0.0200","f":521512568,"l":521512568,"T":{now},"m":false,"st":1}}',
    )


def mark_price(n: int) -> bytes:
    """A mark."""
    return wrapped(
        "btcusdt@markPrice@1s",
        f'{{"e":"markPriceUpdate","E":{START_MS + n},"s":"BTCUSDT","p":"64{n % 900 + 100}.70000000",'
        '"ap":"64346.70000000","P":"64335.31235580","i":"64399.61608696","r":"0.00005301","T":1785052800000,"st":1}',
    )


def order_update(n: int) -> bytes:
    """A fill of a closing order."""
    now = START_MS + n
    return (
        f'{{"e":"ORDER_TRADE_UPDATE","T":{now},"E":{now},"o":{{"s":"BTCUSDT","c":"vq-{n}","S":"SELL","o":"LIMIT",'
        f'"f":"GTX","q":"0.02","p":"64336.1","ap":"64336.1","sp":"0","x":"TRADE","X":"FILLED","i":{58846581664 + n},'
        f'"l":"0.02","z":"0.02","L":"64336.1","n":"0.0012","N":"USDT","T":{now},"t":{702423109 + n},"b":"0","a":"0",'
        '"m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"LONG","cp":false,"rp":"0.5","pP":false,"si":0,'
        '"ss":0,"V":"EXPIRE_MAKER","pm":"NONE","gtd":0,"er":"0"}}'
    ).encode()


def least(frames: Sequence[bytes], decode: Decode) -> float:
    """Nanoseconds a frame in the least disturbed round."""
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        began = perf_counter()
        for frame in frames:
            decode(frame, 5)
        best = min(best, perf_counter() - began)
    return best / len(frames) * 1e9


def bare(frame: bytes, _: int) -> Sequence[object]:
    """What the standard library takes to read it, without making an event of it."""
    return (json.loads(frame),)


def main() -> None:
    """One line a kind."""
    names = SymbolNames()
    names.learn("BTC/USDT:USDT", "BTCUSDT")
    market, user = MarketCodec(names, 1500, lambda recv_ms: recv_ms + START_MS), UserCodec(names)
    kinds: list[tuple[str, Callable[[int], bytes], Decode, str]] = [
        ("bookTicker", book_ticker, market.decode, f"aim: at most {AIM_NS:,} ns"),
        ("aggTrade", agg_trade, market.decode, ""),
        ("markPriceUpdate", mark_price, market.decode, ""),
        ("ORDER_TRADE_UPDATE", order_update, user.decode, "every field looked at"),
    ]
    for name, build, decode, aim in kinds:
        frames = [build(n) for n in range(FRAMES)]
        if not all(len(decode(frame, 5)) == 1 for frame in frames):
            raise AssertionError(name)
        took, plain = least(frames, decode), least(frames, bare)
        say(
            f"{name + ' frame to event':<44}{took:>9,.0f} ns {1e9 / took:>13,.0f} /s  json.loads {plain:,.0f} ns  {aim}"
        )


if __name__ == "__main__":
    main()

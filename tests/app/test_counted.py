"""What was counted along the way can be read: in the log while it runs, in the last row afterwards."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from loguru import logger
from tests.app.fake_exchange import FakeClock

from vibe_quant.app.counted import Counted
from vibe_quant.app.inbox import Inbox
from vibe_quant.app.levels import Levels
from vibe_quant.app.observers import Observer
from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Quote, StreamUp, Timer

S = "BTC/USDT:USDT"
D = Decimal
QUOTE = Quote(S, 1, 1, D(1), D(1), D(2), D(1))
BOOK = b'{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"BTCUSDT",'
BOOK += b'"b":"1","B":"1","a":"2","A":"1","T":%d,"E":%d}}'


def counted(clock: FakeClock) -> Counted:
    names, inbox, observer = SymbolNames(), Inbox(), Observer("cards", lambda *_: None, most=1)
    names.learn(S, "BTCUSDT")
    codec = MarketCodec(names, server_ms=lambda recv_ms: recv_ms)
    codec.decode(BOOK % (2, 10_000, 10_000), 10_000)
    codec.decode(BOOK % (1, 5_000, 5_000), 10_000)
    codec.decode(b"{", 10_000)
    for _ in range(3):
        inbox.put(QUOTE)
        observer.offer(1, Timer(1), (), None)
    levels = Levels(lambda _: False, clock.now)
    for stream in Stream:
        levels.see(StreamUp(stream, clock.now), clock.now)
    clock.now += 1000
    return Counted(clock, levels, inbox, lambda: {"market": codec.counters()}, [observer])


def test_the_last_row_has_levels_what_was_conflated_and_what_the_streams_brought_late_or_broken() -> None:
    body = counted(FakeClock()).body()
    assert body["levels"] == {"stream": "1.0000", "rest": "0.0000", "breaker": "0.0000"}
    assert (body["conflated"], body["unseen"]) == (2, {"cards": 2})
    assert body["streams"]["market"] == {
        "frames": 3,
        "malformed": 1,
        "ignored": {},
        "late": {"bookTicker": 1},
        "out_of_order": {"bookTicker": 1},
        "unknown": {},
    }


def test_what_observers_have_skipped_by_a_defect_is_counted_apart_from_what_they_were_too_slow_for() -> None:
    def fail(*_: object) -> None:
        raise ValueError("as the test wants it")

    observer, clock, inbox = Observer("telegram", fail), FakeClock(), Inbox()
    for _ in range(3):
        observer.offer(1, Timer(1), (), None)
    observer.drain()
    counts = Counted(clock, Levels(lambda _: False, clock.now), inbox, dict, [observer])
    assert (counts.body()["unseen"], counts.body()["failed"]) == ({}, {"telegram": 3})
    assert "; 3 skipped by telegram, by a defect" in counts.line()


async def test_it_is_said_at_intervals() -> None:
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), format="{message}", level="INFO")
    task = asyncio.create_task(counted(FakeClock()).run(each_s=0.01))
    async with asyncio.timeout(5):
        while not lines:
            await asyncio.sleep(0.01)
    task.cancel()
    logger.remove(sink)
    assert lines[0].strip() == (
        'counted | conflated=2 longest_queue=0 text="'
        "counted so far: time by stream 100.00%, rest 0.00%, breaker 0.00%; 2 quotes conflated; 2 pairs not seen by "
        'the observer cards; market stream 3 frames (late 1 bookTicker; out of order 1 bookTicker; malformed 1)"'
    )

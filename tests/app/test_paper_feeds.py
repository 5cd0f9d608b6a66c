"""Paper's streams: who sees what, in which order, and what is followed beside what was asked for."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.app.paper_stage import BTC, LONG, FakeFeed, Paper

from vibe_quant.app.clock import SystemClock
from vibe_quant.app.paper_exchange import PaperExchange
from vibe_quant.app.paper_feeds import LEVELS, PaperMarketFeed, PaperTap, PaperUserFeed
from vibe_quant.app.paper_venue import PaperVenue
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderStatus, Stream
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import PaperSettings
from vibe_quant.sim.latency import ConstantLatency

D = Decimal
ETH = "ETH/USDT:USDT"


def depth(symbol: str) -> ev.Depth:
    return ev.Depth(symbol, 1, 1, (), ())


def quote(symbol: str) -> ev.Quote:
    return ev.Quote(symbol, 10**13, 1, D(50_000), D(1), D(50_001), D(1))


async def test_what_matching_needs_is_followed_too() -> None:
    feed, paper = FakeFeed(), Paper()
    market = PaperMarketFeed(feed, PaperTap(paper.venue, lambda _: None))
    market.hold([ETH])
    market.follow({BTC: Wants(5, candles=True)})
    assert feed.wanted == {BTC: Wants(LEVELS, candles=True), ETH: Wants(LEVELS)}
    await market.run()
    assert feed.runs == 1


def test_the_exchange_sees_all_and_the_engine_what_it_asked_for() -> None:
    paper, heard = Paper(), list[ev.Event]()
    tap = PaperTap(paper.venue, heard.append)
    market = PaperMarketFeed(FakeFeed(), tap)
    paper.venue.show(ev.StreamDown(Stream.BOOK, 1, ""))
    tap.take(quote(BTC))
    assert heard == []
    assert paper.venue.has_book(BTC)
    market.follow({BTC: Wants()})
    news: list[ev.Event] = [quote(BTC), ev.StreamUp(Stream.BOOK, 1), ev.ContractNews(ETH, "BREAK", 1)]
    unwanted: list[ev.Event] = [depth(BTC), quote(ETH)]
    for event in news + unwanted:
        tap.take(event)
    assert heard == news
    market.follow({BTC: Wants(5)})
    tap.take(depth(BTC))
    assert heard[-1] == depth(BTC)


def test_the_exchange_sees_it_first() -> None:
    paper = Paper()
    seen: list[bool] = []
    tap = PaperTap(paper.venue, lambda _: seen.append(paper.venue.has_book(BTC)))
    tap.wanted = {BTC: Wants()}
    paper.venue.show(ev.StreamDown(Stream.BOOK, 1, ""))
    tap.take(quote(BTC))
    assert seen == [True]


@pytest.mark.parametrize("timer", [False, True], ids=["a push", "a timer"])
async def test_the_accounts_stream_is_up_and_tells_when_it_is_time(timer: bool) -> None:
    paper, clock, heard = Paper(), SystemClock(), list[ev.Event]()
    venue = PaperVenue(clock, ConstantLatency(1, 1, 5), PaperSettings())
    exchange = PaperExchange(venue, paper.public, clock)
    await exchange.rules(BTC)
    await exchange.mark(BTC)
    venue.seat(BTC, LONG, D(1), D(60_000))
    venue.show(ev.Quote(BTC, clock.server_ms(), clock.now_ms(), D(59_999), D(1), D(60_000), D(1)))
    user = PaperUserFeed(venue, clock, heard.append)
    user.expect(clock.now_ms())
    task = asyncio.create_task(user.run())
    await asyncio.sleep(0)
    paper.clock.offset_ms = clock.server_ms() - paper.clock.now
    await exchange.submit(paper.order())
    if timer:
        await exchange.countdown(BTC, 20)
    wanted = OrderStatus.CANCELED if timer else OrderStatus.NEW
    async with asyncio.timeout(5):
        while not any(isinstance(e, ev.OrderUpdate) and e.status is wanted for e in heard):
            await asyncio.sleep(0.002)
    task.cancel()
    assert heard[0] == ev.StreamUp(Stream.USER, heard[0].recv_ms)

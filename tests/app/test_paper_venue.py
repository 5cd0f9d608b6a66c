"""The imagined exchange: what real market news does to orders, stops and the account, and when it is heard of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from tests.app.fake_exchange import FakeClock, rules
from tests.app.paper_stage import BTC, LONG, STREAM_MS, Paper

from vibe_quant.app.paper_venue import LONGEST_LAG_MS, LONGEST_WAIT_MS, PaperVenue
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderStatus, StopStatus, Stream
from vibe_quant.domain.settings import PaperSettings
from vibe_quant.ports import Accepted
from vibe_quant.sim.latency import ConstantLatency, TapeLatency

D = Decimal
HOUR = 3_600_000


@pytest.fixture
def paper() -> Paper:
    return Paper()


class Uneven(ConstantLatency):
    """Pushes of which the first is slow."""

    def __init__(self) -> None:
        super().__init__()
        self._ways = iter([90, 10])

    def stream(self) -> int:
        return next(self._ways, 10)


def updates(events: list[ev.Event]) -> list[ev.OrderUpdate]:
    return [event for event in events if isinstance(event, ev.OrderUpdate)]


def test_time_is_the_servers_and_never_goes_back(paper: Paper) -> None:
    before = paper.venue.time()
    assert before == paper.clock.server_ms()
    paper.clock.offset_ms -= 500
    assert paper.venue.time() == before
    paper.clock.now += 501
    assert paper.venue.time() == before + 1


async def test_a_resting_order_is_filled_by_the_real_market_and_heard_of_after_its_way(paper: Paper) -> None:
    assert isinstance(await paper.exchange.submit(paper.order()), Accepted)
    paper.pass_ms(100)
    paper.quote("60000.5", "60000.6")
    filled_ms, filled_now = paper.venue.time(), paper.clock.now
    assert paper.long == 0
    told = paper.pass_ms(100)
    assert {one.at for one in told} == {filled_now + STREAM_MS}
    first, *_ = [one.event for one in told]
    assert isinstance(first, ev.PositionUpdate)
    assert (first.qty, first.exch_ms, first.recv_ms) == (D(0), filled_ms, filled_now + STREAM_MS)
    (report,) = updates([one.event for one in told])
    assert (report.status, report.last_price, report.is_maker) == (OrderStatus.FILLED, D(60_000), True)
    assert report.fee == D(60_000) * D("0.0002")
    assert any(isinstance(one.event, ev.BalanceUpdate) for one in told)


async def test_what_prints_at_its_price_eats_the_queue_before_it_fills(paper: Paper) -> None:
    await paper.exchange.submit(paper.order(qty="0.4"))
    paper.trade("60000", "5")
    assert paper.long == 1
    paper.trade("60000", "0.3", number=77)
    paper.trade("60000", "0.3", number=77)
    assert paper.long == D("0.7"), "a print that is told twice counts once"
    paper.trade("60000", "0.3")
    assert paper.long == D("0.7"), "older than the newest"


async def test_a_market_order_walks_the_levels_that_the_stream_shows(paper: Paper) -> None:
    at, now = paper.clock.server_ms(), paper.clock.now
    paper.quote("59999.9", "60000", "0.3")
    levels = ((D("59999.9"), D("0.3")), (D(59_990), D("0.2")), (D(59_980), D(9)))
    paper.venue.show(ev.Depth(BTC, at, now, levels, ()))
    await paper.exchange.submit(paper.order(price=None))
    fills = [(t.qty, t.price) for t in paper.venue.trades]
    assert fills == [(D("0.3"), D("59999.9")), (D("0.2"), D(59_990)), (D("0.5"), D(59_980))]


def test_older_news_of_the_book_and_of_the_mark_is_left_out(paper: Paper) -> None:
    market = paper.venue.exchange.venue.market(BTC)
    paper.clock.now += 100
    paper.quote("61000", "61000.1")
    paper.mark("61000")
    late = paper.clock.server_ms() - 50
    paper.venue.show(ev.Quote(BTC, late, paper.clock.now, D(1), D(1), D(2), D(1)))
    paper.venue.show(ev.Mark(BTC, late, paper.clock.now, D(1)))
    assert market.quote is not None
    assert (market.quote.bid, market.mark) == (D(61_000), D(61_000))


def test_news_of_what_is_not_listed_is_nobodys(paper: Paper) -> None:
    paper.venue.show(ev.Quote("ETH/USDT:USDT", 1, 1, D(1), D(1), D(2), D(1)))
    assert not paper.venue.has_book("ETH/USDT:USDT")


async def test_a_stop_fires_by_the_mark_and_closes_at_what_the_book_shows(paper: Paper) -> None:
    assert isinstance(await paper.exchange.place_stop(paper.stop("59000")), Accepted)
    paper.quote("58990", "58990.1")
    paper.mark("59000.1")
    assert paper.long == 1
    paper.pass_ms(1)
    paper.mark("58999.9")
    told = [one.event for one in paper.pass_ms(100)]
    assert paper.long == 0
    stops = [event.status for event in told if isinstance(event, ev.StopReport)]
    assert stops[-2:] == [StopStatus.TRIGGERED, StopStatus.FINISHED]
    (fill,) = [update for update in updates(told) if update.last_qty]
    assert (fill.last_price, fill.is_maker, fill.client_id) == (D(58_990), False, "vq-ps-1")


def test_what_margin_does_not_carry_any_more_is_liquidated() -> None:
    paper = Paper(wallet="3000")
    paper.mark("57300")
    assert paper.long == 1
    paper.pass_ms(1)
    paper.mark("57100")
    told = [one.event for one in paper.pass_ms(100)]
    assert paper.long == 0
    assert [u.client_id[:10] for u in updates(told) if u.last_qty] == ["autoclose-"]


async def test_pushes_never_overtake_each_other() -> None:
    paper = Paper(latency=Uneven())
    await paper.exchange.submit(paper.order(qty="0.5"))
    await paper.exchange.submit(paper.order("vq-2", price=None, qty="0.5"))
    told = paper.pass_ms(200)
    assert [u.client_id for u in updates([one.event for one in told])] == ["vq-1", "vq-2", "vq-2"]
    assert len({one.at for one in told}) == 1, "the second has waited for the first"


async def test_a_countdown_runs_out_without_any_news(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    ack = await paper.exchange.countdown(BTC, 5_000)
    assert isinstance(ack, Accepted)
    paper.pass_ms(STREAM_MS)
    assert 4_900 < paper.venue.wait_ms() < 5_000
    paper.clock.now += 5_000
    assert paper.venue.wait_ms() == 0
    told = updates([one.event for one in paper.pass_ms(STREAM_MS + 1)])
    assert [u.status for u in told] == [OrderStatus.CANCELED]
    assert paper.venue.wait_ms() == LONGEST_WAIT_MS


async def test_the_next_push_is_what_is_waited_for(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    assert 0 < paper.venue.wait_ms() <= STREAM_MS
    told = paper.pass_ms(STREAM_MS)
    assert [one.at for one in told] == [told[0].at]


async def test_new_rules_are_in_force_at_once_and_an_ending_symbol_is_settled(paper: Paper) -> None:
    await paper.exchange.submit(paper.order())
    paper.venue.list_symbol(replace(rules(BTC), tick=D("0.5")))
    assert paper.venue.exchange.venue.market(BTC).rules.tick == D("0.5")
    paper.pass_ms(100)
    paper.venue.list_symbol(rules(BTC, "SETTLING"))
    assert paper.long == 0
    ended = updates([one.event for one in paper.pass_ms(100)])
    assert OrderStatus.EXPIRED in [u.status for u in ended]


def test_funding_is_paid_every_eight_hours_by_the_rate_of_the_mark(paper: Paper) -> None:
    paper.mark("60000", "0.0001")
    wallet = paper.venue.exchange.account.wallets["USDT"]
    left = 8 * HOUR - paper.clock.server_ms() % (8 * HOUR)
    paper.clock.now += left - 1
    paper.venue.time()
    assert paper.venue.exchange.account.wallets["USDT"] == wallet
    paper.clock.now += 1
    paper.venue.time()
    assert paper.venue.exchange.account.wallets["USDT"] == wallet - D(6)


def test_each_margin_asset_has_its_wallet_and_each_symbol_its_leverage() -> None:
    paper = Paper(leverage=60)
    account = paper.venue.exchange.account
    assert account.leverage_of(BTC) == 60
    assert paper.venue.list_symbol(rules("PEPE/USDT:USDT")), "a thin contract has 50 at most"
    assert account.leverage_of("PEPE/USDT:USDT") == 50
    assert not paper.venue.list_symbol(replace(rules("BTC/USDC:USDC"), margin_asset="USDC"))
    assert account.wallets == {"USDT": 100_000, "USDC": 100_000}
    assert all(account.wallet_ms.values())


def test_requests_travel_as_late_as_the_market_comes() -> None:
    latency = TapeLatency(1)
    clock = FakeClock()
    venue = PaperVenue(clock, latency, PaperSettings())
    venue.list_symbol(rules(BTC))
    at = clock.server_ms()
    for lag in (LONGEST_LAG_MS + 1, 40):
        venue.show(ev.Trade(BTC, at - lag, clock.now, D(1), D(1), False, 5_000 - lag))
    assert {latency.entry() for _ in range(50)} == {40}


def test_quotes_of_before_the_book_was_lost_are_none(paper: Paper) -> None:
    assert paper.venue.has_book(BTC)
    paper.venue.show(ev.StreamDown(Stream.MARKET, paper.clock.now, "gone"))
    assert paper.venue.has_book(BTC)
    paper.venue.show(ev.StreamDown(Stream.BOOK, paper.clock.now, "gone"))
    assert not paper.venue.has_book(BTC)
    paper.quote("60000", "60000.1")
    assert paper.venue.has_book(BTC)


async def test_trades_are_remembered_oldest_first(paper: Paper) -> None:
    for number in range(3):
        await paper.exchange.submit(paper.order(f"vq-{number}", price=None, qty="0.1"))
        paper.pass_ms(5)
    assert all(one.exch_ms < two.exch_ms for one, two in pairwise(paper.venue.trades))
    assert {t.position_side for t in paper.venue.trades} == {LONG}

"""Markets of several symbols on one clock."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.events import Depth, Mark, Quote, Trade
from vibe_quant.sim.feed import Feed, FeedEvent, with_marks
from vibe_quant.sim.market.news import ForcedTrade, FundingAt, StatusChange
from vibe_quant.sim.venue import NEVER

D = Decimal
START = 1_800_000_000_000


def quote(at: int, bid: str = "100") -> Quote:
    return Quote("any", at, at + 7, D(bid), D(1), D(bid) + 1, D(2), 5)


def drained(feed: Feed) -> list[FeedEvent]:
    events = []
    while feed.due != NEVER:
        due = feed.due
        events.append(feed.pop())
        assert events[-1].exch_ms == due
    return events


def test_every_kind_is_moved_to_the_clock_and_named() -> None:
    events: list[FeedEvent] = [
        quote(1000),
        Trade("any", 1010, 1020, D(101), D(1), True, 9),
        Mark("any", 1020, 1030, D(100), D(99), D("0.0001")),
        Depth("any", 1030, 1040, ((D(100), D(1)),), ()),
        ForcedTrade("any", 1040, OrderSide.SELL, D(1), D(100)),
        StatusChange("any", 1050, "TRADING_HALT"),
        FundingAt("any", 1060, 2000, D("0.003")),
    ]
    told = drained(Feed({"BTCUSDT": events}, START, D(2)))
    assert [event.exch_ms - START for event in told] == [0, 5, 10, 15, 20, 25, 30]
    assert {event.symbol for event in told} == {"BTCUSDT"}
    assert [type(event) for event in told] == [type(event) for event in events]
    first, trade, mark, depth, *_, funding = told
    assert isinstance(first, Quote)
    assert (first.recv_ms, first.bid, first.bid_qty, first.ask, first.ask_qty) == (START, D(100), D(1), D(101), D(2))
    assert isinstance(trade, Trade)
    assert (trade.price, trade.qty, trade.buyer_is_maker, trade.trade_id) == (D(101), D(1), True, 9)
    assert isinstance(mark, Mark)
    assert (mark.price, mark.index, mark.funding_rate) == (D(100), D(99), D("0.0001"))
    assert isinstance(depth, Depth)
    assert depth.recv_ms == START + 15
    assert isinstance(funding, FundingAt)
    assert funding.next_ms == START + 500


@given(
    st.lists(st.lists(st.integers(0, 500), min_size=0, max_size=12), min_size=1, max_size=4),
    st.sampled_from([D(1), D(3), D("0.5")]),
)
def test_symbols_merge_in_order_of_their_times(gaps: list[list[int]], speed: Decimal) -> None:
    markets: dict[str, list[FeedEvent]] = {}
    for number, steps in enumerate(gaps):
        at, events = 10_000 * (number + 1), list[FeedEvent]()
        for step in steps:
            events.append(quote(at))
            at += step
        markets[f"S{number}"] = events
    told = drained(Feed(markets, START, speed))
    times = [event.exch_ms for event in told]
    assert times == sorted(times)
    assert len(told) == sum(map(len, gaps))
    for name, events in markets.items():
        own = [event.exch_ms - START for event in told if event.symbol == name]
        assert own == [int((event.exch_ms - events[0].exch_ms) / speed) for event in events]


def test_marks_are_derived_where_there_are_none() -> None:
    told = list(with_marks([quote(1000), quote(1400), quote(2100)]))
    assert [type(event) for event in told] == [Quote, Mark, Quote, Quote, Mark]


def test_no_market_at_all_is_never_due() -> None:
    assert Feed({"BTCUSDT": []}, START, D(1)).due == NEVER


def test_markets_that_are_postponed_stand_still_and_go_on_as_they_were() -> None:
    def feed() -> Feed:
        funding = FundingAt("b", 25, 1025, D(0))
        return Feed({"A": [quote(0), quote(20), quote(40)], "B": [quote(10), funding, quote(30)]}, START, D(2))

    plain, late = feed(), feed()
    for either in (plain, late):
        either.pop()
    late.postpone(late.due - 1)
    assert late.due == START
    late.postpone(START + 7_000)
    told = drained(late)
    expected = drained(plain)
    assert [(e.symbol, e.exch_ms - 7_000) for e in told] == [(e.symbol, e.exch_ms) for e in expected]
    moved = [e.next_ms for e in told if isinstance(e, FundingAt)]
    assert moved == [e.next_ms + 7_000 for e in expected if isinstance(e, FundingAt)]
    late.postpone(START + 9_000)
    assert late.due == NEVER


def test_the_usual_funding_hours_are_the_clocks_at_every_speed() -> None:
    hour = 8 * 3_600_000
    news = [FundingAt("a", at, (at // hour + 1) * hour, D(0)) for at in (hour - 5, hour, 2 * hour)]
    for speed in (D(1), D(7)):
        told = drained(Feed({"A": news}, START, speed))
        assert [e.next_ms for e in told if isinstance(e, FundingAt)] == [(e.exch_ms // hour + 1) * hour for e in told]

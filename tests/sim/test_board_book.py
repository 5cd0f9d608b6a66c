"""The published book: a client that follows the documented rule always holds what REST shows."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.market_desk import BTC, START, D, MarketDesk

from vibe_quant.domain.enums import OrderSide
from vibe_quant.domain.events import Depth
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.market.ladder import RUNGS

STREAMS = {100: "btcusdt@depth@100ms", 250: "btcusdt@depth", 500: "btcusdt@depth@500ms"}
Book = tuple[dict[Decimal, str], dict[Decimal, str]]


def sides(message: dict[str, Any], bids: str, asks: str) -> Book:
    return {D(p): q for p, q in message[bids]}, {D(p): q for p, q in message[asks]}


class LocalBook:
    """A client as the exchange's own page describes it."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.snapshot_id: int = snapshot["lastUpdateId"]
        self.bids, self.asks = sides(snapshot, "bids", "asks")
        self.last: int | None = None

    def apply(self, event: dict[str, Any]) -> None:
        if event["u"] < self.snapshot_id:
            return
        if self.last is None:
            assert event["U"] <= self.snapshot_id <= event["u"]
        else:
            assert event["pu"] == self.last
        assert event["pu"] < event["U"] <= event["u"]
        self.last = event["u"]
        for mine, changes in zip((self.bids, self.asks), sides(event, "b", "a"), strict=True):
            for price, qty in changes.items():
                if D(qty):
                    mine[price] = qty
                else:
                    mine.pop(price, None)


step = st.one_of(
    st.tuples(st.just("quote"), st.integers(-3, 3), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.just("quote"), st.integers(-400, 400), st.integers(1, 40), st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.just("wait"), st.integers(1, 260)),
    st.tuples(st.just("read")),
    st.tuples(st.just("depth"), st.integers(1, 5), st.integers(1, 9)),
    st.tuples(st.just("empty"), st.booleans()),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(step, min_size=5, max_size=60), st.sampled_from([100, 250, 500]))
def test_a_local_book_equals_the_one_of_rest(steps: list[tuple[Any, ...]], speed: int) -> None:
    desk = MarketDesk({STREAMS[speed]})
    bid, elapsed = 847_882, 0
    desk.quote("84788.2", "84788.3")
    local = LocalBook(desk.get("/fapi/v1/depth", symbol=BTC, limit=1000))
    told = 0
    for kind, *args in [*steps, ("quote", 1, 1, 3, 4), ("wait", 1000)]:
        if kind == "quote":
            bid += args[0]
            desk.quote(str(D(bid) / 10), str(D(bid + args[1]) / 10), str(args[2]), str(args[3]))
        elif kind == "depth":
            price = D(bid) / 10
            levels = [(D(n), D(args[1])) for n in range(args[0])]
            bids, asks = tuple((price - n, q) for n, q in levels), tuple((price + 1 + n, q) for n, q in levels)
            desk.board.on_event(Depth(BTC, desk.now, desk.now, bids, asks))
        elif kind == "empty":
            desk.quote("0" if args[0] else str(D(bid) / 10), "0" if not args[0] else str(D(bid + 1) / 10))
        elif kind == "read":
            desk.get("/fapi/v1/depth", symbol=BTC, limit=1000)
        else:
            elapsed += args[0]
            desk.at(elapsed)
            for event in desk.ears.of(STREAMS[speed])[told:]:
                told += 1
                local.apply(event)
    shown = sides(desk.get("/fapi/v1/depth", symbol=BTC, limit=1000), "bids", "asks")
    assert local.last is not None
    assert (local.bids, local.asks) == shown
    fresh = LocalBook(desk.get("/fapi/v1/depth", symbol=BTC, limit=1000))
    desk.quote("84788.2", "84788.3", "1.5")
    desk.at(elapsed + 1000)
    fresh.apply(desk.ears.of(STREAMS[speed])[-1])
    assert fresh.last is not None


def test_ids_rise_over_touch_depth_and_rest_and_no_event_is_lost_in_between() -> None:
    desk = MarketDesk()
    for n in range(40):
        desk.at(n * 37)
        desk.quote(str(D("84788.2") + D(n % 5) / 10), "84789.0", str(n + 1))
    touches = [event["u"] for event in desk.ears.of("btcusdt@bookTicker")]
    assert touches == list(range(touches[0], touches[0] + 40))
    for stream in STREAMS.values():
        events = desk.ears.of(stream)
        assert len(events) > 1
        assert all(later["pu"] == event["u"] for event, later in itertools.pairwise(events))
        assert all(later["U"] == event["u"] + 1 for event, later in itertools.pairwise(events))
        assert events[-1]["u"] <= touches[-1] <= desk.get("/fapi/v1/depth", symbol=BTC)["lastUpdateId"]


def test_first_levels_are_those_of_the_book_and_share_the_numbering() -> None:
    desk = MarketDesk()
    desk.quote("84788.2", "84788.3")
    desk.at(100)
    whole = desk.get("/fapi/v1/depth", symbol=BTC, limit=1000)
    assert len(whole["bids"]) == len(whole["asks"]) == RUNGS
    assert whole["bids"][0] == ["84788.20", "5.000"]
    assert whole["asks"][0] == ["84788.30", "7.000"]
    for most in (5, 10, 20):
        (event,) = desk.ears.of(f"btcusdt@depth{most}@100ms")
        (diff,) = desk.ears.of(STREAMS[100])
        assert event["b"] == whole["bids"][:most]
        assert event["a"] == whole["asks"][:most]
        assert [event[key] for key in ("U", "u", "pu")] == [diff[key] for key in ("U", "u", "pu")]
        assert desk.get("/fapi/v1/depth", symbol=BTC, limit=most)["bids"] == event["b"]


def test_the_ladder_is_on_the_grid_ordered_and_stands_until_it_is_passed() -> None:
    desk = MarketDesk()
    desk.quote("84788.2", "84788.3")
    before = desk.get("/fapi/v1/depth", symbol=BTC, limit=1000)
    desk.quote("84788.4", "84788.5", "3")
    after = desk.get("/fapi/v1/depth", symbol=BTC, limit=1000)
    for book in (before, after):
        bids, asks = ([D(p) for p, _ in book[side]] for side in ("bids", "asks"))
        assert bids == sorted(set(bids), reverse=True)
        assert asks == sorted(set(asks))
        assert all(price % D("0.1") == 0 for price in bids + asks)
        assert len({q for _, q in book["bids"]}) > 20
        assert all(D(q) > 0 and D(q) % D("0.001") == 0 for _, q in book["bids"] + book["asks"])
    assert {tuple(row) for row in before["bids"][:90]} <= {tuple(row) for row in after["bids"]}
    assert after["asks"][0] == ["84788.50", "7.000"]


def test_what_an_order_may_take_is_what_was_published() -> None:
    desk = MarketDesk({"btcusdt@depth20@100ms"})
    desk.quote("84788.2", "84788.3")
    desk.at(100)
    (event,) = desk.ears.of("btcusdt@depth20@100ms")
    market = desk.exchange.venue.markets[BTC]
    assert [(D(p), D(q)) for p, q in event["b"]] == market.shown(OrderSide.SELL)
    assert [(D(p), D(q)) for p, q in event["a"]] == market.shown(OrderSide.BUY)
    desk.quote("84788.0", "84788.1")
    assert market.shown(OrderSide.SELL)[0] == (D("84788.0"), D(5))
    assert all(price < D("84788.0") for price, _ in market.shown(OrderSide.SELL)[1:])


def test_a_tape_with_depth_has_the_say() -> None:
    desk = MarketDesk()
    desk.quote("84788.2", "84788.3")
    depth = Depth(
        BTC, START, START, ((D("84788.2"), D(9)), (D("84781"), D(0)), (D("84780"), D(3))), ((D("84788.3"), D(9)),)
    )
    desk.exchange.on_depth(depth)
    desk.board.on_event(depth)
    desk.at(100)
    book = desk.get("/fapi/v1/depth", symbol=BTC)
    assert book["bids"] == [["84788.20", "5.000"], ["84780.00", "3.000"]]
    assert book["asks"] == [["84788.30", "7.000"]]
    assert desk.exchange.venue.markets[BTC].depth is depth


def test_bids_end_above_zero_and_an_empty_side_is_empty() -> None:
    desk = MarketDesk()
    desk.quote("0.00040", "0.00041", symbol="MANTAUSDT")
    book = desk.get("/fapi/v1/depth", symbol="MANTAUSDT", limit=1000)
    assert 1 < len(book["bids"]) <= 40
    assert all(D(price) > 0 for price, _ in book["bids"])
    desk.quote("0", "0.00041", "0", "1", symbol="MANTAUSDT")
    assert desk.get("/fapi/v1/depth", symbol="MANTAUSDT")["bids"] == []


def test_same_seed_same_book_other_seed_another() -> None:
    books = []
    for seed in (1, 1, 2):
        desk = MarketDesk(set(), seed)
        desk.quote("84788.2", "84788.3")
        books.append(json.dumps(desk.get("/fapi/v1/depth", symbol=BTC, limit=1000)))
    assert books[0] == books[1] != books[2]


def test_a_new_tick_makes_a_new_ladder() -> None:
    desk = MarketDesk()
    desk.quote("84788", "84789")
    desk.at(100)
    market = desk.exchange.venue.markets[BTC]
    market.rules = replace(CATALOGUE[BTC].rules, tick=D(1))
    desk.quote("84788", "84789", "6")
    book = desk.get("/fapi/v1/depth", symbol=BTC)
    assert len(book["bids"]) == RUNGS
    assert all(D(price) % 1 == 0 for price, _ in book["bids"])

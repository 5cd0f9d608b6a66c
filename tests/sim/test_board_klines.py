"""Candles: they add up to the trades at every interval, and the invented past joins them without a gap."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sim.market_desk import BTC, START, D, MarketDesk

from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.market.candles import DAY, HOUR, MINUTE, SPANS, Kline, next_open, open_time, previous_open
from vibe_quant.sim.front.market.kline_past import KEPT
from vibe_quant.sim.front.market.klines import Klines
from vibe_quant.sim.front.market.prints import FIRST_TRADE, Print

PRICE = D("84788.2")


def ms(*date: int) -> int:
    year, month, day, *rest = date
    hour, minute = (*rest, 0, 0)[:2]
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("interval", "begin"),
    [
        ("1m", ms(2026, 11, 19, 13, 47)),
        ("5m", ms(2026, 11, 19, 13, 45)),
        ("1h", ms(2026, 11, 19, 13)),
        ("8h", ms(2026, 11, 19, 8)),
        ("1d", ms(2026, 11, 19)),
        ("1w", ms(2026, 11, 16)),
        ("1M", ms(2026, 11, 1)),
    ],
)
def test_where_a_candle_begins(interval: str, begin: int) -> None:
    at = ms(2026, 11, 19, 13, 47) + 31_234
    assert open_time(at, interval) == begin
    assert open_time(next_open(begin, interval), interval) == next_open(begin, interval) > at
    assert next_open(previous_open(begin, interval), interval) == begin
    assert open_time(next_open(begin, interval) - 1, interval) == begin


def prints(trades: list[tuple[int, int, int, bool]], start: int) -> list[Print]:
    made = []
    at = start
    for number, (wait, price, qty, sells) in enumerate(trades, 1):
        at += wait
        made.append(Print(FIRST_TRADE + number, PRICE + D(price) / 10, D(qty) / 1000, at, sells))
    return made


trade = st.tuples(
    st.one_of(st.integers(0, 20_000), st.integers(0, 40 * MINUTE)),
    st.integers(-40, 40),
    st.integers(1, 5000),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(trade, min_size=1, max_size=60), st.sampled_from(list(SPANS)), st.integers(0, 3 * HOUR))
def test_candles_conserve_what_was_traded(trades: list[tuple[int, int, int, bool]], interval: str, offset: int) -> None:
    klines = Klines(CATALOGUE[BTC], START + offset, PRICE, "7")
    made = prints(trades, START + offset)
    for one in made:
        klines.add(one)
    head = None if interval == "1m" else klines.past.head(interval)
    every = [*klines.closed(interval), klines.current(interval)]
    first = open_time(START + offset, interval)
    seen = [kline for kline in every if kline.open_ms >= first]
    before = head or Kline(0, PRICE, PRICE, PRICE, PRICE)
    assert sum(kline.volume for kline in seen) == sum(one.qty for one in made) + before.volume
    assert sum(kline.quote for kline in seen) == sum(one.qty * one.price for one in made) + before.quote
    assert sum(kline.count for kline in seen) == len(made) + before.count
    bought = sum((one.qty for one in made if not one.buyer_is_maker), D(0))
    assert sum(kline.taker_volume for kline in seen) == bought + before.taker_volume
    assert seen[-1].close == made[-1].price
    assert max(kline.high for kline in seen if kline.count) >= max(one.price for one in made)
    contiguous(every, interval)


def contiguous(klines: list[Kline], interval: str) -> None:
    for one, following in itertools.pairwise(klines):
        assert next_open(one.open_ms, interval) == following.open_ms
    for one in klines:
        assert one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high
        assert one.taker_volume <= one.volume
        assert (one.count == 0) == (one.first_id == -1)
        assert one.count == 0 or one.last_id >= one.first_id


@pytest.mark.parametrize("interval", list(SPANS))
def test_the_past_reaches_far_and_joins_the_first_price(interval: str) -> None:
    klines = Klines(CATALOGUE[BTC], START + 1234, PRICE, "7")
    closed = klines.closed(interval)
    contiguous([*closed, klines.current(interval)], interval)
    listed = (START - CATALOGUE[BTC].onboard_ms) // SPANS[interval]
    assert len(closed) >= min(KEPT, listed - 1)
    assert closed[0].open_ms >= CATALOGUE[BTC].onboard_ms - SPANS[interval]
    again = Klines(CATALOGUE[BTC], START + 1234, PRICE, "7").closed(interval)
    other = Klines(CATALOGUE[BTC], START + 1234, PRICE, "8").closed(interval)
    assert [k.close for k in closed] == [k.close for k in again] != [k.close for k in other]
    if interval == "1m":
        assert closed[-1].close == PRICE
    assert all(price % D("0.1") == 0 for k in closed for price in (k.open, k.high, k.low, k.close))


def test_an_hour_is_its_sixty_minutes_across_the_beginning() -> None:
    klines = Klines(CATALOGUE[BTC], START + 20 * MINUTE, PRICE, "7")
    klines.add(Print(FIRST_TRADE + 1, PRICE, D(2), START + 20 * MINUTE, False))
    klines.roll(START + 3 * HOUR)
    hours = {kline.open_ms: kline for kline in klines.closed("1h")}
    minutes = klines.closed("1m")
    for open_ms in (open_time(START + 20 * MINUTE, "1h"), open_time(START, "1h") - HOUR):
        inside = [minute for minute in minutes if open_ms <= minute.open_ms < open_ms + HOUR]
        assert len(inside) == 60
        assert hours[open_ms].volume == sum(minute.volume for minute in inside)
        assert hours[open_ms].high == max(minute.high for minute in inside if minute.count)
        assert hours[open_ms].open == inside[0].open


def test_a_long_silence_leaves_flat_candles_and_bounded_memory() -> None:
    klines = Klines(CATALOGUE[BTC], START, PRICE, "7")
    klines.add(Print(FIRST_TRADE + 1, PRICE + 5, D(2), START, False))
    klines.roll(START + 30 * DAY)
    closed = klines.closed("1m")
    assert len(closed) == KEPT
    assert {kline.volume for kline in closed} == {Decimal(0)}
    assert {kline.close for kline in closed} == {PRICE + 5}
    contiguous(closed, "1m")
    assert klines.closed("1m", 3) == closed[-3:]
    assert klines.day().count == 0


def test_a_late_trade_counts_for_the_open_minute() -> None:
    klines = Klines(CATALOGUE[BTC], START, PRICE, "7")
    klines.roll(START + MINUTE)
    klines.add(Print(FIRST_TRADE + 1, PRICE, D(2), START + MINUTE - 1, False))
    assert klines.minute.volume == 2


def test_rest_candles_are_those_of_the_stream() -> None:
    desk = MarketDesk({"btcusdt@kline_1m"})
    desk.quote("84788.2", "84788.3")
    desk.trade("84788.3", "0.5")
    desk.at(59_900)
    desk.trade("84790.1", "0.25", "SELL")
    desk.at(60_250)
    k = desk.ears.of("btcusdt@kline_1m")[-1]["k"]
    row = desk.get("/fapi/v1/klines", symbol=BTC, interval="1m", limit=2)[0]
    assert row == [k[key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")] + ["0"]
    assert k["q"] == "63591.67500"

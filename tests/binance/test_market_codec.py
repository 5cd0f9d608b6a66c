"""Public frames: each kind as an event, what is left out, and how late and disordered news is counted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.binance.frame_desk import (
    BTC,
    CANDLE,
    CONTRACT,
    DEPTH,
    FRAMES,
    MARK,
    NOW,
    QUOTE,
    RECV,
    TRADE,
    D,
    market,
    names,
    packed,
    wrapped,
)

from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.domain.events import Candle, ContractNews, Depth, Event, Mark, Quote, Trade

EVENTS: list[Event] = [
    Quote(BTC, NOW - 2, RECV, D("64336.00"), D("73.3346"), D("64346.70"), D("589.8026"), 7),
    Trade(BTC, NOW - 3, RECV, D("64346.70"), D("0.0200"), True, 5),
    Mark(BTC, NOW, RECV, D("64346.70000000"), D("64399.61608696"), D("-0.00005301")),
    Depth(
        BTC,
        NOW - 4,
        RECV,
        ((D("64336.00"), D("73.3")), (D("64335.90"), D("4.5"))),
        ((D("64346.70"), D("589.8")),),
    ),
    Candle(BTC, NOW, RECV, NOW - 50_000, D(10), D(12), D(9), D(11), D(0), True),
    ContractNews(BTC, "SETTLING", RECV),
]
PAIRS = [pytest.param(body, event, id=body["e"]) for body, event in zip(FRAMES, EVENTS, strict=True)]


@pytest.mark.parametrize(("body", "event"), PAIRS)
def test_each_kind_wrapped_and_bare(body: dict[str, Any], event: Event) -> None:
    codec = market()
    assert tuple(codec.decode(wrapped(body), RECV)) == (event,)
    assert tuple(codec.decode(packed(body), RECV)) == (event,)
    counters = codec.counters()
    assert (counters.frames, counters.events, counters.malformed) == (2, 2, 0)
    assert not (counters.unknown or counters.late or counters.out_of_order or counters.ignored)


@pytest.mark.parametrize(("body", "event"), PAIRS)
def test_the_order_of_keys_and_white_space_do_not_matter(body: dict[str, Any], event: Event) -> None:
    backwards = dict(reversed(body.items()))
    codec = market()
    assert tuple(codec.decode(b" " + packed({"data": backwards, "stream": "x@depth5"}), RECV)) == (event,)
    assert tuple(codec.decode(b"\n" + packed(backwards), RECV)) == (event,)
    assert codec.counters().malformed == 0


def test_prices_keep_their_digits() -> None:
    (quote,) = market().decode(wrapped(QUOTE | {"b": "1.0E8", "a": "2490.8759520000003"}), RECV)
    assert isinstance(quote, Quote)
    assert (str(quote.bid), str(quote.ask)) == ("1.0E+8", "2490.8759520000003")


@pytest.mark.parametrize("stream", ["", "!markPrice@arr@1s"])
def test_an_array_gives_all_its_events_and_one_bad_row_costs_only_itself(stream: str) -> None:
    rows = [MARK, {"e": "indexPriceUpdate"}, MARK | {"p": "NaN"}, MARK | {"E": NOW + 1}]
    codec = market()
    events = codec.decode(packed({"stream": stream, "data": rows}) if stream else packed(rows), RECV)
    assert [event.exch_ms for event in events if isinstance(event, Mark)] == [NOW, NOW + 1]
    counters = codec.counters()
    assert (counters.events, counters.malformed, dict(counters.unknown)) == (2, 1, {"indexPriceUpdate": 1})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (QUOTE | {"st": 2}, "not USDⓈ-M"),
        (TRADE | {"st": 2}, "not USDⓈ-M"),
        (CONTRACT | {"st": 2}, "not USDⓈ-M"),
        (QUOTE | {"s": "ETHUSDT"}, "unknown symbol"),
        (MARK | {"s": "ETHUSDT"}, "unknown symbol"),
        (DEPTH | {"s": "ETHUSDT"}, "unknown symbol"),
        (CANDLE | {"s": "ETHUSDT"}, "unknown symbol"),
        (CONTRACT | {"s": "ETHUSDT"}, "unknown symbol"),
        (QUOTE | {"b": "0.00", "B": "0.000"}, "one-sided book"),
        *((QUOTE | {side: "0"}, "one-sided book") for side in "bBaA"),
        (CANDLE | {"k": CANDLE["k"] | {"i": "5m"}}, "a candle of another interval"),
    ],
)
def test_what_is_not_ours_is_counted(body: dict[str, Any], reason: str) -> None:
    codec = market()
    assert tuple(codec.decode(wrapped(body), RECV)) == ()
    assert dict(codec.counters().ignored) == {reason: 1}
    assert codec.counters().malformed == 0


@pytest.mark.parametrize("stream", ["btcusdt@depth", "btcusdt@depth@100ms", "btcusdt@rpiDepth@500ms"])
def test_changes_of_a_book_are_never_taken_for_its_first_levels(stream: str) -> None:
    codec = market()
    assert tuple(codec.decode(wrapped(DEPTH, stream), RECV)) == ()
    assert dict(codec.counters().ignored) == {"changes of a book": 1}


def test_a_symbol_learnt_later_is_heard_from_then_on() -> None:
    known = names("ETHUSDT")
    codec = market(known=known)
    assert not codec.decode(wrapped(QUOTE), RECV)
    known.learn(BTC, "BTCUSDT")
    assert codec.decode(wrapped(QUOTE), RECV)


def test_a_name_of_other_letters() -> None:
    known = names()
    known.learn("币安人生/USDT:USDT", "币安人生USDT")
    codec = market(known=known)
    for frame in (
        wrapped(QUOTE | {"s": "币安人生USDT"}, "币安人生usdt@bookTicker"),
        packed(QUOTE | {"s": "币安人生USDT"}),
    ):
        (quote,) = codec.decode(frame, RECV)
        assert isinstance(quote, Quote)
        assert quote.symbol == "币安人生/USDT:USDT"


def test_index_and_funding_rate_may_be_missing() -> None:
    for odd in ({"i": "", "r": ""}, {"i": "0.0"}):
        (mark,) = market().decode(wrapped(MARK | odd), RECV)
        assert isinstance(mark, Mark)
        assert mark.index is None


def test_late_news_is_counted_and_passed_on() -> None:
    codec = market()
    assert codec.decode(wrapped(QUOTE | {"T": NOW - 1500}), RECV)
    assert not codec.counters().late
    assert codec.decode(wrapped(QUOTE | {"T": NOW - 1500, "u": 8}), RECV + 1)
    assert codec.decode(wrapped(TRADE | {"T": NOW - 1501}), RECV)
    assert dict(codec.counters().late) == {"bookTicker": 1, "aggTrade": 1}


def test_without_a_clock_nothing_is_late() -> None:
    codec = MarketCodec(names())
    assert codec.decode(wrapped(QUOTE | {"T": 1}), RECV)
    assert not codec.counters().late


def test_news_out_of_order_is_counted_and_passed_on_until_the_next_connection() -> None:
    codec = market()
    for time, number in ((NOW, 8), (NOW, 8), (NOW - 1, 9), (NOW, 7), (NOW, 9)):
        assert codec.decode(wrapped(QUOTE | {"T": time, "u": number}), RECV)
    assert dict(codec.counters().out_of_order) == {"bookTicker": 2}
    codec.reconnected()
    assert codec.decode(wrapped(QUOTE | {"T": NOW - 1, "u": 1}), RECV)
    assert dict(codec.counters().out_of_order) == {"bookTicker": 2}


def test_the_order_is_that_of_a_symbol_and_a_kind() -> None:
    codec = market(known=names("BTCUSDT", "ETHUSDT"))
    codec.decode(wrapped(QUOTE), RECV)
    codec.decode(wrapped(QUOTE | {"s": "ETHUSDT", "u": 1, "T": NOW - 9}), RECV)
    codec.decode(wrapped(TRADE | {"T": NOW - 9, "a": 1}), RECV)
    assert not codec.counters().out_of_order

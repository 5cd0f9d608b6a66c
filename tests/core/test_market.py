"""The market view: order of news, freshness, history, and what it takes to keep up."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.market import ACCEL_WINDOW_MS, TRADES_KEPT, MarketView
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import Source, Stream
from vibe_quant.domain.events import Candle, Depth, Mark, Quote, Trade

D = Decimal

EPOCH = 1_700_000_000_000


def quote(at: int, bid: str = "100", ask: str = "101", update_id: int = 0) -> Quote:
    return Quote("BTCUSDT", EPOCH + at, at, D(bid), D(2), D(ask), D(3), update_id)


def trade(at: int, price: str, trade_id: int = 0) -> Trade:
    return Trade("BTCUSDT", EPOCH + at, at, D(price), D(1), False, trade_id)


@pytest.fixture
def view() -> MarketView:
    made = MarketView("BTCUSDT", 1500)
    made.stream_up(Stream.BOOK)
    made.stream_up(Stream.MARKET)
    made.offset_ms = EPOCH
    return made


def test_a_quote_fills_the_top_of_the_book(view: MarketView) -> None:
    assert view.mid is None
    view.bid = D(100)
    assert view.mid is None
    view.on_quote(quote(10), 10)
    assert (view.bid, view.bid_qty, view.ask, view.ask_qty) == (D(100), D(2), D(101), D(3))
    assert view.quotes_seen == 1
    assert view.mid == D("100.5")


def test_older_and_repeated_quotes_are_ignored(view: MarketView) -> None:
    view.on_quote(quote(10, "100", "101", 7), 10)
    view.on_quote(quote(9, "90", "91", 8), 11)
    view.on_quote(quote(10, "91", "92", 7), 11)
    view.on_quote(quote(10, "92", "93", 6), 11)
    assert (view.bid, view.quotes_seen) == (D(100), 1)
    view.on_quote(quote(10, "102", "103", 8), 11)
    assert (view.bid, view.quotes_seen) == (D(102), 2)


def test_quotes_of_one_moment_without_ids_are_all_taken(view: MarketView) -> None:
    view.on_quote(quote(10, "100"), 10)
    view.on_quote(quote(10, "99"), 10)
    assert view.bid == D(99)


def test_last_and_prev_are_the_last_two_trades_equal_or_not(view: MarketView) -> None:
    view.on_trade(trade(1, "100", 1), 1)
    assert (view.last, view.prev) == (D(100), None)
    view.on_trade(trade(1, "100", 2), 1)
    assert (view.last, view.prev) == (D(100), D(100))
    view.on_trade(trade(1, "105", 2), 1)
    view.on_trade(trade(0, "105", 3), 1)
    assert (view.last, view.prev) == (D(100), D(100))
    view.on_trade(trade(2, "101"), 2)
    view.on_trade(trade(2, "102"), 2)
    assert (view.last, view.prev) == (D(102), D(101))


def test_a_gap_in_the_trade_stream_empties_last_and_prev(view: MarketView) -> None:
    view.on_trade(trade(1, "100"), 1)
    view.on_trade(trade(2, "101"), 2)
    view.stream_down(Stream.MARKET)
    assert (view.last, view.prev, view.reference_price(2, 1000)) == (None, None, None)
    view.stream_up(Stream.MARKET)
    view.on_trade(trade(1, "99"), 3)
    assert (view.last, view.prev) == (D(99), None)


def test_mark_takes_the_newest_and_keeps_what_rest_lacks(view: MarketView) -> None:
    view.on_mark(Mark("BTCUSDT", EPOCH + 5, 5, D(100), D(99), D("0.0001")), 6)
    view.on_mark(Mark("BTCUSDT", EPOCH + 4, 5, D(50), D(50), D(1)), 7)
    assert (view.mark, view.mark_exch_ms, view.mark_recv_ms) == (D(100), EPOCH + 5, 6)
    view.on_mark(Mark("BTCUSDT", EPOCH + 9, 9, D(101), source=Source.REST), 9)
    assert (view.mark, view.index, view.funding_rate, view.mark_recv_ms) == (D(101), D(99), D("0.0001"), 9)
    view.on_mark(Mark("BTCUSDT", EPOCH + 9, 9, D(102)), 10)
    assert view.mark == D(102), "of one moment the later word"


def test_depth_takes_the_newest_and_goes_with_its_socket(view: MarketView) -> None:
    levels = ((D(100), D(1)),)
    depth = Depth("BTCUSDT", EPOCH + 5, 5, levels, levels)
    view.on_depth(depth, 5)
    view.on_depth(replace(depth, exch_ms=EPOCH + 4, bids=(), asks=()), 6)
    assert (view.bids, view.asks, view.depth_exch_ms) == (levels, levels, EPOCH + 5)
    view.stream_down(Stream.BOOK)
    assert (view.bids, view.asks) == ((), ())


def test_candles_are_kept_for_those_who_want_them(view: MarketView) -> None:
    candle = Candle("BTCUSDT", EPOCH, 0, 60_000, D(1), D(2), D(1), D(2), D(9), True)
    view.on_candle(candle, 0)
    series = view.want_candles(1)
    assert series.current is None
    view.on_candle(candle, 0)
    assert view.want_candles(1) is series
    assert list(series.closed) == [candle]


def test_it_is_stale_until_both_sockets_deliver_and_news_has_come() -> None:
    view = MarketView("BTCUSDT", 1500)
    assert view.stale(0) == "the book stream is down"
    view.stream_up(Stream.BOOK)
    assert view.stale(0) == "the trade stream is down"
    view.stream_up(Stream.MARKET)
    view.stream_up(Stream.USER)
    assert view.stale(0) == "no fresh quote or trade yet"
    assert view.stale_at() < 0
    view.on_quote(quote(0), 0)
    assert view.stale(0) is None
    view.stream_down(Stream.USER)
    assert view.stale(0) is None
    view.stream_down(Stream.MARKET)
    assert view.stale(0) == "the trade stream is down"
    view.stream_down(Stream.BOOK)
    assert view.stale(0) == "the book stream is down"


def test_neither_quotes_nor_trades_for_so_long_is_stale(view: MarketView) -> None:
    view.on_quote(quote(100), 100)
    assert view.stale_at() == 1600
    assert view.stale(1599) is None
    assert view.stale(1600) == Blocked.STALE
    view.on_trade(trade(1600, "100"), 1600)
    assert view.stale_at() == 3100
    assert view.stale(1600) is None


def test_a_live_trade_stream_does_not_mask_a_frozen_book(view: MarketView) -> None:
    view.on_quote(quote(100), 100)
    view.on_trade(trade(1600, "100"), 1600)
    assert view.stale(1600) is None
    view.on_trade(trade(1601, "100"), 1601)
    assert view.stale(1601) == Blocked.BOOK_BEHIND


def test_after_a_book_reconnect_the_old_book_is_not_fresh_by_trades(view: MarketView) -> None:
    view.on_quote(quote(100), 100)
    view.stream_down(Stream.BOOK)
    view.stream_up(Stream.BOOK)
    assert view.stale(101) == "no fresh quote or trade yet"
    view.on_trade(trade(101, "100"), 101)
    assert view.stale(101) is not None
    view.on_quote(quote(99), 102)
    assert view.stale(102) is None


@pytest.mark.parametrize(("lag", "fresh"), [(1500, True), (1501, False)])
def test_news_that_lags_is_taken_but_refreshes_nothing(view: MarketView, lag: int, fresh: bool) -> None:
    view.on_quote(quote(100, "100"), 100 + lag)
    assert view.bid == D(100)
    assert (view.stale(100 + lag) is None) is fresh
    other = MarketView("BTCUSDT", 1500)
    other.offset_ms = EPOCH
    other.on_trade(trade(100, "7"), 100 + lag)
    assert other.last == D(7)
    assert (other.stale_at() > 0) is fresh


def test_while_the_offset_is_unknown_no_lag_can_be_told(view: MarketView) -> None:
    view.offset_ms = None
    view.on_quote(quote(100), 90_000)
    view.on_trade(trade(100, "7"), 90_001)
    assert view.stale_at() == 91_501


def test_reference_price_is_the_last_trade_at_or_before_the_window(view: MarketView) -> None:
    assert view.reference_price(0, 1000) is None
    for at, price in ((0, "1"), (500, "2"), (1000, "3"), (1700, "4")):
        view.on_trade(trade(at, price), at)
    assert view.reference_price(1999, 1000) == D(2)
    assert view.reference_price(2000, 1000) == D(3)
    assert view.reference_price(900, 1000) == D(1), "the oldest known if none is that old"
    assert view.reference_price(9000, 1000) == D(4)


def test_a_sparse_market_jump_is_still_a_return(view: MarketView) -> None:
    view.on_trade(trade(0, "100"), 0)
    view.on_trade(trade(9000, "110"), 9000)
    assert view.reference_price(9000, 2000) == D(100)


def test_history_is_bounded_by_the_longest_window_and_by_count(view: MarketView) -> None:
    for at in range(0, 60_000, 10):
        view.on_trade(trade(at, str(at + 1)), at)
    assert len(view._trades) == ACCEL_WINDOW_MS // 10 + 1
    view.reference_price(60_000, 30_000)
    for at in range(60_000, 120_000, 10):
        view.on_trade(trade(at, str(at + 1)), at)
    assert len(view._trades) == 3001
    assert view.reference_price(119_990, 30_000) == D(89_991)
    for _ in range(TRADES_KEPT + 5):
        view.on_trade(trade(120_000, "5"), 120_000)
    assert len(view._trades) == TRADES_KEPT


def test_state_is_a_frozen_copy(view: MarketView) -> None:
    empty = view.state()
    assert (empty.bid, empty.quote_exch_ms, empty.trade_exch_ms, empty.mark_exch_ms) == (None, None, None, None)
    view.on_quote(quote(1), 1)
    view.on_trade(trade(2, "100"), 2)
    view.on_mark(Mark("BTCUSDT", EPOCH + 3, 3, D(99)), 3)
    state = view.state()
    view.on_quote(quote(9, "1", "2"), 9)
    assert (state.symbol, state.bid, state.bid_qty, state.ask, state.ask_qty) == ("BTCUSDT", D(100), D(2), D(101), D(3))
    assert (state.last, state.prev, state.mark) == (D(100), None, D(99))
    assert (state.quote_exch_ms, state.trade_exch_ms, state.mark_exch_ms) == (EPOCH + 1, EPOCH + 2, EPOCH + 3)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=40))
def test_the_book_never_moves_backwards(news: list[tuple[int, int]]) -> None:
    view = MarketView("BTCUSDT", 1500)
    taken: list[tuple[int, int]] = []
    for n, (at, update_id) in enumerate(news):
        seen = view.quotes_seen
        view.on_quote(quote(at, str(n + 1), "99", update_id), n)
        if view.quotes_seen > seen:
            assert view.bid == n + 1
            taken.append((at, update_id))
    assert taken == sorted(set(taken))


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60), st.integers(100, 3000))
def test_reference_price_agrees_with_the_whole_history(steps: list[int], window_ms: int) -> None:
    view = MarketView("BTCUSDT", 1500)
    view.reference_price(0, window_ms)
    now, history = 0, []
    for n, step in enumerate(steps):
        now += step
        history.append((now, D(n + 1)))
        view.on_trade(trade(now, str(n + 1)), now)
        old = [price for at, price in history if at <= now - window_ms]
        assert view.reference_price(now, window_ms) == (old[-1] if old else history[0][1])

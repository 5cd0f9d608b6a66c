from __future__ import annotations

from collections import Counter
from decimal import Decimal
from math import inf, log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.tapes.histogram import EXACT, Histogram
from vibe_quant.tapes.series import HORIZONS, LAGS, Counts, Returns, Signs
from vibe_quant.tapes.statistics import measure

D = Decimal
START_MS = 1_700_000_000_000
TICK, STEP = D("0.1"), D("0.001")
some_ms = st.lists(st.integers(0, 30_000), min_size=1, max_size=80).map(sorted)


def quote(at_ms: int, ticks: int = 1, bid: str = "100.0", bid_qty: str = "1", ask_qty: str = "1") -> Quote:
    at, ask = START_MS + at_ms, D(bid) + ticks * TICK
    return Quote("X", at, at, D(bid), D(bid_qty), ask, D(ask_qty))


def trade(at_ms: int, qty: str = "0.001", *, buys: bool = True, price: str = "100.0") -> Trade:
    return Trade("X", START_MS + at_ms, START_MS + at_ms, D(price), D(qty), not buys)


def figures(*events: MarketEvent) -> dict[str, float | None]:
    return measure(events, TICK, STEP)


def test_the_spread_is_counted_by_the_time_it_stood() -> None:
    found = figures(quote(0, 1), quote(300, 2), quote(400, 3), quote(900, 10), quote(1000, 1))
    shares = [found[f"spread.share.{name}"] for name in ("1", "2", "3", "more")]
    assert shares == pytest.approx([0.3, 0.1, 0.5, 0.1])
    assert (found["spread.p50"], found["spread.p95"]) == (3, 10)


def test_a_crossed_book_has_no_spread_and_is_counted() -> None:
    found = figures(quote(0, 1), quote(100, 0), quote(200, -2), quote(1000, 1))
    assert found["spread.share.1"] == 1.0
    assert found["quotes.crossed"] == 2


def test_the_touch_is_of_both_sides_by_time_in_lots() -> None:
    found = figures(
        quote(0, bid_qty="0.010", ask_qty="0.020"),
        quote(900, bid_qty="0.030", ask_qty="0.040"),
        quote(1000, bid_qty="9", ask_qty="9"),
    )
    assert (found["touch.lots.p10"], found["touch.lots.p50"]) == (10, 20)
    assert (found["touch.lots.p90"], found["touch.lots.p99"]) == (20, 40)


def test_rates_and_bursts_count_whole_windows_empty_ones_too() -> None:
    found = figures(quote(0), quote(10), quote(20), quote(1500), quote(3000))
    assert found["quotes.per_s.mean"] == pytest.approx(4 / 3)
    assert found["quotes.per_s.std"] == pytest.approx(sqrt(14) / 3)
    assert found["quotes.fano.1s"] == pytest.approx(7 / 6)
    assert (found["quotes.per_s.p50"], found["quotes.per_s.p99"]) == (1, 3)
    assert found["quotes.fano.10s"] is None, "no window of ten seconds ended"


def test_a_takers_order_is_the_run_of_prints_of_one_side_at_one_time() -> None:
    found = figures(
        trade(0, "0.005"),
        trade(0, "0.007", price="100.1"),
        trade(0, "0.001", buys=False),
        trade(1, "0.002", buys=False),
        trade(2000, "0.002"),
    )
    assert found["order.prints.mean"] == 5 / 4
    assert found["orders.per_s.mean"] == 3 / 2
    assert found["prints.per_s.mean"] == 4 / 2
    assert (found["order.lots.p10"], found["order.lots.p99"]) == (1, 12)
    assert (found["print.lots.p50"], found["print.lots.p99"]) == (2, 7)


def test_notional_is_price_times_quantity() -> None:
    found = figures(trade(0, "0.500"), trade(1, "1.000"), trade(2, "50.000", price="200.0"))
    assert (found["print.notional.p10"], found["print.notional.p50"]) == (50, 100)
    assert found["print.notional.p99"] == pytest.approx(10_000, rel=0.005)


def test_signs_by_order_and_by_print() -> None:
    events = [trade(n, buys=n % 2 == 0) for n in range(200) for _ in range(3)]
    found = figures(*events)
    assert found["signs.order.lag1"] == pytest.approx(-1)
    assert found["signs.order.lag2"] == pytest.approx(1)
    assert found["signs.print.lag1"] == pytest.approx(1 / 3, abs=0.01)
    assert found["signs.print.lag2"] == pytest.approx(-1 / 3, abs=0.01)


def test_volatility_is_of_the_mid_by_horizon() -> None:
    events = [quote(250 * n, bid="100.0" if n % 2 else "101.0") for n in range(400)]
    found = figures(*events)
    step = 10_000 * log(101.05 / 100.05)
    assert found["volatility.0.1s"] == pytest.approx(step * sqrt(0.4), rel=0.01)
    assert found["volatility.1s"] == pytest.approx(0, abs=1e-6), "two periods"
    assert found["volatility.60s"] is not None


def test_marks_are_passed_over_and_nothing_gives_no_figures() -> None:
    mark = Mark("X", START_MS, START_MS, D(100))
    assert figures(mark, quote(0), quote(100), mark) == figures(quote(0), quote(100))
    assert all(value in (None, 0.0) for value in figures(mark).values())


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 50)), min_size=1), st.floats(0.01, 1.0))
def test_quantiles_are_exact_when_small_and_within_a_percent_when_large(
    weighted: list[tuple[int, int]], share: float
) -> None:
    histogram = Histogram()
    values: Counter[int] = Counter()
    for value, weight in weighted:
        histogram.add(value, weight)
        values[value] += weight
    due, expected = share * values.total(), 0
    for expected in sorted(values):
        due -= values[expected]
        if due <= 1e-9 * values.total():
            break
    found = histogram.quantile(share)
    assert found is not None
    assert found == expected if expected < EXACT else abs(found / expected - 1) < 0.0051
    assert histogram.share(0, inf) == 1.0


def test_an_empty_histogram_knows_nothing() -> None:
    empty = Histogram()
    assert (empty.mean, empty.quantile(0.5), empty.share(1, 1)) == (None, None, None)


def test_a_histogram_stays_small() -> None:
    histogram = Histogram()
    for value in range(1, 1_000_000, 7):
        histogram.add(value)
    assert len(histogram._cells) < 1100


@settings(max_examples=50, deadline=None)
@given(some_ms, st.sampled_from([100, 1000, 10_000]))
def test_counts_are_those_of_a_table(times: list[int], ms: int) -> None:
    counts = Counts(ms)
    for at in times:
        counts.add(at)
    counts.close(times[-1])
    table = [sum(n * ms <= at < (n + 1) * ms for at in times) for n in range(times[-1] // ms)]
    if not table:
        assert counts.mean is None and counts.std is None and counts.fano is None
        return
    mean = sum(table) / len(table)
    std = sqrt(sum((count - mean) ** 2 for count in table) / len(table))
    assert counts.mean == pytest.approx(mean)
    assert counts.std == pytest.approx(std, abs=1e-6)
    assert counts.fano == (pytest.approx(std**2 / mean, abs=1e-6) if mean else None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_autocorrelations_are_those_of_the_whole_series(buys: list[bool]) -> None:
    series = [1 if buy else -1 for buy in buys]
    signs = Signs()
    for sign in series:
        signs.add(sign)
    mean = sum(series) / len(series)
    for lag in LAGS:
        pairs = list(zip(series, series[lag:], strict=False))
        found = signs.figures("s")[f"s.lag{lag}"]
        if not pairs or abs(mean) == 1:
            assert found is None
        else:
            raw = sum(a * b for a, b in pairs) / len(pairs)
            assert found == pytest.approx((raw - mean**2) / (1 - mean**2))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(50, 150)), min_size=1, max_size=300))
def test_returns_are_those_of_a_sampled_series(news: list[tuple[int, int]]) -> None:
    returns, at, changes = Returns(), 0, []
    for gap, mid in news:
        changes.append((at, mid))
        returns.add(at, mid)
        at += gap
    last = changes[-1][0]
    grid = [[mid for since, mid in changes if since <= moment][-1] for moment in range(0, last, 100)]
    for horizon in HORIZONS:
        moves = [log(b / a) for a, b in zip(grid, grid[horizon:], strict=False)]
        found = returns.figures("v")[f"v.{horizon / 10:g}s"]
        if not moves:
            assert found is None
        else:
            assert found == pytest.approx(10_000 * sqrt(sum(m * m for m in moves) / len(moves)), abs=1e-6)

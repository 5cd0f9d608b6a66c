"""Longer candles are their minutes merged, and never made up."""

from decimal import Decimal

from vibe_quant.core.candles import MINUTE_MS, CandleSeries
from vibe_quant.domain.events import Candle

D = Decimal


def minute(n: int, prices: str, volume: str = "1", closed: bool = True) -> Candle:
    open_, high, low, close = (D(p) for p in prices.split())
    return Candle("BTCUSDT", 0, 0, n * MINUTE_MS, open_, high, low, close, D(volume), closed)


def test_three_minutes_make_a_candle_of_three() -> None:
    series = CandleSeries(3)
    series.add(minute(3, "10 12 9 11", "1"))
    series.add(minute(4, "11 15 11 14", "2"))
    assert not series.closed
    assert series.current is not None
    assert not series.current.closed
    series.add(minute(5, "14 14 8 9", "4"))
    (made,) = series.closed
    assert (made.open_ms, made.open, made.high, made.low, made.close) == (3 * MINUTE_MS, D(10), D(15), D(8), D(9))
    assert made.volume == D(7)
    assert made.closed
    assert series.current == made


def test_an_open_minute_is_replaced_not_added() -> None:
    series = CandleSeries(2)
    series.add(minute(2, "10 10 10 10", "1"))
    series.add(minute(3, "10 20 10 20", "5", closed=False))
    series.add(minute(3, "10 21 9 9", "6", closed=False))
    assert series.current is not None
    assert (series.current.high, series.current.low, series.current.volume) == (D(21), D(9), D(7))
    assert not series.closed


def test_a_repeat_or_an_older_minute_changes_nothing() -> None:
    series = CandleSeries(2)
    series.add(minute(2, "10 10 10 10"))
    before = series.current
    series.add(minute(2, "10 99 10 10"))
    series.add(minute(1, "10 99 10 10"))
    assert series.current == before


def test_a_timeframe_with_a_missed_minute_is_never_closed() -> None:
    series = CandleSeries(3)
    for n in (4, 5, 6, 8, 9, 10, 11):  # 3 and 7 are missing
        series.add(minute(n, "10 10 10 10"))
    assert [candle.open_ms // MINUTE_MS for candle in series.closed] == [9]


def test_one_minute_series_is_the_stream_itself() -> None:
    series = CandleSeries(1)
    series.add(minute(7, "1 2 1 2"))
    assert list(series.closed) == [minute(7, "1 2 1 2")]

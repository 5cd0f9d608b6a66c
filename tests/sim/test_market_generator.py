from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Mark, MarketEvent, Quote, Trade
from vibe_quant.sim.market.generator import START_MS, generate
from vibe_quant.sim.market.scenarios import SCENARIOS, scenario_params
from vibe_quant.tapes.info import describe
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.parquet_write import write_tape
from vibe_quant.tapes.tape import order_key

scenarios = st.sampled_from(sorted(SCENARIOS))


def events_of(scenario: str, seed: int = 1, duration_s: int = 60, **options: PositionSide | float) -> list[MarketEvent]:
    return list(generate(scenario, seed, "XUSDT", duration_s, **options))  # type: ignore[arg-type]


def quotes_of(events: list[MarketEvent]) -> list[Quote]:
    return [event for event in events if isinstance(event, Quote)]


def test_the_same_seed_gives_the_same_market_and_another_another() -> None:
    assert events_of("calm", 3, 5) == events_of("calm", 3, 5)
    assert events_of("calm", 3, 5) != events_of("calm", 4, 5)
    assert events_of("calm", 3, 5) != events_of("squeeze", 3, 5)


@settings(max_examples=25, deadline=None)
@given(scenarios, st.integers(0, 10**6), st.integers(1, 8))
@pytest.mark.untraced
def test_book_and_trades_agree(scenario: str, seed: int, duration_s: int) -> None:
    params = scenario_params(scenario)
    shown: Quote | None = None
    traded: Counter[tuple[int, bool]] = Counter()
    for event in generate(scenario, seed, "XUSDT", duration_s):
        if isinstance(event, Quote):
            assert 0 < event.bid < event.ask
            assert event.bid % params.tick == event.ask % params.tick == 0
            assert event.bid_qty > 0 < event.ask_qty
            assert event.bid_qty % params.step == event.ask_qty % params.step == 0
            shown = event
        elif isinstance(event, Trade):
            assert shown is not None
            assert event.price == (shown.bid if event.buyer_is_maker else shown.ask)
            assert event.qty > 0
            key = (shown.update_id, event.buyer_is_maker)
            traded[key] += int(event.qty / params.step)
            assert traded[key] * params.step <= (shown.bid_qty if event.buyer_is_maker else shown.ask_qty)


@settings(max_examples=15, deadline=None)
@given(scenarios, st.integers(0, 10**6))
@pytest.mark.untraced
def test_a_trade_takes_its_quantity_off_the_touch(scenario: str, seed: int) -> None:
    events = events_of(scenario, seed, 5)
    before: Quote | None = None
    taken = Decimal(0)
    last: Trade | None = None
    for event in events:
        if isinstance(event, Trade):
            taken, last = taken + event.qty, event
        elif isinstance(event, Quote):
            if before is not None and last is not None:
                side = ("bid", "bid_qty") if last.buyer_is_maker else ("ask", "ask_qty")
                if getattr(event, side[0]) == getattr(before, side[0]):
                    assert getattr(event, side[1]) == getattr(before, side[1]) - taken
                else:
                    assert taken == getattr(before, side[1]), "the level went because it was eaten"
            before, taken, last = event, Decimal(0), None


@settings(max_examples=15, deadline=None)
@given(scenarios, st.integers(0, 10**6))
@pytest.mark.untraced
def test_times_are_in_order_and_inside(scenario: str, seed: int) -> None:
    events = events_of(scenario, seed, 4)
    keys = [order_key(event) for event in events]
    assert keys == sorted(keys)
    assert events[0].exch_ms == START_MS
    assert events[-1].exch_ms <= START_MS + 4000
    for socket in (quotes_of(events), [event for event in events if not isinstance(event, Quote)]):
        arrivals = [event.recv_ms for event in socket]
        assert arrivals == sorted(arrivals)
    assert all(event.recv_ms >= event.exch_ms for event in events)
    ids = [event.trade_id for event in events if isinstance(event, Trade)]
    assert ids == list(range(1, len(ids) + 1))


def test_a_mark_every_second_near_the_mid() -> None:
    events = events_of("calm", 2, 30)
    marks = [event for event in events if isinstance(event, Mark)]
    assert [mark.exch_ms - START_MS for mark in marks] == [1000 * n for n in range(1, 31)]
    mid = quotes_of(events)[-1].bid
    assert abs(marks[-1].price / mid - 1) < Decimal("0.0005")
    assert marks[-1].index is not None


def test_calm_is_like_a_recorded_major(tmp_path: Path) -> None:
    params = scenario_params("calm")
    path = tmp_path / "t.parquet"
    write_tape(generate("calm", 5, "BTCUSDT", 480), path, "BTCUSDT", params.tick, params.step, "calm/5")
    told = describe(open_tape(path))
    assert 50 < told.quotes_per_s < 130
    assert 12 < told.trades_per_s < 50
    assert told.one_tick_share is not None
    assert told.one_tick_share > Decimal("0.99")
    assert told.range_bps is not None
    assert 5 < told.range_bps < 80
    assert told.bid_qty_median is not None
    assert 2 < told.bid_qty_median < 10


def test_takers_come_in_clusters_and_on_one_side() -> None:
    trades = [event for event in events_of("calm", 7, 240) if isinstance(event, Trade)]
    per_second = Counter(trade.exch_ms // 1000 for trade in trades)
    mean = len(trades) / 240
    variance = sum((per_second[START_MS // 1000 + n] - mean) ** 2 for n in range(240)) / 240
    assert variance > 4 * mean, "far from Poisson"
    same = sum(a.buyer_is_maker == b.buyer_is_maker for a, b in pairwise(trades)) / len(trades)
    assert 0.7 < same < 0.97


def fill_times_s(events: list[MarketEvent], every: int) -> list[float]:
    """Seconds until a bid joined behind the displayed quantity fills by trades alone; inf if never."""
    times: list[float] = []
    for start in range(0, len(events), every):
        joined = events[start]
        if not isinstance(joined, Quote):
            continue
        ahead = joined.bid_qty
        filled = float("inf")
        for event in events[start + 1 :]:
            if isinstance(event, Trade) and event.buyer_is_maker and event.price <= joined.bid:
                ahead -= event.qty if event.price == joined.bid else ahead + 1
                if ahead < 0:
                    filled = (event.exch_ms - joined.exch_ms) / 1000
                    break
        times.append(filled)
    return sorted(times)


def test_a_maker_order_at_the_touch_fills_in_some_seconds_not_at_once() -> None:
    times = fill_times_s(events_of("calm", 11, 120)[:10_000], 100)
    median = times[len(times) // 2]
    assert 0.3 < median < 20
    assert times[len(times) // 4] > 0.1


@pytest.mark.parametrize(("side", "sign"), [(PositionSide.LONG, -1), (PositionSide.SHORT, 1)])
@pytest.mark.parametrize("scenario", ["liquidation_run", "squeeze", "trending"])
def test_a_move_goes_through_its_size_against_the_side(scenario: str, side: PositionSide, sign: int) -> None:
    quotes = quotes_of(events_of(scenario, 1, 60, side=side, move=0.02))
    first = quotes[0].bid
    farthest = max(sign * (quote.bid / first - 1) for quote in quotes)
    assert farthest > (Decimal("0.02") if scenario != "trending" else Decimal("0.015"))
    assert farthest < Decimal("0.03")
    longest = max(b.exch_ms - a.exch_ms for a, b in pairwise(quotes))
    assert longest < 1000, "a book all the way"


def test_moves_have_a_natural_side() -> None:
    assert scenario_params("liquidation_run").move == -0.058
    assert scenario_params("squeeze").move == 0.03
    assert scenario_params("calm").move == 0
    assert scenario_params("squeeze", PositionSide.LONG).move == -0.03


def test_thin_alt_is_wide_and_slow() -> None:
    params = scenario_params("thin_alt")
    events = events_of("thin_alt", 1, 300)
    spreads = sorted((quote.ask - quote.bid) / params.tick for quote in quotes_of(events))
    assert 15 < spreads[len(spreads) // 2] < 200
    assert len(spreads) < 300 * 8
    assert sum(isinstance(event, Trade) for event in events) < 300 * 2


def test_rules_of_the_generated_instrument() -> None:
    rules = scenario_params("calm").rules("BTC/USDT:USDT")
    assert (rules.symbol, rules.tick, rules.step) == ("BTC/USDT:USDT", Decimal("0.1"), Decimal("0.001"))
    assert rules.lot(Decimal(28_000)) == Decimal("0.001")


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="no market scenario 'wild'; there are calm"):
        generate("wild", 1, "X", 10)
    with pytest.raises(ValueError, match=r"a move of 0\.9 is not between"):
        generate("squeeze", 1, "X", 10, move=0.9)
    with pytest.raises(ValueError, match="a duration of 0 s is not positive"):
        generate("calm", 1, "X", 0)


@pytest.mark.untraced
def test_a_generated_market_survives_as_a_tape(tmp_path: Path) -> None:
    for scenario in SCENARIOS:
        params = scenario_params(scenario)
        events = events_of(scenario, 9, 10)
        path = tmp_path / f"{scenario}.parquet"
        write_tape(events, path, "XUSDT", params.tick, params.step, scenario)
        assert list(open_tape(path).events()) == events

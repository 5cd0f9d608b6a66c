"""What the generator tells besides market events, and markets that do not end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import islice, pairwise, takewhile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.domain.events import Mark, Quote, Trade
from vibe_quant.sim.market.generator import (
    MOST_MULTIPLES,
    PATH_S,
    START_MS,
    Generator,
    Multiples,
    Told,
    endless,
    generate,
    generate_with_news,
)
from vibe_quant.sim.market.latent import Latent
from vibe_quant.sim.market.news import ForcedTrade, FundingAt, MarketNews, StatusChange
from vibe_quant.sim.market.params import FUNDING, MarketParams
from vibe_quant.sim.market.scenarios import SCENARIOS, scenario_params
from vibe_quant.tapes.statistics import measure

D = Decimal
HOUR_MS = 3_600_000
scenarios = st.sampled_from(sorted(SCENARIOS))
ETH = (D("3400.00"), D("0.01"), D("0.001"))


def with_news(scenario: str, duration_s: int = 60, side: PositionSide | None = None) -> list[Told]:
    return list(generate_with_news(scenario, 1, "XUSDT", duration_s, side=side))


def until(scenario: str, seconds: int, params: MarketParams | None = None) -> list[Told]:
    """An endless market's first seconds."""
    end_ms = START_MS + seconds * 1000
    return list(takewhile(lambda told: told.exch_ms < end_ms, endless(scenario, 1, "XUSDT", params=params)))


def mid(told: Told) -> float:
    assert isinstance(told, Quote)
    return float(told.bid + told.ask) / 2


def mids(events: list[Told]) -> list[float]:
    return [mid(event) for event in events if isinstance(event, Quote)]


@settings(max_examples=20, deadline=None)
@given(scenarios, st.integers(0, 10**6), st.integers(1, 20))
@pytest.mark.untraced
def test_news_is_told_only_when_asked_for_and_changes_nothing(scenario: str, seed: int, duration_s: int) -> None:
    told = list(generate_with_news(scenario, seed, "XUSDT", duration_s))
    market = [event for event in told if not isinstance(event, MarketNews)]
    assert market == list(generate(scenario, seed, "XUSDT", duration_s))
    times = [event.exch_ms for event in told]
    assert times == sorted(times)
    assert all(event.symbol == "XUSDT" for event in told)


def test_trading_halts_and_resumes_with_a_gap_while_marks_go_on() -> None:
    told = with_news("halt")
    changes = [news for news in told if isinstance(news, StatusChange)]
    begin, end = START_MS + 24_000, START_MS + 36_000
    assert [(news.exch_ms, news.status) for news in changes] == [(begin, "TRADING_HALT"), (end, "TRADING")]
    assert not [event for event in told if isinstance(event, Quote | Trade) and begin <= event.exch_ms <= end]
    marks = [event for event in told if isinstance(event, Mark)]
    assert [mark.exch_ms for mark in marks] == [START_MS + 1000 * n for n in range(1, 61)]
    halted = [mark.price for mark in marks if begin < mark.exch_ms < end]
    assert len(set(halted)) == len(halted), "the mark moves on"
    assert halted[-1] < halted[0] * D("0.995")
    at = told.index(changes[1])
    before = [event for event in told[:at] if isinstance(event, Quote)][-1]
    after = next(event for event in told[at:] if isinstance(event, Quote | Trade))
    assert isinstance(after, Quote), "nothing trades on the way"
    assert mid(after) / mid(before) - 1 == pytest.approx(-0.01, abs=0.002)


@pytest.mark.parametrize(
    ("side", "rate"), [(None, "0.003"), (PositionSide.LONG, "0.003"), (PositionSide.SHORT, "-0.003")]
)
def test_funding_comes_within_the_run_against_the_side(side: PositionSide | None, rate: str) -> None:
    told = with_news("funding", side=side)
    first, second = [news for news in told if isinstance(news, FundingAt)]
    moment = START_MS + 30_000
    assert told[0] == first == FundingAt("XUSDT", START_MS, moment, D(rate))
    assert second == FundingAt("XUSDT", moment, START_MS + 8 * HOUR_MS, FUNDING)
    rates = [(mark.exch_ms < moment, mark.funding_rate) for mark in told if isinstance(mark, Mark)]
    assert set(rates) == {(True, D(rate)), (False, FUNDING)}


def test_elsewhere_funding_is_at_the_hours_of_the_exchange() -> None:
    start = START_MS + 5 * HOUR_MS + 1234
    (news,) = [t for t in generate_with_news("calm", 1, "X", 3, start_ms=start) if isinstance(t, FundingAt)]
    assert news == FundingAt("X", start, START_MS + 8 * HOUR_MS, FUNDING)
    late = START_MS + 8 * HOUR_MS - 1500
    told = [t for t in generate_with_news("calm", 1, "X", 3, start_ms=late) if isinstance(t, FundingAt)]
    assert [news.next_ms - START_MS for news in told] == [8 * HOUR_MS, 16 * HOUR_MS]


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("side", "order_side"), [(PositionSide.LONG, OrderSide.SELL), (PositionSide.SHORT, OrderSide.BUY)]
)
def test_a_cascade_liquidates_others_on_the_way(side: PositionSide, order_side: OrderSide) -> None:
    told = with_news("cascade", side=side)
    forced = [news for news in told if isinstance(news, ForcedTrade)]
    assert len(forced) > 20
    assert {news.side for news in forced} == {order_side}
    for news in forced[:20]:
        trades = [e for e in told if isinstance(e, Trade) and e.exch_ms == news.exch_ms]
        assert sum(trade.qty for trade in trades) == news.qty
        assert {(trade.price, trade.buyer_is_maker) for trade in trades} == {(news.price, order_side is OrderSide.SELL)}


@pytest.mark.untraced
def test_a_cascade_falls_in_waves_with_rests_between() -> None:
    levels = mids(with_news("cascade", 120))
    worst = levels[0]
    rebounds, deepest_rebound = 0, 0.0
    falling = True
    for level in levels:
        if level < worst:
            worst, falling = level, True
        elif falling and level > worst * 1.01:
            rebounds, falling = rebounds + 1, False
            deepest_rebound = max(deepest_rebound, level / worst - 1)
    assert rebounds >= 3
    assert worst / levels[0] - 1 == pytest.approx(-0.15, abs=0.02)


@pytest.mark.untraced
@pytest.mark.parametrize("scenario", ["cascade", "squeeze", "halt", "calm"])
def test_an_endless_market_begins_as_the_scenario_and_goes_on_from_its_end(
    scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path_s = PATH_S // 10
    monkeypatch.setattr("vibe_quant.sim.market.generator.PATH_S", path_s)
    told = until(scenario, path_s + 60)
    path_end_ms = START_MS + path_s * 1000
    first = [event for event in told if event.exch_ms < path_end_ms]
    short = list(generate_with_news(scenario, 1, "XUSDT", path_s))
    assert first == short[: len(first)]
    before, after = mids(first), mids(told[len(first) :])
    assert len(after) > 60 * 20
    assert after[0] == pytest.approx(before[-1], rel=0.001)
    assert max(after) / min(after) < 1.01, "calm"
    assert not [news for news in told[len(first) :] if isinstance(news, MarketNews)]
    assert max(b.exch_ms - a.exch_ms for a, b in pairwise(told[len(first) :])) <= 1000


def test_an_endless_market_is_the_same_twice() -> None:
    assert list(islice(endless("squeeze", 5, "X"), 3000)) == list(islice(endless("squeeze", 5, "X"), 3000))


def test_an_endless_market_remembers_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vibe_quant.sim.market.generator.MOST_MULTIPLES", 50)
    params = scenario_params("calm")
    generator = Generator(params, Random(1), "X", 1, START_MS, endless=True)
    for _ in islice(generator.events(), 5000):
        assert len(generator._qtys) <= 50
        assert len(generator._prices) <= 50
        assert len(generator._mark_grid) <= 50


def test_multiples_are_right_after_forgetting() -> None:
    multiples = Multiples(D("0.1"))
    assert all(multiples[n] == n * D("0.1") for n in range(MOST_MULTIPLES + 10))
    assert len(multiples) == 10
    assert multiples[3] == D("0.3")


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_a_scenario_plays_on_another_instrument(scenario: str) -> None:
    base = scenario_params(scenario)
    params = base.on_instrument(*ETH)
    told = until(scenario, 20, params=params)
    first = next(event for event in told if isinstance(event, Quote))
    assert float(first.bid) == pytest.approx(3400, rel=0.01)
    for event in told:
        if isinstance(event, Quote):
            assert event.bid % params.tick == event.ask % params.tick == 0 < event.bid < event.ask
            assert event.bid_qty % params.step == event.ask_qty % params.step == 0
    assert params.rules("ETHUSDT").tick == D("0.01")
    here = params.touch_median * float(params.step * params.price)
    assert here == pytest.approx(base.touch_median * float(base.step * base.price))
    spread, spread_there = (p.spread_extra * float(p.tick / p.price) for p in (base, params))
    assert spread_there == pytest.approx(spread)


def test_a_coarse_instrument_has_whole_steps_still() -> None:
    params = scenario_params("calm").on_instrument(D("0.5"), D("0.1"), D(100_000))
    found = measure(generate("calm", 1, "X", 30, params=params), params.tick, params.step)
    assert found["spread.p50"] == 1.0


def test_an_impossible_instrument_is_refused() -> None:
    with pytest.raises(ValueError, match="price 1, tick 0 and step 1 must be above zero"):
        scenario_params("calm").on_instrument(D(1), D(0), D(1))


def test_a_path_settles_where_it_stands() -> None:
    params = replace(scenario_params("squeeze", move=0.02), volatility=0.0)
    latent = Latent(params, Random(1), 100)
    assert latent.at(33.9, 1.0) < latent.start * 1.02
    assert latent.runs()
    assert latent.at(34.0, 1.0) == pytest.approx(latent.start * 1.02)
    assert not latent.runs(), "a bend"
    assert latent.at(100.0, 1.0) == pytest.approx(latent.start * 1.01)
    assert not latent.runs()
    latent.settle()
    assert latent.at(10_000.0, 1.0) == pytest.approx(float(params.price / params.tick) * 1.01)
    assert not latent.runs()


def test_noise_is_drawn_back_to_a_path_and_wanders_after_it() -> None:
    def farthest(*, settled: bool) -> float:
        latent = Latent(replace(scenario_params("squeeze"), volatility=0.001), Random(1), 100)
        latent.at(100.0, 1.0)
        if settled:
            latent.settle()
        values = [latent.at(100.0 + 10 * n, 1.0) for n in range(1, 1000)]
        return max(values) / min(values) - 1

    assert farthest(settled=False) < 0.0015
    assert farthest(settled=True) > 0.003


def test_a_takers_push_fades() -> None:
    latent = Latent(replace(scenario_params("calm"), volatility=0.0, impact=0.001, impact_s=10.0), Random(1), 100)
    latent.push(buys=True)
    assert latent.at(0.0, 1.0) == pytest.approx(latent.start * 1.001, rel=1e-6)
    assert latent.at(10.0, 1.0) == pytest.approx(latent.start * (1 + 0.001 / 2.71828), rel=1e-6)
    latent.push(buys=False)
    assert latent.at(100.0, 1.0) == pytest.approx(latent.start, rel=1e-6)

"""Pressure: sustained, paced, jittered; and the deep resting order otherwise."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.market import MarketView
from vibe_quant.core.strategies.jitter import QtyJitter, between_ms, jittered_ms
from vibe_quant.core.strategies.orderbook_pressure import OrderbookPressure
from vibe_quant.core.strategies.port import OrderEnd, StrategyContext, Urgency, Vote, Wish, WorkingOrder
from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason, Stream
from vibe_quant.domain.events import Depth, Quote
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.strategy_settings import PressureSettings, StrategyName

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
ACTIVE, PASSIVE = SignalReason.PRESSURE_ACTIVE, SignalReason.PRESSURE_PASSIVE
RULES = SymbolRules("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))
PLAIN = PressureSettings(
    threshold_qty=D(10), qty_jitter_pct=D(0), active_recheck_jitter_pct=D(0), passive_ttl_jitter_pct=D(0)
)


class Constant:
    """A source that always says the same."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


class Bench:
    """One strategy before one book."""

    def __init__(self, settings: PressureSettings = PLAIN, side: PositionSide = LONG, random: float = 0.5) -> None:
        self.market = MarketView("BTCUSDT", 1500)
        self.strategy = OrderbookPressure(settings, side, Constant(random))
        self.context = StrategyContext(side, self.market, RULES, D(1), D(1), 0)

    def quote(self, at: int, bid_qty: int, ask_qty: int = 1) -> None:
        self.market.on_quote(Quote("BTCUSDT", at, at, D("100.0"), D(bid_qty), D("100.5"), D(ask_qty)), at)

    def vote(self, at: int) -> Vote:
        return self.strategy.vote(self.context, at)

    def press(self, since: int, until: int) -> Vote:
        """A heavy bid, asked about every 500 ms."""
        for at in range(since, until, 500):
            self.quote(at, 11)
            self.vote(at)
        self.quote(until, 11)
        return self.vote(until)

    def act(self, at: int, end: OrderEnd = OrderEnd.UNFILLED) -> None:
        vote = self.vote(at)
        assert vote.reason is ACTIVE
        self.strategy.acted(vote, at)
        self.strategy.ended(ACTIVE, end, at)


def test_pressure_that_lasts_takes_the_touch() -> None:
    bench = Bench()
    assert bench.press(0, 1999).reason is PASSIVE
    got = bench.vote(2000)
    assert got == Vote(Wish.EXIT, ACTIVE, urgency=Urgency.AGGRESSIVE, price=D("100.0"))


def test_short_presses_on_the_ask() -> None:
    bench = Bench(side=SHORT)
    for at in (0, 1000, 2000):
        bench.quote(at, 1, 11)
        got = bench.vote(at)
    assert (got.reason, got.price) == (ACTIVE, D("100.5"))


def test_a_dip_to_the_threshold_starts_anew() -> None:
    bench = Bench()
    bench.press(0, 1500)
    bench.quote(1600, 10)
    assert bench.vote(1600).reason is PASSIVE
    assert bench.press(1700, 3699).reason is PASSIVE
    assert bench.vote(3700).reason is ACTIVE


def test_a_stretch_that_nobody_saw_starts_anew() -> None:
    bench = Bench()
    bench.press(0, 1000)
    bench.quote(2500, 11)
    assert bench.vote(2500).reason is ACTIVE, "1500 ms unseen is still seen"
    other = Bench()
    other.press(0, 1000)
    other.quote(2501, 11)
    assert other.vote(2501).reason is PASSIVE


def test_otherwise_one_order_rests_at_the_passive_level() -> None:
    bench = Bench()
    bench.quote(0, 1)
    levels = tuple((D(100) + n, D(1)) for n in range(1, 6))
    bench.market.on_depth(Depth("BTCUSDT", 0, 0, (), levels), 0)
    assert bench.vote(0) == Vote(
        Wish.EXIT, PASSIVE, urgency=Urgency.MAKER, price=D(103), ttl_ms=10_000, no_cooldown=True
    )


@pytest.mark.parametrize(("side", "price"), [(LONG, "100.7"), (SHORT, "99.8")])
def test_without_depth_it_steps_back_by_ticks(side: PositionSide, price: str) -> None:
    bench = Bench(side=side)
    bench.quote(0, 1)
    assert bench.vote(0).price == D(price)
    short_book = ((D(1), D(1)),) * 2
    bench.market.on_depth(Depth("BTCUSDT", 0, 0, short_book, short_book), 0)
    assert bench.vote(0).price == D(price)


def test_a_depth_older_than_the_top_is_not_believed() -> None:
    bench = Bench()
    levels = ((D(105), D(1)),) * 3
    bench.market.on_depth(Depth("BTCUSDT", 900, 900, levels, levels), 900)
    bench.quote(2400, 1)
    assert bench.vote(2400).price == D(105)
    bench.quote(2401, 1)
    assert bench.vote(2401).price == D("100.7")


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_without_a_book_it_holds(side: PositionSide) -> None:
    bench = Bench(side=side)
    assert bench.vote(0).wish is Wish.HOLD
    bench.market.bid = bench.market.ask = D(100)
    assert bench.vote(0).wish is Wish.EXIT
    for bid, ask in ((None, D(100)), (D(100), None)):
        bench.market.bid, bench.market.ask = bid, ask
        assert bench.vote(0).wish is Wish.HOLD


def test_a_passive_order_gives_way_to_an_active_signal_only() -> None:
    bench = Bench()
    bench.press(0, 1000)
    passive = WorkingOrder(D(1), D(1), D(0), 0, ExecutionMode.MAKER_ONLY, PASSIVE)
    assert bench.strategy.keep(bench.context, passive, 1999) is None
    assert bench.strategy.keep(bench.context, passive, 2000) == "pressure: the other side's touch can be taken"
    assert bench.strategy.keep(bench.context, replace(passive, reason=ACTIVE), 2000) is None


def test_after_an_active_order_the_recheck_cooldown() -> None:
    bench = Bench()
    bench.press(0, 2000)
    bench.act(2000)
    assert bench.vote(2999).reason is PASSIVE
    assert bench.strategy.deadline(2000) == 3000
    assert bench.vote(3000).reason is ACTIVE


def test_a_passive_orders_end_paces_nothing() -> None:
    bench = Bench()
    bench.quote(0, 1)
    bench.strategy.acted(bench.vote(0), 0)
    bench.strategy.ended(PASSIVE, OrderEnd.FILLED, 0)
    assert bench.press(0, 2000).reason is ACTIVE


@pytest.mark.parametrize(("end", "orders"), [(OrderEnd.UNFILLED, 3), (OrderEnd.FILLED, 2), (OrderEnd.PARTIAL, 2)])
def test_a_burst_of_attempts_or_fills_pauses_the_active_path(end: OrderEnd, orders: int) -> None:
    settings = replace(PLAIN, active_burst_max_attempts=3, active_burst_max_fills=2, active_recheck_cooldown_ms=100)
    bench = Bench(settings)
    bench.press(0, 2000)
    for n in range(orders):
        bench.act(2000 + 100 * n, end)
    last = 2000 + 100 * (orders - 1)
    pause = 2500 + int(0.5 * 3501)
    assert bench.press(last + 100, last + pause - 1).reason is PASSIVE
    assert bench.strategy.deadline(last + 200) == last + pause
    bench.act(last + pause, end)
    assert bench.press(last + pause + 1, last + pause + 100).reason is ACTIVE, "counted anew after the pause"


def test_attempts_leave_the_window() -> None:
    settings = replace(
        PLAIN, active_burst_max_attempts=2, active_burst_window_ms=1000, active_recheck_cooldown_ms=0, sustain_ms=0
    )
    bench = Bench(settings)
    for at in (0, 1000, 2000, 3000):
        bench.quote(at, 11)
        bench.act(at)
    assert bench.vote(3000).reason is ACTIVE
    bench.act(3999)
    assert bench.vote(3999).reason is PASSIVE


def test_it_wants_to_be_woken_when_standing_pressure_will_have_lasted() -> None:
    bench = Bench()
    assert bench.strategy.deadline(0) is None
    bench.quote(100, 11)
    bench.vote(100)
    assert bench.strategy.deadline(100) == 2100
    assert bench.strategy.deadline(2100) is None


def test_multipliers_needs_and_name() -> None:
    bench = Bench(replace(PLAIN, use_roi_mult=False, use_accel_mult=True, passive_level=7))
    bench.quote(0, 1)
    got = bench.vote(0)
    assert (got.use_roi_mult, got.use_accel_mult) == (False, True)
    got = bench.press(1, 2001)
    assert (got.reason, got.use_roi_mult, got.use_accel_mult) == (ACTIVE, False, True)
    assert bench.strategy.needs.depth_levels == 7
    assert Stream.BOOK in bench.strategy.needs.streams
    assert bench.strategy.name is StrategyName.ORDERBOOK_PRESSURE


def test_without_a_threshold_it_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="threshold_qty"):
        OrderbookPressure(PressureSettings(), LONG, Constant(0))


@pytest.mark.parametrize(("random", "ttl", "recheck"), [(0.0, 8500, 850), (0.5, 10_000, 1000), (0.9999, 11_500, 1150)])
def test_times_are_jittered_from_the_injected_source(random: float, ttl: int, recheck: int) -> None:
    bench = Bench(PressureSettings(threshold_qty=D(10)), random=random)
    bench.quote(0, 1)
    assert bench.vote(0).ttl_ms == ttl
    bench.press(0, 2000)
    bench.act(2000)
    assert bench.strategy.deadline(2000) == 2000 + recheck


def test_quantities_differ_from_the_last_few() -> None:
    bench = Bench(replace(PLAIN, qty_jitter_pct=D("0.15"), sustain_ms=0, active_recheck_cooldown_ms=0))
    factors = []
    for at in range(8):
        bench.quote(at, 11)
        vote = bench.vote(at)
        factors.append(vote.qty_factor)
        bench.strategy.acted(vote, at)
    for n, factor in enumerate(factors):
        assert factor not in factors[max(0, n - 3) : n]
    bench.quote(9, 1)
    assert bench.vote(9).qty_factor is not None


@pytest.mark.parametrize(("random", "factor"), [(0.0, "0.85"), (0.5, "1"), (0.9999, "1.15")])
def test_factors_reach_from_one_end_of_the_share_to_the_other(random: float, factor: str) -> None:
    assert QtyJitter(D("0.15"), 0, Constant(random)).draw() == D(factor)


@given(st.integers(), st.decimals("0", "0.99", places=2), st.integers(0, 20))
def test_factors_stay_in_their_share_and_never_repeat_within_the_lookback(seed: int, share: D, lookback: int) -> None:
    jitter = QtyJitter(share, lookback, Random(seed))
    used: list[D | None] = []
    for _ in range(2 * lookback + 5):
        factor = jitter.draw()
        if not share:
            assert factor is None
        else:
            assert factor is not None
            assert 1 - share <= factor <= 1 + share
            assert lookback == 0 or factor not in used[-lookback:]
        jitter.used(factor)
        used.append(factor)


@given(st.integers(0, 600_000), st.decimals("0", "0.99", places=2), st.integers(), st.integers(0, 10**6))
def test_times_stay_in_their_share(base: int, share: D, seed: int, more: int) -> None:
    got = jittered_ms(base, share, Random(seed))
    assert int(base * (1 - share)) <= got <= base * (1 + share) or (got == 1 and base > 0)
    assert base <= between_ms(base, base + more, Random(seed)) <= base + more


def test_a_range_the_wrong_way_round_is_its_first_end() -> None:
    assert between_ms(100, 50, Constant(0.99)) == 100
    assert (between_ms(100, 102, Constant(0.0)), between_ms(100, 102, Constant(0.99))) == (100, 102)

"""The signal engine: policies, the throttle, and who hears what became of an order."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from vibe_quant.core.market import MarketView
from vibe_quant.core.signal import SignalEngine
from vibe_quant.core.strategies.port import (
    Needs,
    OrderEnd,
    Strategy,
    StrategyContext,
    Urgency,
    Vote,
    Wish,
    WorkingOrder,
)
from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason, Stream
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.settings import ExecutionSettings, SymbolSettings
from vibe_quant.domain.signal import ExitSignal
from vibe_quant.domain.strategy_settings import Policy, StrategyName, StrategySettings, StrategyWeight

D = Decimal
LONG = PositionSide.LONG
PRICE, PRESSURE, PATIENT = StrategyName.ORDERBOOK_PRICE, StrategyName.ORDERBOOK_PRESSURE, StrategyName.PATIENT
RULES = SymbolRules("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))
CONTEXT = StrategyContext(LONG, MarketView("BTCUSDT", 1500), RULES, D(1), D(1), 0)
EXIT = Vote(Wish.EXIT, SignalReason.LONG_PRIMARY)
HOLD = Vote(Wish.HOLD, SignalReason.LONG_PRIMARY)
NEEDS = Needs()
ORDER = WorkingOrder(D(1), D(1), D(0), 0, ExecutionMode.MAKER_ONLY, SignalReason.LONG_PRIMARY)


@dataclass
class Scripted:
    """A strategy that says what it is told to and writes down what it hears."""

    name: StrategyName
    says: Vote = EXIT
    needs: Needs = NEEDS
    wake: int | None = None
    cancels: str | None = None
    heard: list[object] = field(default_factory=list)
    asked: int = 0

    def vote(self, ctx: StrategyContext, now: int) -> Vote:
        self.asked += 1
        return self.says

    def keep(self, ctx: StrategyContext, order: WorkingOrder, now: int) -> str | None:
        return self.cancels

    def acted(self, vote: Vote, now: int) -> None:
        self.heard.append(("acted", vote, now))

    def ended(self, reason: SignalReason, end: OrderEnd, now: int) -> None:
        self.heard.append(("ended", reason, end, now))

    def deadline(self, now: int) -> int | None:
        return self.wake


def engine(*strategies: Strategy, execution: ExecutionSettings | None = None, **policy: object) -> SignalEngine:
    settings = SymbolSettings(
        execution=execution or ExecutionSettings(),
        strategy=replace(StrategySettings(), **policy),  # type: ignore[arg-type]
    )
    return SignalEngine("BTCUSDT", LONG, strategies, settings)


def names(signal: ExitSignal | None) -> tuple[StrategyName, ...] | None:
    return None if signal is None else signal.strategies


def three(*votes: Vote) -> tuple[Scripted, ...]:
    return tuple(Scripted(name, vote) for name, vote in zip((PRICE, PRESSURE, PATIENT), votes, strict=False))


def test_with_one_strategy_its_vote_is_the_signal() -> None:
    vote = Vote(
        Wish.EXIT,
        SignalReason.PATIENT,
        urgency=Urgency.MAKER,
        price=D(7),
        at_touch=True,
        ttl_ms=5,
        no_ttl=True,
        qty=D(3),
        own_cap=True,
        max_notional=D(9),
        qty_factor=D("1.1"),
        no_cooldown=True,
        use_roi_mult=False,
        use_accel_mult=False,
    )
    for policy in Policy:
        got = engine(Scripted(PATIENT, vote), policy=policy).evaluate(CONTEXT, 0)
        assert got == ExitSignal(
            symbol="BTCUSDT",
            side=LONG,
            reason=SignalReason.PATIENT,
            mode=ExecutionMode.MAKER_ONLY,
            price=D(7),
            at_touch=True,
            ttl_ms=5,
            no_ttl=True,
            qty=D(3),
            own_cap=True,
            max_notional=D(9),
            qty_factor=D("1.1"),
            no_cooldown=True,
            counts=False,
            use_roi_mult=False,
            use_accel_mult=False,
            strategies=(PATIENT,),
        )
        assert engine(Scripted(PATIENT, HOLD), policy=policy).evaluate(CONTEXT, 0) is None


def test_only_the_rotations_orders_count() -> None:
    def got(urgency: Urgency) -> ExitSignal:
        signal = engine(Scripted(PRICE, replace(EXIT, urgency=urgency))).evaluate(CONTEXT, 0)
        assert signal is not None
        return signal

    assert (got(Urgency.ROTATION).mode, got(Urgency.ROTATION).counts) == (None, True)
    assert (got(Urgency.MAKER).mode, got(Urgency.MAKER).counts) == (ExecutionMode.MAKER_ONLY, False)
    assert (got(Urgency.AGGRESSIVE).mode, got(Urgency.AGGRESSIVE).counts) == (ExecutionMode.AGGRESSIVE_LIMIT, False)


@pytest.mark.parametrize(
    ("reason", "mode"),
    [
        (SignalReason.LONG_BID_IMPROVE, ExecutionMode.MAKER_ONLY),
        (SignalReason.SHORT_ASK_IMPROVE, ExecutionMode.MAKER_ONLY),
        (SignalReason.PATIENT_ENDGAME, ExecutionMode.AGGRESSIVE_LIMIT),
    ],
)
def test_with_taker_off_an_improve_stays_maker(reason: SignalReason, mode: ExecutionMode) -> None:
    vote = replace(EXIT, reason=reason, urgency=Urgency.AGGRESSIVE)
    off = ExecutionSettings(maker_timeouts_to_escalate=0)
    got = engine(Scripted(PRICE, vote), execution=off).evaluate(CONTEXT, 0)
    assert got is not None
    assert (got.mode, got.counts) == (mode, False)


def test_multipliers_are_the_settings_where_the_vote_is_silent() -> None:
    off = ExecutionSettings(use_roi_mult=False, use_accel_mult=False)
    got = engine(Scripted(PRICE), execution=off).evaluate(CONTEXT, 0)
    assert got is not None
    assert (got.use_roi_mult, got.use_accel_mult) == (False, False)
    got = engine(Scripted(PRICE, replace(EXIT, use_roi_mult=True)), execution=off).evaluate(CONTEXT, 0)
    assert got is not None
    assert (got.use_roi_mult, got.use_accel_mult) == (True, False)


@pytest.mark.parametrize(
    ("votes", "carried"),
    [((EXIT, HOLD), False), ((EXIT, EXIT), True), ((EXIT, EXIT, HOLD), True), ((EXIT, HOLD, HOLD), False)],
)
def test_a_majority_is_more_than_half(votes: tuple[Vote, ...], carried: bool) -> None:
    assert (engine(*three(*votes)).evaluate(CONTEXT, 0) is not None) is carried


@pytest.mark.parametrize(
    ("strength", "confidence", "weight", "carried"),
    [
        ("1", "1", "1", True),
        ("0.5", "1", "1", False),
        ("1", "0.9", "1", False),
        ("0.5", "1", "3", True),
        ("1", "1", "0", False),
    ],
)
def test_weighted_measures_force_against_the_whole_weight(
    strength: str, confidence: str, weight: str, carried: bool
) -> None:
    vote = replace(EXIT, strength=D(strength), confidence=D(confidence))
    weights = (StrategyWeight(PRICE, D(weight)),)
    threshold = D("0.5") if weight != "3" else D("0.375")
    made = engine(*three(vote, HOLD), policy=Policy.WEIGHTED, weights=weights, threshold=threshold)
    assert (made.evaluate(CONTEXT, 0) is not None) is carried


def test_small_weights_are_weights() -> None:
    weights = (StrategyWeight(PRICE, D("0.4")), StrategyWeight(PRESSURE, D("0.4")))
    assert engine(*three(EXIT, EXIT), policy=Policy.WEIGHTED, weights=weights).evaluate(CONTEXT, 0) is not None


def test_weights_that_are_all_nil_carry_nothing() -> None:
    weights = (StrategyWeight(PRICE, D(0)), StrategyWeight(PRESSURE, D(0)))
    assert engine(*three(EXIT, EXIT), policy=Policy.WEIGHTED, weights=weights).evaluate(CONTEXT, 0) is None


def test_the_leader_rules_and_the_others_may_only_veto() -> None:
    def lead(*votes: Vote) -> tuple[StrategyName, ...] | None:
        return names(engine(*three(*votes), policy=Policy.LEADER, leader=PRESSURE).evaluate(CONTEXT, 0))

    weak = replace(EXIT, strength=D("0.1"))
    assert lead(EXIT, weak, EXIT) == (PRESSURE, PRICE, PATIENT)
    assert lead(EXIT, HOLD, EXIT) is None
    assert lead(HOLD, EXIT, EXIT) is None


def test_without_a_leader_by_name_the_strongest_forms_the_order() -> None:
    weak = replace(EXIT, strength=D("0.1"))
    assert names(engine(*three(weak, EXIT), policy=Policy.LEADER).evaluate(CONTEXT, 0)) == (PRESSURE, PRICE)


def test_the_strongest_vote_forms_the_order_and_the_first_of_equals() -> None:
    doubtful = Vote(Wish.EXIT, SignalReason.PATIENT, confidence=D("0.5"))
    got = engine(*three(doubtful, EXIT, EXIT)).evaluate(CONTEXT, 0)
    assert got is not None
    assert (got.reason, got.strategies) == (SignalReason.LONG_PRIMARY, (PRESSURE, PRICE, PATIENT))
    heavy = (StrategyWeight(PRICE, D(9)),)
    assert names(engine(*three(doubtful, EXIT), weights=heavy).evaluate(CONTEXT, 0)) == (PRICE, PRESSURE)


def test_the_throttle_counts_signals_acted_on() -> None:
    strategy = Scripted(PRICE)
    made = engine(strategy)
    first = made.evaluate(CONTEXT, 0)
    assert first is not None
    assert made.evaluate(CONTEXT, 1) is not None, "a signal that was only computed throttles nothing"
    made.acted(first, 10)
    assert made.evaluate(CONTEXT, 209) is None
    assert strategy.asked == 2
    assert made.evaluate(CONTEXT, 210) is not None


def test_it_wants_to_be_woken_when_the_throttle_ends_or_a_strategy_wants() -> None:
    sooner, later = Scripted(PRICE, wake=None), Scripted(PRESSURE, wake=None)
    made = engine(sooner, later)
    assert made.deadline(0) is None
    signal = made.evaluate(CONTEXT, 0)
    assert signal is not None
    made.acted(signal, 0)
    assert made.deadline(1) is None, "nobody was turned away yet"
    made.evaluate(CONTEXT, 1)
    assert made.deadline(1) == 200
    later.wake, sooner.wake = 150, 190
    assert made.deadline(1) == 150
    assert made.deadline(160) == 190
    made.evaluate(CONTEXT, 200)
    assert made.deadline(200) is None


def test_only_the_one_whose_vote_it_was_hears_of_the_order() -> None:
    weak = replace(EXIT, strength=D("0.1"))
    first, second = three(weak, EXIT)
    first.cancels, second.cancels = "the first would", "the second would"
    made = engine(first, second)
    assert made.keep(CONTEXT, ORDER, 0) is None, "nobody asked for an order yet"
    signal = made.evaluate(CONTEXT, 0)
    assert signal is not None
    made.acted(signal, 5)
    assert made.keep(CONTEXT, ORDER, 6) == "the second would"
    made.ended(SignalReason.LONG_PRIMARY, OrderEnd.PARTIAL, 7)
    made.ended(SignalReason.FLATTEN, OrderEnd.FILLED, 8)
    assert second.heard == [("acted", EXIT, 5), ("ended", SignalReason.LONG_PRIMARY, OrderEnd.PARTIAL, 7)]
    assert first.heard == []
    assert made.keep(CONTEXT, ORDER, 9) is None


def test_an_order_that_no_strategy_asked_for_is_passed_over() -> None:
    strategy = Scripted(PRICE)
    made = engine(strategy)
    flatten = ExitSignal("BTCUSDT", LONG, SignalReason.FLATTEN)
    made.acted(flatten, 0)
    signal = made.evaluate(CONTEXT, 0)
    made.acted(flatten, 0)
    assert strategy.heard == []
    assert made.evaluate(CONTEXT, 1) == signal
    strategy.says = HOLD
    assert made.evaluate(CONTEXT, 2) is None
    assert signal is not None
    made.acted(signal, 2)
    assert strategy.heard == [], "what was last said is hold"


def test_needs_are_the_union() -> None:
    made = engine(
        Scripted(PRICE, needs=Needs(streams=(Stream.BOOK,), depth_levels=3, candles_min=(15, 1))),
        Scripted(PRESSURE, needs=Needs(depth_levels=5, candles_min=(1, 5))),
    )
    assert made.needs == Needs((Stream.BOOK, Stream.MARKET), 5, (1, 5, 15))

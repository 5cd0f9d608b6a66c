"""Patient: at the touch without pause, sized by the time left, crossing only at the end."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.market import MarketView
from vibe_quant.core.strategies.patient import Patient
from vibe_quant.core.strategies.port import Needs, OrderEnd, StrategyContext, Urgency, Vote, Wish, WorkingOrder
from vibe_quant.domain.enums import ExecutionMode, PositionSide, SignalReason
from vibe_quant.domain.events import Quote
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.domain.strategy_settings import PatientSettings, StrategyName

D = Decimal
LONG, SHORT = PositionSide.LONG, PositionSide.SHORT
RULES = SymbolRules("BTCUSDT", D("0.1"), D("0.001"), D("0.001"), D(1000), D(5), D(120))
DEFAULT = PatientSettings()
BEGAN = 1000
ENDGAME = BEGAN + 237_000


def context(
    side: PositionSide = LONG, open_qty: str = "10", exit_qty: str = "10", touch_qty: str = "1000", refused: int = -1
) -> StrategyContext:
    market = MarketView("BTCUSDT", 1500)
    qty, other = D(touch_qty), D("0.001")
    bid_qty, ask_qty = (other, qty) if side is LONG else (qty, other)
    market.on_quote(Quote("BTCUSDT", 1, 1, D("100000.0"), bid_qty, D("100000.1"), ask_qty), 1)
    return StrategyContext(side, market, RULES, D(open_qty), D(exit_qty), BEGAN, refused)


def order(price: str | None, mode: ExecutionMode = ExecutionMode.MAKER_ONLY) -> WorkingOrder:
    reason = SignalReason.PATIENT if mode is ExecutionMode.MAKER_ONLY else SignalReason.PATIENT_ENDGAME
    return WorkingOrder(None if price is None else D(price), D(1), D(0), 0, mode, reason)


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_one_post_only_order_at_the_touch_without_pause(side: PositionSide) -> None:
    settings = replace(DEFAULT, max_child_notional=D(7000))
    assert Patient(settings, side).vote(context(side), BEGAN) == Vote(
        Wish.EXIT,
        SignalReason.PATIENT,
        urgency=Urgency.MAKER,
        at_touch=True,
        no_ttl=True,
        qty=D(160) / 240,
        own_cap=True,
        max_notional=D(7000),
        no_cooldown=True,
    )


@pytest.mark.parametrize(
    ("at", "open_qty", "touch_qty", "child"),
    [
        (0, "10", "1000", D(160) / 240),  # the pace, although it is above the touch's share
        (0, "10", "1", D(160) / 240),
        (120_000, "10", "1000", D(160) / 120),
        (0, "2", "1000", D("0.2")),  # ahead of the pace: 0.02 of the exit
        (0, "2", "1.9", D("0.19")),  # ... at most a tenth of the touch
        (0, "2", "1", D(32) / 240),  # ... unless the time left demands more
        (0, "0.1", "1000", D("0.1")),  # never more than is open
        (234_000, "10", "1000", D(10)),
    ],
)
@pytest.mark.parametrize("side", [LONG, SHORT])
def test_a_child_is_sized_by_the_time_left(
    side: PositionSide, at: int, open_qty: str, touch_qty: str, child: D
) -> None:
    got = Patient(DEFAULT, side).vote(context(side, open_qty, "10", touch_qty), BEGAN + at)
    assert got.qty == child


@pytest.mark.parametrize("at", [ENDGAME, BEGAN + 240_000, BEGAN + 10**9])
def test_the_last_seconds_and_all_after_cross_with_all_that_is_open(at: int) -> None:
    patient = Patient(DEFAULT, LONG)
    assert patient.vote(context(), ENDGAME - 1).urgency is Urgency.MAKER
    assert patient.vote(context(), at) == Vote(
        Wish.EXIT,
        SignalReason.PATIENT_ENDGAME,
        urgency=Urgency.AGGRESSIVE,
        qty=D(10),
        own_cap=True,
        no_cooldown=True,
    )


def test_without_an_endgame_it_crosses_from_the_horizon_on() -> None:
    patient = Patient(replace(DEFAULT, endgame_s=D(0)), LONG)
    assert patient.vote(context(), BEGAN + 239_999).urgency is Urgency.MAKER
    assert patient.vote(context(), BEGAN + 240_000).urgency is Urgency.AGGRESSIVE


def test_a_resting_order_makes_way_for_the_endgame() -> None:
    patient = Patient(DEFAULT, LONG)
    assert patient.keep(context(), order("100000.1"), ENDGAME - 1) is None
    assert patient.keep(context(), order("100000.1"), ENDGAME) == "patient: the endgame has begun"
    assert patient.keep(context(), order("100000.1", ExecutionMode.AGGRESSIVE_LIMIT), ENDGAME) is None


def test_after_a_refusal_it_waits_for_a_newer_quote_but_not_in_the_endgame() -> None:
    patient, refused = Patient(DEFAULT, LONG), context(refused=1)
    assert patient.vote(refused, BEGAN).wish is Wish.HOLD
    assert patient.vote(refused, ENDGAME).wish is Wish.EXIT
    refused.market.on_quote(Quote("BTCUSDT", 2, 2, D(1), D(1), D(2), D(1)), 2)
    assert patient.vote(refused, BEGAN).wish is Wish.EXIT


@pytest.mark.parametrize("side", [LONG, SHORT])
def test_without_a_book_it_holds_and_leaves_its_order(side: PositionSide) -> None:
    empty = StrategyContext(side, MarketView("BTCUSDT", 1500), RULES, D(1), D(1), BEGAN)
    patient = Patient(DEFAULT, side)
    assert patient.vote(empty, ENDGAME).wish is Wish.HOLD
    assert patient.keep(empty, order("1"), BEGAN) is None


@pytest.mark.parametrize(
    ("side", "price", "bps", "away"),
    [
        (LONG, "100005.2", "0.5", True),
        (LONG, "100005.1", "0.5", False),  # 5.0 is under 0.5 bps of 100005.1
        (SHORT, "99995.0", "0.5", True),
        (SHORT, "99995.1", "0.5", False),
        (LONG, "100000.2", "0", True),
        (SHORT, "99999.9", "0", True),
        (LONG, "100000.1", "0", False),  # at the touch: not a tick away
        (SHORT, "100000.0", "0", False),
        (LONG, "99990.0", "0.5", False),  # better than the touch is not away
        (SHORT, "80000", "2500", True),  # exactly as far as that
        (SHORT, "80000", "2501", False),
        (LONG, None, "0", False),
    ],
)
def test_it_is_repriced_when_the_touch_has_been_away_for_long_enough(
    side: PositionSide, price: str | None, bps: str, away: bool
) -> None:
    patient, ctx = Patient(replace(DEFAULT, reprice_bps=D(bps)), side), context(side)
    assert patient.keep(ctx, order(price), BEGAN) is None
    assert patient.keep(ctx, order(price), BEGAN + 999) is None
    assert patient.keep(ctx, order(price), BEGAN + 1000) == ("patient: the touch has left" if away else None)


def test_a_touch_that_comes_back_is_forgiven() -> None:
    patient, ctx = Patient(DEFAULT, LONG), context()
    far, near = order("100050.0"), order("100000.1")
    assert patient.keep(ctx, far, BEGAN) is None
    assert patient.keep(ctx, near, BEGAN + 500) is None
    assert patient.keep(ctx, far, BEGAN + 1400) is None
    assert patient.keep(ctx, far, BEGAN + 2400) is not None


@pytest.mark.parametrize("begins", ["acted", "ended"])
def test_a_new_order_begins_at_the_touch(begins: str) -> None:
    patient, ctx = Patient(DEFAULT, LONG), context()
    far = order("100050.0")
    assert patient.keep(ctx, far, BEGAN) is None
    if begins == "acted":
        patient.acted(patient.vote(ctx, BEGAN), BEGAN)
    else:
        patient.ended(SignalReason.PATIENT, OrderEnd.FILLED, BEGAN)
    assert patient.keep(ctx, far, BEGAN + 1000) is None
    assert patient.keep(ctx, far, BEGAN + 2000) is not None


def test_it_wants_to_be_woken_for_the_endgame_and_for_a_reprice() -> None:
    patient, ctx = Patient(DEFAULT, LONG), context()
    assert patient.deadline(BEGAN) is None
    patient.vote(ctx, BEGAN)
    assert patient.deadline(BEGAN) == ENDGAME
    patient.keep(ctx, order("100050.0"), BEGAN + 10)
    assert patient.deadline(BEGAN + 10) == BEGAN + 1010
    assert patient.deadline(BEGAN + 1010) == ENDGAME
    assert patient.deadline(ENDGAME) is None


def test_an_enlargement_moves_the_horizon() -> None:
    patient, ctx = Patient(DEFAULT, LONG), context()
    patient.vote(ctx, BEGAN)
    ctx.began_ms = BEGAN + 100_000
    assert patient.vote(ctx, ENDGAME).urgency is Urgency.MAKER
    assert patient.deadline(ENDGAME) == ENDGAME + 100_000


def test_name_and_needs() -> None:
    patient = Patient(DEFAULT, LONG)
    assert patient.name is StrategyName.PATIENT
    assert patient.needs == Needs()


qty = st.decimals("0.001", "1000", places=3)


@given(qty, qty, qty, st.integers(0, 236_999))
def test_a_child_keeps_the_pace_and_never_passes_what_is_open(open_qty: D, exit_qty: D, touch: D, at: int) -> None:
    ctx = context(LONG, str(open_qty), str(exit_qty), str(touch))
    child = Patient(DEFAULT, LONG).vote(ctx, BEGAN + at).qty
    demanded = open_qty * 16_000 / (240_000 - at)
    assert child is not None
    assert min(demanded, open_qty) <= child <= open_qty
    assert child <= max(demanded, touch / 10)

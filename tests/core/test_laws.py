"""The laws of the core, over event sequences of any order, duplication and loss.

Two worlds: an adversary that says whatever the types allow (law_lies), watched by books that know no more than the
events; and a truthful exchange behind a lossy wire (law_exchange), where the core's orders are held against the truth.
The long suites are marked slow; VQ_LAW_EXAMPLES sets how many examples they play, and VQ_LAW_SHRINK makes a failing one
small.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.core.law_exchange import SCRIPT, STREAM, WIRE, Story
from tests.core.law_lies import SIZES, Liar, Op, ops_of
from tests.core.law_setup import SETTINGS, SYMBOLS, settings_of
from tests.core.law_watch import ALL_LAWS

from vibe_quant.domain.settings import Settings, SymbolSettings

MANY = int(os.environ.get("VQ_LAW_EXAMPLES", "1500"))
Deeds = list[tuple[str, int]]


PHASES = tuple(Phase) if "VQ_LAW_SHRINK" in os.environ else (Phase.explicit, Phase.generate)


def examples(count: int) -> settings:
    """The same ones at each run; a failing one is made smaller (minutes) only where VQ_LAW_SHRINK is set."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )


def lies(*aimed: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The adversary, with more of ``aimed``."""
    return given(one=SETTINGS, two=SETTINGS, long=SIZES, short=SIZES, ops=ops_of(*aimed))


truth = given(symbol=SYMBOLS, long=SIZES, short=SIZES, leftover=st.booleans(), wire=WIRE, stream=STREAM, deeds=SCRIPT)


def lied_to(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op], laws: frozenset[int] = ALL_LAWS
) -> Liar:
    """An engine after the adversary's script, watched over."""
    liar = Liar(one, two, laws=laws)
    liar.prologue(long, short)
    liar.play(ops)
    return liar


def told(
    symbol: SymbolSettings,
    long: Decimal,
    short: Decimal,
    leftover: bool,
    wire: list[int],
    stream: list[int],
    deeds: Deeds,
    *,
    laws: frozenset[int] = ALL_LAWS,
    outsiders: bool = False,
) -> Story:
    """An engine after a story at the truthful exchange, watched over."""
    story = Story(settings_of(symbol), wire, stream, outsiders, laws=laws)
    story.begin(long, short, leftover=leftover)
    story.play(deeds)
    return story


@examples(100)
@lies()
def test_law_1_no_lie_makes_an_order_that_could_increase_a_position(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """Every order and stop is on the exit side of its leg, reduce-only, with a quantity; an amendment adds nothing."""
    lied_to(one, two, long, short, ops, frozenset({1}))


@examples(120)
@lies("deny", "report", "nil")
def test_law_2_live_and_doubtful_orders_never_claim_more_than_the_position_as_it_was_told(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """At each submit: new + remaining of live and doubtful <= the largest |position| the events allow."""
    lied_to(one, two, long, short, ops, frozenset({2}))


@examples(160)
@lies("quit", "deny", "operate")
def test_law_3_one_order_a_side_and_discretion_only_while_everything_is_well(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """A second order only by panic, beside one in doubt; nothing discretionary beside any.

    Nor while paused, stale, down, unread, halted, stopping, backing off or not managed.  Nothing at all during a ban, a
    pause of panic, or while the stop is firing.
    """
    lied_to(one, two, long, short, ops, frozenset({3}))


@examples(120)
@lies("over", "report")
def test_law_4_no_lie_gets_a_foreign_order_cancelled(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """Cancelled are orders with our prefix; others only by panic, where may_cancel_foreign is set."""
    lied_to(one, two, long, short, ops, frozenset({4}))


@examples(150)
@lies("stand", "nil", "stand")
def test_law_5_a_stop_is_never_withdrawn_on_one_read(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """A stop of ours goes only where another stands, two reads have shown a foreign one, the leg is flat by the
    stream or by two reads a second apart, or the operator has dropped it; a foreign stop never.
    """
    lied_to(one, two, long, short, ops, frozenset({5}))


@examples(100)
@lies()
def test_law_6_client_ids_are_short_ours_and_never_used_twice(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """At most 36 characters of the exchange's alphabet, for orders and stops together."""
    lied_to(one, two, long, short, ops, frozenset({6}))


@examples(90)
@lies("quit", "operate", "answer")
def test_law_7_nothing_raises_nothing_spins_and_the_same_script_gives_the_same_intents(
    one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]
) -> None:
    """The deadline lies ahead after each timer, and ten silent seconds wake it a bounded number of times."""
    first, second = (lied_to(one, two, long, short, ops, frozenset({7})) for _ in range(2))
    assert first.log == second.log
    before = first.timers
    first.pass_time(10_000)
    assert first.timers - before <= 200, "it is woken too often"


@examples(100)
@truth
def test_law_2_what_lives_in_truth_never_claims_more_than_the_true_position(
    symbol: SymbolSettings,
    long: Decimal,
    short: Decimal,
    leftover: bool,
    wire: list[int],
    stream: list[int],
    deeds: Deeds,
) -> None:
    """Nobody else reduces the leg: remaining at the exchange + on the way + new <= the true |position|.

    So no fill of ours, however late its report, could bring a leg across zero.
    """
    story = told(symbol, long, short, leftover, wire, stream, deeds, laws=frozenset({1, 2}))
    assert not story.venue.over_closed or any(kind == "user" for kind, _ in deeds)


@examples(100)
@truth
def test_law_3_in_truth_one_order_of_a_side_lives(
    symbol: SymbolSettings,
    long: Decimal,
    short: Decimal,
    leftover: bool,
    wire: list[int],
    stream: list[int],
    deeds: Deeds,
) -> None:
    """At the exchange or on the way to it: none beside a discretionary order, one at most beside panic's."""
    told(symbol, long, short, leftover, wire, stream, deeds, laws=frozenset({3}), outsiders=True)


@examples(80)
@truth
def test_law_5_in_truth_a_held_leg_is_never_left_bare(
    symbol: SymbolSettings,
    long: Decimal,
    short: Decimal,
    leftover: bool,
    wire: list[int],
    stream: list[int],
    deeds: Deeds,
) -> None:
    """A cancel of a stop leaves only where another rests at the exchange, or the leg was told to be flat."""
    told(symbol, long, short, leftover, wire, stream, deeds, laws=frozenset({4, 5, 6}), outsiders=True)


@examples(80)
@truth
def test_law_8_doubt_ends_one_stop_stands_and_the_side_gets_flat(
    symbol: SymbolSettings,
    long: Decimal,
    short: Decimal,
    leftover: bool,
    wire: list[int],
    stream: list[int],
    deeds: Deeds,
) -> None:
    """Once faults stop: no doubt after 30 s, one closing stop a held leg, then down to the target, then no stop."""
    gets_flat(told(symbol, long, short, leftover, wire, stream, deeds, outsiders=True), symbol)


def gets_flat(story: Story, symbol: SymbolSettings) -> None:
    """Law 8, from wherever the story has got to."""
    story.calm()
    story.hold()
    assert story.settle(lambda: not story.is_doubtful(), 30), "law 8: still in doubt"
    assert story.settle(lambda: all(map(story.protected, symbol.sides)), 60), "law 8: not one stop where one is due"
    story.release()
    lot, legs = story.venue.rules.lot(Decimal(99)), story.venue.legs
    most = symbol.execution.target_qty + (lot if symbol.execution.target_qty else 0)
    assert story.settle(lambda: all(legs[s] <= most for s in symbol.sides), 300), f"law 8: {legs} is left"
    assert story.settle(lambda: all(map(story.protected, symbol.sides)), 60), "law 8: a stop of a leg that is closed"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@examples(MANY)
@lies()
def test_all_laws_over_many_lies(one: Settings, two: Settings, long: Decimal, short: Decimal, ops: list[Op]) -> None:
    """Laws 1 to 7."""
    lied_to(one, two, long, short, ops)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@examples(MANY // 3)
@given(
    outsiders=st.booleans(),
    symbol=SYMBOLS,
    long=SIZES,
    short=SIZES,
    leftover=st.booleans(),
    wire=WIRE,
    stream=STREAM,
    deeds=SCRIPT,
)
def test_all_laws_over_many_stories(
    outsiders: bool,
    symbol: SymbolSettings,
    long: Decimal,
    short: Decimal,
    leftover: bool,
    wire: list[int],
    stream: list[int],
    deeds: Deeds,
) -> None:
    """All laws, and law 8 after them."""
    gets_flat(told(symbol, long, short, leftover, wire, stream, deeds, outsiders=outsiders), symbol)

"""What may leave while the exchange forbids something."""

from __future__ import annotations

import pytest

from vibe_quant.binance.holds import Hold, Holds

EVERYTHING = [(hold, places) for hold in Hold for places in (True, False)]


def may(holds: Holds, now: int) -> set[tuple[Hold, bool]]:
    return {(hold, places) for hold, places in EVERYTHING if holds.why_not(hold, places, now) is None}


def test_everything_may_leave_at_first() -> None:
    assert may(Holds(), 0) == set(EVERYTHING)


def test_nothing_leaves_during_a_ban_and_everything_at_its_end() -> None:
    holds = Holds()
    holds.ban(5000)
    assert may(holds, 4999) == set()
    assert may(holds, 5000) == set(EVERYTHING)


def test_a_back_off_lets_urgent_requests_pass() -> None:
    holds = Holds()
    holds.limit(5000)
    assert may(holds, 4999) == {(Hold.URGENT, True), (Hold.URGENT, False)}
    assert may(holds, 5000) == set(EVERYTHING)


def test_a_spent_order_count_holds_ordinary_orders_alone() -> None:
    holds = Holds()
    holds.pause_orders(5000)
    assert may(holds, 4999) == set(EVERYTHING) - {(Hold.ORDINARY, True)}
    assert may(holds, 5000) == set(EVERYTHING)


def test_the_later_end_rules() -> None:
    holds = Holds()
    for told in (holds.ban, holds.limit, holds.pause_orders):
        told(5000)
        told(4000)
    assert (holds.banned_until, holds.limited_until, holds.orders_until) == (5000, 5000, 5000)
    holds.ban(6000)
    assert may(holds, 5999) == set()


def test_a_ban_goes_before_a_back_off() -> None:
    holds = Holds()
    holds.limit(9000)
    holds.ban(5000)
    assert "banned" in str(holds.why_not(Hold.ORDINARY, False, 1000))
    assert "back off" in str(holds.why_not(Hold.ORDINARY, False, 6000))


@pytest.mark.parametrize(("now", "left"), [(0, "5 s"), (1, "5 s"), (4999, "1 s")])
def test_it_says_how_long_yet(now: int, left: str) -> None:
    holds = Holds()
    holds.pause_orders(5000)
    assert left in str(holds.why_not(Hold.ORDINARY, True, now))

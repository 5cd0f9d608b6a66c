"""Budgets: own windows, the exchange's counts and reserve, 429 and 418."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.core.pacing import SENT_KEPT, ExchangeLimits, Pacing
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.events import RateLimited, RateUsage
from vibe_quant.domain.settings import RateLimitSettings

D = Decimal

SETTINGS = RateLimitSettings(max_orders_per_sec=2, max_cancels_per_sec=3, weight_reserve=D("0.2"))


@pytest.fixture
def pacing() -> Pacing:
    return Pacing(SETTINGS)


def test_orders_of_a_second(pacing: Pacing) -> None:
    pacing.ordered(100)
    assert pacing.may_order(150) is None
    assert pacing.next_at(150) is None
    pacing.ordered(150)
    assert pacing.may_order(1099) == Blocked.ORDERS_SPENT
    assert pacing.next_at(1099) == 1100
    assert pacing.may_cancel(1099) is None
    assert pacing.may_order(1100) is None


def test_cancels_of_a_second(pacing: Pacing) -> None:
    for at in (0, 1, 2):
        assert pacing.may_cancel(at) is None
        pacing.cancelled(at)
    assert pacing.may_cancel(999) == Blocked.CANCELS_SPENT
    assert pacing.next_at(2) == 1000
    assert pacing.may_order(999) is None
    assert pacing.may_cancel(1000) is None


def test_risk_neither_obeys_nor_fills_the_soft_windows(pacing: Pacing) -> None:
    for at in range(10):
        pacing.ordered(at, risk=True)
        pacing.cancelled(at, risk=True)
    assert pacing.may_order(10) is None
    assert pacing.may_cancel(10) is None
    for at in range(10, 14):
        pacing.ordered(at)
        pacing.cancelled(at)
    assert pacing.may_order(14) is not None
    assert pacing.may_cancel(14) is not None
    assert pacing.may_order(14, risk=True) is None
    assert pacing.may_cancel(14, risk=True) is None


def test_the_weights_reserve_is_not_for_orders(pacing: Pacing) -> None:
    pacing.on_usage(RateUsage(1000, weight_1m=1919))
    assert pacing.may_order(1000) is None
    pacing.on_usage(RateUsage(1001, weight_1m=1920))
    assert pacing.may_order(1001) == "the IP's request weight is spent but for the reserve"
    assert pacing.may_cancel(1001) is None
    assert pacing.may_order(1001, risk=True) is None
    assert pacing.next_at(1001) == 61_001
    pacing.on_usage(RateUsage(1002))
    assert pacing.may_order(61_000) is not None
    assert pacing.may_order(61_001) is None


def test_order_counts_are_the_exchanges_word_and_what_was_sent_since(pacing: Pacing) -> None:
    pacing.on_usage(RateUsage(1000, orders_10s=238))
    pacing.ordered(1000, risk=True)
    assert pacing.may_order(1001) is None, "sent before the word came: counted in it"
    pacing.ordered(1500, risk=True)
    assert pacing.may_order(1500) is None
    pacing.ordered(1501, risk=True)
    assert pacing.may_order(1501) == "the exchange's order count is spent but for the reserve"
    assert pacing.may_order(1501, risk=True) is None
    assert pacing.may_order(10_999) is not None
    assert pacing.may_order(11_000) is None


def test_the_minutes_order_count_binds_too(pacing: Pacing) -> None:
    pacing.on_usage(RateUsage(1000, orders_10s=1, orders_1m=960))
    assert pacing.may_order(20_000) is not None
    assert pacing.may_order(61_000) is None


def test_without_the_exchanges_word_own_orders_count() -> None:
    pacing = Pacing(RateLimitSettings(weight_reserve=D(0)), ExchangeLimits(orders_10s=3))
    for at in (0, 2000, 4000):
        assert pacing.may_order(at) is None
        pacing.ordered(at)
    assert pacing.may_order(9999) is not None
    assert pacing.next_at(9999) == 10_000
    assert pacing.may_order(10_000) is None


def test_where_nothing_tells_when_it_looks_again_in_a_second() -> None:
    pacing = Pacing(SETTINGS, ExchangeLimits(orders_10s=0))
    assert pacing.next_at(500) == 1500


def test_429_stops_discretion_only(pacing: Pacing) -> None:
    pacing.on_limited(RateLimited(5000, 100))
    pacing.on_limited(RateLimited(3000, 101))
    assert pacing.may_order(4999) == pacing.may_cancel(4999) == "the exchange asked to back off (429)"
    assert pacing.may_order(4999, risk=True) is None
    assert pacing.may_cancel(4999, risk=True) is None
    assert pacing.next_at(200) == 5000
    assert pacing.may_order(5000) is None


def test_418_stops_everything(pacing: Pacing) -> None:
    pacing.on_limited(RateLimited(5000, 100, banned=True))
    for risk in (False, True):
        assert "418" in (pacing.may_order(4999, risk) or "")
        assert "418" in (pacing.may_cancel(4999, risk) or "")
    assert pacing.next_at(200) == 5000
    assert pacing.may_order(5000) is None


def test_new_settings_forget_nothing(pacing: Pacing) -> None:
    pacing.on_limited(RateLimited(5000, 100, banned=True))
    pacing.ordered(4500)
    pacing.ordered(4600)
    pacing.on_usage(RateUsage(4600, weight_1m=1000))
    pacing.retune(RateLimitSettings(max_orders_per_sec=1, weight_reserve=D("0.1")))
    assert pacing.may_order(4999) is not None
    assert pacing.may_order(5599) == Blocked.ORDERS_SPENT
    assert pacing.may_order(5600) is None
    pacing.retune(RateLimitSettings(weight_reserve=D("0.6")))
    assert pacing.may_order(5600) is not None


@given(st.lists(st.integers(0, 400), max_size=120), st.integers(1, 5), st.integers(1, 5))
def test_no_second_ever_holds_more_than_it_may(steps: list[int], orders: int, cancels: int) -> None:
    pacing = Pacing(RateLimitSettings(max_orders_per_sec=orders, max_cancels_per_sec=cancels))
    now, sent, gone = 0, [], []
    for step in steps:
        now += step
        if pacing.may_order(now) is None:
            pacing.ordered(now)
            sent.append(now)
        if pacing.may_cancel(now) is None:
            pacing.cancelled(now)
            gone.append(now)
    for times, limit in ((sent, orders), (gone, cancels)):
        assert all(sum(start <= at < start + 1000 for at in times) <= limit for start in times)


@given(st.lists(st.integers(0, 3000), max_size=60), st.integers(1, 12))
def test_the_exchanges_ten_seconds_are_kept(steps: list[int], limit: int) -> None:
    pacing = Pacing(RateLimitSettings(max_orders_per_sec=30, weight_reserve=D(0)), ExchangeLimits(orders_10s=limit))
    now, sent = 0, []
    for step in steps:
        now += step
        if pacing.may_order(now) is None:
            pacing.ordered(now)
            sent.append(now)
        else:
            wake = pacing.next_at(now)
            assert wake is not None
            assert wake > now
    assert all(sum(start <= at < start + 10_000 for at in sent) <= limit for start in sent)


def test_the_weight_that_the_exchange_allows_is_what_it_says() -> None:
    pacing = Pacing(RateLimitSettings(weight_reserve=D("0.2")))
    pacing.on_usage(RateUsage(1000, weight_1m=80, weight_limit=100))
    assert not pacing.has_weight(1000)
    pacing.on_usage(RateUsage(1001, weight_1m=79))
    assert pacing.has_weight(1001)
    pacing.on_usage(RateUsage(1002, weight_1m=2000, weight_limit=6000))
    assert pacing.has_weight(1002)


DEEDS = ("order", "urgent", "cancel", "risky cancel", "usage", "limited", "banned", "too many", "retune", "nothing")


def told(pacing: Pacing, deed: str, n: int, now: int) -> None:
    """One of all the things that change what may leave."""
    match deed:
        case "order" | "urgent":
            pacing.ordered(now, deed == "urgent")
        case "cancel" | "risky cancel":
            pacing.cancelled(now, deed == "risky cancel")
        case "usage":
            pacing.on_usage(RateUsage(now, (None, 2000, 100)[n % 3], (None, 9, 3)[n % 3], n % 13))
        case "limited" | "banned":
            pacing.on_limited(RateLimited(now + 100 * n, now, banned=deed == "banned"))
        case "too many":
            pacing.too_many(now)
        case "retune":
            pacing.retune(RateLimitSettings(max_orders_per_sec=1 + n % 4, max_cancels_per_sec=1 + n % 3))
        case _:
            pass


def answers(pacing: Pacing, now: int) -> list[object]:
    first = pacing.next_at(now), pacing.next_at(now + 7)
    facts = [pacing.facts(blocked, now) for blocked in Blocked]
    return [*first, pacing.may_order(now), pacing.may_cancel(now), pacing.next_at(now), facts]


@given(
    st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 30), st.sampled_from([0, 0, 1, 90, 700])), max_size=40)
)
def test_what_was_asked_before_changes_no_answer(deeds: list[tuple[str, int, int]]) -> None:
    limits = ExchangeLimits(orders_10s=10, orders_1m=25)
    asked, now = Pacing(SETTINGS, limits), 0
    for count, (deed, n, wait) in enumerate(deeds, 1):
        now += wait
        answers(asked, now)
        told(asked, deed, n, now)
        fresh, then = Pacing(SETTINGS, limits), 0
        for earlier in deeds[:count]:
            then += earlier[2]
            told(fresh, earlier[0], earlier[1], then)
        assert answers(asked, now) == answers(fresh, now)


def test_orders_of_long_ago_are_forgotten(pacing: Pacing) -> None:
    for at in range(SENT_KEPT + 10):
        pacing.ordered(at, risk=True)
    assert pacing.next_at(SENT_KEPT + 10) == 10 + 10_000

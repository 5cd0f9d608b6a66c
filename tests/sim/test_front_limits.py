"""Windows of the clock, 429, and bans that grow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.sim.front.limits import MINUTE_MS, TEN_SECONDS_MS, LimitRules, Limits, Throttled, Window

IP, OTHER = "10.1.1.1", "10.1.1.2"
NOW = 1_790_000_040_000  # a minute's beginning
assert NOW % MINUTE_MS == 0


def throttled(act: object, *args: object) -> Throttled:
    assert callable(act)
    with pytest.raises(Throttled) as refusal:
        act(*args)
    return refusal.value


def test_weight_is_of_the_address_and_of_the_minute_of_the_clock() -> None:
    limits = Limits()
    limits.charge(IP, 2400, NOW + 59_000)
    refusal = throttled(limits.charge, IP, 1, NOW + 59_001)
    assert (refusal.code, refusal.http, refusal.retry_after) == (-1003, 429, "1")
    assert refusal.message.startswith(f"Too many requests; current limit of IP({IP}) is 2400 requests per minute.")
    assert limits.used_weight(IP, NOW + 59_001) == 2401
    limits.charge(OTHER, 1, NOW + 59_001)
    limits.charge(IP, 1, NOW + 60_000)
    assert limits.used_weight(IP, NOW + 60_000) == 1


def test_while_overdrawn_even_what_weighs_nothing_is_refused() -> None:
    limits = Limits()
    limits.charge(IP, 2400, NOW)
    limits.charge(IP, 0, NOW)
    limits.overdraw(OTHER, NOW)
    assert throttled(limits.charge, OTHER, 0, NOW + 10_500).retry_after == "50"


def test_whoever_ignores_429_is_banned_and_each_ban_is_longer() -> None:
    limits = Limits(LimitRules(weight_1m=1, patience=3))
    now, lengths = NOW, []
    for _ in range(16):
        limits.charge(IP, 1, now)
        assert [throttled(limits.charge, IP, 1, now).http for _ in range(4)] == [429, 429, 429, 418]
        until = limits.banned_until(IP, now)
        assert until is not None
        lengths.append((until - now) // MINUTE_MS)
        refusal = throttled(limits.admit, IP, until - 1)
        assert (refusal.code, refusal.http, refusal.retry_after) == (-1003, 418, "1")
        assert refusal.message == (
            f"Way too many requests; IP({IP}) banned until {until}. "
            "Please use the websocket for live updates to avoid bans."
        )
        limits.admit(IP, until)
        now = until
    assert lengths == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4320, 4320, 4320, 4320]
    limits.admit(OTHER, NOW)


def test_patience_is_of_one_minute() -> None:
    limits = Limits(LimitRules(weight_1m=0, patience=2))
    for minute in range(5):
        for _ in range(2):
            assert throttled(limits.charge, IP, 1, NOW + minute * MINUTE_MS).http == 429


def test_orders_are_of_the_account_in_both_windows() -> None:
    limits = Limits()
    limits.count_orders((300, 300), NOW)
    refusal = throttled(limits.count_orders, (1, 1), NOW + 9_999)
    assert (refusal.code, refusal.http, refusal.retry_after) == (-1015, 429, "1")
    assert refusal.message == "Too many new orders; current limit is 300 orders per 10 SECOND."
    assert limits.order_counts(NOW + 9_999) == (300, 300)
    for turn in (1, 2, 3):
        limits.count_orders((300, 300), NOW + turn * TEN_SECONDS_MS)
    refusal = throttled(limits.count_orders, (1, 1), NOW + 40_000)
    assert refusal.message == "Too many new orders; current limit is 1200 orders per 1 MINUTE."
    assert refusal.wait_ms == 20_000
    limits.count_orders((0, 0), NOW + 40_000)
    limits.count_orders((1, 1), NOW + 60_000)
    assert limits.order_counts(NOW + 60_000) == (1, 1)


def test_a_batch_that_does_not_fit_is_not_counted() -> None:
    limits = Limits(LimitRules(orders_10s=7))
    limits.count_orders((5, 1), NOW)
    throttled(limits.count_orders, (5, 1), NOW)
    limits.count_orders((2, 2), NOW)


def test_a_fault_bans_one_address_or_all() -> None:
    limits = Limits()
    limits.ban(IP, NOW + 90_000)
    assert throttled(limits.admit, IP, NOW).retry_after == "90"
    limits.admit(OTHER, NOW)
    limits.ban(None, NOW + 5_000)
    assert throttled(limits.admit, OTHER, NOW).wait_ms == 5_000
    limits.admit(OTHER, NOW + 5_000)


def test_a_fault_uses_up_the_orders() -> None:
    limits = Limits()
    limits.overdraw_orders(NOW)
    assert throttled(limits.count_orders, (1, 1), NOW).code == -1015
    limits.count_orders((1, 0), NOW + TEN_SECONDS_MS)


def test_what_was_not_served_is_forgiven() -> None:
    limits = Limits()
    limits.charge(IP, 5, NOW)
    limits.count_orders((1, 1), NOW)
    limits.forgive(IP, 5, (1, 1), NOW)
    assert (limits.used_weight(IP, NOW), limits.order_counts(NOW)) == (0, (0, 0))
    limits.forgive(IP, 5, (1, 1), NOW)
    assert (limits.used_weight(IP, NOW), limits.order_counts(NOW)) == (0, (0, 0))


@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 50)), max_size=30))
def test_a_window_counts_what_was_added_in_it(steps: list[tuple[int, int]]) -> None:
    window, now, added = Window(TEN_SECONDS_MS), NOW, list[tuple[int, int]]()
    for wait, amount in steps:
        now += wait
        added.append((now, amount))
        assert window.add(amount, now) == sum(n for at, n in added if at // TEN_SECONDS_MS == now // TEN_SECONDS_MS)
        assert 0 < window.left_ms(now) <= TEN_SECONDS_MS
        assert (now + window.left_ms(now)) % TEN_SECONDS_MS == 0

"""The address's weight: what is known of it, what it leaves room for, and when its minute turns."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.binance.weights import LATE_MS, MINUTE_MS, WEIGHT_1M, Weights, limit_of, weight_of

T = 1_790_000_040_000
"""A turn of the minute."""
D = Decimal


@pytest.mark.parametrize(
    ("method", "path", "params", "weight"),
    [
        ("POST", "order", {}, 0),
        ("PUT", "order", {}, 0),
        ("POST", "algoOrder", {}, 0),
        ("DELETE", "order", {}, 1),
        ("GET", "order", {}, 1),
        ("GET", "openOrders", {"symbol": "X"}, 1),
        ("GET", "openOrders", {}, 40),
        ("GET", "openAlgoOrders", {}, 40),
        ("GET", "positionRisk", {}, 5),
        ("GET", "commissionRate", {"symbol": "X"}, 20),
        ("POST", "countdownCancelAll", {}, 10),
    ],
)
def test_a_request_costs_what_the_documentation_says(
    method: str, path: str, params: dict[str, str], weight: int
) -> None:
    assert weight_of(method, path, params) == weight


def test_the_limit_is_what_exchange_info_says() -> None:
    rows = [
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    ]
    assert limit_of(json.dumps({"rateLimits": rows, "symbols": []})) == 6000
    assert limit_of(json.dumps({"rateLimits": rows[:1]})) is None
    assert limit_of("[]") is None


def used(count: int, at: int = T + 5000) -> Weights:
    """So much is used, as an answer has told at ``at``."""
    weights = Weights(D("0.2"))
    ticket = weights.leave(1, at)
    weights.told(ticket, count, at)
    weights.end(ticket, at)
    return weights


def may(weights: Weights, at: int) -> list[tuple[int, bool]]:
    every = [(40, False), (5, False), (1, False), (1, True), (0, True)]
    return [(weight, acts) for weight, acts in every if weights.why_not(weight, at, acts=acts) is None]


@pytest.mark.parametrize(
    ("count", "left"),
    [(0, 5), (2120, 5), (2121, 4), (2155, 4), (2156, 3), (2279, 3), (2280, 2), (2399, 2), (2400, 1), (2401, 0)],
)
def test_half_of_the_reserve_is_kept_from_reads_and_none_from_what_acts(count: int, left: int) -> None:
    at = T + 6000
    assert may(used(count), at) == [(40, False), (5, False), (1, False), (1, True), (0, True)][5 - left :]


def test_what_is_under_way_counts_until_an_answer_has_told_of_it() -> None:
    weights = used(2100)
    at = T + 6000
    first, second = weights.leave(40, at), weights.leave(15, at)
    assert weights.why_not(6, at, acts=False) is not None
    assert weights.why_not(5, at, acts=False) is None
    weights.told(first, 2140, at)
    weights.end(first, at)
    assert weights.why_not(5, at, acts=False) is None
    weights.end(second, at)  # without an answer: it was counted, for all that anybody knows
    assert weights.why_not(5, at, acts=False) is None
    assert weights.why_not(6, at, acts=False) is not None


def test_the_minute_turns_a_little_late_and_it_is_said_when() -> None:
    weights = used(2400)
    why = str(weights.why_not(5, T + 31_000, acts=False))
    assert "2400 of the 2400" in why
    assert why.endswith("the minute turns in 30 s")
    assert weights.why_not(5, T + MINUTE_MS + LATE_MS - 1, acts=False) is not None
    assert weights.why_not(5, T + MINUTE_MS + LATE_MS, acts=False) is None


def test_less_counts_only_of_a_request_that_left_after_more_was_heard() -> None:
    weights = used(100)
    at = T + 6000
    early, late = weights.leave(1, at), weights.leave(1, at)
    weights.told(late, 2390, at)
    weights.told(early, 2389, at)  # they overtook each other
    assert weights.why_not(5, at, acts=False) is not None
    turned = weights.leave(1, at)
    weights.told(turned, 3, at)  # the exchange's clock is ahead of ours: its minute has turned
    assert weights.why_not(2000, at, acts=False) is None


def test_an_answer_of_the_last_minute_says_nothing_of_this_one() -> None:
    weights = Weights(D("0.2"))
    slow = weights.leave(1, T + 59_000)
    at = T + MINUTE_MS + LATE_MS + 10
    quick = weights.leave(1, at)
    weights.told(quick, 7, at)
    weights.told(slow, 2400, at)
    assert weights.why_not(5, at, acts=False) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 900), st.integers(0, 5)), max_size=200))
def test_a_single_user_of_an_address_never_goes_beyond_its_limit(asks: list[tuple[int, bool, int, int]]) -> None:
    """The exchange counts each request as it leaves; answers come in any order, some never."""
    weights, now = Weights(D("0.2")), T + 2000
    count, minute = 0, now // MINUTE_MS
    flying: list[tuple[object, int]] = []
    for kind, acts, pause, back in asks * 6:
        now += pause
        if now // MINUTE_MS != minute:
            count, minute = 0, now // MINUTE_MS
        weight = (0, 1, 5, 40, 300)[kind]
        if weights.why_not(weight, now, acts=acts) is None:
            count += weight
            assert count <= WEIGHT_1M
            flying.append((weights.leave(weight, now), count))
        if flying and back:
            ticket, told = flying.pop(back % len(flying))
            if back < 5:
                weights.told(ticket, told, now)  # type: ignore[arg-type]
            weights.end(ticket, now)  # type: ignore[arg-type]

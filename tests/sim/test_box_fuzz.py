"""A malformed request of any shape gets the exchange's error: never a defect, never a word about the inside.

The box is asked without a server: every endpoint of its routing table with parameters known and unknown, sound and
absurd, signed well and badly; then with whatever the types allow.  What was accepted leaves the account in order.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sim.law_desk import LawDesk
from tests.sim.law_mirror import Mirror
from tests.sim.law_money import Ledger, check_closers
from tests.sim.request_soup import (
    FIRST,
    JUNK,
    LEGS,
    LIMIT,
    MARKET,
    OF_ORDERS,
    OPENER,
    RAW,
    SPOILT,
    Spoilt,
    request_of,
    soup,
)

from vibe_quant.sim.front.http import HttpRequest, HttpResponse

MANY = int(os.environ.get("VQ_LAW_EXAMPLES", "3000"))
STATUSES = frozenset((200, 400, 401, 404))
ENDPOINTS = sorted(LawDesk().box.gate.endpoints, key=lambda endpoint: (endpoint.path, endpoint.method))
CALLS = st.integers(0, len(ENDPOINTS) - 1).flatmap(
    lambda n: st.tuples(st.just(n), soup(ENDPOINTS[n].method, ENDPOINTS[n].path), SPOILT)
)


def fuzz(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def no_number(text: str) -> object:
    raise AssertionError(f"{text} is no JSON")


def check_answer(answer: HttpResponse) -> Any:
    """An error in the exchange's form, or a success; in both cases plain JSON."""
    assert answer.status in STATUSES
    body = json.loads(answer.body.decode(), parse_constant=no_number)
    if answer.status != 200:
        check_error(body)
    elif isinstance(body, list):
        for row in body:
            if isinstance(row, dict) and "code" in row:
                check_error(row)
    else:
        assert isinstance(body, dict) and body.get("code", 200) in (200, "200")
    return body


def check_error(body: Any) -> None:
    assert set(body) == {"code", "msg"} and isinstance(body["code"], int) and body["code"] < 0
    assert body["code"] != -1000 and isinstance(body["msg"], str) and body["msg"]
    assert "Traceback" not in body["msg"] and "vibe_quant" not in body["msg"]


def play(calls: list[tuple[int, dict[str, str], Spoilt]]) -> None:
    """The calls, one after another, and the laws after them."""
    desk = LawDesk()
    ear, _ = desk.listen_to_account()
    mirror, ledger = Mirror(desk), Ledger(desk)
    for number, params, spoilt in calls:
        answer = desk.box.call(request_of(desk, ENDPOINTS[number], params, spoilt), desk.now)
        assert answer is not None
        check_answer(answer)
        desk.wait(40)
    frames = ear.take()
    if any(frame["e"] == "listenKeyExpired" for frame in frames):
        mirror.resync()
    else:
        mirror.hear(frames)
        mirror.check()
        ledger.check(mirror)
    check_closers(desk)


@fuzz(60)
@given(calls=st.lists(CALLS, min_size=3, max_size=10))
def test_any_soup_of_parameters_is_refused_or_answered_and_leaves_the_account_in_order(
    calls: list[tuple[int, dict[str, str], Spoilt]],
) -> None:
    play(calls)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@fuzz(MANY)
@given(calls=st.lists(CALLS, min_size=3, max_size=20))
def test_many_soups(calls: list[tuple[int, dict[str, str], Spoilt]]) -> None:
    play(calls)


DESK = LawDesk()


@fuzz(250)
@given(raw=RAW)
def test_anything_at_all_is_answered(raw: dict[str, Any]) -> None:
    answer = DESK.box.call(HttpRequest(**raw), DESK.now)
    assert answer is not None
    check_answer(answer)


BATCHED = [n for n, endpoint in enumerate(ENDPOINTS) if "batch" in endpoint.path]


@pytest.mark.parametrize("name", OF_ORDERS)
def test_a_leg_with_anything_in_one_place_is_answered(name: str) -> None:
    for junk in JUNK:
        for sound in (LIMIT, MARKET, FIRST | OPENER):
            for number in BATCHED:
                params = {"symbol": "BTCUSDT", "batchOrders": json.dumps([sound | {name: junk}])}
                answer = DESK.box.call(request_of(DESK, ENDPOINTS[number], params), DESK.now)
                assert answer is not None
                check_answer(answer)


@fuzz(100)
@given(number=st.sampled_from(BATCHED), legs=LEGS)
def test_any_batch_is_answered_leg_by_leg(number: int, legs: list[Any]) -> None:
    request = request_of(DESK, ENDPOINTS[number], {"symbol": "BTCUSDT", "batchOrders": json.dumps(legs)})
    answer = DESK.box.call(request, DESK.now)
    assert answer is not None
    check_answer(answer)


def test_each_endpoint_can_be_reached_by_the_soup() -> None:
    """Signed well and with nothing else, each answers by itself and not by the gate."""
    desk = LawDesk()
    for endpoint in ENDPOINTS:
        answer = desk.box.call(request_of(desk, endpoint, {}), desk.now)
        assert answer is not None
        body = check_answer(answer)
        assert answer.status == 200 or body["code"] in (-1102, -1125, -5000), (endpoint.path, body)

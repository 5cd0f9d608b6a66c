from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.faults.scripts import ORDER, START, fill, meet, plan, struck

from vibe_quant.sim.front.faults import read_faults

LOST: dict[str, Any] = {"kind": "request_lost"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"when": {"once": True}}, [1]),
        ({"when": {"once": True}, "times": 3}, [1, 2, 3]),
        ({"when": {"nth": 4}}, [4]),
        ({"when": {"nth": 4}, "times": 2}, [4, 5]),
        ({"when": {"nth": 3}, "for_s": 0.25}, [3, 4, 5]),
        ({"when": {"nth": 3}, "for_s": 0.2, "times": 2}, [3, 4, 5, 6]),
        ({"when": {"at_s": 0.45}}, [6]),
        ({"when": {"at_s": 0.45}, "times": 2}, [6, 7]),
        ({"when": {"at_s": 0.25}, "for_s": 0.3}, [4, 5, 6]),
        ({"when": {"rate": 1}}, list(range(1, 11))),
        ({"when": {"rate": 1}, "times": 4}, [1, 2, 3, 4]),
    ],
)
def test_when_times_and_for_s(declared: dict[str, Any], expected: list[int]) -> None:
    """Ten requests, one every 100 ms from the start."""
    assert struck(plan(LOST | declared), 10) == expected


def test_a_window_from_a_moment_is_over_though_nothing_came_in_it() -> None:
    faults = plan({"kind": "maintenance", "when": {"at_s": 60}})
    assert [meet(faults, at).ends for at in (59_999, 120_000, 130_000)] == [False] * 3
    faults = plan({"kind": "maintenance", "when": {"at_s": 60}})
    assert [meet(faults, at).ends for at in (60_000, 90_000, 119_999, 120_000)] == [True, True, True, False]


def test_a_rate_is_a_rate_and_comes_from_the_seed() -> None:
    declared = LOST | {"when": {"rate": 0.1}}
    first = struck(plan(declared, seed=5), 2000)
    assert 140 < len(first) < 260
    assert struck(plan(declared, seed=5), 2000) == first
    assert struck(plan(declared, seed=6), 2000) != first


def test_two_faults_of_one_kind_do_not_strike_alike() -> None:
    declared = {"kind": "event_lost", "when": {"rate": 0.5}}
    where = [{"where": {"events": [name]}} for name in ("TRADE_LITE", "ACCOUNT_UPDATE")]
    faults = plan(*(declared | one for one in where))
    for number in range(40):
        faults.on_user(fill(number), START + number)
    moments = [{strike.at_ms for strike in faults.struck if strike.fault[0] == one} for one in "12"]
    assert moments[0] != moments[1]


def test_a_burst_at_a_rate_strikes_all_that_comes_in_it() -> None:
    hits = struck(plan(LOST | {"when": {"rate": 0.02}, "for_s": 0.5}, seed=3), 500)
    runs = [number for number in hits if number - 1 not in hits]
    assert len(runs) > 3
    assert all(set(range(first, first + 5)) <= set(hits) for first in runs)


@given(st.integers(0, 50), st.floats(0.05, 0.9), st.booleans())
def test_another_fault_shifts_none(seed: int, rate: float, behind: bool) -> None:
    declared = LOST | {"when": {"rate": rate}, "name": "a"}
    other = {"kind": "event_lost", "when": {"rate": 0.5}}
    alone = struck(plan(declared, seed=seed), 40)
    both = plan(declared, other | {"kind": "ack_late", "delay_ms": 3}, seed=seed)
    assert struck(both, 40) == alone
    assert not behind or struck(plan(declared, other, seed=seed), 40) == alone


def test_only_the_requests_that_are_meant_are_occasions() -> None:
    where = {
        "endpoint": ["* /fapi/v1/order", "POST /fapi/v1/batch*"],
        "symbol": "BTCUSDT",
        "position_side": "LONG",
        "params": {"type": "LIMIT"},
    }
    faults = plan(LOST | {"when": {"nth": 2}, "where": where})
    meant = {"symbol": "BTCUSDT", "positionSide": "LONG", "type": "LIMIT"}
    assert not meet(faults, **meant).reset
    for other in ({"symbol": "ETHUSDT"}, {"positionSide": "SHORT"}, {"type": "MARKET"}):
        assert not meet(faults, **(meant | other)).reset
    assert not meet(faults, 0, "GET /fapi/v1/openOrders", **meant).reset
    assert meet(faults, 0, "DELETE /fapi/v1/order", **meant).reset


def test_a_kind_has_its_own_endpoint_until_another_is_named() -> None:
    late = {"kind": "ack_late", "when": {"rate": 1}, "delay_ms": 7}
    assert meet(plan(late)).answer_delay_ms == 7
    assert meet(plan(late), 0, "GET /fapi/v1/time").answer_delay_ms == 0
    assert meet(plan(late), 0, "GET /fapi/v1/order").answer_delay_ms == 0
    named = late | {"where": {"endpoint": "GET /fapi/v1/time"}}
    assert meet(plan(named), 0, "GET /fapi/v1/time").answer_delay_ms == 7
    assert meet(plan(named)).answer_delay_ms == 0


def test_what_keeps_a_request_from_being_worked_rules_out_the_rest_which_waits() -> None:
    faults = plan(
        {"kind": "ack_late", "when": {"once": True}, "delay_ms": 9, "name": "late"},
        {"kind": "request_lost", "when": {"once": True}, "name": "lost"},
        {"kind": "unavailable_503", "when": {"once": True}, "name": "busy"},
    )
    fates = [meet(faults), meet(faults), meet(faults), meet(faults)]
    assert [(fate.reset, fate.refuse is not None, fate.answer_delay_ms) for fate in fates] == [
        (True, False, 0),
        (False, True, 0),
        (False, False, 9),
        (False, False, 0),
    ]
    assert [strike.fault for strike in faults.struck] == ["lost", "busy", "late"]


def test_what_can_be_seen_together_joins() -> None:
    faults = plan(
        {"kind": "request_late", "when": {"once": True}, "delay_ms": 3, "where": {"endpoint": ORDER}},
        {"kind": "ack_late", "when": {"once": True}, "delay_ms": 5},
        {"kind": "ack_doubled", "when": {"once": True}, "shows": "first"},
        {"kind": "ack_lost", "when": {"once": True}, "after_ms": 2},
        {"kind": "unknown_503", "when": {"once": True}, "reached": True},
    )
    fate = meet(faults)
    assert (fate.delay_ms, fate.answer_delay_ms, fate.work_times, fate.shown, fate.lost) == (3, 7, 2, 1, True)
    assert fate.answer is None
    assert meet(faults).answer is not None


def test_the_log_says_when_what_struck_and_whom() -> None:
    faults = plan({"kind": "ack_lost", "when": {"nth": 2}})
    meet(faults, 5, newClientOrderId="vq-1")
    meet(faults, 1250, newClientOrderId="vq-2")
    (strike,) = faults.struck
    assert (strike.at_ms, strike.fault, strike.hit) == (1250, "1:ack_lost", f"{ORDER} vq-2")


def test_faults_added_later_count_from_then_and_may_be_forgotten() -> None:
    faults = plan(LOST | {"when": {"rate": 1}, "where": {"symbol": "ETHUSDT"}})
    (name,) = faults.add(read_faults(LOST | {"when": {"at_s": 1}, "times": 2}), START + 5000)
    assert name == "2:request_lost"
    assert [meet(faults, at).reset for at in (5999, 6000, 6001, 6002)] == [False, True, True, False]
    assert faults.remove(START, name) == [name]
    assert faults.remove(START, name) == []
    assert len(faults.remove(START)) == 1
    assert struck(faults, 5, symbol="ETHUSDT") == []

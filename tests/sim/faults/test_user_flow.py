from __future__ import annotations

from itertools import groupby
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.sim.faults.scripts import FRAMES, START, fill, frame, plan, told

from vibe_quant.sim.front.faults import FaultPlan

ORDERS = {"events": ["ORDER_TRADE_UPDATE"]}


def run(faults: FaultPlan, moments: list[int]) -> list[tuple[int, str, Any]]:
    """A fill at each moment (ms since the start); everything told, in the order of telling."""
    items = [item for number, at in enumerate(moments, 1) for item in faults.on_user(fill(number), START + at)]
    return sorted(told(items), key=lambda item: item[0])


def test_without_faults_events_pass_as_they_come() -> None:
    assert run(plan(), [3]) == [(3, name, 1) for name in FRAMES]


def test_a_late_event_holds_those_of_its_type_and_lets_others_pass() -> None:
    faults = plan({"kind": "event_late", "when": {"nth": 1}, "delay_ms": 100, "where": ORDERS})
    assert run(faults, [0, 50, 100, 101]) == [
        (0, "ACCOUNT_UPDATE", 1),
        (0, "TRADE_LITE", 1),
        (50, "ACCOUNT_UPDATE", 2),
        (50, "TRADE_LITE", 2),
        (100, "ORDER_TRADE_UPDATE", 1),
        (100, "ORDER_TRADE_UPDATE", 2),
        (100, "ACCOUNT_UPDATE", 3),
        (100, "TRADE_LITE", 3),
        (100, "ORDER_TRADE_UPDATE", 3),
        (101, "ACCOUNT_UPDATE", 4),
        (101, "TRADE_LITE", 4),
        (101, "ORDER_TRADE_UPDATE", 4),
    ]
    assert [(strike.fault, strike.hit) for strike in faults.struck] == [("1:event_late", "ORDER_TRADE_UPDATE vq-1")]


def test_a_doubled_event_is_told_twice_and_holds_its_type_until_then() -> None:
    faults = plan({"kind": "event_doubled", "when": {"nth": 1}, "after_ms": 30, "where": ORDERS})
    orders = [item for item in run(faults, [0, 10]) if item[1] == "ORDER_TRADE_UPDATE"]
    assert orders == [(0, "ORDER_TRADE_UPDATE", 1), (30, "ORDER_TRADE_UPDATE", 1), (30, "ORDER_TRADE_UPDATE", 2)]


def test_a_late_event_may_be_doubled_and_a_lost_one_is_nothing_else() -> None:
    double = {"kind": "event_doubled", "when": {"once": True}, "after_ms": 30, "where": ORDERS, "name": "double"}
    late = {"kind": "event_late", "when": {"once": True}, "delay_ms": 7, "where": ORDERS, "name": "late"}
    lost = {"kind": "event_lost", "when": {"once": True}, "where": ORDERS, "name": "lost"}
    assert [at for at, name, _ in run(plan(double, late), [0]) if name == "ORDER_TRADE_UPDATE"] == [7, 37]
    faults = plan(lost, double)
    assert [(at, n) for at, name, n in run(faults, [0, 5]) if name == "ORDER_TRADE_UPDATE"] == [(5, 2), (35, 2)]
    assert [strike.fault for strike in faults.struck] == ["lost", "double"]


def test_only_events_of_the_symbol_and_side_are_meant() -> None:
    where = {"symbol": "ETHUSDT", "position_side": "SHORT"}
    faults = plan({"kind": "event_lost", "when": {"rate": 1}, "where": where})
    for name in FRAMES:
        assert len(faults.on_user([frame(name, 1, "BTCUSDT", "SHORT"), frame(name, 1, "ETHUSDT", "LONG")], START)) == 2
        assert faults.on_user([frame(name, 1, "ETHUSDT", "SHORT")], START) == []


def test_reordered_events_come_in_another_order_at_the_same_time() -> None:
    faults = plan({"kind": "events_reordered", "when": {"rate": 1}, "where": ORDERS}, seed=4)
    for number in range(20):
        items = told(faults.on_user(fill(number), START + number))
        assert [name for _, name, _ in items] != list(FRAMES)
        assert sorted(items) == sorted((number, name, number) for name in FRAMES)
    assert len({strike.hit for strike in faults.struck}) > 2


def test_one_type_alone_is_never_reordered_nor_counted() -> None:
    faults = plan({"kind": "events_reordered", "when": {"nth": 1}})
    pair = [frame("ORDER_TRADE_UPDATE", 1), frame("ORDER_TRADE_UPDATE", 2)]
    assert told(faults.on_user(pair, START)) == [(0, "ORDER_TRADE_UPDATE", 1), (0, "ORDER_TRADE_UPDATE", 2)]
    assert not faults.struck
    mixed = [*pair, frame("ACCOUNT_UPDATE", 3)]
    names = [(name, number) for _, name, number in told(faults.on_user(mixed, START))]
    assert names.index(("ORDER_TRADE_UPDATE", 1)) < names.index(("ORDER_TRADE_UPDATE", 2))
    assert names[-1][0] != "ACCOUNT_UPDATE"


def test_what_is_left_after_a_loss_may_be_one_type_and_is_not_reordered() -> None:
    lost = {"kind": "event_lost", "when": {"once": True}, "where": {"events": ["ACCOUNT_UPDATE"]}}
    faults = plan({"kind": "events_reordered", "when": {"once": True}, "name": "order"}, lost)
    faults.on_user([frame("ACCOUNT_UPDATE", 1), frame("TRADE_LITE", 1)], START)
    assert [strike.fault for strike in faults.struck] == ["2:event_lost"]
    faults.on_user(fill(2), START + 1)
    assert [strike.fault for strike in faults.struck] == ["2:event_lost", "order"]


KINDS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"kind": "event_late", "delay_ms": 40},
        {"kind": "event_doubled", "after_ms": 15},
        {"kind": "event_lost"},
        {"kind": "events_reordered"},
    ]
)
RULES = st.lists(
    st.tuples(KINDS, st.floats(0.1, 0.9)).map(lambda pair: {**pair[0], "when": {"rate": pair[1]}}), max_size=4
)


@given(RULES, st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(0, 99))
def test_whatever_befalls_them_events_of_a_type_keep_their_order(
    rules: list[dict[str, Any]], gaps: list[int], seed: int
) -> None:
    moments = [sum(gaps[: number + 1]) for number in range(len(gaps))]
    first, second = plan(*rules, seed=seed), plan(*rules, seed=seed)
    items = run(first, moments)
    assert run(second, moments) == items
    assert list(first.struck) == list(second.struck)
    for name in FRAMES:
        numbers = [number for _, told_name, number in items if told_name == name]
        assert numbers == sorted(numbers)
        if not any(rule["kind"] == "event_lost" for rule in rules):
            assert [number for number, _ in groupby(numbers)] == list(range(1, len(moments) + 1))
    assert all(at >= moments[number - 1] for at, _, number in items)

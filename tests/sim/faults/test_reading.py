from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.sim.front.faults import FaultError, FaultPlan, catalogue, read_faults
from vibe_quant.sim.front.faults.reading import KINDS

ONCE = {"once": True}
LATE = {"kind": "ack_late", "when": ONCE, "delay_ms": 5}


def problems(declared: object) -> tuple[str, ...]:
    with pytest.raises(FaultError) as caught:
        read_faults(declared)
    return caught.value.problems


@pytest.mark.parametrize("declared", [LATE, [LATE], (LATE,), {"faults": [LATE]}])
def test_a_list_a_file_and_a_single_declaration_are_read_alike(declared: object) -> None:
    (spec,) = read_faults(declared)
    assert spec.kind == "ack_late"


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (3, "faults: must be a list of declarations"),
        ({"fault": []}, "fault: a file of faults holds one key, faults: a list"),
        ({}, "faults: a file of faults holds one key"),
        ([7], "faults[0]: must be a declaration with its kind"),
        ([{"kind": "ack_lat"}], "faults[0].kind: 'ack_lat' is no kind of fault; did you mean ack_late?"),
        ([{"kind": 3}], "faults[0].kind: 3 is no kind of fault; all are in vibe-quant sim faults"),
        ([{"kind": "ack_late", "when": ONCE}], "faults[0].delay_ms: is missing; how late the answer is"),
        ([{"kind": "ack_late", "delay_ms": 1}], "faults[0].when: is missing"),
        ([LATE | {"delay": 5}], "faults[0].delay: ack_late has no such key; did you mean delay_ms?"),
        ([LATE | {"where": {"symbl": "X"}}], "faults[0].where.symbl: ack_late has no such key; did you mean symbol?"),
        ([LATE | {"where": {"endpoint": "order"}}], "faults[0].where.endpoint: must be * or a method and a path"),
        ([LATE | {"where": {"endpoint": []}}], "faults[0].where.endpoint: must be * or a method and a path"),
        ([LATE | {"where": {"endpoint": [3]}}], "faults[0].where.endpoint[0]: should be a valid string, is 3"),
        ([LATE | {"delay_ms": True}], "faults[0].delay_ms: should be a valid integer, is True (how late"),
        ([LATE | {"when": {}}], "faults[0].when: say exactly one of once, nth, rate, at_s, per_minute; here: none"),
        ([LATE | {"when": ONCE | {"nth": 2}}], "here: once and nth"),
        ([LATE | {"when": {"once": False}}], "faults[0].when.once: should be True, is False"),
        ([LATE | {"when": {"nth": 0}}], "faults[0].when.nth: should be greater than or equal to 1, is 0"),
        ([LATE | {"when": {"rate": 0}}], "faults[0].when.rate: should be greater than 0, is 0"),
        ([LATE | {"when": {"rate": True}}], "faults[0].when.rate: must be a number"),
        ([LATE | {"when": {"per_minute": 1}}], "faults[0]: per_minute is for what happens by itself"),
        ([LATE | {"for_s": 0}], "faults[0].for_s: should be greater than 0, is 0"),
        ([LATE | {"name": "a"}, LATE | {"name": "a"}], "faults[1].name: 'a' is taken"),
        ([{"kind": "maintenance", "when": {"at_s": 1}, "times": 2}], "faults[0]: times has no meaning"),
        (
            [{"kind": "event_lost", "when": ONCE, "where": {"events": ["ORDER"]}}],
            "faults[0].where.events[0]: should be",
        ),
        ([{"kind": "sockets_closed", "classes": ["publi"]}], "faults[0].classes[0]: should be 'public', 'market'"),
        ([{"kind": "sockets_closed", "classes": []}], "faults[0].classes: Tuple should have at least 1 item"),
        ([{"kind": "hedge_mode_off", "for_s": 5}], "faults[0]: for_s has no meaning: this happens and is over"),
        ([{"kind": "hedge_mode_off", "times": 5}], "faults[0]: times has no meaning: it happens once"),
        ([{"kind": "hedge_mode_off", "when": {"rate": 1}}], "faults[0]: rate counts requests; say which ones"),
        ([{"kind": "hedge_mode_off", "when": {"at_s": 1}, "where": {}}], "faults[0]: where waits for a request"),
        (
            [{"kind": "adl", "symbol": "BTCUSDT", "side": "LONG", "qty": 0.5}],
            "faults[0].qty: must be an exact number; write it in quotes",
        ),
        (
            [{"kind": "adl", "symbol": "BTCUSDT", "side": "LONG", "qty": "1", "fraction": "1"}],
            "faults[0]: say qty or fraction, not both",
        ),
    ],
)
def test_what_is_wrong_is_said_with_path_and_cure(declared: object, said: str) -> None:
    assert any(said in problem for problem in problems(declared)), problems(declared)


def test_all_problems_are_said_at_once_and_each_once() -> None:
    said = problems([LATE | {"delay_ms": -1, "x": 1}, LATE, {"kind": "sockets_closed", "classes": ["publi"]}])
    assert [problem.split(":")[0] for problem in said] == ["faults[0].delay_ms", "faults[0].x", "faults[2].classes[0]"]


def test_amounts_stay_exact_and_times_may_be_floats() -> None:
    given = {"kind": "adl", "symbol": "BTCUSDT", "side": "LONG", "qty": "0.1", "when": {"at_s": 0.25}}
    (spec,) = read_faults([given])
    assert spec.model_dump()["qty"] == Decimal("0.1")
    assert spec.when.at_s == Decimal("0.25")


def test_a_name_that_lives_in_the_plan_is_taken_and_nothing_is_added() -> None:
    plan = FaultPlan([LATE | {"name": "a"}])
    with pytest.raises(FaultError, match="'a' is taken"):
        plan.add(read_faults([LATE, LATE | {"name": "a"}]), 0)
    assert len(plan.rules) == 1
    plan.remove(0, "a")
    assert plan.add(read_faults([LATE | {"name": "a"}]), 0) == ["a"]


def test_the_catalogue_has_a_row_for_every_kind_and_names_its_fields() -> None:
    text = catalogue()
    for name, kind in KINDS.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        own = set(kind.model_fields) - {"kind", "name", "when", "where", "times", "for_s"}
        assert own == set(re.findall(r"`(\w+)`", row.rsplit("|", 2)[1]))
        assert kind.__doc__ is not None
        assert " ".join(kind.__doc__.split("\n\n")[0].split()) in row


JSONLIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["when", "where", "for_s", "times", "name", "qty", "symbol", "classes", "delay_ms", "seconds"])
DECLARED: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda kind, rest: {"kind": kind} | rest, st.sampled_from(sorted(KINDS)), st.dictionaries(KEYS, JSONLIKE)
)


@given(st.lists(DECLARED | JSONLIKE, max_size=3) | JSONLIKE)
def test_whatever_is_declared_is_read_or_refused_in_words(declared: object) -> None:
    try:
        read_faults(declared)
    except FaultError as error:
        assert error.problems
        assert all(problem for problem in error.problems)

"""Laws of merging raw sections."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vibe_quant.config.merge import merge
from vibe_quant.config.problems import EMPTY

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.lists(st.integers(), max_size=2))
KEYS = st.sampled_from("abcd")
LEAVES = st.dictionaries(KEYS, SCALARS, max_size=3)
DEEPER = st.dictionaries(KEYS, st.one_of(SCALARS, LEAVES), max_size=3)
SECTIONS = st.dictionaries(KEYS, st.one_of(SCALARS, DEEPER), max_size=3)


@given(SECTIONS)
def test_nothing_over_a_section_and_a_section_over_nothing(section: dict[str, Any]) -> None:
    assert merge(section, {}) == section
    assert merge({}, section) == section
    assert merge(section, EMPTY) == section


@given(SECTIONS, SECTIONS)
def test_merging_twice_changes_nothing_more(base: dict[str, Any], over: dict[str, Any]) -> None:
    once = merge(base, over)
    assert merge(once, over) == once


@given(SECTIONS, SECTIONS)
def test_inputs_are_left_alone(base: dict[str, Any], over: dict[str, Any]) -> None:
    before = copy.deepcopy((base, over))
    merge(base, over)
    assert (base, over) == before


@given(SECTIONS, SECTIONS)
def test_each_key_is_the_overs_or_else_the_bases(base: dict[str, Any], over: dict[str, Any]) -> None:
    result = merge(base, over)
    assert result.keys() == base.keys() | over.keys()
    for key, value in result.items():
        if key not in over:
            assert value == base[key]
        elif isinstance(over[key], dict) and isinstance(base.get(key), dict):
            assert value == merge(base[key], over[key])
        else:
            assert value == over[key]


def test_lists_replace_null_stays_and_empty_inherits() -> None:
    base = {"tiers": [1, 2], "ttl": 5, "risk": {"x": 1, "y": 2}, "roi": {"z": 1}}
    over = {"tiers": [3], "ttl": None, "risk": {"x": EMPTY, "y": None}, "roi": EMPTY}
    assert merge(base, over) == {"tiers": [3], "ttl": None, "risk": {"x": 1, "y": None}, "roi": {"z": 1}}

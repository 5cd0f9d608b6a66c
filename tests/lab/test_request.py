from __future__ import annotations

import pytest

from vibe_quant.lab.request import ReplayError, latency_model, seed_for
from vibe_quant.sim.latency import ConstantLatency, LognormalLatency, TapeLatency


def test_the_tapes_own_lag_rules_where_there_is_one() -> None:
    assert isinstance(latency_model(None, 1, True)[0], TapeLatency)
    assert isinstance(latency_model(None, 1, False)[0], LognormalLatency)
    assert isinstance(latency_model("lognormal", 1, True)[0], LognormalLatency)
    assert isinstance(latency_model("tape", 1, True)[0], TapeLatency)


def test_constant_latency_is_the_same_on_every_way() -> None:
    model, name = latency_model("constant:25", 1, True)
    assert isinstance(model, ConstantLatency)
    assert (model.entry(), model.response(), model.stream()) == (25, 25, 25)
    assert name == "25 ms each way"


@pytest.mark.parametrize(
    "name", ["Tape", "tape:1", "constant", "constant:", "constant:-1", "constant:1.5", "constant:60001", "constant:٣"]
)
def test_other_names_are_refused_with_the_choice(name: str) -> None:
    with pytest.raises(ReplayError, match="tape, lognormal, constant:MS"):
        latency_model(name, 1, True)


def test_tape_latency_needs_a_receive_clock() -> None:
    with pytest.raises(ReplayError, match="no receive clock"):
        latency_model("tape", 1, False)


def test_seeds_differ_by_seed_and_purpose() -> None:
    assert len({seed_for(seed, purpose) for seed in (1, 2, -1) for purpose in ("latency", "engine")}) == 6
    assert seed_for(1, "latency") == seed_for(1, "latency")


def test_lognormal_draws_depend_on_the_seed() -> None:
    draws = {tuple(latency_model("lognormal", seed, False)[0].entry() for _ in range(20)) for seed in (1, 1, 2)}
    assert len(draws) == 2

"""Faults never come alone: two to five of them at once, drawn from a seed, in any configuration and any market.

`VQ_WEATHER_SEEDS=3,17` or `100-150` chooses the seeds of the long run, `VQ_WEATHER_ONLY=0,2` keeps these strikes of
each alone: so a seed that fails is made small.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.e2e.weather_draw import KINDS, drawn
from tests.e2e.weather_life import live_through
from tests.e2e.weather_promises import SLOW

QUICK = (8, 10, 16, 17, 27, 35, 53, 69, 145, 149, 164, 221, 239, 258, 275, 288, 293)
"""Between them every kind that does not take minutes."""
LONG_RUN = range(300)


def chosen() -> list[int]:
    """The seeds of the long run."""
    text = os.environ.get("VQ_WEATHER_SEEDS", "")
    if not text:
        return list(LONG_RUN)
    ranges = [part.partition("-") for part in text.split(",")]
    return [seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)]


def test_the_short_form_meets_every_kind_of_fault() -> None:
    assert {strike.kind for seed in QUICK for strike in drawn(seed).strikes} == set(KINDS) - SLOW


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", QUICK)
async def test_it_comes_back_from_some_weather(tmp_path: Path, seed: int) -> None:
    await live_through(drawn(seed), tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", chosen())
async def test_it_comes_back_from_any_weather(tmp_path: Path, seed: int) -> None:
    weather, kept = drawn(seed), os.environ.get("VQ_WEATHER_ONLY")
    if kept is not None:
        weather = weather.only(int(number) for number in kept.split(",") if number)
    await live_through(weather, tmp_path)

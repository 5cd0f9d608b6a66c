"""Faults never come alone: two to five of them at once, drawn from a seed, in any configuration and any market.

`VQ_WEATHER_SEEDS=3,17` or `100-150` chooses seeds, `VQ_WEATHER_ONLY=0,2` keeps these strikes of them alone.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.e2e.weather_draw import drawn
from tests.e2e.weather_life import live_through

QUICK = tuple(range(20))
LONG_RUN = range(300)


def chosen() -> list[int]:
    """The seeds of the long run."""
    text = os.environ.get("VQ_WEATHER_SEEDS", "")
    if not text:
        return list(LONG_RUN)
    ranges = [part.partition("-") for part in text.split(",")]
    return [seed for first, _, last in ranges for seed in range(int(first), int(last or first) + 1)]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", chosen())
async def test_it_comes_back_from_any_weather(tmp_path: Path, seed: int) -> None:
    weather, kept = drawn(seed), os.environ.get("VQ_WEATHER_ONLY")
    if kept is not None:
        weather = weather.only(int(number) for number in kept.split(",") if number)
    await live_through(weather, tmp_path)

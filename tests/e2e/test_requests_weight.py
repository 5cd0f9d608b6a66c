"""A small request weight: the program spends it up to its reserve and no further, and goes on when the minute turns."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.stage import CONFIG, LONG, SHORT, Scene, Stage, settings, stage

from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import OrderIntent

LIMIT = 200
"""Enough for the start of two symbols, and for little of the work."""
ADDRESS = "127.0.0.1"
SCENE = Scene(
    seats=((LONG, "0.3"),), beside=(("ETHUSDT", SHORT, "4"),), others=("ETHUSDT",), more={"weight_limit": LIMIT}
)
BOTH = CONFIG.replace('"BTC/USDT:USDT": {}', '"BTC/USDT:USDT": {}\n  "ETH/USDT:USDT": {}')


def waited(on: Stage) -> list[ev.NotSent]:
    """Requests that were kept back for the weight."""
    return [e for e in on.events if isinstance(e, ev.NotSent) and "is kept for what is more urgent" in e.detail]


def orders(on: Stage) -> int:
    return sum(isinstance(intent, OrderIntent) for intent in on.intents)


def weight(on: Stage) -> int:
    return on.server.box.limits.used_weight(ADDRESS, on.server.box.now)


async def spent(on: Stage) -> None:
    """Wait until reads are kept back and the stops stand; no 429 came meanwhile."""
    await on.working(75)  # where the start has spent the minute, with the next one
    await on.protected()
    await on.until(lambda: waited(on), 70, "a read that waits for the minute's turn")
    assert weight(on) <= LIMIT


async def test_429_is_never_earned_and_stops_stand_while_the_weight_is_spent(tmp_path: Path) -> None:
    async with stage(tmp_path, SCENE, chosen=settings(BOTH)) as on:
        await spent(on)
        assert not on.truth.bare_now()
        assert await on.stop() == 0
        assert weight(on) <= LIMIT
        assert not [event for event in on.events if isinstance(event, ev.RateLimited)]


@pytest.mark.slow
async def test_the_exit_goes_on_when_the_minute_turns(tmp_path: Path) -> None:
    async with stage(tmp_path, SCENE, chosen=settings(BOTH)) as on:
        await spent(on)
        before, most = orders(on), 0

        def done() -> bool:
            nonlocal most
            most = max(most, weight(on))
            return not any(on.truth.left(leg) for leg in on.truth.seats)

        await on.until(done, 300, "flat")
        assert orders(on) > before
        assert most <= LIMIT
        assert not [event for event in on.events if isinstance(event, ev.RateLimited)]

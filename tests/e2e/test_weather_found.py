"""What the weather has found, made as small as it goes: each a story of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.e2e.danger import alarms
from tests.e2e.request_scenes import SLOW_CONFIG, scene, watched
from tests.e2e.stage import settings, stage


async def test_killed_in_the_first_instants_of_a_start_the_next_one_has_the_account(tmp_path: Path) -> None:
    async with stage(tmp_path, start=False) as on:
        for turns in range(12):
            on.start()
            for _ in range(turns):
                await asyncio.sleep(0)
            await on.kill()
        on.start()
        await on.working(15)


async def test_a_ban_that_meets_a_whole_comparison_is_said_once(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(), settings(SLOW_CONFIG)) as w:
        await w.on.working()
        reads = {"endpoint": "GET *"}
        await w.on.fault("ban_418", where=reads, when={"nth": 1}, for_s=4)
        await w.struck("ban_418")  # and whatever was under way beside it
        over = w.on.server.box.now + 5000
        await w.told("has banned this address")
        await w.on.until(lambda: w.on.server.box.now > over, 20, "the end of the ban")
        assert len(alarms(w.on, "has banned this address")) == 1

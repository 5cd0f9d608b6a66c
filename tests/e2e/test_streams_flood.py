"""More news than can be looked at: quotes give way to newer ones, and nothing of the account is lost."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from tests.e2e.stage import LONG, Scene, stage
from tests.e2e.stream_scenes import booked, losses, mismatches, paced, said, traded

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import NoticeKind

SCENE = Scene(seats=((LONG, "0.1"),), wallet="2000")


async def test_a_fast_market_is_conflated_and_counted_and_the_account_is_not(tmp_path: Path) -> None:
    async with stage(tmp_path, replace(SCENE, speed="20"), chosen=paced(8, 3, "700")) as on:
        app = await on.working()
        await on.flat()
        await on.until(lambda: said(on, NoticeKind.EXIT_FINISHED, "done"), 10, "the end of the exit")
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert await on.stop() == DONE
        assert sum(app.inbox.conflated.values()) > 0
        end = next(iter(on.journal.rows(kinds=("end",))))
        assert end.data()["conflated"] == sum(app.inbox.conflated.values())
        assert mismatches(on) == []
        assert losses(on) == []


async def test_what_has_piled_up_while_the_program_stood_still_is_conflated_and_the_account_is_not(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, replace(SCENE, speed="5"), chosen=paced(9, 3, "700")) as on:
        app = await on.working()
        before = sum(app.inbox.conflated.values())
        for _ in range(3):
            await on.until(on.truth.live, 10, "an order that lives")
            time.sleep(0.4)
        await on.flat()
        await on.until(lambda: said(on, NoticeKind.EXIT_FINISHED, "done"), 10, "the end of the exit")
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert sum(app.inbox.conflated.values()) > before
        assert mismatches(on) == []
        assert losses(on) == []

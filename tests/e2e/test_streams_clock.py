"""The exchange's clock seconds away from ours, from the start or by a jump: measured, and gone on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.e2e.stage import LONG, Scene, stage
from tests.e2e.stream_scenes import TIMES, booked, discretionary, mismatches, paced, said, traded

from vibe_quant.domain.enums import NoticeKind
from vibe_quant.domain.events import Refused, ServerTime
from vibe_quant.domain.settings import Settings

SCENE = Scene(seats=((LONG, "0.1"),), wallet="2000")
OUTSIDE = -1021


def tolerant(chosen: Settings) -> Settings:
    """The fault leaves the streams' own times alone, which so lag a clock that is ahead by as much."""
    shared = chosen.shared
    return replace(chosen, shared=replace(shared, ws=replace(shared.ws, stale_data_ms=8000)))


@pytest.mark.parametrize(("seconds", "words"), [("3", "ms behind"), ("-3", "ms ahead of")])
async def test_a_clock_that_was_off_before_the_start_is_said_and_worked_with(
    tmp_path: Path, seconds: str, words: str
) -> None:
    declared = {"kind": "clock_off", "seconds": seconds}
    scene = replace(SCENE, faults=(declared,))
    async with stage(tmp_path, scene, chosen=tolerant(paced(5)), times=TIMES) as on:
        await on.protected()
        await on.flat()
        await on.until(lambda: said(on, NoticeKind.EXIT_FINISHED, "done"), 10, "the end of the exit")
        assert on.truth.struck("clock_off") == 1
        told = next(line for line in on.log if "This host's clock is" in line)
        assert words in told
        assert abs(int(told.partition("clock is ")[2].partition(" ")[0]) - 3000) < 500
        assert not any(isinstance(event, Refused) and event.code == OUTSIDE for event in on.events)
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert mismatches(on) == []


@pytest.mark.parametrize("seconds", ["3", "-3"])
async def test_a_clock_that_jumps_is_measured_again_and_orders_go_on(tmp_path: Path, seconds: str) -> None:
    async with stage(tmp_path, SCENE, chosen=tolerant(paced(600)), times=TIMES) as on:
        app = await on.working()
        await on.protected()
        measured = app.parts.clock.server_ms() - app.parts.clock.now_ms()
        await on.act("clock_off", seconds=seconds)
        mark = len(on.pairs)
        await on.until(lambda: any(isinstance(event, ServerTime) for event in on.events[mark:]), 20, "a measurement")
        refused = [event for event in on.events[mark:] if isinstance(event, Refused)]
        assert refused and {event.code for event in refused} == {OUTSIDE}
        again = app.parts.clock.server_ms() - app.parts.clock.now_ms()
        assert abs(again - measured - int(seconds) * 1000) < 500
        after = len(on.pairs)
        await on.until(lambda: any(discretionary(asked) for _, asked in on.pairs[after:]), 10, "an order after it")
        await on.until(lambda: said(on, NoticeKind.RISK, "-1021"), 1, "the notice")
        assert any("clock is" in line and "where it was expected" in line for line in on.log)
        orders = len(on.truth.own)
        await on.until(lambda: len(on.truth.own) > orders, 10, "an order that was taken")

"""Requests about protective stops that go wrong: what stands stays, what should stand is placed, within the bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.request_scenes import (
    BTC_LEG,
    CANCEL_STOP,
    PLACE_STOP,
    READ_STOPS,
    SLOW_CONFIG,
    Watched,
    fault,
    scene,
    watched,
)
from tests.e2e.stage import settings

from vibe_quant.domain.enums import Severity

WORKED: dict[str, dict[str, Any]] = {
    "ack_lost": {},
    "ack_late": {"delay_ms": 1500},
    "ack_doubled": {},
    "unknown_503": {"reached": True},
    "timeout_1007": {"reached": True},
    "proxy_error": {"reached": True},
}
NOT_WORKED: dict[str, dict[str, Any]] = {
    "request_lost": {},
    "unknown_503": {"reached": False},
    "timeout_1007": {"reached": False},
    "proxy_error": {"reached": False, "status": 504},
}
NOT_DONE: dict[str, dict[str, Any]] = {
    "unavailable_503": {},
    "internal_1001": {},
    "timestamp_1021": {},
    "request_late": {"delay_ms": 500},
}
TRAVEL_MS = 200
"""By how much more one request may be under way than another on a busy machine."""
REFUSED = {code: {"code": code, "message": "No."} for code in (-1106, -2010, -4045, -2015)}


async def bereft(w: Watched) -> int:
    """Somebody cancels the stop that stands; when that was."""
    await w.on.working()
    await w.on.protected()
    at = w.on.server.box.now
    await w.on.act("orders_cancelled", symbol="BTCUSDT", what="conditional")
    await w.told("has lost its protective stop", Severity.WARNING)
    return at


async def one_stop(w: Watched) -> None:
    """In the end one stop stands, however many were asked for."""
    await w.on.protected()
    await w.on.until(lambda: len(w.on.truth.stops()) == 1, 15, "one stop, and no more")
    await w.on.until(lambda: (v := w.view(BTC_LEG)) is not None and v.stop_standing, 10, "that the program knows it")


@pytest.mark.parametrize("kind", WORKED)
async def test_a_stop_that_was_placed_without_a_clear_answer_is_found_by_reading(tmp_path: Path, kind: str) -> None:
    declared = fault(kind, PLACE_STOP, nth=2, **WORKED[kind])
    async with watched(tmp_path, scene(declared, alone=True), settings(SLOW_CONFIG)) as w:
        await bereft(w)
        struck = await w.struck(kind)
        await one_stop(w)
        assert w.sent(READ_STOPS, struck.at_ms)
        assert len(w.sent(PLACE_STOP, struck.at_ms)) == 0, "what stands is not placed again"


@pytest.mark.parametrize("kind", NOT_WORKED)
async def test_a_stop_of_unknown_fate_that_is_not_listed_is_placed_again_after_two_seconds(
    tmp_path: Path, kind: str
) -> None:
    declared = fault(kind, PLACE_STOP, nth=2, **NOT_WORKED[kind])
    async with watched(tmp_path, scene(declared, alone=True), settings(SLOW_CONFIG)) as w:
        await bereft(w)
        struck = await w.struck(kind)
        await w.on.protected()
        again = w.sent(PLACE_STOP, struck.at_ms)
        assert again[0].at_ms - struck.at_ms >= 2000 - TRAVEL_MS  # they travel for different times
        assert again[0].client_id != struck.client_id
        await one_stop(w)


@pytest.mark.parametrize("kind", NOT_DONE)
async def test_a_stop_that_was_not_placed_is_placed_soon(tmp_path: Path, kind: str) -> None:
    declared = fault(kind, PLACE_STOP, nth=2, **NOT_DONE[kind])
    async with watched(tmp_path, scene(declared, alone=True), settings(SLOW_CONFIG), bare_ms=2000) as w:
        await bereft(w)
        await w.struck(kind)
        await one_stop(w)


@pytest.mark.parametrize("code", REFUSED)
async def test_a_refused_stop_is_an_alarm_and_is_tried_again_without_end(tmp_path: Path, code: int) -> None:
    declared = fault("refuse", PLACE_STOP, nth=2, times=3, **REFUSED[code])
    async with watched(tmp_path, scene(declared, alone=True), settings(SLOW_CONFIG)) as w:
        await bereft(w)
        alarm = await w.told("does not stand", Severity.ALARM)
        assert str(code) in alarm.text
        await w.struck("refuse", 3)
        await one_stop(w)


@pytest.mark.parametrize("kind", [*NOT_WORKED, "unavailable_503", "internal_1001", "timestamp_1021"])
async def test_reads_of_the_stops_that_fail_are_repeated_and_hold_no_stop_up(tmp_path: Path, kind: str) -> None:
    await_reads = fault(kind, READ_STOPS, nth=6, times=4, **NOT_WORKED.get(kind, {}))
    async with watched(tmp_path, scene(await_reads, alone=True), settings(SLOW_CONFIG)) as w:
        at = await bereft(w)
        await w.on.until(lambda: w.sent(PLACE_STOP, at), 10, "a new stop")
        assert w.sent(PLACE_STOP, at)[0].at_ms - at < 2000
        await w.struck(kind, 4, 30)
        await one_stop(w)


CANCELS = {"ack_lost": WORKED, "unknown_503": NOT_WORKED, "request_lost": NOT_WORKED, "unavailable_503": NOT_DONE}


@pytest.mark.parametrize("kind", CANCELS)
async def test_a_replacement_whose_cancel_goes_wrong_ends_with_one_stop_and_is_never_bare(
    tmp_path: Path, kind: str
) -> None:
    declared = fault(kind, CANCEL_STOP, **CANCELS[kind][kind])
    async with watched(tmp_path, scene(declared, alone=True), settings(SLOW_CONFIG), bare_ms=500) as w:
        await w.on.working()
        await w.on.protected()
        w.on.added[BTC_LEG] = w.on.truth.seats[BTC_LEG]
        await w.on.act("position_enlarged", symbol="BTCUSDT", side="LONG", fraction=1)
        await w.struck(kind)
        await one_stop(w)

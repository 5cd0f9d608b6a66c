"""Reports that are asked for at once: trading shares its loop with one of them at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.app.room_house import loaded
from tests.operations_fake import REPORT

from vibe_quant.app import control_room
from vibe_quant.app.control_room import MOST_REPORTS, ControlRoom
from vibe_quant.domain.status import Report
from vibe_quant.ports import JournalBroken


async def test_reports_come_one_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty side by side held up each turn of the loop for a tenth of a second."""
    under_way = most = 0

    async def read(path: Path, since_ms: int, until_ms: int) -> Report:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(3):
            await asyncio.sleep(0)
        under_way -= 1
        return REPORT

    monkeypatch.setattr(control_room, "report_aside", read)
    room = ControlRoom(loaded(tmp_path), "1", tmp_path)
    found = await asyncio.gather(*(room.report(since_ms) for since_ms in range(MOST_REPORTS)))
    assert (found, most) == ([REPORT] * MOST_REPORTS, 1)


async def test_those_that_nobody_waits_for_any_more_do_not_pile_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One a second, each of which takes longer, would keep the loop busy for ever."""
    go_on = asyncio.Event()

    async def read(path: Path, since_ms: int, until_ms: int) -> Report:
        await go_on.wait()
        return REPORT

    monkeypatch.setattr(control_room, "report_aside", read)
    room = ControlRoom(loaded(tmp_path), "1", tmp_path)
    asked = [asyncio.create_task(room.report(0)) for _ in range(MOST_REPORTS)]
    await asyncio.sleep(0)
    with pytest.raises(JournalBroken, match="reports are being read already"):
        await room.report(0)
    go_on.set()
    assert await asyncio.gather(*asked) == [REPORT] * MOST_REPORTS
    assert await room.report(0) == REPORT

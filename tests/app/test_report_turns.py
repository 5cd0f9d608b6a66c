"""Reports that are asked for at once: trading shares its loop with one of them at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.app.room_house import loaded
from tests.operations_fake import REPORT

from vibe_quant.app import control_room
from vibe_quant.app.control_room import ControlRoom
from vibe_quant.domain.status import Report


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
    found = await asyncio.gather(*(room.report(since_ms) for since_ms in range(20)))
    assert (found, most) == ([REPORT] * 20, 1)

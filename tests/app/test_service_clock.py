"""What those who speak to people take for now: a wrong now makes old commands new, or new ones old."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from tests.app.fake_exchange import FakeClock
from tests.app.test_telegram_access import NAMED, WANTED, closed
from tests.operations_fake import FakeOperations
from tests.telegram.stage import FakeNotebook

from vibe_quant.app.front_list import front_list
from vibe_quant.app.redaction import Redactor
from vibe_quant.app.service_clock import ServiceClock
from vibe_quant.domain.service_settings import WebSettings
from vibe_quant.domain.settings import GlobalSettings

HOUR_MS = 3_600_000


def test_a_wall_clock_that_is_set_later_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without a clock of its own begins in the past; a suspended one stays there."""
    clock = ServiceClock(lambda: None)
    before, wall = clock.server_ms(), time.time_ns
    monkeypatch.setattr("vibe_quant.app.clock.time.time_ns", lambda: wall() + HOUR_MS * 1_000_000)
    assert HOUR_MS <= clock.server_ms() - before < HOUR_MS + 60_000


def test_the_offset_that_the_service_measures_rules() -> None:
    trading = FakeClock()
    clock = ServiceClock(lambda: SimpleNamespace(parts=SimpleNamespace(clock=trading)))  # type: ignore[arg-type,return-value]
    before = clock.server_ms() - clock.now_ms()
    trading.set_offset(trading.server_ms() - trading.now_ms() + HOUR_MS)
    assert abs(clock.server_ms() - clock.now_ms() - before - HOUR_MS) <= 1


async def test_page_and_phone_go_by_it(tmp_path: Any) -> None:
    shared = GlobalSettings(telegram=WANTED, web=WebSettings(enabled=True))
    parts = FakeOperations(), FakeNotebook(), tmp_path, NAMED, Redactor(), lambda: None, print
    fronts = {front.name: front for front in front_list(shared, *parts)}
    for clock in (fronts["telegram"]._clock, fronts["page"]._picture._clock):  # type: ignore[attr-defined]
        assert isinstance(clock, ServiceClock)
    await closed(fronts["telegram"])

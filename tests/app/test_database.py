"""What goes along with a run by what the settings name, without a database that could be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vibe_quant.app import lease_watch
from vibe_quant.app.database import database_of
from vibe_quant.app.instance import Holder
from vibe_quant.app.lease_watch import holder_of, place
from vibe_quant.domain.enums import Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.service_settings import JournalSettings
from vibe_quant.domain.settings import GlobalSettings, Venue

ME = Holder(7, "2026-11-21", "c.yaml", "sim")


def hold(by: str, reason: str | None) -> None:
    raise AssertionError((by, reason))


async def test_without_an_address_there_is_nothing(tmp_path: Path) -> None:
    said: list[Notify] = []
    shared = GlobalSettings()
    database = database_of(shared, "a1", ME, "run1", tmp_path / "j", None, said.append)
    assert await database.take() is None
    assert database.tasks(hold) == {}
    database.offer([])
    await database.end(5)
    assert said == []


async def test_an_address_that_is_none_is_an_alarm_and_no_more(tmp_path: Path) -> None:
    said: list[Notify] = []
    shared = replace(GlobalSettings(), journal=JournalSettings(url="mysql://canary@x/y"))
    database = database_of(shared, "a1", ME, "run1", tmp_path / "j", "canary", said.append)
    assert await database.take() is None
    assert database.tasks(hold) == {}
    assert [notice.severity for notice in said] == [Severity.ALARM]
    assert "canary" not in said[0].text


async def test_a_database_that_is_not_there_is_an_alarm_and_the_program_goes_on(tmp_path: Path) -> None:
    said: list[Notify] = []
    shared = replace(GlobalSettings(), journal=JournalSettings(url=f"postgresql://vq@/db?host={tmp_path}"))
    database = database_of(shared, "a1", ME, "run1", tmp_path / "j", "canary", said.append)
    assert await database.take() is None
    assert set(database.tasks(hold)) == {"mirror", "lease"}
    paper = database_of(replace(shared, venue=Venue.PAPER), "a1", ME, "run1", tmp_path / "j", "canary", said.append)
    assert set(paper.tasks(hold)) == {"mirror"}
    await database.end(0)
    assert [notice.severity for notice in said] == [Severity.ALARM]
    assert "cannot be known" in said[0].text
    assert "canary" not in said[0].text


def test_a_place_is_this_boot_and_network_and_stands_last(monkeypatch: pytest.MonkeyPatch) -> None:
    assert place() == place()
    boot, net = place().split(".")
    assert len(boot) == 13
    assert net.isdigit()
    text = holder_of("host-a", ME, "run1", "b.1")
    assert text == "process 7, since 2026-11-21, configuration c.yaml, venue sim, run run1, host host-a (b.1)"
    monkeypatch.setattr(lease_watch, "Path", lambda _: Path("/nowhere"))
    assert place() == ""

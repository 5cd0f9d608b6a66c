"""The rights of the key change while the program runs, and cannot be read at the next start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.stage import CONFIG, LONG, Scene, settings, stage

from vibe_quant.app.application import DONE, REFUSED
from vibe_quant.app.key_watch import KeyWatch
from vibe_quant.sim.front.account.permissions import DEFAULTS, PermissionCalls

SLOW_EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 300, endgame_s: 4, child_s: 1")
SEATS = ((LONG, "0.3"),)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyWatch.run, "__defaults__", (0.3, 0.3))


@pytest.fixture
def rights(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Those of the key, as the exchange of this test holds them."""
    held: dict[str, bool] = {}

    def opened(self: PermissionCalls, permissions: Mapping[str, bool]) -> None:
        held.update(dict(DEFAULTS) | dict(permissions))
        self.permissions = held

    monkeypatch.setattr(PermissionCalls, "__init__", opened)
    return held


async def test_a_right_to_move_money_that_appears_stops_discretion_until_it_is_gone(
    tmp_path: Path, rights: dict[str, bool]
) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        await on.protected()
        await on.until(lambda: len(list(on.journal.rows(kinds=("check",)))) > 1, 10, "another look")
        rights["enableWithdrawals"] = True
        await on.until(lambda: any("may move money out of it by now" in line for line in on.log), 10, "the alarm")
        await on.until(lambda: not on.truth.live(), 10, "the withdrawal of its orders")
        before = len(on.truth.own)
        held = on.server.box.now + 1500
        await on.until(lambda: on.server.box.now > held, 5)
        assert len(on.truth.own) == before, "it went on"
        assert on.truth.stops()
        rights["enableWithdrawals"] = False
        await on.until(lambda: len(on.truth.own) > before, 10, "another order")
        rights["enableWithdrawals"] = True
        await on.until(lambda: not list(on.journal.rows(kinds=("check",)))[-1].data()["ok"], 10, "the row")
        assert await on.stop() == DONE
        on.start()
        assert await on.ended() == REFUSED
        assert not list(on.journal.rows(kinds=("check",)))[-1].data()["ok"]


async def test_a_lost_futures_right_is_an_alarm(tmp_path: Path, rights: dict[str, bool]) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        rights["enableFutures"] = False
        said = "may not trade futures any more"
        await on.until(lambda: any(line.startswith("ERROR") and said in line for line in on.log), 10, "the alarm")
        assert await on.stop() == DONE


async def test_a_restart_passes_by_the_last_look_where_the_rights_cannot_be_read(tmp_path: Path) -> None:
    async with stage(tmp_path, Scene(seats=SEATS), chosen=settings(SLOW_EXIT)) as on:
        await on.working()
        await on.until(lambda: len(list(on.journal.rows(kinds=("check",)))) > 1, 10, "another look")
        assert await on.stop() == DONE
        await on.fault(
            "proxy_error",
            reached=False,
            status=502,
            where={"endpoint": "GET /sapi/v1/account/apiRestrictions"},
            when={"rate": 1},
        )
        before = len(on.truth.own)
        on.start()
        await on.until(lambda: len(on.truth.own) > before, 20, "an order of the next run")
        assert any("It was read and good 0 hours ago" in line for line in on.log)

"""One instance an account: the second refuses and names the first, the next starts at once, a foreign use is met."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.e2e.process import House, Run, begin, house
from tests.e2e.stage import CONFIG, LONG, SHORT, Scene

from vibe_quant.app.application import DONE, REFUSED

SEATS = ((LONG, "0.3"), (SHORT, "0.1"))
SLOW_EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 300, endgame_s: 4, child_s: 1")
EMBEDDED = """
global:
  venue: sim
  web: {enabled: false}
  log: {folder: '%s'}
  sim: {positions: [{symbol: "BTC/USDT:USDT", side: LONG, qty: 1}]}
  strategy: {names: [patient], patient: {horizon_s: 3600, child_s: 4}}
symbols:
  "BTC/USDT:USDT": {sides: [LONG]}
"""
LEFTOVERS_S = 10
"""So long after the account was read, orders of earlier runs may still turn up."""


async def second(at: House, tmp_path: Path) -> Run:
    """Another process for the same account, with a state folder and a configuration of its own."""
    config = tmp_path / "other.yaml"
    config.write_text(at.config.read_text(encoding="utf-8"), encoding="utf-8")
    return await at.start("--config", str(config), "--state", str(tmp_path / "other"))


@pytest.mark.parametrize("stopped", [False, True], ids=["answers", "does not answer"])
async def test_the_second_refuses_and_says_who_has_it(tmp_path: Path, stopped: bool) -> None:
    async with house(tmp_path, Scene(seats=SEATS), SLOW_EXIT) as at:
        first = await at.start()
        await at.working(first)
        asked: list[str] = []
        if stopped:
            first.signal(signal.SIGSTOP)
            await asyncio.sleep(0.5)
        at.spies.arrived.append(asked.append)
        other = await second(at, tmp_path)
        assert await other.ended() == REFUSED, other.told()
        assert f"process {first.pid}" in other.err
        assert "This one has not started and has sent nothing" in other.err
        assert ("does not answer" in other.err) is stopped
        if stopped:
            assert asked == []
        else:
            assert str(at.config) in other.err
            assert "venue sim" in other.err
        assert not (tmp_path / "other").exists() or not list((tmp_path / "other").rglob("*.sqlite"))
        first.signal(signal.SIGCONT)
        first.signal(signal.SIGTERM)
        assert await first.ended() == DONE, first.told()


async def test_another_account_is_not_worked_out_of_the_same_state_folder(tmp_path: Path) -> None:
    """Two embedded exchanges are two accounts; their services would fight over one journal and hold each other back."""
    config = tmp_path / "config.yaml"
    config.write_text(EMBEDDED % (tmp_path / "logs"), encoding="utf-8")
    where = ("--config", str(config), "--state", str(tmp_path / "state"))
    first = await begin(tmp_path, 0, where, {})
    try:
        await first.says("order_sent")
        other = await begin(tmp_path, 1, where, {})
        assert await other.ended() == REFUSED, other.told()
        assert f"already written by another instance: process {first.pid}" in other.err
        assert "order_sent" not in other.err
        assert "journal_failed" not in first.err
        first.signal(signal.SIGTERM)
        assert await first.ended() == DONE, first.told()
    finally:
        first.kill()
        await first.process.wait()


async def test_after_kill_9_of_the_first_the_next_starts_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, Scene(seats=SEATS), SLOW_EXIT) as at:
        first = await at.start()
        await at.working(first)
        os.kill(first.pid, signal.SIGKILL)
        next_one = await second(at, tmp_path)
        await at.working(next_one)
        assert "already worked" not in next_one.err
        next_one.signal(signal.SIGTERM)
        assert await next_one.ended() == DONE, next_one.told()
        await first.ended()


async def test_an_order_of_our_prefix_that_nobody_here_made_halts_discretion(tmp_path: Path) -> None:
    async with house(tmp_path, Scene(seats=SEATS), SLOW_EXIT, overlaps=True) as at:
        run = await at.start()
        await run.says("has its protective stop")
        await asyncio.sleep(LEFTOVERS_S)
        mine = at.since(run)
        at.act("foreign_order", symbol="BTCUSDT", side="SHORT", qty="0.01", client_id="vq-elsewhere-1", away=0.01)
        await run.says("order vq-elsewhere-1 carries our prefix and is not ours: another instance works this account")
        await run.until(lambda: at.truth.live() == ["vq-elsewhere-1"], 10, "the end of its own orders")
        before = len(at.since(run))
        await asyncio.sleep(2)
        assert len(at.since(run)) == before, "it went on"
        assert mine
        assert at.truth.stops()
        run.signal(signal.SIGTERM)
        await run.ended()
        assert at.truth.live() == ["vq-elsewhere-1"]

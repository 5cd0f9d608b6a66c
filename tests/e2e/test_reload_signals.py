"""SIGHUP and a watched file, for the program as a process: at work, before it, and at its end."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.e2e.account_scenes import ALONE, RESTING, WALLET
from tests.e2e.process import House, begin, house
from tests.e2e.stage import Scene
from typer.testing import CliRunner

from vibe_quant.app.application import DONE
from vibe_quant.app.last_good import NAME
from vibe_quant.cli.app import app
from vibe_quant.domain.enums import OrderStatus

SEATED = Scene(seats=ALONE, wallet=WALLET)
INVALID = 4


def says(at: House, old: str, new: str, *, moved: bool = False) -> str:
    """The file, otherwise in one place; ``moved``: another file put in its place, as editors do."""
    text = at.config.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    text = text.replace(old, new)
    if moved:
        fresh = at.config.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(at.config)
    else:
        at.config.write_text(text, encoding="utf-8")
    return text


async def test_sighup_reloads_says_what_and_refuses_whole(tmp_path: Path) -> None:
    async with house(tmp_path, SEATED, RESTING) as at:
        run = await at.start()
        await at.working(run)
        await run.until(lambda: (at.state / NAME).exists(), what="the last good file")
        assert (at.state / NAME).read_bytes() == at.config.read_bytes()
        says(at, "base_mult: 20", "base_mult: 10")
        run.signal(signal.SIGHUP)
        await run.says("Reloaded by SIGHUP: BTC/USDT:USDT execution.base_mult 20 -> 10.")
        good = at.config.read_bytes()
        await run.until(lambda: (at.state / NAME).read_bytes() == good, what="it to be kept")
        orders = at.since(run)
        assert orders[0].status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
        says(at, "base_mult: 10", "base_mult: 0")
        run.signal(signal.SIGHUP)
        await run.says("Not reloaded (SIGHUP): line ")
        says(at, "base_mult: 0", "base_mult: 3\n    max_mult: 9")
        says(at, "stop_timeout_s: 10", "stop_timeout_s: 11")
        run.signal(signal.SIGHUP)
        await run.says("global.stop_timeout_s: 10 -> 11 needs a restart")
        assert (at.state / NAME).read_bytes() == good
        assert "execution.base_mult 10 -> 3" not in run.err
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE
        rows = [row.data() for row in at.journal.rows(kinds=("command",))]
        assert [row["by"] for row in rows if row["command"] == "reload"] == ["SIGHUP"]


async def test_the_level_of_the_log_changes_while_it_runs(tmp_path: Path) -> None:
    async with house(tmp_path, SEATED, RESTING) as at:
        run = await at.start()
        await at.working(run)
        says(at, "level: debug", "level: error")
        run.signal(signal.SIGHUP)
        await run.until(lambda: (at.state / NAME).read_bytes() == at.config.read_bytes(), what="it to be kept")
        said = len(run.err)
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE
        assert "stop_asked" not in run.err[said:]


async def test_sighup_before_anything_is_begun_and_at_the_end_does_no_harm(tmp_path: Path) -> None:
    async with house(tmp_path, SEATED, RESTING) as at:
        run = await at.start()
        hits = 0
        while not at.since(run):  # from the interpreter's own start on it would kill; from the command's on it must not
            assert run.alive, run.told()
            if "venue" in run.err or hits:
                run.signal(signal.SIGHUP)
                hits += 1
            await asyncio.sleep(0.02)
        assert hits
        run.signal(signal.SIGTERM)
        while run.alive:
            run.signal(signal.SIGHUP)
            await asyncio.sleep(0.01)
        assert await run.ended() == DONE
        assert "Reloaded by" not in run.err or "nothing that rules has changed" in run.err


async def test_a_watched_file_is_taken_when_it_is_whole_and_complained_of_once(tmp_path: Path) -> None:
    async with house(tmp_path, SEATED, RESTING.replace("venue: sim", "venue: sim\n  watch: true")) as at:
        run = await at.start()
        await at.working(run)
        says(at, "base_mult: 20", "base_mult: 10", moved=True)
        await run.says("Reloaded by watch (the file has changed): BTC/USDT:USDT execution.base_mult 20 -> 10.")
        whole = says(at, "base_mult: 10", "base_mult: 9")
        for part in (whole[:200], whole[:400], whole[:-40], whole):  # an editor that writes in pieces
            at.config.write_text(part, encoding="utf-8")
            await asyncio.sleep(0.2)
        await run.says("execution.base_mult 10 -> 9")
        assert "Not reloaded" not in run.err
        says(at, "base_mult: 9", "base_mult: 0")
        await run.says("Not reloaded (watch (the file has changed))")
        await asyncio.sleep(3.0)
        assert run.err.count("Not reloaded") == 1
        says(at, "base_mult: 0", "base_mult: 8\n    max_mult: 40")
        await run.says("execution.base_mult 9 -> 8")
        says(at, "watch: true", "watch: false")
        await run.says("watch true -> false")
        says(at, "base_mult: 8", "base_mult: 7")
        await asyncio.sleep(3.0)
        assert "execution.base_mult 8 -> 7" not in run.err


async def test_a_file_that_is_broken_at_the_next_start_names_the_last_good_one_and_is_not_replaced(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, SEATED, RESTING) as at:
        run = await at.start()
        await at.working(run)
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE
        says(at, "base_mult: 20", "base_mult: none of it")
        again = await begin(at.folder, 9, ("--config", str(at.config), "--state", str(at.folder / "state")), {})
        assert await again.ended() == INVALID
        assert f"the last good one is {at.state / NAME}" in again.err
        assert at.since(run) == at.truth.own, "nothing was sent by it"
        checked = CliRunner().invoke(app, ["check", "--config", str(at.state / NAME)])
        assert checked.exit_code == 0

"""The command as a service: real money needs two words, the venue is said everywhere, and it goes on until stopped."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from tests.e2e.process import KEY, PATIENCE_S, SECRET, Run, begin, house, tell
from tests.e2e.stage import CONFIG, LONG, SHORT, Scene

from vibe_quant.app.application import DONE
from vibe_quant.app.places import FILE
from vibe_quant.journal.reader import JournalReader

REFUSED_BY_OPTIONS = 4
KEYS = {KEY: "canaryKey0123456789", SECRET: "canarySecret9876543210"}
READY_S = 3.0
"""What a start may take on a machine that has a processor for it."""
EMBEDDED = """
global:
  venue: sim
  log: {folder: LOGS}
  sim:
    seed: 11
    wallet: 3000
    positions: [{symbol: "BTC/USDT:USDT", side: LONG, qty: 0.02}, {symbol: "BTC/USDT:USDT", side: SHORT, qty: 0.01}]
  strategy:
    names: [patient]
    patient: {horizon_s: 4, endgame_s: 2, child_s: 1, max_touch_share: 1, reprice_ms: 300}
symbols: {"BTC/USDT:USDT": {}}
"""


async def run_alone(folder: Path, config: str, *more: str) -> Run:
    """A process that is given no exchange."""
    path = folder / "config.yaml"
    path.write_text(config.replace("LOGS", str(folder / "logs")), encoding="utf-8")
    return await begin(folder, 0, ("--config", str(path), "--state", str(folder / "state"), *more), KEYS)


async def test_live_without_the_second_word_starts_nothing_and_names_both_cures(tmp_path: Path) -> None:
    run = await run_alone(tmp_path, 'global: {venue: live, log: {folder: LOGS}}\nsymbols: {"BTC/USDT:USDT": {}}\n')
    assert await run.ended() == REFUSED_BY_OPTIONS
    for words in ("global.venue is live", "real money", "--live was not given", "Give --live as well", "or set global"):
        assert words in run.err
    assert not (tmp_path / "logs").exists()
    assert not (tmp_path / "state").exists()
    assert run.out == ""


async def test_the_second_word_without_live_starts_nothing(tmp_path: Path) -> None:
    run = await run_alone(tmp_path, EMBEDDED, "--live")
    assert await run.ended() == REFUSED_BY_OPTIONS
    assert "--live was given and global.venue is sim" in run.err
    assert "Leave --live out, or set global.venue to live" in run.err


@pytest.mark.timeout(240)
async def test_the_service_goes_on_when_everything_is_flat_until_it_is_stopped(tmp_path: Path) -> None:
    run = await run_alone(tmp_path, EMBEDDED)
    try:
        await run.until(lambda: run.out.count("average") >= 2, 90, "a cost card for each side")
        written = (tmp_path / "logs" / "vibe-quant.log").stat().st_size
        await asyncio.sleep(3)
        assert run.alive, run.told()
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE, run.told()
    finally:
        run.kill()
        await run.process.wait()
    head, *lines = (tmp_path / "logs" / "vibe-quant.log").read_text(encoding="utf-8").splitlines()
    assert head.startswith("# vibe-quant log, venue sim, version ")
    assert written > len(head)
    assert any("SIGTERM: stopping" in line for line in lines)
    assert run.err.splitlines()[1].startswith("SIMULATED: venue sim.")
    start = JournalReader(tmp_path / "state" / "sim" / FILE).last_start()
    assert start is not None
    assert start.venue == "sim"


async def test_ready_to_trade_soon_after_the_start_of_the_process(tmp_path: Path) -> None:
    """Prints how long it took, and judges the processor's share of it: the rest is the machine's."""
    async with house(tmp_path, Scene(seats=((LONG, "0.3"), (SHORT, "0.1"))), CONFIG) as at:
        run = await at.start()
        await run.until(lambda: len(at.streams()) == 3, what="all streams")
        streams_s = run.age_s()
        await at.working(run)
        ready_s, worked_s = run.age_s(), spent_s(run.pid)
        tell(f"all streams after {streams_s:.2f} s, the first order after {ready_s:.2f} s, {worked_s:.2f} s of a core")
        assert worked_s < READY_S
        assert ready_s < PATIENCE_S
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE, run.told()


def spent_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100

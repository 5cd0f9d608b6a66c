"""``doctor --probe`` as a process of its own: ended by signals, killed, and what comes to the exchange after it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from tests.app.probe_stage import COUNTDOWN, PREFIX, RAW, ProbeStage, probe_stage
from tests.e2e.process import KEY, PATIENCE_S, ROOT, SECRET, Run
from tests.e2e.stage import CONFIG, LONG, Scene, Stage, settings

from vibe_quant.app.application import DONE
from vibe_quant.app.clock import SystemClock
from vibe_quant.app.probe_ids import is_probes
from vibe_quant.cli.failure import FAILED, INTERRUPTED

FIRST = "POST /fapi/v1/order"
SEATS = ((LONG, "2"),)
SERVED = CONFIG.replace("BTC/USDT", "ETH/USDT")


async def begin(on: ProbeStage, folder: Path, number: int = 0) -> Run:
    """``doctor --probe --json`` with nothing of the tester's environment but the path."""
    config = folder / "config.yaml"
    config.write_text(SERVED, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    keys = {KEY: on.server.api_key, SECRET: on.server.api_secret}
    where = ("--exchange-rest", on.server.rest, "--exchange-ws", on.server.ws, "--config", str(config))
    with (folder / f"out-{number}").open("wb") as out, (folder / f"err-{number}").open("wb") as err:
        began, began_ms = asyncio.get_running_loop().time(), SystemClock().wall_ms()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vibe_quant", "doctor", "--probe", "ETHUSDT", "LONG", "--json", *where),
            *("--state", str(folder / "state")),
            stdout=out,
            stderr=err,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT / "src"), **keys},
        )
    return Run(number, process, began, folder, began_ms)


@asynccontextmanager
async def probing(folder: Path) -> AsyncIterator[tuple[ProbeStage, Run]]:
    """One that is under way."""
    async with probe_stage(seats=SEATS) as on:
        run = await begin(on, folder)
        try:
            yield on, run
        finally:
            run.kill()
            await run.process.wait()


@pytest.mark.parametrize(
    ("by", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, FAILED), (signal.SIGHUP, FAILED)]
)
@pytest.mark.parametrize("endpoint", [FIRST, COUNTDOWN])
async def test_a_signal_ends_the_asking_and_not_the_cleaning(
    tmp_path: Path, by: signal.Signals, code: int, endpoint: str
) -> None:
    async with probing(tmp_path) as (on, run):
        on.at(endpoint, 1, lambda: run.signal(by))
        on.at("DELETE /fapi/v1/algoOrder", 1, lambda: run.signal(by))
        assert await run.ended() == code, run.told()
        assert f"{by.name}: nothing more is asked" in run.err
        whole = json.loads(run.out)
        assert whole["stopped"] == f"ended by {by.name}"
        assert (whole["good"], whole["left"]) == (False, [])
        assert on.server.api_secret not in run.out + run.err
        on.judge()


async def killed(on: ProbeStage, run: Run, endpoint: str) -> list[str]:
    """Without a last word, while a request is at the exchange; what stands then."""
    on.at(endpoint, 1, run.kill)
    assert await run.ended() == -signal.SIGKILL, run.told()
    await asyncio.sleep(0.2)
    standing = [*on.resting(), *on.waiting()]
    assert standing
    assert all(is_probes(one, PREFIX) for one in standing)
    return standing


@pytest.mark.parametrize("endpoint", [FIRST, "POST /fapi/v1/algoOrder", "DELETE /fapi/v1/allOpenOrders", COUNTDOWN])
async def test_killed_in_the_middle_the_next_one_begins_with_what_is_left(tmp_path: Path, endpoint: str) -> None:
    async with probe_stage(seats=SEATS) as on:
        run = await begin(on, tmp_path)
        if endpoint == "DELETE /fapi/v1/allOpenOrders":
            on.fault("unavailable_503", where={"endpoint": endpoint}, when={"once": True})
        await killed(on, run, endpoint)
        report = await on.probe()
        assert report.good, report
        on.judge()


def near(on: ProbeStage) -> bool:
    """One stop stands, and no longer where the probe has put it."""
    stops, mark = on.server.box.exchange.algos.open, on.server.box.exchange.venue.markets[RAW].mark
    assert mark is not None
    return len(stops) == 1 and stops[0].close_position and stops[0].trigger_price > mark * Decimal("0.7")


async def test_killed_in_the_middle_a_service_that_starts_takes_what_is_left_for_its_own(tmp_path: Path) -> None:
    """Its order is cancelled before anything new, its stop is adopted and put where it belongs."""
    async with probe_stage(seats=SEATS, wallet="1200") as on:
        run = await begin(on, tmp_path)
        on.fault("unavailable_503", where={"endpoint": COUNTDOWN}, when={"rate": "1"})
        standing = await killed(on, run, COUNTDOWN)
        assert len(standing) == 2
        scene = Scene(seats=SEATS, symbol=RAW)
        service = Stage(on.server, scene, settings(SERVED), tmp_path / "journal")
        service.start()
        try:
            await service.until(lambda: not set(standing) & set(on.resting()), PATIENCE_S, "the end of the order")
            await service.until(lambda: near(on), PATIENCE_S, "a stop near liquidation")
            await service.until(
                lambda: any(not is_probes(order.client_id, PREFIX) for order in on.truth.own), PATIENCE_S, "an order"
            )
            assert await service.stop() == DONE, service.told()
            assert on.resting() == []
            assert on.truth.opening() == []
            assert on.truth.over_closed() == []
        finally:
            await service.end()

"""The operator's commands as processes of their own, against the service as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.process import KEY, ROOT, SECRET, House, Run, house
from tests.e2e.stage import LONG, Scene

from vibe_quant.cli.failure import INVALID, NOT_RUNNING

SLOW = Scene(seats=((LONG, "0.3"),))
CONFIG = """
global:
  venue: sim
  execution: {order_ttl_ms: 300, repost_cooldown_ms: 20, max_order_notional: 4000}
  strategy:
    names: [patient]
    patient: {horizon_s: 600, child_s: 2, min_child: 0.005}
symbols:
  "BTC/USDT:USDT": {}
"""


@dataclass(frozen=True, slots=True)
class Told:
    code: int
    out: str
    err: str


async def vibe(at: House, *arguments: object, keys: bool = False) -> Told:
    """Run a command as an operator on that host would."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    where = {"VIBE_QUANT_CONFIG": str(at.config), "VIBE_QUANT_STATE": str(at.folder / "state")}
    own = {KEY: at.server.api_key, SECRET: at.server.api_secret} if keys else {}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vibe_quant", *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**kept, "PYTHONPATH": str(ROOT / "src"), **where, **own},
    )
    out, err = await process.communicate()
    return Told(int(process.returncode or 0), out.decode(), err.decode())


async def status(at: House) -> Any:
    told = await vibe(at, "status", "--json")
    assert told.code == 0, told.err
    return json.loads(told.out)


async def ready(at: House) -> Any:
    """The picture once the start is over: an order may be out a moment before."""
    async with asyncio.timeout(30):
        while not (now := await status(at))["ready"]:
            await asyncio.sleep(0.1)
    return now


async def working(at: House) -> Run:
    run = await at.start()
    await at.working(run)
    return run


@pytest.mark.timeout(300)
async def test_a_day_of_an_operator(tmp_path: Path) -> None:
    async with house(tmp_path, SLOW, CONFIG) as at:
        assert (await vibe(at, "status")).code == NOT_RUNNING
        run = await working(at)

        now = await ready(at)
        assert (now["venue"], now["configuration"]) == ("sim", str(at.config))
        assert [leg["side"] for leg in now["legs"] if leg["qty"] != "0"] == ["LONG"]
        shown = await vibe(at, "status")
        assert shown.out.startswith("SIM  working")
        assert "BTC/USDT:USDT  LONG" in (await vibe(at, "positions")).out
        why = await vibe(at, "why", "btc", "long")
        assert why.code == 0, why.err
        assert why.out.startswith("BTC/USDT:USDT LONG ")

        paused = await vibe(at, "pause", "btc", "30m")
        assert paused.code == 0, paused.err
        assert (await status(at))["paused"]
        sent = len(at.since(run))
        held = await vibe(at, "why", "BTC", "LONG", "--json")
        assert json.loads(held.out)["acting"] is False
        await asyncio.sleep(1)
        assert len(at.since(run)) == sent
        assert (await vibe(at, "resume")).code == 0
        await run.until(lambda: len(at.since(run)) > sent, what="an order after the pause")

        logs = await vibe(at, "logs", "-n", "5", "--symbol", "BTC")
        assert logs.code == 0, logs.err
        assert len(logs.out.splitlines()) == 5
        assert (await vibe(at, "config", "diff", "running")).out == "no difference\n"

        report = await vibe(at, "report", "--json")
        assert report.code == 0, report.err
        assert json.loads(report.out)["orders"] >= sent
        doctor = await vibe(at, "doctor", "--json", *exchange(at), keys=True)
        assert doctor.code == 0, doctor.out
        found = {symptom["check"]: symptom["text"] for symptom in json.loads(doctor.out)}
        assert f"process {run.pid}" in found["lock"]
        assert "a service answers" in found["service"]

        assert (await vibe(at, "flatten", "btc", "long")).code == 2
        flattened = await vibe(at, "flatten", "btc", "long", "--yes")
        assert flattened.code == 0, flattened.err
        await run.until(lambda: not at.truth.left(("BTCUSDT", LONG)), what="flat")
        run.signal(signal.SIGTERM)
        assert await run.ended() == 0
        gone = await vibe(at, "pause")
        assert gone.code == NOT_RUNNING
        offline = await vibe(at, "report")
        assert offline.code == 0, offline.err
        assert "no service is running; read from" in offline.err
        secrets = (at.server.api_key, at.server.api_secret)
        everything = [shown, why, paused, logs, report, doctor, flattened, offline]
        assert not any(secret in told.out + told.err for told in everything for secret in secrets)


def exchange(at: House) -> tuple[str, str, str, str]:
    return "--exchange-rest", at.server.rest, "--exchange-ws", at.server.ws


@pytest.mark.timeout(300)
async def test_a_changed_file_is_shown_before_it_is_taken(tmp_path: Path) -> None:
    async with house(tmp_path, SLOW, CONFIG) as at:
        await working(at)
        text = at.config.read_text(encoding="utf-8")
        at.config.write_text(text.replace("order_ttl_ms: 300", "order_ttl_ms: 450"), encoding="utf-8")
        plan = await vibe(at, "reload", "--dry-run")
        assert plan.code == 0, plan.err
        assert "execution.order_ttl_ms: 300 -> 450" in plan.out
        assert (await vibe(at, "config", "diff", "running")).out.splitlines() == plan.out.splitlines()
        assert (await vibe(at, "reload", "--yes")).code == 0
        assert (await vibe(at, "config", "diff", "running")).out == "no difference\n"
        at.config.write_text(text.replace("venue: sim", "venue: sim\n  client_order_prefix: other"), encoding="utf-8")
        refused = await vibe(at, "reload", "--yes")
        assert refused.code == INVALID
        assert "Nothing was applied" in refused.err

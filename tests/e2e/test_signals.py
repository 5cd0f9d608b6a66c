"""SIGTERM and SIGINT at any moment: own orders are gone, stops stand, the exit code says which."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from tests.e2e.process import House, Run, house, tell
from tests.e2e.stage import CONFIG, LONG, SHORT, Scene
from typer.testing import CliRunner

from vibe_quant.app.application import DONE, FAILED
from vibe_quant.cli.app import app

LEG = ("BTCUSDT", LONG)
SCENE = Scene(seats=((LONG, "0.3"), (SHORT, "0.1")))
LONG_EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 120, endgame_s: 4, child_s: 1")
HURRIED = LONG_EXIT.replace("stop_timeout_s: 10", "stop_timeout_s: 3")
STOP_S = 10
SLACK_S = 20
"""What a busy machine needs for the end of a process."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)
REQUESTS = ("POST /fapi/v1/order", "DELETE /fapi/v1/order", "POST /fapi/v1/algoOrder", "POST /fapi/v1/listenKey")


class Asked:
    """Counts the requests of the present process, and strikes at one."""

    def __init__(self, at: House) -> None:
        self.count = 0
        self._trap: tuple[str, asyncio.Event] | None = None
        at.spies.arrived.append(self._note)

    def _note(self, endpoint: str) -> None:
        self.count += 1
        if self._trap is not None and endpoint == self._trap[0]:
            self._trap[1].set()

    async def request(self, endpoint: str, within_s: float) -> None:
        """Wait for the next such request, or so long."""
        trap = asyncio.Event()
        self._trap = endpoint, trap
        try:
            async with asyncio.timeout(within_s):
                await trap.wait()
        except TimeoutError:
            return


async def moment(run: Run, asked: Asked, random: Random, ready_s: float) -> str:
    """Let time pass until a moment by chance: of the start, of the first seconds, or at a request."""
    kind = random.choice(("start", "early", "request"))
    if kind == "request":
        await asked.request(random.choice(REQUESTS), 3 * ready_s)
    else:
        spread = ready_s if kind == "start" else 3
        await asyncio.sleep((0 if kind == "start" else ready_s) + random.uniform(0, spread))
    return kind


async def signalled(folder: Path, times: int, seed: int) -> str:
    """So many lives that end by a signal, each judged; returns their numbers."""
    random, kinds, slowest = Random(seed), Counter[str](), 0.0
    async with house(folder, SCENE, LONG_EXIT) as at:
        first = await at.start()
        await at.working(first)
        ready_s = first.age_s()
        first.signal(signal.SIGTERM)
        assert await first.ended() == DONE, first.told()
        asked = Asked(at)
        for turn in range(times):
            asked.count = 0
            run = await at.start()
            kinds[await moment(run, asked, random, ready_s)] += 1
            number, began = SIGNALS[turn % 2], run.age_s()
            run.signal(number)
            if random.random() < 0.5:
                await asyncio.sleep(random.uniform(0, 0.3))
                run.signal(random.choice(SIGNALS))
            code = await run.ended(STOP_S + SLACK_S)
            slowest = max(slowest, run.age_s() - began)
            if code < 0:  # the interpreter itself has only begun
                assert (code, asked.count) == (-number, 0), run.told()
            else:
                assert code == DONE, run.told()
            assert at.truth.live() == [], run.told()
            assert LEG not in at.truth.bare_now(), run.told()
    return f"{times} signals ({dict(kinds)}), ready after {ready_s:.1f} s, the slowest end took {slowest:.1f} s"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_signal_at_any_moment_leaves_no_order_and_every_stop(tmp_path: Path, seed: int) -> None:
    tell(await signalled(tmp_path, 4, seed))


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_forty_signals_leave_no_order_and_every_stop(tmp_path: Path) -> None:
    tell(await signalled(tmp_path, 40, 3))


async def test_a_second_signal_changes_nothing(tmp_path: Path) -> None:
    late = {"kind": "ack_late", "delay_ms": 800, "when": {"nth": 1}, "where": {"endpoint": "DELETE /fapi/v1/order"}}
    async with house(tmp_path, Scene(seats=SCENE.seats, faults=(late,)), LONG_EXIT) as at:
        run = await at.start()
        await run.until(at.truth.live, what="an order that rests")
        run.signal(signal.SIGTERM)
        await run.says("SIGTERM: stopping")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            run.signal(number)
            await asyncio.sleep(0.05)
        assert await run.ended() == DONE, run.told()
        assert run.err.count(": stopping;") == 1
        assert "stopped: no own order is live any more" in run.err
        assert at.truth.live() == []
        assert LEG not in at.truth.bare_now()


async def test_a_stop_while_the_exchange_does_not_answer_says_what_may_rest(tmp_path: Path) -> None:
    async with house(tmp_path, SCENE, HURRIED) as at:
        run = await at.start()
        await at.working(run)
        await run.until(at.truth.live, what="an order that rests")
        at.fault("maintenance", when={"once": True}, for_s=60)
        resting = at.truth.live()
        run.signal(signal.SIGTERM)
        began = run.age_s()
        assert await run.ended() == FAILED, run.told()
        assert run.age_s() - began < 3 + SLACK_S
        assert "own orders may still rest at the exchange" in run.err
        (said,) = [line for line in run.err.splitlines() if "own orders may still rest at the exchange" in line]
        assert all(client_id in said for client_id in resting if client_id in at.truth.live()), run.told()
        assert at.truth.stops(), "the stop does not stand any more"
        at.server.box.plan.remove(at.now)
        again = await at.start()
        await at.working(again)
        assert not set(resting) & set(at.truth.live())


async def test_a_stop_while_the_start_waits_for_the_exchange(tmp_path: Path) -> None:
    away = {"kind": "maintenance", "when": {"once": True}, "for_s": 60}
    async with house(tmp_path, Scene(seats=SCENE.seats, faults=(away,)), LONG_EXIT, judged=False) as at:
        asked = Asked(at)
        run = await at.start()
        await run.until(lambda: asked.count >= 2, what="a request and another")
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE, run.told()
        assert at.truth.orders == []


def test_a_signal_before_the_run_begins_ends_the_process_at_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    before = {number: signal.getsignal(number) for number in SIGNALS}
    monkeypatch.setattr(os, "_exit", leave)
    try:
        CliRunner().invoke(app, ["run", "--config", "/no/such/file"])
        with pytest.raises(SystemExit) as left:
            signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert left.value.code == DONE
    assert capfd.readouterr().err == "SIGTERM: stopped before anything was begun\n"

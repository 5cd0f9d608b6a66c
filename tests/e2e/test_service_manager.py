"""As a service: ready only when ready, a watchdog that starves when the engine hangs, an end that leaves every stop."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.process import House, Run, house, tell
from tests.e2e.stage import CONFIG, LONG, Scene
from tests.notified import Manager

from vibe_quant.app.application import DONE, REFUSED
from vibe_quant.app.places import FILE
from vibe_quant.domain.enums import Stream

SCENE = Scene(seats=((LONG, "0.3"),))
LONG_EXIT = CONFIG.replace("horizon_s: 12, endgame_s: 4, child_s: 2", "horizon_s: 120, endgame_s: 4, child_s: 1")
LISTEN = {"endpoint": "POST /fapi/v1/listenKey"}
WATCHDOG_S = 6.0
BEAT_S = WATCHDOG_S / 3
QUIET_S = 2 * WATCHDOG_S
"""So long nothing may be heard of an engine that hangs; it fed each ``BEAT_S`` before."""


async def start(at: House, manager: Manager, watchdog_s: float = WATCHDOG_S) -> Run:
    """As a unit with Type=notify and WatchdogSec= does it; it cannot know the process's id before that is there."""
    named = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(int(watchdog_s * 1_000_000))}
    return await at.start(environment=named)


async def ready(run: Run, manager: Manager) -> None:
    await run.until(lambda: manager.times("READY=1"), what="READY=1")


async def test_ready_is_said_when_it_is_true_and_not_before(tmp_path: Path) -> None:
    """The user stream does not come up at first: all else works meanwhile, and the start is prolonged, not over."""
    no_key = {"kind": "refuse", "where": LISTEN, "when": {"once": True}, "for_s": 600}
    away = {**no_key, "code": -1001, "message": "no", "status": 503}
    async with house(tmp_path, Scene(seats=SCENE.seats, faults=(away,)), LONG_EXIT) as at:
        with Manager() as manager:
            run = await start(at, manager)
            await run.until(lambda: at.streams() == {Stream.BOOK, Stream.MARKET} and at.truth.stops(), what="the rest")
            await run.until(lambda: len(manager.times("EXTEND_TIMEOUT_USEC=")) >= 3, what="signs of life")
            assert not manager.times("READY=1"), manager.heard
            assert manager.last("STATUS").startswith("not ready: "), manager.heard
            at.server.box.plan.remove(at.now)
            await ready(run, manager)
            assert at.streams() == set(Stream)
            assert at.truth.bare_now() == []
            prolonged = len(manager.times("EXTEND_TIMEOUT_USEC="))
            fed = len(manager.times("WATCHDOG=1"))
            await run.until(lambda: len(manager.times("WATCHDOG=1")) >= fed + 3, what="food for the watchdog")
            assert len(manager.times("EXTEND_TIMEOUT_USEC=")) == prolonged, "a start that is over needs no more time"
            line = r"sim, working; BTC/USDT:USDT LONG 0\.\d+, .* from liquidation, stop stands"
            await run.until(lambda: re.match(line, manager.last("STATUS")), what="a line for people")


async def test_a_stop_says_so_and_leaves_no_own_order_and_every_stop(tmp_path: Path) -> None:
    async with house(tmp_path, SCENE, LONG_EXIT) as at:
        with Manager() as manager:
            run = await start(at, manager)
            await ready(run, manager)
            await run.until(at.truth.live, what="an order that rests")
            assert not manager.times("STOPPING=1")
            run.signal(signal.SIGTERM)
            assert await run.ended() == DONE, run.told()
            await asyncio.sleep(0)
            assert len(manager.times("STOPPING=1")) == 1
            assert int(manager.last("EXTEND_TIMEOUT_USEC")) >= 10_000_000, "stop_timeout_s of this configuration"
            assert at.truth.live() == [], run.told()
            assert at.truth.bare_now() == [], run.told()
            assert at.truth.stops()


async def test_a_refused_start_is_never_ready(tmp_path: Path) -> None:
    scene = Scene(seats=SCENE.seats, permissions={"enableWithdrawals": True})
    async with house(tmp_path, scene, LONG_EXIT, judged=False) as at:
        with Manager() as manager:
            run = await start(at, manager)
            assert await run.ended() == REFUSED, run.told()
            assert not manager.times("READY=1")
            assert manager.times("STOPPING=1")
            assert at.truth.own == []


async def test_a_symbol_that_does_not_exist_protects_and_is_not_ready(tmp_path: Path) -> None:
    """The other kind of refused start: stops are placed, and still nobody is told that all is well."""
    config = LONG_EXIT.replace("symbols:\n", 'symbols:\n  "NONE/USDT:USDT": {}\n')
    async with house(tmp_path, SCENE, config) as at:
        with Manager() as manager:
            run = await start(at, manager)
            assert await run.ended() == REFUSED, run.told()
            assert at.truth.stops()
            assert not manager.times("READY=1")


@contextmanager
def hung(path: Path) -> Iterator[None]:
    """Whoever opens ``path`` waits in the kernel, as on a disk that hangs; what was there is put back at the end.

    Another file with a lease takes its place: an opener of it waits until the lease is given back (45 s at most, which
    is Linux's own lease-break-time).
    """
    kept, other = path.with_name("kept"), path.with_name("other")
    os.link(path, kept)
    other.write_bytes(b"")
    handle = os.open(other, os.O_RDWR)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # how the kernel tells that somebody waits
    try:
        try:
            fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError as error:
            pytest.skip(f"this file system has no leases: {error}")
        other.replace(path)
        yield
    finally:
        kept.replace(path)
        os.close(handle)
        signal.signal(signal.SIGIO, before)


@pytest.mark.timeout(240)
async def test_an_engine_that_hangs_starves_the_watchdog_and_the_next_run_cleans_up(tmp_path: Path) -> None:
    """The journal's disk hangs in the middle of an exit.  The manager's part is played: SIGABRT, and another start."""
    async with house(tmp_path, SCENE, LONG_EXIT) as at:
        with Manager() as manager:
            run = await start(at, manager)
            await ready(run, manager)
            await run.until(lambda: len(manager.times("WATCHDOG=1")) >= 3, what="food for the watchdog")
            await run.until(at.truth.live, what="an order that rests")
            with hung(at.state / FILE):
                loop = asyncio.get_running_loop()
                hungry = lambda: loop.time() - manager.times("WATCHDOG=1")[-1] > 1.5 * BEAT_S  # noqa: E731
                await run.until(hungry, what="the engine's next row, which it waits for without end")
                fed = len(manager.times("WATCHDOG=1"))
                await asyncio.sleep(QUIET_S)
                assert run.alive, run.told()
                assert len(manager.times("WATCHDOG=1")) == fed, "fed by something that does not see the engine"
                late_s = loop.time() - manager.times("WATCHDOG=1")[-1]
                assert late_s > WATCHDOG_S, "the manager would not have noticed"
                run.signal(signal.SIGABRT)
                assert await run.ended() == -signal.SIGABRT, run.told()
            assert at.truth.stops(), "the stop does not stand any more"
            left = at.truth.live()
            manager.heard.clear()
            again = await start(at, manager)
            await ready(again, manager)
            await at.working(again)
            assert not set(left) & set(at.truth.live()), "what the dead run has left rests still"
            assert at.truth.bare_now() == []
            tell(f"starved for {late_s:.1f} s of {WATCHDOG_S:.0f}; {len(left)} orders were left behind and are gone")
            again.signal(signal.SIGTERM)
            assert await again.ended() == DONE, again.told()


async def test_a_watchdog_of_another_process_is_not_fed(tmp_path: Path) -> None:
    async with house(tmp_path, SCENE, LONG_EXIT) as at:
        with Manager() as manager:
            named = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"}
            run = await at.start(environment=named)
            await ready(run, manager)
            assert not manager.times("WATCHDOG=1")


async def test_a_manager_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, SCENE, LONG_EXIT) as at:
        named = {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "600000"}
        run = await at.start(environment=named)
        await at.working(run)
        assert run.err.count("the service manager does not listen") == 1, run.told()
        run.signal(signal.SIGTERM)
        assert await run.ended() == DONE, run.told()

"""The dead-man's switch: armed where nobody else is hit, off after a clean stop, left to run by a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.account_scenes import LEG, RAW, alone, flatten, resting, rests
from tests.e2e.request_scenes import Watched, fault, watched
from tests.e2e.stage import BTC, Scene

from vibe_quant.app.application import DONE, FAILED
from vibe_quant.domain.enums import OrderStatus
from vibe_quant.domain.intents import ReadStops
from vibe_quant.domain.risk_settings import DeadManSettings
from vibe_quant.domain.settings import BreakerSettings, Settings
from vibe_quant.sim.switches import Switches

COUNTDOWN = "POST /fapi/v1/countdownCancelAll"
COUNTDOWN_S = 4
"""Shorter than a configuration may have it, so that a story sees it run out."""
RUNS_OUT = COUNTDOWN_S * 1000


def switched_on(countdown_s: int = COUNTDOWN_S) -> Settings:
    """Resting orders, and the switch."""
    settings = resting()

    def on(risk: Any) -> Any:
        return replace(risk, dead_man=DeadManSettings(enabled=True, countdown_s=countdown_s))

    symbols = tuple((symbol, replace(one, risk=on(one.risk))) for symbol, one in settings.symbols)
    return replace(settings, symbols=symbols)


def calls(w: Watched, since_ms: int = 0) -> list[int]:
    """The countdowns that were asked for, ms; zero to switch off."""
    return [int(asked.params["countdownTime"]) for asked in w.sent(COUNTDOWN, since_ms)]


@asynccontextmanager
async def guarded(
    folder: Path,
    scene: Scene | None = None,
    countdown_s: int = COUNTDOWN_S,
    chosen: Settings | None = None,
    **judgement: Any,
) -> AsyncIterator[Watched]:
    """A program whose order rests, with the countdown asked for."""
    async with watched(folder, scene or alone(), chosen or switched_on(countdown_s), **judgement) as w:
        await rests(w)
        await w.on.until(lambda: calls(w), 10, "a countdown")
        await w.on.until(lambda: w.on.truth.stops(), 10, "a stop")
        yield w


def countdown_runs(w: Watched) -> bool:
    """Whether the exchange's is running, as itself has it."""
    return RAW in w.on.server.box.exchange.countdowns._due


async def test_it_is_refreshed_while_an_order_rests_and_switched_off_last_of_all(tmp_path: Path) -> None:
    async with guarded(tmp_path) as w:
        order = await rests(w)
        await w.on.until(lambda: len(calls(w)) >= 6, RUNS_OUT / 1000 * 3, "refreshes")
        assert order.status is OrderStatus.NEW, "longer than a countdown"
        assert set(calls(w)) == {RUNS_OUT}
        assert countdown_runs(w)
        began = w.on.server.box.now
        assert await w.on.stop() == DONE
        assert w.on.server.box.now - began < 4500, "not because nothing has rested for five seconds"
        changing = [a.endpoint for a in w.asked if not a.endpoint.startswith("GET")]
        assert (changing[-1], calls(w)[-1]) == (COUNTDOWN, 0)
        assert not countdown_runs(w)
        assert w.on.truth.stops()


async def test_it_is_off_some_seconds_after_the_last_order(tmp_path: Path) -> None:
    async with guarded(tmp_path, countdown_s=20) as w:
        flatten(w)
        await w.on.flat()
        await w.on.until(lambda: calls(w)[-1] == 0, 10, "the end of the countdown")
        await w.on.until(lambda: not countdown_runs(w), 2, "the exchange's work on it")


async def test_a_crash_leaves_it_running_and_the_next_start_puts_up_what_it_has_taken(tmp_path: Path) -> None:
    async with guarded(tmp_path, bare_ms=None) as w:
        order, stops = await rests(w), w.on.truth.stops()
        await w.on.kill()
        assert 0 not in calls(w)
        box = w.on.server.box
        async with asyncio.timeout(3 * COUNTDOWN_S):
            while not order.status.is_final:
                await asyncio.sleep(0.05)
        assert box.now - order.created_ms < 3 * RUNS_OUT
        assert (w.on.truth.live(), w.on.truth.stops()) == ([], []), "it takes the stop too"
        w.on.start()
        await w.on.until(lambda: w.on.truth.stops() not in ([], stops), 10, "another stop")
        await rests(w)
        assert w.on.truth.bare_ms(w.on.began_ms) <= 4000


@pytest.mark.parametrize("reached", [True, False])
async def test_an_answer_that_nobody_knows_counts_as_armed_and_is_repeated(tmp_path: Path, reached: bool) -> None:
    unknown = fault("unknown_503", COUNTDOWN, reached=reached)
    async with guarded(tmp_path, alone(unknown)) as w:
        first = await w.struck("unknown_503")
        assert w.on.app is not None
        assert w.on.app.engine.armed == (BTC,)
        await w.on.until(lambda: calls(w, first.at_ms), 10, "another try")
        await w.on.until(lambda: countdown_runs(w), 10, "the countdown")


async def test_a_last_call_that_nobody_answers_is_repeated_before_the_program_ends(tmp_path: Path) -> None:
    lost = fault("unknown_503", COUNTDOWN, when={"nth": 1}, reached=False)
    lost["where"]["params"] = {"countdownTime": "0"}
    async with guarded(tmp_path, alone(lost)) as w:
        assert await w.on.stop() == DONE
        assert w.on.truth.struck("unknown_503") == 1
        assert calls(w)[-2:] == [0, 0]
        assert not countdown_runs(w)


@pytest.mark.slow
async def test_a_countdown_that_cannot_be_switched_off_is_said_at_the_end(tmp_path: Path) -> None:
    lost = fault("unknown_503", COUNTDOWN, when={"rate": 1}, reached=False)
    lost["where"]["params"] = {"countdownTime": "0"}
    async with guarded(tmp_path, alone(lost), 60) as w:
        assert await w.on.stop(20) == FAILED
        assert any("countdown of BTC/USDT:USDT is not known to be off" in line for line in w.on.log)
        assert not any("own orders may still rest" in line for line in w.on.log)


async def test_it_is_not_armed_where_a_foreign_order_rests(tmp_path: Path) -> None:
    foreign = {"kind": "foreign_order", "symbol": RAW, "side": "LONG", "qty": "0.02", "away": 0.02}
    foreign |= {"client_id": "web_1", "for_s": 5}
    async with watched(tmp_path, alone(foreign), switched_on(), cancelled={"web_1"}) as w:
        await rests(w)
        assert (w.on.truth.struck("foreign_order"), calls(w)) == (1, [])
        await w.on.until(lambda: not [o for o in w.on.truth.foreign if not o.status.is_final], 10, "its end")
        await w.on.until(lambda: countdown_runs(w), 10, "the countdown")


@pytest.mark.parametrize("kind", ["foreign_order", "foreign_stop"])
async def test_it_is_switched_off_when_an_order_of_the_owner_appears(tmp_path: Path, kind: str) -> None:
    async with guarded(tmp_path) as w:
        await w.on.fault(kind, symbol=RAW, side="LONG", qty="0.02", away=0.02)
        await w.on.until(lambda: calls(w)[-1] == 0, 3, "the end of the countdown")
        assert (w.on.truth.struck(kind), countdown_runs(w)) == (1, False)


@pytest.mark.parametrize("takes_stops", [True, False])
async def test_one_that_ran_out_unseen_is_found_and_the_stops_are_read_and_placed_again(
    tmp_path: Path, takes_stops: bool
) -> None:
    account = alone(switches=Switches(countdown_cancels_algos=takes_stops))
    async with guarded(tmp_path, account, bare_ms=None) as w:
        order, stops, since = await rests(w), w.on.truth.stops(), w.on.server.box.now
        await w.on.fault("event_lost", where={"events": ["ALGO_UPDATE"]}, when={"rate": 1})
        await w.on.fault("unknown_503", where={"endpoint": COUNTDOWN}, when={"rate": 1}, reached=False)
        await w.on.until(lambda: order.status.is_final, 3 * RUNS_OUT / 1000, "the end of the countdown")
        assert w.on.truth.struck("unknown_503") >= 2
        await w.on.until(lambda: w.intents(ReadStops)[-1:] and w.on.truth.stops(), 10, "a stop")
        assert (w.on.truth.stops() != stops) is takes_stops
        if takes_stops:
            assert w.on.truth.bare_ms(since) <= 10_000, "reads of the account are five seconds apart"
        await w.on.act("position_closed", symbol=RAW, side="LONG")
        await w.on.until(lambda: not w.on.truth.left(LEG), 5)
        w.on.server.box.plan.remove(w.on.server.box.now)


@pytest.mark.slow
async def test_the_shortest_that_may_be_configured_keeps_orders_for_longer_than_it_lasts(tmp_path: Path) -> None:
    async with guarded(tmp_path, countdown_s=10) as w:
        order = await rests(w)
        began = w.on.server.box.now
        await w.on.until(lambda: w.on.server.box.now > began + 14_000, 30)
        assert order.status is OrderStatus.NEW
        assert 5 <= len(calls(w)) <= 8, "each quarter"


async def test_an_open_breaker_does_not_let_it_run_out(tmp_path: Path) -> None:
    chosen = switched_on()
    chosen = replace(chosen, shared=replace(chosen.shared, breaker=BreakerSettings(failures=1, block_s=60)))
    async with guarded(tmp_path, chosen=chosen) as w:
        order, stops = await rests(w), w.on.truth.stops()
        assert w.on.app is not None
        breaker = w.on.app.dispatch.breaker
        await w.on.fault("unavailable_503", where={"endpoint": "GET *"}, when={"rate": 1})
        await w.on.until(lambda: breaker.opened, 20, "the open breaker")
        since = w.on.server.box.now
        await w.on.until(lambda: w.on.server.box.now > since + 2 * RUNS_OUT, 20, "two countdowns more")
        assert (order.status, w.on.truth.stops()) == (OrderStatus.NEW, stops)
        w.on.server.box.plan.remove(w.on.server.box.now)

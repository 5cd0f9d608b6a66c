"""``doctor --probe`` where the exchange does not answer as it should, or somebody wants an end: it stops and cleans."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.app.probe_stage import COUNTDOWN, NAMED, PREFIX, QUICK, RAW, probe_stage
from tests.e2e.stage import LONG, SHORT

from vibe_quant.app.probe_ids import is_probes
from vibe_quant.app.probe_leg import ProbeRefused

ORDER, STOP = "POST /fapi/v1/order", "POST /fapi/v1/algoOrder"
CANCEL, CANCEL_STOP = "DELETE /fapi/v1/order", "DELETE /fapi/v1/algoOrder"
SWEEP = "DELETE /fapi/v1/allOpenOrders"
ORDERS, STOPS, QUERY = "GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders", "GET /fapi/v1/order"
BOTH: tuple[tuple[str, dict[str, Any]], ...] = (
    ("unknown_503", {"reached": True}),
    ("timeout_1007", {"reached": True}),
    ("ack_lost", {}),
    ("timestamp_1021", {}),
    ("limit_429", {"for_s": 1, "times": 1}),
)


@pytest.mark.parametrize(("kind", "more"), BOTH)
async def test_the_cleaning_itself_meets_trouble_and_goes_on(kind: str, more: dict[str, Any]) -> None:
    async with probe_stage() as on:
        on.fault("unknown_503", reached=True, where={"endpoint": COUNTDOWN}, when={"once": True})
        for endpoint in (CANCEL, CANCEL_STOP, ORDERS, STOPS):
            fault = {"kind": kind, "where": {"endpoint": endpoint}, "when": {"rate": "1"}, "times": 3, **more}
            on.at(COUNTDOWN, 1, partial(on.fault, **fault))
        report = await on.probe()
        assert report.stopped
        assert report.left == (), report
        on.judge()


async def test_a_request_that_arrives_after_everybody_has_given_up_is_waited_for() -> None:
    """The answer breaks off, the order comes into the book later: absent from the list is no proof until then."""
    async with probe_stage() as on:
        on.fault("request_late", delay_ms=1500, where={"endpoint": ORDER}, when={"once": True})
        on.at(ORDER, 1, lambda: asyncio.get_running_loop().call_later(0.3, lambda: on.probes[0].stop("SIGINT")))
        report = await on.probe()
        assert "SIGINT" in report.stopped
        assert report.left == ()
        assert len(on.truth.own) == 1, "it came"
        on.judge()


async def test_what_cannot_be_verified_is_named_and_the_next_probe_begins_with_it() -> None:
    async with probe_stage() as on:
        on.at(COUNTDOWN, 1, lambda: on.fault("maintenance", for_s=4, when={"at_s": 0}))
        on.at(COUNTDOWN, 1, lambda: on.server.box.advance(on.server.box.now))
        report = await on.probe(times=replace(QUICK, clean_ms=1000, countdown_ms=60_000))
        standing = [*on.resting(), *on.waiting()]
        assert len(standing) == 2
        assert set(standing) <= set(report.left)
        assert any("countdown" in one for one in report.left)
        assert report.trouble
        assert report.after is None or report.after == report.before
        assert all(is_probes(one, PREFIX) for one in standing)
        await asyncio.sleep(4)
        again = await on.probe()
        assert again.good, again
        on.judge()


async def test_leftovers_that_cannot_be_put_away_refuse_the_next_probe() -> None:
    async with probe_stage() as on:
        left = f"{PREFIX}-ps-1234567-L-p000000.1"
        on.act("foreign_stop", symbol=RAW, side="LONG", client_id=left, when={"at_s": 0})
        on.fault("unavailable_503", where={"endpoint": CANCEL_STOP}, when={"rate": "1"})
        with pytest.raises(ProbeRefused, match=r"p000000\.1"):
            await on.probe(times=replace(QUICK, clean_ms=500))
        assert on.waiting() == [left]


@pytest.mark.parametrize("endpoint", [ORDER, STOP, COUNTDOWN, SWEEP, CANCEL, STOPS, QUERY, "GET /fapi/v3/positionRisk"])
async def test_an_end_that_is_wanted_at_any_moment_leaves_nothing(endpoint: str) -> None:
    async with probe_stage() as on:
        on.at(endpoint, 1, lambda: on.probes[-1].stop("SIGINT"))
        try:
            report = await on.probe()
        except ProbeRefused as refused:
            assert "SIGINT" in str(refused)
            assert "Nothing was sent" in str(refused)
        else:
            assert report.stopped == "ended by SIGINT"
            assert report.left == ()
        on.judge()


async def test_a_second_wish_for_an_end_does_not_hurry_the_cleaning() -> None:
    async with probe_stage() as on:
        first: list[bool] = []
        for endpoint in (STOP, CANCEL_STOP):
            on.at(endpoint, 1, lambda: first.append(on.probes[-1].stop("SIGTERM")))
        report = await on.probe()
        assert first == [True, False]
        assert report.left == ()
        on.judge()


async def test_a_key_that_is_revoked_in_the_middle_is_said_with_what_stands() -> None:
    async with probe_stage() as on:
        on.at(SWEEP, 1, lambda: on.fault("key_revoked", when={"at_s": 0}))
        on.at(SWEEP, 1, lambda: on.server.box.advance(on.server.box.now))
        report = await on.probe(times=replace(QUICK, clean_ms=500))
        assert "-2015" in report.stopped
        assert set(report.left) == {*on.resting(), *on.waiting()}
        assert report.left
        assert report.after is None
        assert on.server.api_secret not in repr(report)


async def test_two_legs_one_after_the_other() -> None:
    async with probe_stage() as on:
        assert (await on.probe(LONG)).good
        assert (await on.probe(SHORT, named=NAMED.lower())).good
        on.judge()


async def test_an_end_that_is_wanted_while_leftovers_are_put_away_asks_nothing() -> None:
    async with probe_stage() as on:
        left = f"{PREFIX}-ps-1234567-L-p000000.1"
        on.act("foreign_stop", symbol=RAW, side="LONG", client_id=left, when={"at_s": 0})
        on.at(CANCEL_STOP, 1, lambda: on.probes[-1].stop("SIGTERM"))
        asked: list[str] = []
        on.spies.arrived.append(asked.append)
        report = await on.probe()
        assert (report.stopped, report.answers) == ("ended by SIGTERM", ())
        assert ORDER not in asked
        assert [*on.resting(), *on.waiting()] == []


async def test_a_clock_that_has_moved_is_measured_anew_and_the_cleaning_goes_on() -> None:
    async with probe_stage() as on:
        on.at(SWEEP, 1, lambda: on.act("clock_off", seconds="-8", when={"at_s": 0}))
        report = await on.probe(times=replace(QUICK, clean_ms=10_000))
        assert "-1021" in report.stopped
        assert report.left == (), report
        on.judge()


async def test_an_exchange_that_wants_to_be_left_alone_is_waited_for_beyond_the_time_for_cleaning() -> None:
    async with probe_stage() as on:
        on.at(COUNTDOWN, 1, lambda: on.fault("limit_429", for_s=3, when={"at_s": 0}))
        on.at(COUNTDOWN, 1, lambda: on.server.box.advance(on.server.box.now))
        report = await on.probe(times=replace(QUICK, clean_ms=500, countdown_ms=60_000))
        assert report.stopped
        assert report.left == (), report
        on.judge()

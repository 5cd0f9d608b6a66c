"""News of the account late, told twice, never, in another order: the books are never wrong, and say what differed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.stage import LONG, Scene, Stage, stage
from tests.e2e.stream_scenes import TIMES, Watch, booked, lost, mismatches, paced, reported, said, settled_stop, traded

from vibe_quant.app.application import DONE
from vibe_quant.domain.enums import NoticeKind, Stream

D = Decimal
SCENE = Scene(seats=((LONG, "0.1"),), wallet="2000")
CHOSEN = paced(5)
HELD = {("BTCUSDT", "LONG"): D("0.1")}
ORDER, ACCOUNT, ALGO = "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE"
EVERY = {"rate": 1}
HALF = {"rate": 0.5}


def fault(kind: str, event: str, when: Mapping[str, float], **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "where": {"events": [event]}, "when": when, **fields}


async def worked_off(on: Stage, *, every_trade: bool = True) -> None:
    """To the end, with the sums that everybody has of it."""
    await on.flat()
    await on.until(lambda: len(said(on, NoticeKind.EXIT_FINISHED, "done")) == len(HELD), 15, "the end of the exit")
    if every_trade:
        await on.until(lambda: booked(on) == HELD, 10, "the booking of every trade")
    assert await on.stop() == DONE
    assert traded(on) == HELD
    assert reported(on) == HELD
    ends = [notice for notice in on.notices if notice.kind is NoticeKind.EXIT_FINISHED]
    assert {("BTCUSDT", str(end.side)): D(dict(end.facts)["qty"]) for end in ends} == HELD


@pytest.mark.parametrize(
    "struck",
    [
        fault("event_late", ORDER, HALF, delay_ms=900),
        fault("event_late", ACCOUNT, HALF, delay_ms=900),
        fault("event_late", ALGO, EVERY, delay_ms=900),
        fault("event_doubled", ORDER, EVERY, after_ms=40),
        fault("event_doubled", ACCOUNT, EVERY, after_ms=40),
        fault("event_doubled", ALGO, EVERY, after_ms=40),
        fault("event_lost", ACCOUNT, HALF),
        fault("event_lost", ALGO, EVERY),
        {"kind": "events_reordered", "when": EVERY},
    ],
    ids=lambda declared: f"{declared['kind']}-{declared.get('where', {}).get('events', [''])[0]}",
)
async def test_each_trade_is_booked_once_and_nothing_is_said_to_differ(tmp_path: Path, struck: dict[str, Any]) -> None:
    async with stage(tmp_path, replace(SCENE, faults=(struck,)), chosen=CHOSEN, times=TIMES) as on:
        async with Watch(on) as watch:
            await worked_off(on)
        assert watch.longest < 10
        assert on.truth.struck(struck["kind"]) > 1
        assert booked(on) == HELD
        assert mismatches(on) == []


async def test_orders_whose_news_is_lost_are_asked_for_and_counted_by_what_is_answered(tmp_path: Path) -> None:
    declared = fault("event_lost", ORDER, EVERY)
    async with stage(tmp_path, replace(SCENE, faults=(declared,)), chosen=CHOSEN, times=TIMES) as on:
        await worked_off(on, every_trade=False)
        assert on.truth.struck("event_lost") > 1
        assert booked(on) == {}
        assert mismatches(on) == []


async def test_a_user_stream_that_tells_of_nothing_is_found_out_and_made_up_for_by_reads(tmp_path: Path) -> None:
    declared = [fault("event_lost", name, EVERY) for name in (ORDER, ACCOUNT, ALGO, "TRADE_LITE")]
    async with stage(tmp_path, replace(SCENE, faults=tuple(declared)), chosen=CHOSEN, times=TIMES) as on:
        await worked_off(on, every_trade=False)
        assert "accepted request was not told of" in lost(on, Stream.USER)[0].detail
        assert said(on, NoticeKind.STOP, "has its protective stop")


async def test_a_trade_of_the_owners_that_was_never_told_is_found_by_comparison_and_journalled(tmp_path: Path) -> None:
    chosen = paced(600, 3, reconcile_interval_s="5")
    async with stage(tmp_path, replace(SCENE, seats=((LONG, "0.4"),), wallet="9000"), chosen=chosen) as on:
        await on.working()
        await on.protected()
        for name in (ORDER, ACCOUNT, "TRADE_LITE"):
            await on.fault(**fault("event_lost", name, EVERY), times=1, for_s=1)
        await on.act("position_closed", symbol="BTCUSDT", side="LONG", qty="0.3")
        loop = asyncio.get_running_loop()
        since = loop.time()
        await on.until(lambda: any("counted from the stream" in text for text in mismatches(on)), 15, "the mismatch")
        assert loop.time() - since < 2 * 5
        assert on.truth.struck("event_lost") > 1
        assert on.app is not None
        await on.until(lambda: known(on) == on.truth.left(("BTCUSDT", LONG)), 10, "the leg as it is")
        await on.until(lambda: said(on, NoticeKind.MISMATCH, "counted from the stream"), 10, "the notice, seen")
        told = said(on, NoticeKind.MISMATCH, "counted from the stream")
        assert len(told) == 1
        assert on.truth.left(("BTCUSDT", LONG)) <= D("0.1")


def known(on: Stage) -> Decimal:
    """What the program believes the leg holds."""
    assert on.app is not None
    return on.app.engine.legs()[0].qty


@pytest.mark.parametrize("kind", ["event_late", "event_lost"])
async def test_a_stop_that_others_took_away_is_placed_again_whenever_that_is_told(tmp_path: Path, kind: str) -> None:
    """Where it is never told, the next comparison finds it: the leg is bare for as long as that and a placing take."""
    fields = {"delay_ms": 1000} if kind == "event_late" else {}
    bare_ms = 4000 if kind == "event_late" else 5000 + 4000
    async with stage(tmp_path, SCENE, chosen=paced(600), bare_ms=bare_ms) as on:
        await on.working()
        before = await settled_stop(on)
        await on.fault(kind, where={"events": [ALGO]}, when=EVERY, times=1, for_s=2, **fields)
        await on.act("orders_cancelled", symbol="BTCUSDT", what="conditional")
        await on.until(on.truth.bare_now, 2, "a bare leg")
        await on.until(lambda: on.truth.stops() and on.truth.stops() != before, 12, "another stop")
        assert on.truth.struck(kind) > 0
        await on.until(lambda: said(on, NoticeKind.STOP, "has lost its protective stop"), 10, "the news of it")

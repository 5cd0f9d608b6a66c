"""Panic while its requests go wrong: flat all the same, never too much closed, an order in doubt passed by."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.request_scenes import BTC_LEG, DELETE, PLACE_STOP, POST, SLOW_CONFIG, Watched, fault, scene, watched
from tests.e2e.stage import settings

from vibe_quant.domain.enums import Severity, SignalReason
from vibe_quant.domain.intents import Halt, OrderIntent

TIERS = """
    liq_distance_threshold: 0.9
    panic_close:
      enabled: true
      tiers:
        - {dist_to_liq: 0.8, slice_ratio: 0.125, maker_timeouts_to_escalate: 0}"""
PANIC = SLOW_CONFIG.replace("    reconcile_interval_s: 5", f"    reconcile_interval_s: 5{TIERS}")
"""In panic from the first distance on: the market is calm, so that only the requests are in the way."""
FLYING_MS = 500
"""What had left when the first refusal was read, on a machine that may be slow."""
FATES: dict[str, dict[str, Any]] = {
    "ack_lost": {},
    "ack_late": {"delay_ms": 1500},
    "ack_doubled": {},
    "request_lost": {},
    "request_late": {"delay_ms": 600},
    "unknown_503": {"reached": False},
    "timeout_1007": {"reached": False},
    "proxy_error": {"reached": True, "status": 403},
    "timestamp_1021": {},
    "unavailable_503": {},
    "internal_1001": {},
}


def reasons(w: Watched) -> set[SignalReason]:
    """Why orders were sent."""
    return {intent.reason for intent in w.intents(OrderIntent)}


@pytest.mark.parametrize("kind", FATES)
async def test_panic_gets_flat_though_two_of_its_orders_go_wrong(tmp_path: Path, kind: str) -> None:
    declared = fault(kind, POST, times=2, **FATES[kind])
    async with watched(tmp_path, scene(declared, alone=True), settings(PANIC), overlaps=True) as w:
        await w.told("in panic tier 1", Severity.ALARM)
        await w.struck(kind, 2)
        await w.on.flat()
        assert reasons(w) == {SignalReason.PANIC}
        assert not w.intents(Halt)


@pytest.mark.parametrize(("kind", "reached"), [("unknown_503", True), ("unknown_503", False), ("timeout_1007", True)])
async def test_panic_passes_an_order_in_doubt_by_and_sends_what_law_4_leaves(
    tmp_path: Path, kind: str, reached: bool
) -> None:
    deaf = {"kind": "event_lost", "where": {"events": ["ORDER_TRADE_UPDATE"]}, "when": {"at_s": 0}, "for_s": 1}
    declared = fault(kind, POST, reached=reached)
    async with watched(
        tmp_path, scene(declared, alone=True), settings(PANIC), on_strike={kind: [deaf]}, overlaps=True
    ) as w:
        doubtful = await w.struck(kind)
        after = await w.next(doubtful)
        assert after.created_ms - doubtful.at_ms < 2000, "nothing of it is settled before four seconds"
        assert w.asked_for(doubtful.client_id), "and it is asked for"
        await w.on.flat()
        assert len(w.notices("has a position: 0 ->")) == 1, "what is left was never believed to be gone"


@pytest.mark.parametrize("kind", ["request_lost", "unavailable_503", "internal_1001"])
async def test_a_panic_orders_cancel_that_goes_wrong_is_sent_again(tmp_path: Path, kind: str) -> None:
    maker = PANIC.replace("maker_timeouts_to_escalate: 0", "maker_timeouts_to_escalate: 9")
    async with watched(tmp_path, scene(fault(kind, DELETE), alone=True), settings(maker), overlaps=True) as w:
        struck = await w.struck(kind)
        order = w.order(struck.client_id)
        assert order is not None
        await w.on.until(lambda: order.status.is_final, 10, "the end of the order")
        await w.on.flat()


async def test_panic_passes_a_back_off_of_429(tmp_path: Path) -> None:
    declared = fault("limit_429", POST, nth=2, for_s=2)
    async with watched(tmp_path, scene(declared, alone=True), settings(PANIC), overlaps=True) as w:
        first = await w.struck("limit_429")
        await w.told("The exchange asked to back off (429)", Severity.WARNING)
        await w.struck("limit_429", 2)
        await w.on.flat()
        others = [a for a in w.asked if first.at_ms + FLYING_MS < a.at_ms < first.at_ms + 2000]
        assert {a.endpoint for a in others} <= {POST, DELETE, PLACE_STOP}, "what is urgent, and nothing else"
        assert not w.intents(Halt)


async def test_a_panic_order_that_rests_is_cancelled_in_a_back_off_of_429_too(tmp_path: Path) -> None:
    maker = PANIC.replace("maker_timeouts_to_escalate: 0", "maker_timeouts_to_escalate: 9")
    declared = fault("limit_429", PLACE_STOP, for_s=6)
    async with watched(tmp_path, scene(declared, alone=True), settings(maker), overlaps=True, bare_ms=12_000) as w:
        first = await w.struck("limit_429")
        await w.on.until(lambda: w.sent(DELETE, first.at_ms + FLYING_MS), 10, "a cancel")
        cancel = w.sent(DELETE, first.at_ms + FLYING_MS)[0]
        assert cancel.at_ms < first.at_ms + 4000, "it does not wait for the end"
        await w.on.flat()


async def test_panic_waits_for_the_end_of_a_ban_and_goes_on(tmp_path: Path) -> None:
    declared = fault("ban_418", POST, nth=2, for_s=3)
    everything = [{"kind": "ban_418", "when": {"at_s": 0}, "for_s": 3, "name": "all"}]
    async with watched(
        tmp_path, scene(declared, alone=True), settings(PANIC), on_strike={"ban_418": everything}, overlaps=True
    ) as w:
        first = await w.struck("ban_418")
        await w.told("Nothing can be sent, panic neither", Severity.ALARM)
        await w.on.until(lambda: not w.on.truth.left(BTC_LEG), 25, "flat")
        assert not [a for a in w.asked if first.at_ms + FLYING_MS < a.at_ms < first.at_ms + 3000]


@pytest.mark.parametrize("code", [-2010, -2022, -1106, -2015, -1111, -4131])
async def test_panic_refused_again_and_again_backs_off_to_a_second_and_never_halts(tmp_path: Path, code: int) -> None:
    declared = fault("refuse", POST, nth=2, times=8, code=code, message="No.")
    async with watched(tmp_path, scene(declared, alone=True), settings(PANIC), overlaps=True) as w:
        await w.struck("refuse", 8, 20)
        at = [asked.at_ms for asked in w.strikes("refuse")]
        pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
        assert max(pauses) < 2500
        assert max(pauses) > 700, "it does not hammer"
        await w.on.flat()


async def test_panic_goes_on_while_the_breaker_is_open(tmp_path: Path) -> None:
    reads = {
        "kind": "unavailable_503",
        "where": {"endpoint": "GET *"},
        "when": {"at_s": 0},
        "for_s": 8,
        "name": "reads",
    }
    declared = fault("unavailable_503", POST, nth=2, for_s=2)
    async with watched(
        tmp_path, scene(declared, alone=True), settings(PANIC), on_strike={"unavailable_503": [reads]}, overlaps=True
    ) as w:
        await w.struck("unavailable_503")
        await w.on.until(lambda: w.on.app is not None and w.on.app.breaker.opened, 15, "the breaker's opening")
        assert w.on.truth.left(BTC_LEG), "there is something left to be closed"
        await w.on.until(lambda: not w.on.truth.left(BTC_LEG), 15, "flat")
        assert w.strikes("unavailable_503")[0].at_ms + 8000 > w.on.server.box.now, "reads fail all the time"
        await w.on.until(lambda: w.on.server.box.now > w.strikes("unavailable_503")[0].at_ms + 8200, 15, "its end")

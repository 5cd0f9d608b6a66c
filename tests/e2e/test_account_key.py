"""The account itself: a key that is revoked, hedge mode switched off, an exchange that takes no orders for a while."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.account_scenes import (
    RAW,
    SHORT_CONFIG,
    SLOW_CONFIG,
    again,
    alone,
    at_rest,
    flatten,
    journalled,
    live,
    orders_of,
    reads,
    rests,
    resume,
)
from tests.e2e.request_scenes import POST, fault, watched
from tests.e2e.stage import LONG, settings

from vibe_quant.domain.enums import NoticeKind, RequestKind, Severity
from vibe_quant.domain.events import Refused
from vibe_quant.domain.intents import Halt
from vibe_quant.sim.switches import Switches

REVOKED_S = 4
MOST_A_SECOND = 15
"""Requests that are no storm: reads of four calls each two seconds, a cancel each second, what a stop needs."""


async def test_a_revoked_key_halts_discretion_without_a_storm_until_the_operator_resumes(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as w:
        order, stops, since = await rests(w), w.on.truth.stops(), w.on.server.box.now
        await w.on.fault("key_revoked", for_s=REVOKED_S)
        await w.on.until(lambda: [r for r in w.events(Refused) if r.code == -2015], 12, "a refusal for the key")
        alarm = await w.told("All discretionary orders have stopped", Severity.ALARM)
        assert (w.on.truth.struck("key_revoked"), alarm.kind) == (1, NoticeKind.HALT)
        assert "Put the account or its key right" in alarm.text
        assert [h.symbol for h in w.intents(Halt)] == [None]
        await w.on.until(
            lambda: order.status.is_final, REVOKED_S + 10, "the end of the order, the key being good again"
        )
        over = w.on.server.box.now
        asked = [a for a in w.asked if since < a.at_ms <= over and "signature" in a.params]
        assert len(asked) <= MOST_A_SECOND * (over - since) / 1000, [a.endpoint for a in asked]
        assert w.on.truth.stops() == stops
        await reads(w, 1)
        assert not orders_of(w, LONG, order.created_ms), "nothing goes on by itself"
        assert len(w.notices("All discretionary orders have stopped")) == 1
        assert journalled(w, "decision", halt="-2015")
        resume(w)
        await again(w, over)
        flatten(w)
        await w.on.flat()


async def test_an_account_that_is_one_way_all_at_once_halts_discretion(tmp_path: Path) -> None:
    off = fault("hedge_mode_off", POST, nth=3)
    async with watched(tmp_path, alone(off), settings(SHORT_CONFIG)) as w:
        await w.struck("hedge_mode_off")
        alarm = await w.told("not in hedge mode", Severity.ALARM)
        assert (w.on.truth.struck("hedge_mode_off"), alarm.kind) == (1, NoticeKind.HALT)
        assert -4061 in [r.code for r in w.events(Refused, RequestKind.SUBMIT)]
        await w.on.flat()
        ids = len(w.on.truth.own)
        await reads(w, 2)
        assert len(w.on.truth.own) == ids
        assert journalled(w, "decision", halt="-4061")


@pytest.mark.parametrize("spares", [True, False])
async def test_an_overload_is_waited_for_and_halts_nothing(tmp_path: Path, spares: bool) -> None:
    switches = Switches(overload_spares_closers=spares, overload_spares_algos=spares)
    account = alone(switches=switches)
    async with watched(tmp_path, account, settings(SLOW_CONFIG)) as w:
        await rests(w)
        await w.on.until(lambda: w.on.truth.stops(), 10, "a stop")
        await w.on.fault("overload_1008", for_s=2)
        since = w.on.server.box.now
        await w.on.act("orders_cancelled", symbol=RAW, what="regular")
        after = await again(w, since)
        refused = [r for r in w.events(Refused, RequestKind.SUBMIT) if r.code == -1008]
        assert w.on.truth.struck("overload_1008") == 1
        if spares:
            assert (refused, after.created_ms - since < 1500) == ([], True)
        else:
            assert 2 <= len(refused) <= 12, "wished anew after pauses that grow"
            assert after.created_ms - since >= 1500
            assert len(w.notices("-1008 (overloaded, not done)")) == 1
        assert not w.intents(Halt)
        flatten(w)
        await w.on.flat()


@pytest.mark.parametrize("spares", [True, False])
async def test_a_stop_that_an_overload_refuses_is_an_alarm_and_comes_after_it(tmp_path: Path, spares: bool) -> None:
    switches = Switches(overload_spares_algos=spares)
    async with at_rest(tmp_path, alone(switches=switches), bare_ms=None) as w:
        since = w.on.server.box.now
        await w.on.fault("overload_1008", for_s=3)
        await w.on.act("orders_cancelled", symbol=RAW, what="conditional")
        await w.on.until(lambda: not w.on.truth.bare_now(), 15, "the stop")
        lasted = w.on.truth.bare_ms(since)
        refused = [r for r in w.events(Refused, RequestKind.PLACE_STOP) if r.code == -1008]
        if spares:
            assert (refused, lasted < 3000) == ([], True)
        else:
            assert 2 <= len(refused) <= 12
            assert w.notices("-1008", Severity.ALARM)
            assert lasted < 3000 + 10_000, "the pause between two tries is at most ten seconds"
        assert live(w)
        flatten(w)
        await w.on.flat()

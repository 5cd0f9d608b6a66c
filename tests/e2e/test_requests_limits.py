"""429, 418 and spent counts: the program waits as it is told, risk goes on as far as it may, nothing earns a ban."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.request_scenes import BTC_LEG, DELETE, PLACE_STOP, POST, SLOW_CONFIG, Watched, fault, scene, watched
from tests.e2e.stage import settings

from vibe_quant.domain.enums import Severity
from vibe_quant.domain.intents import Halt

FLYING_MS = 500
"""What had left when the first refusal was read, on a machine that may be slow."""


def late(w: Watched, kind: str) -> list[Any]:
    """Requests that the fault met after its first answer must have been known."""
    strikes = w.strikes(kind)
    return [
        (asked.at_ms - strikes[0].at_ms, asked.endpoint)
        for asked in strikes
        if asked.at_ms > strikes[0].at_ms + FLYING_MS
    ]


@pytest.mark.parametrize("endpoint", [POST, DELETE, "GET /fapi/v3/positionRisk"])
async def test_after_429_nothing_leaves_but_what_is_urgent_until_the_time_is_over(
    tmp_path: Path, endpoint: str
) -> None:
    declared = fault("limit_429", where={"endpoint": endpoint}, nth=3 if endpoint == POST else 1, for_s=3)
    everything = [{"kind": "limit_429", "when": {"at_s": 0}, "for_s": 3, "name": "all"}]
    bare_ms = 6000 if endpoint.startswith("GET") else 3000
    async with watched(tmp_path, scene(declared), on_strike={"limit_429": everything}, bare_ms=bare_ms) as w:
        first = await w.struck("limit_429")
        await w.told("The exchange asked to back off (429)", Severity.WARNING)
        await w.on.until(lambda: w.sent(POST, first.at_ms + 3000), 15, "orders after it")
        assert late(w, "limit_429") == []
        assert late(w, "all") == []
        assert not w.intents(Halt)
        await w.on.flat()


async def test_during_429_a_stop_that_is_lost_is_placed_all_the_same(tmp_path: Path) -> None:
    where = {"endpoint": [POST, DELETE, "GET *"]}
    async with watched(tmp_path, scene(alone=True), settings(SLOW_CONFIG)) as w:
        await w.on.working()
        await w.on.protected()
        await w.on.fault("limit_429", where=where, when={"at_s": 0}, for_s=4)
        limited = await w.struck("limit_429")
        await w.told("The exchange asked to back off (429)")
        await w.on.act("orders_cancelled", symbol="BTCUSDT", what="conditional")
        await w.on.until(lambda: w.sent(PLACE_STOP, limited.at_ms), 10, "a new stop")
        placed = w.sent(PLACE_STOP, limited.at_ms)[0]
        assert placed.at_ms < limited.at_ms + 4000, "the stop does not wait"
        await w.on.protected()
        await w.again(BTC_LEG, limited.at_ms + 4000)


@pytest.mark.parametrize("endpoint", [POST, DELETE, "GET /fapi/v3/positionRisk"])
async def test_nothing_is_sent_during_a_ban_and_work_goes_on_after_it(tmp_path: Path, endpoint: str) -> None:
    declared = fault("ban_418", where={"endpoint": endpoint}, nth=3 if endpoint == POST else 1, for_s=3)
    everything = [{"kind": "ban_418", "when": {"at_s": 0}, "for_s": 3, "name": "all"}]
    at_start = endpoint.startswith("GET")
    async with watched(
        tmp_path, scene(declared), on_strike={"ban_418": everything}, bare_ms=6000 if at_start else 3000
    ) as w:
        first = await w.struck("ban_418")
        alarm = await w.told("The exchange has banned this address (418)", Severity.ALARM)
        assert "stops at the exchange stand" in alarm.text
        await w.on.until(lambda: w.sent(POST, first.at_ms + 3000), 15, "orders after it")
        silent = [a for a in w.asked if first.at_ms + FLYING_MS < a.at_ms < first.at_ms + 3000]
        assert [a.endpoint for a in silent] == []
        assert not w.intents(Halt)
        await w.on.flat()


async def test_a_stop_that_is_lost_during_a_ban_is_placed_when_it_ends(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(alone=True), settings(SLOW_CONFIG), bare_ms=6000) as w:
        await w.on.working()
        await w.on.protected()
        await w.on.fault("ban_418", when={"at_s": 0}, for_s=3)
        await w.told("The exchange has banned this address (418)")
        banned = w.strikes("ban_418")[0]
        await w.on.act("orders_cancelled", symbol="BTCUSDT", what="conditional")
        await w.told("does not stand", Severity.ALARM)
        await w.on.until(lambda: not w.on.truth.bare_now(), 10, "a new stop")
        assert not [a for a in w.asked if banned.at_ms + FLYING_MS < a.at_ms < banned.at_ms + 3000]


async def test_the_accounts_order_count_is_kept_to_and_the_exchange_never_refuses(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(alone=True, more={"order_limits": (12, 1200)})) as w:
        await w.on.working()
        await w.on.flat(60)
        assert w.on.server.box.limits.sent_while_banned == 0


async def test_a_spent_order_count_holds_discretion_until_its_window_turns_and_no_cancel(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(alone=True), settings(SLOW_CONFIG)) as w:
        await w.on.working()
        await w.on.protected()
        box = w.on.server.box
        declared = fault("refuse", POST, nth=1, code=-1015, message="Too many new orders.", status=429)
        await w.on.fault(**declared)
        refused = await w.struck("refuse", within_s=25)
        await w.on.until(lambda: box.now > refused.at_ms + 4000, 10, "four seconds")
        assert not w.sent(POST, refused.at_ms), "ten seconds without an order"
        await w.again(BTC_LEG, refused.at_ms)
        assert w.sent(POST, refused.at_ms)[0].at_ms >= refused.at_ms + 9_500
        assert not w.intents(Halt)
        assert w.on.truth.stops()


@pytest.mark.slow
async def test_the_exchanges_own_spent_order_counts_are_waited_for(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(alone=True), settings(SLOW_CONFIG)) as w:
        await w.on.working()
        await w.on.protected()
        box = w.on.server.box
        at = box.now
        await w.on.act("orders_spent")
        await w.on.until(lambda: w.orders_of(BTC_LEG, at + 500), 90, "orders after it")
        assert box.limits.sent_while_banned == 0
        refused = [a for a in w.sent(POST, at) if w.order(a.client_id) is None]
        assert len(refused) < 10, "it does not ask again and again"


@pytest.mark.slow
async def test_a_spent_weight_is_waited_for_and_never_becomes_a_ban(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(alone=True), settings(SLOW_CONFIG)) as w:
        await w.on.working()
        await w.on.protected()
        box = w.on.server.box
        at = box.now
        await w.on.act("weight_spent")
        await w.told("The exchange asked to back off (429)", Severity.WARNING, within_s=20)
        await w.on.until(lambda: w.orders_of(BTC_LEG, at + 500), 90, "orders after it")
        assert box.limits.banned_until("127.0.0.1", box.now) is None
        assert box.limits.sent_while_banned == 0
        assert w.on.truth.stops()

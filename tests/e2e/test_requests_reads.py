"""Reads that fail: the start waits and goes on, a failed snapshot is none, the breaker opens and closes again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.request_scenes import BTC_LEG, ETH_LEG, LEGS, POST, SLOW_CONFIG, fault, scene, watched
from tests.e2e.stage import settings

from vibe_quant.app.application import REFUSED
from vibe_quant.app.levels import Level
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import AccountSnapshot, StreamDown, StreamUp
from vibe_quant.domain.intents import Halt

LISTEN = "POST /fapi/v1/listenKey"
OF_THE_START = (
    "GET /fapi/v1/exchangeInfo",
    "GET /fapi/v1/time",
    "GET /fapi/v1/accountConfig",
    "GET /sapi/v1/account/apiRestrictions",
    "GET /fapi/v1/leverageBracket",
    "GET /fapi/v1/commissionRate",
    LEGS,
    "GET /fapi/v3/balance",
    "GET /fapi/v1/symbolConfig",
    "GET /fapi/v1/openOrders",
    "GET /fapi/v1/openAlgoOrders",
    LISTEN,
)
FAILURES: dict[str, dict[str, Any]] = {
    "ack_lost": {},
    "request_lost": {},
    "unknown_503": {"reached": False},
    "timeout_1007": {"reached": True},
    "proxy_error": {"reached": True, "status": 502},
    "unavailable_503": {},
    "internal_1001": {},
    "timestamp_1021": {},
}
START_S = 20
"""Each read of the start is repeated after a second, and most come one after another."""


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_start_whose_every_read_fails_once_waits_and_trades(tmp_path: Path, kind: str) -> None:
    faults = [fault(kind, endpoint, name=str(i), **FAILURES[kind]) for i, endpoint in enumerate(OF_THE_START)]
    async with watched(tmp_path, scene(*faults), settings(SLOW_CONFIG), bare_ms=START_S * 1000) as w:
        await w.on.working(START_S)
        assert not [at for at in w.sent(POST) if at.at_ms < w.strikes("6")[0].at_ms], "positions come before orders"
        await w.on.protected(START_S)
        await w.on.until(lambda: w.orders_of(BTC_LEG, 0) and w.orders_of(ETH_LEG, 0), 15, "orders of both legs")
        assert {a.endpoint for a in w.asked if a.faults} == set(OF_THE_START)
        assert not w.intents(Halt)


@pytest.mark.parametrize("kind", ["limit_429", "ban_418", "maintenance"])
async def test_a_start_into_a_limit_a_ban_or_maintenance_waits_for_its_end(tmp_path: Path, kind: str) -> None:
    declared = {"kind": kind, "when": {"at_s": 0}, "for_s": 3}
    async with watched(tmp_path, scene(declared), settings(SLOW_CONFIG), bare_ms=START_S * 1000) as w:
        first = await w.struck(kind)
        await w.on.working(START_S)
        assert w.sent(POST)[0].at_ms > first.at_ms + 2000
        if kind != "maintenance":
            assert len(w.strikes(kind)) == 1, "it is asked once, and then not before the time is over"
        await w.on.protected()


async def test_a_start_with_a_key_that_is_refused_ends_and_says_so(tmp_path: Path) -> None:
    declared = {"kind": "key_revoked", "when": {"once": True}}
    async with watched(tmp_path, scene(declared), bare_ms=None) as w:
        assert await w.on.ended() == REFUSED
        assert not w.sent(POST)
        assert any("does not accept the API key" in line for line in w.on.log)


SNAPSHOT = (LEGS, "GET /fapi/v3/balance", "GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders")


def whole(read: AccountSnapshot, after_ms: int) -> bool:
    """Whether a comparison asked for after that moment has all its parts."""
    parts = (read.positions, read.balances, read.orders, read.stops)
    return read.exch_ms > after_ms and None not in parts


@pytest.mark.parametrize("kind", FAILURES)
async def test_a_comparison_that_fails_is_no_snapshot_and_is_repeated(tmp_path: Path, kind: str) -> None:
    async with watched(tmp_path, scene(), settings(SLOW_CONFIG)) as w:
        await w.on.working()
        await w.on.protected()
        at = w.on.server.box.now
        for number, endpoint in enumerate(SNAPSHOT):
            await w.on.fault(**fault(kind, endpoint, name=f"part {number}", **FAILURES[kind]))
        await w.on.until(lambda: all(w.strikes(f"part {n}") for n in range(len(SNAPSHOT))), 15, "all strikes")
        last = max(w.strikes(f"part {n}")[0].at_ms for n in range(len(SNAPSHOT)))
        await w.on.until(lambda: any(whole(e, last) for e in w.events(AccountSnapshot)), 15, "a whole comparison")
        assert w.sent(LEGS, last)
        assert w.on.truth.left(BTC_LEG) > 0
        assert w.view(BTC_LEG) is not None
        assert w.sent(POST, at), "discretion has not waited for it"
        assert not w.notices("flat")
        assert not w.intents(Halt)


async def test_maintenance_opens_the_breaker_which_lets_protection_through_and_closes_again(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(), settings(SLOW_CONFIG)) as w:
        app = await w.on.working()
        await w.on.protected()
        await w.on.fault("maintenance", when={"at_s": 0}, for_s=6)
        await w.struck("maintenance")
        await w.on.until(lambda: app.breaker.opened, 15, "the breaker's opening")
        assert any("breaker open" in line for line in w.on.log)
        await w.on.until(lambda: app.levels.level is Level.BREAKER, 10, "the level")
        opened = w.on.server.box.now
        await w.on.until(lambda: app.levels.level is Level.STREAM, 15, "the breaker's closing")
        shut = [a for a in w.sent(POST, opened + 100) if a.at_ms < opened + 1800]
        assert len(shut) == 0, "no discretionary order while it is open"
        await w.again(BTC_LEG, w.on.server.box.now - 1)
        shares = app.levels.shares(app.parts.clock.now_ms())
        assert shares[Level.BREAKER] > 0
        assert sum(shares.values()) == pytest.approx(1)
        assert not w.intents(Halt)
        assert w.on.truth.stops()
    end = next(iter(w.on.journal.rows(kinds=("end",))))
    assert float(end.data()["levels"]["breaker"]) > 0


async def test_a_stop_that_is_lost_in_maintenance_is_placed_when_it_is_over(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(alone=True), settings(SLOW_CONFIG), bare_ms=9000) as w:
        await w.on.working()
        await w.on.protected()
        await w.on.fault("maintenance", when={"at_s": 0}, for_s=3)
        at = w.on.server.box.now
        await w.on.act("orders_cancelled", symbol="BTCUSDT", what="conditional")
        await w.on.until(lambda: [a for a in w.asked if "algoOrder" in a.endpoint and a.at_ms > at], 10, "a try")
        await w.told("does not stand")
        await w.on.until(lambda: not w.on.truth.bare_now(), 12, "a new stop")


async def test_a_listen_key_of_nobody_is_noticed_by_its_silence_and_another_is_got(tmp_path: Path) -> None:
    async with watched(tmp_path, scene(fault("listen_key_bogus")), settings(SLOW_CONFIG)) as w:
        await w.struck("listen_key_bogus")
        await w.on.until(lambda: len(w.sent(LISTEN)) > 1, 25, "another listen key")
        ups = [e for e in w.events(StreamUp) if e.stream is Stream.USER]
        await w.on.until(lambda: len([e for e in w.events(StreamUp) if e.stream is Stream.USER]) > len(ups), 15, "it")
        assert any(e.stream is Stream.USER for e in w.events(StreamDown))
        at = w.on.server.box.now
        await w.again(BTC_LEG, at)
        assert not w.intents(Halt)

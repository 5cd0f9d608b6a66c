"""Reads of the account that lag behind the stream: answered at once, by how things were a while ago."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from tests.e2e.account_scenes import LEG, RAW, alone, at_rest, flatten, reads
from tests.e2e.request_scenes import BTC_LEG, ETH_LEG, SHORT_CONFIG, SLOW_CONFIG, WALLET, Watched, fault, watched
from tests.e2e.stage import LONG, SHORT, Scene, settings
from tests.e2e.stream_scenes import booked, traded

D = Decimal


def lagging(behind_ms: int, endpoint: str | None = None) -> dict[str, object]:
    """Each read of the account, or of one kind."""
    return fault("stale_read", endpoint, when={"rate": 1}, behind_ms=behind_ms)


def two_legs(*faults: dict[str, object]) -> Scene:
    """Each with a price at which it is liquidated."""
    return Scene(
        seats=((LONG, "0.1"),), beside=(("ETHUSDT", SHORT, "2"),), others=("ETHUSDT",), wallet=WALLET, faults=faults
    )


def slow(behind_ms: int) -> ParameterSet:
    """In the long suite."""
    return pytest.param(behind_ms, marks=pytest.mark.slow)


def held(w: Watched) -> Decimal:
    """What the program takes the leg to be."""
    view = w.view(LEG)
    assert view is not None
    return view.qty


@pytest.mark.parametrize("behind_ms", [slow(150), 1500, slow(4000)])
async def test_an_exit_ends_flat_and_nothing_is_closed_twice(tmp_path: Path, behind_ms: int) -> None:
    chosen = settings(SHORT_CONFIG)
    async with watched(tmp_path, two_legs(lagging(behind_ms)), chosen) as w:
        await w.on.until(lambda: not any(w.on.truth.left(leg) for leg in (BTC_LEG, ETH_LEG)), 60, "flat")
        await w.on.flat(60)
        assert w.on.truth.struck("stale_read") > 3
        await w.on.until(lambda: booked(w.on) == traded(w.on), 10, "the booking of every trade")


@pytest.mark.parametrize("behind_ms", [slow(800), 4000])
async def test_what_lags_takes_no_stop_away_and_no_order_for_lost(tmp_path: Path, behind_ms: int) -> None:
    async with at_rest(tmp_path, alone(lagging(behind_ms))) as w:
        await reads(w, 3, 40)
        assert w.on.truth.bare_now() == []
        await w.on.act("position_closed", symbol=RAW, side="LONG", qty="0.04")
        await w.on.until(lambda: held(w) == D("0.06"), 10, "the news")
        since, believed = w.on.server.box.now, set[Decimal]()

        def past() -> bool:
            believed.add(held(w))
            return w.on.server.box.now > since + 8000

        await w.on.until(past, 20)
        assert believed == {D("0.06")}, "an old row counts for nothing"
        flatten(w)
        await w.on.flat(40)


@pytest.mark.parametrize("behind_ms", [800, slow(4000)])
async def test_a_leg_that_was_enlarged_or_taken_stays_so(tmp_path: Path, behind_ms: int) -> None:
    async with at_rest(tmp_path, alone(lagging(behind_ms))) as w:
        w.on.added[LEG] = D("0.05")
        await w.on.act("position_enlarged", symbol=RAW, side="LONG", qty="0.05")
        await w.on.until(lambda: w.on.truth.left(LEG) == D("0.15"), 5)
        await w.on.protected()
        await reads(w, 2, 30)
        await w.on.protected()
        await w.on.act("position_closed", symbol=RAW, side="LONG")
        await w.on.until(lambda: not w.on.truth.stops(), 15, "the end of its stop")
        sent = len(w.on.truth.orders)
        await reads(w, 2, 30)
        assert (w.on.truth.stops(), len(w.on.truth.orders)) == ([], sent), "no stop or order for a leg that is gone"


@pytest.mark.parametrize("behind_ms", [slow(800), 3000])
async def test_a_leg_that_was_just_opened_keeps_its_stop(tmp_path: Path, behind_ms: int) -> None:
    scene = Scene(seats=((LONG, "0.1"),), others=("ETHUSDT",), wallet=WALLET, faults=(lagging(behind_ms),))
    async with watched(tmp_path, scene, settings(SLOW_CONFIG)) as w:
        await w.on.working()
        await w.on.protected()
        w.on.added[ETH_LEG] = D(2)
        await w.on.act("position_enlarged", symbol="ETHUSDT", side="SHORT", qty="2")
        await w.on.until(lambda: len(w.on.truth.stops()) == 2, 10, "its stop")
        since = w.on.server.box.now
        await w.on.until(lambda: w.on.server.box.now > since + 9000, 20)
        assert w.notices("ETH/USDT:USDT SHORT: the exit is done") == [], "the leg is there"
        assert w.notices("ETH/USDT:USDT SHORT: the exchange's account read says 0 ") == []

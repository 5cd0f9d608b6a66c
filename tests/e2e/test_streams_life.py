"""What ends by the clock: the listen key, and sockets after their 24 hours; nothing is missed in between."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.e2e.stage import LONG, Scene, Stage, stage
from tests.e2e.stream_scenes import (
    SHORT_LIFE,
    TIMES,
    again,
    booked,
    discretionary,
    losses,
    lost,
    mismatches,
    paced,
    said,
    stops_read_after,
    traded,
    unread_orders,
)

from vibe_quant.app.wire import StreamTimes
from vibe_quant.binance.dial import SocketTimes
from vibe_quant.binance.market_ws import MarketTimes
from vibe_quant.binance.user_ws import UserTimes
from vibe_quant.domain.enums import NoticeKind, Stream
from vibe_quant.domain.events import StreamUp
from vibe_quant.sim.switches import Switches

SCENE = Scene(seats=((LONG, "0.1"),), wallet="2000")
SYMBOL = "BTC/USDT:USDT"
LIFE_MS = 3500
RENEWED = SocketTimes(life_ms=1800, proof_ms=300)
"""96 to 100 % of it: well before the exchange's end, and some times in a story."""


def forgotten(on: Stage) -> None:
    """The exchange drops the listen key and tells nobody."""
    keys = on.server.box.listen_keys
    tell, keys.on_gone = keys.on_gone, lambda _key, _now: None
    keys.expire_now(on.server.box.now)
    keys.on_gone = tell


def orders_after(on: Stage, stream: Stream) -> bool:
    """Whether discretion has gone on after the stream came up again."""
    ups = [index for index, (event, _) in enumerate(on.pairs) if isinstance(event, StreamUp) and event.stream is stream]
    return len(ups) > 1 and any(discretionary(asked) for _, asked in on.pairs[ups[1] :])


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
async def test_an_expired_listen_key_is_replaced(tmp_path: Path, told: bool) -> None:
    """Told by listenKeyExpired; where that is lost, the key's next extension finds it out."""
    times = replace(TIMES, user=UserTimes(keep_alive_ms=700, socket=SHORT_LIFE))
    async with stage(tmp_path, SCENE, chosen=paced(600), times=times) as on:
        await on.working()
        await on.protected()
        before = on.server.box.listen_keys.live
        if told:
            await on.act("listen_key_expired")
        else:
            forgotten(on)
        await on.until(partial(again, on, Stream.USER), 10, "the user stream again")
        assert ("expired" if told else "gone") in lost(on, Stream.USER)[0].detail
        assert on.server.box.listen_keys.live not in (None, before)
        await on.until(partial(orders_after, on, Stream.USER), 10, "an order after it")
        await on.until(partial(stops_read_after, on, Stream.USER), 10, "a read of the stops")
        assert unread_orders(on, SYMBOL) == []


async def test_a_listen_key_of_nobody_is_found_out_by_the_first_order(tmp_path: Path) -> None:
    declared = {"kind": "listen_key_bogus", "when": {"once": True}}
    async with stage(tmp_path, replace(SCENE, faults=(declared,)), chosen=paced(600), times=TIMES) as on:
        await on.until(partial(again, on, Stream.USER), 10, "the user stream again")
        assert on.truth.struck("listen_key_bogus") == 1
        assert "accepted request was not told of" in lost(on, Stream.USER)[0].detail
        await on.until(partial(orders_after, on, Stream.USER), 10, "an order after it")
        assert unread_orders(on, SYMBOL) == []


@pytest.mark.parametrize("every", [True, False], ids=["every-socket-hears", "the-newest-hears"])
async def test_sockets_are_renewed_before_their_end_and_nothing_is_missed(tmp_path: Path, every: bool) -> None:
    scene = replace(
        SCENE,
        switches=Switches(every_socket_of_key_hears=every),
        more={"socket_life_ms": LIFE_MS, "ping_every_ms": 500},
    )
    times = StreamTimes(MarketTimes(socket=RENEWED), UserTimes(socket=RENEWED))
    async with stage(tmp_path, scene, chosen=paced(8), times=times) as on:
        await on.working()
        await on.until(lambda: on.server.box.now - on.began_ms > 2 * LIFE_MS, 15, "two lives of a socket")
        await on.flat()
        await on.until(lambda: said(on, NoticeKind.EXIT_FINISHED, "done"), 10, "the end of the exit")
        assert losses(on) == []
        await on.until(lambda: booked(on) == traded(on), 10, "the booking of every trade")
        assert max(session.number for session in on.server.box.hub.sessions) >= 3 * 3
        assert mismatches(on) == []


async def test_sockets_that_the_exchange_ends_all_the_same_are_opened_again(tmp_path: Path) -> None:
    scene = replace(SCENE, more={"socket_life_ms": 2000})
    async with stage(tmp_path, scene, chosen=paced(600), times=TIMES) as on:
        await on.working()
        for stream in Stream:
            await on.until(partial(again, on, stream), 10, f"the {stream} stream again")
            assert "closed by the exchange" in lost(on, stream)[0].detail
        assert unread_orders(on, SYMBOL) == []

"""Sockets that close, fall silent or hang half open, each by itself and all at once: found out, and gone on from."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from tests.e2e.stage import LONG, Scene, Stage, stage
from tests.e2e.stream_scenes import (
    TIMES,
    again,
    blocked,
    discretionary,
    lost,
    paced,
    said,
    settled_stop,
    stops_read_after,
    unread_orders,
)

from vibe_quant.app.levels import Level
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.enums import NoticeKind, Stream
from vibe_quant.domain.events import OrderUpdate, StreamUp
from vibe_quant.domain.intents import FetchRules, FetchSnapshot, Intent, QueryOrder

SCENE = Scene(seats=((LONG, "0.1"),), wallet="2000")
STREAMS = {"public": Stream.BOOK, "market": Stream.MARKET, "private": Stream.USER}
EACH = [("public",), ("market",), ("private",), ("public", "market", "private")]
BROKEN = ("connection broke", "closed by the exchange")
SILENT = ("connected and silent",)
DEAD = ("connected and silent", "closed by this side, code 1011", "connection broke")
DOWN = {
    Stream.BOOK: "the book stream is down",
    Stream.MARKET: "the trade stream is down",
    Stream.USER: "the user stream is down",
}
READS = ("GET /fapi/v3/positionRisk", "GET /fapi/v1/exchangeInfo")
SYMBOL = "BTC/USDT:USDT"


def asked_after(on: Stage, stream: Stream) -> list[Intent]:
    """What the engine asked for when the stream came up again."""
    ups = [intents for event, intents in on.pairs if isinstance(event, StreamUp) and event.stream is stream]
    return list(ups[1])


async def back_at_work(on: Stage, streams: list[Stream], because: tuple[str, ...]) -> None:
    """Every stream is found dead, comes back, everything is read, and then orders leave again."""
    for stream in streams:
        await on.until(partial(lost, on, stream), 15, f"the end of the {stream} stream")
        await on.until(partial(again, on, stream), 10, f"the {stream} stream again")
        assert any(words in lost(on, stream)[0].detail for words in because), lost(on, stream)
        assert said(on, NoticeKind.RECONNECT, f"The {stream} stream is down")
        assert said(on, NoticeKind.RECONNECT, f"The {stream} stream is back")
        assert any(isinstance(asked, FetchRules) for asked in asked_after(on, stream))
    assert any(isinstance(asked, FetchSnapshot) for stream in streams for asked in asked_after(on, stream))
    last = max(index for index, (event, _) in enumerate(on.pairs) if isinstance(event, StreamUp))
    await on.until(lambda: any(discretionary(asked) for _, asked in on.pairs[last:]), 10, "an order after it")
    assert unread_orders(on, SYMBOL) == []


def doubted(on: Stage, resting: list[str]) -> bool:
    """Whether those of these orders were asked for by id whose end the program did not know as the stream went."""
    down = next(i for i, (event, _) in enumerate(on.pairs) if event in lost(on, Stream.USER))
    before = [event for event, _ in on.pairs[:down] if isinstance(event, OrderUpdate) and event.status.is_final]
    open_ones = set(resting) - {event.client_id for event in before}
    asked = {intent.client_id for _, asked in on.pairs[down:] for intent in asked if isinstance(intent, QueryOrder)}
    return open_ones <= asked


@pytest.mark.parametrize("classes", EACH, ids="-".join)
@pytest.mark.parametrize("code", [None, 1001], ids=["reset", "closed"])
async def test_closed_sockets_are_opened_again(tmp_path: Path, classes: tuple[str, ...], code: int | None) -> None:
    """Reads take their time, so that discretion has something to wait for; what was resting is cancelled meanwhile."""
    chosen = paced(600, reconnect="{initial_delay_ms: 1200, max_delay_ms: 1200}")
    async with stage(tmp_path, SCENE, chosen=chosen, times=TIMES) as on:
        app = await on.working()
        await on.protected()
        assert app.levels.level is Level.STREAM
        await on.fault("ack_late", where={"endpoint": list(READS)}, when={"rate": 1}, delay_ms=700)
        await on.until(on.truth.live, 10, "an order that rests")
        resting = on.truth.live()
        await on.act("sockets_closed", classes=classes, **({} if code is None else {"code": code}))
        await on.until(lambda: app.levels.level is Level.REST, 10, "the second level")
        streams = [STREAMS[name] for name in classes]
        await back_at_work(on, streams, BROKEN)
        assert app.levels.level is Level.STREAM
        assert any(blocked(on, DOWN[stream]) for stream in streams)
        assert blocked(on, "since a stream came up")
        if Stream.USER in streams:
            assert doubted(on, resting)
        assert all(len(lost(on, stream)) == (stream in streams) for stream in Stream)


@pytest.mark.parametrize("classes", EACH, ids="-".join)
async def test_sockets_that_are_connected_and_silent_are_given_up(tmp_path: Path, classes: tuple[str, ...]) -> None:
    async with stage(tmp_path, SCENE, chosen=paced(600), times=TIMES) as on:
        await on.working()
        await on.protected()
        await on.act("sockets_silent", classes=classes)
        await back_at_work(on, [STREAMS[name] for name in classes], SILENT)
        if classes == ("public",):
            assert blocked(on, Blocked.BOOK_BEHIND)


@pytest.mark.parametrize("classes", EACH, ids="-".join)
async def test_sockets_that_hang_half_open_are_given_up(tmp_path: Path, classes: tuple[str, ...]) -> None:
    async with stage(tmp_path, SCENE, chosen=paced(600), times=TIMES) as on:
        await on.working()
        await on.protected()
        await on.act("sockets_half_open", classes=classes)
        await back_at_work(on, [STREAMS[name] for name in classes], DEAD)


async def test_after_a_gap_of_the_user_stream_the_stops_are_verified(tmp_path: Path) -> None:
    """A stop that was taken away in the gap, which nobody tells of, stands again as soon as the stream does."""
    async with stage(tmp_path, SCENE, chosen=paced(600, reconcile_interval_s="600"), times=TIMES) as on:
        await on.working()
        before = await settled_stop(on)
        refused = {"endpoint": "POST /fapi/v1/listenKey"}
        await on.fault(
            "refuse", where=refused, when={"rate": 1}, times=1, for_s=1, code=-1001, message="no", status=503
        )
        await on.act("sockets_closed", classes=["private"])
        await on.act("orders_cancelled", symbol="BTCUSDT", what="conditional")
        await on.until(lambda: on.truth.stops() not in ([], before), 10, "another stop")
        assert on.truth.struck("refuse") > 0
        await on.until(partial(again, on, Stream.USER), 10, "the stream again")
        await on.until(lambda: stops_read_after(on, Stream.USER), 10, "a read of the stops")

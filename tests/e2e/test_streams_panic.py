"""Panic without streams: the mark from REST, the price from the exchange, what became of orders from answers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.e2e.danger import alarms, patient, sent
from tests.e2e.driven import Driven, DrivenScene, wallet_for
from tests.e2e.stage import LONG, Stage, stage
from tests.e2e.stream_scenes import TIMES, again, blocked, discretionary, lost, said, unread_orders
from tests.e2e.unknowns import liquidated

from vibe_quant.app.levels import Level
from vibe_quant.app.wire import StreamTimes
from vibe_quant.binance.market_ws import MarketTimes
from vibe_quant.domain.enums import NoticeKind, PriceMatch, SignalReason, Source, Stream
from vibe_quant.domain.events import Mark
from vibe_quant.domain.intents import FetchMark

LEG = ("BTCUSDT", LONG)
FOR_EVER = StreamTimes(replace(MarketTimes(), market_silence_ms=60_000, book_silence_ms=60_000), TIMES.user)
"""So that silent sockets are not found out within a story."""


def scene(market: Driven) -> DrivenScene:
    return DrivenScene(market=market, seats=((LONG, "0.3"),), wallet=wallet_for(market, "0.3", "0.05"))


def relieved(on: Stage) -> bool:
    """Slices relieve the margin: panic is left before the leg is gone, or with it."""
    left = on.truth.left(LEG)
    return left < on.truth.seats[LEG] * 3 / 4 and (not left or bool(said(on, NoticeKind.RISK, "LONG has left panic")))


def known(on: Stage) -> bool:
    """Whether the program believes the leg to be what it is."""
    assert on.app is not None
    return on.app.engine.legs()[0].qty == on.truth.left(LEG)


async def test_panic_goes_on_while_the_market_streams_are_silent(tmp_path: Path) -> None:
    market = Driven()
    async with stage(tmp_path, scene(market), chosen=patient(), times=FOR_EVER) as on:
        await on.working()
        await on.protected()
        await on.act("sockets_silent", classes=["public", "market"])
        await on.until(lambda: blocked(on, "no fresh quote or trade for"), 10, "the end of discretion")
        quiet = len(on.pairs)
        market.go("-0.037", over_s=0.5)
        await on.until(lambda: alarms(on, "LONG is in panic tier"), 10, "panic")
        await on.until(partial(relieved, on), 20, "the end of the leg, or of the danger")
        assert any(isinstance(intent, FetchMark) for intent in on.intents)
        assert any(isinstance(event, Mark) and event.source is Source.REST for event in on.events[quiet:])
        orders = sent(on, SignalReason.PANIC)
        assert orders and all(order.price_match is PriceMatch.OPPONENT and order.price is None for order in orders)
        assert not any(discretionary(asked) for _, asked in on.pairs[quiet:])
        assert not lost(on, Stream.BOOK) and not lost(on, Stream.MARKET)
        assert liquidated(on) == []
        await on.until(partial(known, on), 10, "knowing what is left")


async def test_panic_goes_on_while_the_user_stream_is_down(tmp_path: Path) -> None:
    """What becomes of its orders is asked for; one that was live when the stream went may be passed by."""
    market = Driven()
    async with stage(tmp_path, scene(market), chosen=patient(), times=TIMES, overlaps=True) as on:
        app = await on.working()
        await on.protected()
        where = {"endpoint": "POST /fapi/v1/listenKey"}
        await on.fault("refuse", where=where, when={"once": True}, for_s=60, code=-1001, message="no", status=503)
        await on.act("sockets_closed", classes=["private"])
        await on.until(partial(lost, on, Stream.USER), 10, "the end of the user stream")
        down = len(on.pairs)
        market.go("-0.037", over_s=0.5)
        await on.until(lambda: alarms(on, "LONG is in panic tier"), 10, "panic")
        await on.until(partial(relieved, on), 20, "the end of the leg, or of the danger")
        assert on.truth.struck("refuse") > 0
        assert not again(on, Stream.USER)
        assert app.levels.level is Level.REST
        assert sent(on, SignalReason.PANIC)
        assert not any(discretionary(asked) for _, asked in on.pairs[down:])
        assert liquidated(on) == []
        await on.until(partial(known, on), 10, "knowing what is left")


async def test_panic_goes_on_while_the_user_stream_is_connected_and_silent(tmp_path: Path) -> None:
    market = Driven()
    async with stage(tmp_path, scene(market), chosen=patient(), times=TIMES, overlaps=True) as on:
        await on.working()
        await on.protected()
        await on.act("sockets_silent", classes=["private"])
        market.go("-0.037", over_s=0.5)
        await on.until(lambda: alarms(on, "LONG is in panic tier"), 10, "panic")
        await on.until(partial(lost, on, Stream.USER), 10, "that it is silent")
        await on.until(partial(relieved, on), 20, "the end of the leg, or of the danger")
        assert "an accepted request was not told of" in lost(on, Stream.USER)[0].detail
        assert sent(on, SignalReason.PANIC)
        assert liquidated(on) == []
        assert unread_orders(on, "BTC/USDT:USDT") == []
        await on.until(partial(again, on, Stream.USER), 10, "the user stream again")

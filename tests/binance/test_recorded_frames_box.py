"""What the exchange in a box sends is read without a remainder, and says what the core is tested with."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from time import time_ns
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from tests.binance.frame_desk import RECV, names, packed
from tests.sim.recorded_stage import LONG, SHORT, Stage

from vibe_quant.binance.frames import FrameReader
from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.user_codec import UserCodec
from vibe_quant.domain.enums import PositionSide, StopStatus, WorkingType
from vibe_quant.domain.events import Candle, Depth, Event, Mark, Quote, StopReport, Trade
from vibe_quant.sim.answers import pushed
from vibe_quant.sim.catalogue import CATALOGUE
from vibe_quant.sim.front.box_options import BoxOptions, MarketSource, Seat
from vibe_quant.sim.records import ExchangeEvent
from vibe_quant.sim.server import SimServer

D = Decimal
SYMBOL = "BTCUSDT"
OPTIONS = BoxOptions(
    (MarketSource(CATALOGUE[SYMBOL]),), positions=(Seat(SYMBOL, PositionSide.LONG, Decimal(2), Decimal(60_000)),)
)
STREAMS = {
    "public": "btcusdt@bookTicker/btcusdt@depth5@100ms",
    "market": "btcusdt@aggTrade/btcusdt@markPrice@1s/btcusdt@kline_1m/!contractInfo",
}


def as_told(event: Event) -> Event:
    """A cancelled stop says neither whether it closes the leg nor by which price it fires."""
    if isinstance(event, StopReport) and event.status is StopStatus.CANCELED:
        return replace(event, close_position=False, working_type=WorkingType.MARK_PRICE)
    return event


class AsTheyAre:
    """The simulated exchange's own events call a symbol by its raw name."""

    def unified(self, raw: str) -> str | None:
        return raw


def spotless(codec: FrameReader[object], said: list[str]) -> None:
    counters = codec.counters()
    assert counters.frames > 0
    assert (counters.malformed, dict(counters.unknown), dict(counters.out_of_order), said) == (0, {}, {}, [])


class Told:
    """A stage whose account events are kept as the core is told them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.stage = Stage(SYMBOL, **options)
        self.events: list[ExchangeEvent] = []
        take = self.stage.x.take_events

        def taken() -> list[ExchangeEvent]:
            events = take()
            self.events += events
            return events

        monkeypatch.setattr(self.stage.x, "take_events", taken)

    def compare(self) -> None:
        """Frame by frame the codec says what the core is tested with."""
        self.stage.box.tell(self.stage.now)
        said: list[str] = []
        codec = UserCodec(AsTheyAre(), complain=said.append)
        got = [event for body in self.stage.private.sent for event in codec.decode(packed(body), RECV)]
        assert got == [as_told(event) for told in self.events for event in pushed(told, RECV)]
        assert len(got) > 2
        spotless(codec, said)


def closing(stage: Stage) -> None:
    """A limit closer is amended and cancelled; others fill whole, in part, and not at all."""
    stage.place("SELL", "LONG", "0.5", 60_100, newClientOrderId="vq-1")
    names_it = {"symbol": SYMBOL, "origClientOrderId": "vq-1"}
    stage.ask("PUT", "/fapi/v1/order", side="SELL", quantity="0.6", price=60_200, **names_it)
    stage.wait(10)
    stage.quote(D(60_090), D(60_091), bid_qty=D("0.2"))
    stage.place("SELL", "LONG", "0.25", 60_090, timeInForce="IOC", newClientOrderId="vq-0")
    stage.wait(10)
    stage.ask("DELETE", "/fapi/v1/order", **names_it)
    stage.place("SELL", "LONG", "0.3", None, newClientOrderId="vq-2")
    stage.place("SELL", "LONG", "0.1", 50_000, timeInForce="IOC", newClientOrderId="vq-3")


def both_legs(stage: Stage) -> None:
    """Fills of a SHORT, in a symbol whose margin is isolated."""
    stage.seed(SHORT, D(3), D(60_000))
    stage.place("BUY", "SHORT", "0.25", None)
    stage.place("BUY", "SHORT", "0.25", 60_200, timeInForce="IOC")


def stops(stage: Stage) -> None:
    """One stop is cancelled, one fires and closes the leg."""
    terms = {"symbol": SYMBOL, "algoType": "CONDITIONAL", "type": "STOP_MARKET", "side": "SELL", "positionSide": "LONG"}
    more = {"workingType": "MARK_PRICE", "closePosition": "true"}
    stage.ask("POST", "/fapi/v1/algoOrder", **terms, **more, triggerPrice=55_000, clientAlgoId="vqs-1")
    stage.ask("DELETE", "/fapi/v1/algoOrder", clientAlgoId="vqs-1")
    stage.ask("POST", "/fapi/v1/algoOrder", **terms, triggerPrice=59_000, quantity="0.4", clientAlgoId="vqs-2")
    stage.wait(1000)
    stage.trade(D(58_900), D("0.2"))
    stage.mark(D(58_900))
    stage.wait(1000)


def settings_and_money(stage: Stage) -> None:
    """Leverage, multi-assets mode, a transfer and funding."""
    stage.ask("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=7)
    stage.x.forced.transfer("USDT", D("12.5"), stage.now)
    stage.x.forced.funding(SYMBOL, D("0.0001"), stage.now)
    stage.place("SELL", "LONG", "0.5", 60_500)


@pytest.mark.parametrize("story", [closing, both_legs, stops, settings_and_money])
def test_the_codec_says_what_the_core_is_tested_with(
    story: Callable[[Stage], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told(monkeypatch)
    stage = told.stage
    stage.mark(D(60_000))
    stage.quote(D(60_000), D(60_001))
    stage.seed(LONG, D(5), D(60_000))
    story(stage)
    told.compare()


def test_with_rows_of_one_way_mode_and_new_before_trade_lite(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch, switches={"both_row_pushed": True, "trade_lite_before_new": False})
    stage = told.stage
    stage.mark(D(60_000))
    stage.quote(D(60_000), D(60_001))
    stage.seed(LONG, D(5), D(60_000))
    closing(stage)
    told.compare()


async def heard(
    session: aiohttp.ClientSession, url: str, codec: FrameReader[object], enough: Callable[[list[object]], bool]
) -> list[object]:
    """Events of a socket until there are enough."""
    events: list[object] = []
    async with session.ws_connect(url) as socket:
        while not enough(events):
            frame = (await socket.receive()).data
            events += codec.decode(frame.encode() if isinstance(frame, str) else frame, RECV)
    return events


def kinds(events: list[object]) -> set[type[object]]:
    return {type(event) for event in events}


async def test_both_market_classes_of_a_running_box() -> None:
    said: list[str] = []
    codec = MarketCodec(names(), complain=said.append, glance_ms=0)
    async with SimServer(OPTIONS) as server, aiohttp.ClientSession() as session, asyncio.timeout(30):
        book, trades = await asyncio.gather(
            heard(
                session,
                f"{server.ws}/public/stream?streams={STREAMS['public']}",
                codec,
                lambda events: kinds(events) == {Quote, Depth} and len(events) > 100,
            ),
            heard(
                session,
                f"{server.ws}/market/stream?streams={STREAMS['market']}",
                codec,
                lambda events: kinds(events) >= {Trade, Mark, Candle} and len(events) > 10,
            ),
        )
    assert len(book) + len(trades) == codec.counters().events
    spotless(codec, said)
    assert not codec.counters().ignored


async def test_answers_to_subscriptions_of_a_running_box() -> None:
    codec = MarketCodec(names())
    async with (
        SimServer(OPTIONS) as server,
        aiohttp.ClientSession() as session,
        asyncio.timeout(30),
        session.ws_connect(f"{server.ws}/public/stream") as socket,
    ):
        await socket.send_str('{"method":"SUBSCRIBE","params":["btcusdt@bookTicker"],"id":1}')
        await socket.send_str('{"method":"NONSENSE","id":2}')
        events: list[object] = []
        while len(codec.replies) < 2 or not events:
            events += codec.decode((await socket.receive()).data.encode(), RECV)
    first, second = codec.replies
    assert (first.id, first.code) == (1, None)
    assert (second.id, second.code) == (2, 2)
    assert codec.counters().malformed == 0


@pytest.mark.parametrize("path", ["private/ws/{}", "private/ws?listenKey={}", "private/stream?listenKey={}"])
async def test_the_user_stream_of_a_running_box(path: str) -> None:
    said: list[str] = []
    codec = UserCodec(names(), complain=said.append)
    async with SimServer(OPTIONS) as server, aiohttp.ClientSession() as session, asyncio.timeout(30):
        key = server.box.listen_keys.create(server.box.now)
        hearing = asyncio.ensure_future(
            heard(session, f"{server.ws}/{path.format(key)}", codec, lambda events: len(events) >= 4)
        )
        while not server.box.hub.sessions:
            await asyncio.sleep(0.01)
        params = {"symbol": SYMBOL, "side": "SELL", "positionSide": "LONG", "type": "MARKET", "quantity": "0.01"}
        query = urlencode({**params, "timestamp": str(time_ns() // 1_000_000)})
        signature = hmac.digest(server.api_secret.encode(), query.encode(), "sha256").hex()
        headers = {"X-MBX-APIKEY": server.api_key}
        async with session.post(
            f"{server.rest}/fapi/v1/order?{query}&signature={signature}", headers=headers
        ) as answer:
            assert answer.status == 200, await answer.text()
        events = await hearing
    assert [type(event).__name__ for event in events[:4]] == [
        "OrderUpdate",
        "PositionUpdate",
        "BalanceUpdate",
        "OrderUpdate",
    ]
    spotless(codec, said)
    assert set(codec.counters().ignored) <= {"TRADE_LITE", "positionSide BOTH"}

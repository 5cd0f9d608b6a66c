"""The market streams: what they tell of an exchange in a box, and of servers that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from tests.binance.socket_desk import TIMES, at_work, freeze, is_ours, served, until
from tests.binance.stream_desk import (
    ALL,
    BTC,
    ETH,
    MARKET_TIMES,
    OPTIONS,
    Ear,
    act,
    both,
    market_of,
    names_of,
)
from websockets.asyncio.server import ServerConnection

from vibe_quant.binance.market_names import book_names, market_names
from vibe_quant.binance.subscriptions import MOST_STREAMS, Step, escaped, first_names, next_step
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import Candle, ContractNews, Depth, Mark, Quote, Trade
from vibe_quant.domain.market import Wants
from vibe_quant.sim.catalogue import CATALOGUE, NAMED_IN_CHINESE
from vibe_quant.sim.front.box_options import MarketSource
from vibe_quant.sim.server import SimServer

KINDS = (Quote, Trade, Mark, Depth, Candle)


def box(**options: Any) -> SimServer:
    return SimServer(replace(OPTIONS, **options))


def streams_of(server: SimServer, cls: str) -> set[str]:
    return {name for session in server.box.hub.sessions if session.cls == cls for name in session.subscriptions}


async def test_everything_that_is_wanted_comes_and_up_is_told_once_each() -> None:
    ear = Ear()
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT", "ETHUSDT"))
        client.follow({BTC: ALL, ETH: Wants()})
        async with at_work(client.run()):
            await until(lambda: all(ear.of(kind, BTC) for kind in KINDS) and ear.of(Mark, ETH), 10)
    assert ear.course(Stream.BOOK) == ear.course(Stream.MARKET) == ["up"]
    assert not ear.of(Depth, ETH)
    assert not ear.of(Candle, ETH)
    assert ear.said == []
    assert client.codec.counters().malformed == 0


async def test_a_symbol_followed_later_has_data_within_a_second() -> None:
    ear = Ear()
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT", "ETHUSDT"))
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: ear.of(Quote, BTC))
            client.follow(both())
            await until(lambda: ear.of(Quote, ETH) and ear.of(Depth, ETH), 1)
            client.follow({ETH: Wants()})
            await until(lambda: streams_of(server, "public") == {"ethusdt@bookTicker"}, 2)
            await until(
                lambda: streams_of(server, "market") == {"!contractInfo", "ethusdt@markPrice@1s", "ethusdt@aggTrade"}, 2
            )
            heard = [session.received for session in server.box.hub.sessions]
            await asyncio.sleep(0.5)
            assert [session.received for session in server.box.hub.sessions] == heard  # nothing is said twice
    assert ear.course(Stream.BOOK) == ear.course(Stream.MARKET) == ["up"]
    assert ear.said == []


async def test_with_nothing_followed_the_book_waits_and_comes_within_a_second_when_wanted() -> None:
    ear = Ear()
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT"))
        async with at_work(client.run()):
            await until(lambda: ear.course(Stream.MARKET) == ["up"])
            await asyncio.sleep(0.1)
            assert ear.course(Stream.BOOK) == []
            assert streams_of(server, "market") == {"!contractInfo"}
            client.follow({BTC: Wants()})
            await until(lambda: ear.of(Quote, BTC), 1)
            assert ear.course(Stream.BOOK) == ["up"]


async def test_a_book_with_nothing_on_it_any_more_stays_and_is_not_watched() -> None:
    ear = Ear()
    times = replace(MARKET_TIMES, book_silence_ms=100, market_silence_ms=2000)
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT"), times)
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: ear.of(Quote, BTC))
            client.follow({})
            await until(lambda: streams_of(server, "public") == set())
            await asyncio.sleep(0.3)
            assert ear.course(Stream.BOOK) == ["up"]
            ear.events.clear()
            client.follow({BTC: Wants()})
            await until(lambda: ear.of(Quote, BTC), 1)


async def test_news_of_a_contract_comes_whether_it_is_followed_or_not() -> None:
    ear = Ear()
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT", "ETHUSDT"))
        async with at_work(client.run()):
            await until(lambda: ear.course(Stream.MARKET) == ["up"])
            await act(server, kind="symbol_status", symbol="ETHUSDT", status="PENDING_TRADING")
            await until(lambda: ear.of(ContractNews, ETH))


async def test_names_in_chinese_are_followed_from_the_start_and_later() -> None:
    ear = Ear()
    raw = NAMED_IN_CHINESE
    unified = f"{raw.removesuffix('USDT')}/USDT:USDT"
    async with box(markets=(*OPTIONS.markets, MarketSource(CATALOGUE[raw]))) as server:
        for first, then in (({unified: ALL}, {}), ({BTC: ALL}, {BTC: ALL, unified: ALL})):
            client = market_of(server.ws, ear, names_of("BTCUSDT", raw))
            client.follow(first)
            async with at_work(client.run()):
                await until(lambda: ear.of(Mark))
                client.follow(then or first)
                await until(lambda: ear.of(Quote, unified) and ear.of(Mark, unified), 5)
            ear.events.clear()
    assert ear.said == []


FAULTS: dict[str, dict[str, object]] = {
    "closed": {"kind": "sockets_closed", "code": 1001},
    "reset": {"kind": "sockets_closed"},
    "silent": {"kind": "sockets_silent", "for_s": 30},
    "half open": {"kind": "sockets_half_open", "for_s": 30},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_of_a_socket_is_told_once_and_mended(fault: str) -> None:
    ear = Ear()
    times = replace(MARKET_TIMES, book_silence_ms=1000, market_silence_ms=1500)
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT", "ETHUSDT"), times)
        client.follow(both())
        async with at_work(client.run()):
            await until(lambda: ear.of(Mark) and ear.of(Quote))
            await act(server, **FAULTS[fault], classes=["public", "market"])
            for stream in (Stream.BOOK, Stream.MARKET):
                await until(lambda stream=stream: ear.course(stream) == ["up", "down", "up"], 6)  # type: ignore[misc]
            ear.events.clear()
            await until(lambda: all(ear.of(kind, symbol) for kind in KINDS for symbol in (BTC, ETH)), 6)
            assert ear.course(Stream.BOOK) == ear.course(Stream.MARKET) == []
    assert len(ear.said) == 2


async def test_cancelled_while_half_open_it_goes_at_once() -> None:
    ear = Ear()
    async with box() as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT"))
        client.follow({BTC: ALL})
        async with at_work(client.run()):
            await until(lambda: ear.of(Quote))
            await act(server, kind="sockets_half_open", for_s=30)


async def test_sockets_are_renewed_without_a_word_and_without_a_gap() -> None:
    ear = Ear()
    times = replace(MARKET_TIMES, socket=replace(TIMES, life_ms=600))
    async with box(socket_life_ms=1000) as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT", "ETHUSDT"), times)
        client.follow(both())
        async with at_work(client.run()):
            await asyncio.sleep(3)
    assert ear.course(Stream.BOOK) == ear.course(Stream.MARKET) == ["up"]
    assert ear.said == []
    trades: dict[str, set[int]] = defaultdict(set)
    for event in ear.of(Trade):
        assert isinstance(event, Trade)
        trades[event.symbol].add(event.trade_id)
    for ids in trades.values():
        assert ids == set(range(min(ids), max(ids) + 1))


async def test_the_exchange_ends_a_connection_of_its_age_and_it_comes_back() -> None:
    ear = Ear()
    async with box(socket_life_ms=700) as server:
        client = market_of(server.ws, ear, names_of("BTCUSDT"))
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: ear.course(Stream.BOOK)[:3] == ["up", "down", "up"])
    assert "code 1001 (Connection reached its maximum age)" in ear.reasons(Stream.BOOK)[0]


async def test_symbols_nobody_has_learnt_are_left_out_and_said() -> None:
    ear = Ear()
    client = market_of("ws://127.0.0.1:1", ear, names_of("BTCUSDT"))
    for _ in range(3):
        client.follow({BTC: Wants(), "NEW/USDT:USDT": Wants()})
    assert ear.said == ["no market data for NEW/USDT:USDT: the exchange does not list it as a perpetual"]


async def test_a_sink_that_fails_ends_the_client_and_leaves_nothing_behind() -> None:
    class Broken(Ear):
        def __call__(self, event: object) -> None:
            if isinstance(event, Quote):
                raise ZeroDivisionError

    async with served(Exchange()) as server:
        client = market_of(server.url, Broken(), names_of("BTCUSDT"))
        client.follow({BTC: Wants()})
        before = asyncio.all_tasks()
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(client.run(), 3)
        assert [task for task in asyncio.all_tasks() - before if is_ours(task)] == []


async def test_more_than_a_socket_carries_is_said() -> None:
    ear = Ear()
    raw = [f"C{n}USDT" for n in range(600)]
    client = market_of("ws://127.0.0.1:1", ear, names_of(*raw))
    client.follow({f"C{n}/USDT:USDT": Wants() for n in range(600)})
    (line,) = ear.said
    assert line.startswith(
        f"market stream: 1201 streams are wanted, a socket carries {MOST_STREAMS}; without data stay"
    )
    assert line.endswith("c599usdt@markPrice@1s, c599usdt@aggTrade")


class Exchange:
    """A server whose subscriptions a test can spoil."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self.deaf = 0
        self.rude = 0

    async def __call__(self, connection: ServerConnection, _: int) -> None:
        assert connection.request is not None
        url = urlsplit(connection.request.path)
        names = set(parse_qs(url.query)["streams"][0].split("/"))
        sender = asyncio.create_task(self._push(connection, names))
        try:
            async for text in connection:
                self.messages.append((asyncio.get_running_loop().time(), json.loads(text)))
                await connection.send(self._answer(json.loads(text), names) or '{"result":null,"id":99999}')
        finally:
            sender.cancel()

    def _answer(self, asked: dict[str, Any], names: set[str]) -> str | None:
        if self.deaf:
            self.deaf -= 1
            return None
        if self.rude:
            self.rude -= 1
            return json.dumps({"error": {"code": 2, "msg": "Invalid request"}, "id": asked["id"]})
        if asked["method"] == "SUBSCRIBE":
            names |= set(asked["params"])
        else:
            names -= set(asked["params"])
        return json.dumps({"result": None, "id": asked["id"]})

    async def _push(self, connection: ServerConnection, names: set[str]) -> None:
        n = 0
        while True:
            n += 1
            for name in tuple(names):
                if name.endswith("@bookTicker"):
                    symbol = name.partition("@")[0].upper()
                    quote = {"e": "bookTicker", "u": n, "E": n, "T": n, "s": symbol, "st": 1}
                    quote |= {"b": "1", "B": "2", "a": "3", "A": "4"}
                    await connection.send(json.dumps({"stream": name, "data": quote}))
            await asyncio.sleep(0.02)


async def test_a_subscription_that_is_not_acknowledged_is_repeated() -> None:
    ear, exchange = Ear(), Exchange()
    async with served(exchange) as server:
        client = market_of(server.url, ear, names_of("BTCUSDT", "ETHUSDT"))
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: ear.of(Quote, BTC))
            exchange.deaf = 2  # one on each socket
            client.follow(both(Wants()))
            await until(lambda: ear.of(Quote, ETH))
    assert ear.course(Stream.BOOK) == ["up"]
    assert ear.said == []
    ids = [message["id"] for _, message in exchange.messages]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("trouble", ["deaf", "rude"])
async def test_a_subscription_that_fails_again_costs_the_connection_and_the_next_one_carries_all(trouble: str) -> None:
    ear, exchange = Ear(), Exchange()
    async with served(exchange) as server:
        client = market_of(server.url, ear, names_of("BTCUSDT", "ETHUSDT"))
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: ear.of(Quote, BTC) and ear.course(Stream.MARKET))
            setattr(exchange, trouble, 4)
            client.follow(both(Wants()))
            await until(lambda: ear.of(Quote, ETH) and len(ear.course(Stream.BOOK)) >= 3, 5)
    assert ear.course(Stream.BOOK) == ["up", "down", "up"]
    reason = "not acknowledged within 0.15 s" if trouble == "deaf" else "refused with 2 Invalid request"
    assert ear.reasons(Stream.BOOK) == [f"SUBSCRIBE of 1 streams, tried 2 times: {reason}"]


async def test_many_streams_are_subscribed_in_messages_that_the_exchange_allows() -> None:
    ear, exchange = Ear(), Exchange()
    raw = [f"COIN{n}USDT" for n in range(300)]
    async with served(exchange) as server:
        client = market_of(server.url, ear, names_of(*raw))
        client.follow({f"COIN{n}/USDT:USDT": ALL for n in range(300)})
        async with at_work(client.run()):
            await until(lambda: ear.course(Stream.BOOK) == ear.course(Stream.MARKET) == ["up"], 5)
            await until(lambda: len({getattr(quote, "symbol", "") for quote in ear.of(Quote)}) == 300)
    assert all(len(message["params"]) <= 200 for _, message in exchange.messages)
    assert len(server.paths) == 2
    assert all(len(path) < 2000 for path in server.paths)
    times = sorted(at for at, _ in exchange.messages)  # of both sockets
    assert max(sum(1 for t in times if at <= t < at + 0.15) for at in times) <= 2


async def test_frames_that_are_none_do_not_end_the_stream_and_are_no_data() -> None:
    ear = Ear()

    async def handler(connection: ServerConnection, number: int) -> None:
        while True:
            await connection.send(b'{"stream":"x","data":{"e":"bookTicker"' if number % 2 else "[]")
            await asyncio.sleep(0.01)

    times = replace(MARKET_TIMES, book_silence_ms=100, market_silence_ms=100)
    async with served(handler) as server:
        client = market_of(server.url, ear, names_of("BTCUSDT"), times)
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: ear.course(Stream.BOOK)[:3] == ["up", "down", "up"])
    assert client.codec.counters().malformed > 5
    assert ear.reasons(Stream.BOOK)[0] == "connected and silent for 0.1 s"


async def test_a_book_that_rests_is_asked_again_ever_more_rarely() -> None:
    ear = Ear()

    async def handler(connection: ServerConnection, number: int) -> None:
        await freeze(connection)

    times = replace(MARKET_TIMES, book_silence_ms=50, book_silence_most_ms=200, market_silence_ms=5000)
    async with served(handler) as server:
        client = market_of(server.url, ear, names_of("BTCUSDT"), times)
        client.follow({BTC: Wants()})
        async with at_work(client.run()):
            await until(lambda: len(ear.reasons(Stream.BOOK)) == 4)
    assert [reason.rpartition("for ")[2] for reason in ear.reasons(Stream.BOOK)] == [
        "0.05 s",
        "0.1 s",
        "0.2 s",
        "0.2 s",
    ]


def test_which_streams_a_symbol_needs() -> None:
    wanted = {"a": Wants(), "b": Wants(6, True), "c": Wants(50)}
    assert list(book_names(wanted)) == [
        "a@bookTicker",
        "b@bookTicker",
        "b@depth10@100ms",
        "c@bookTicker",
        "c@depth20@100ms",
    ]
    assert list(market_names(wanted))[:1] == ["!contractInfo"]
    assert [name for name in market_names(wanted) if name.startswith("b")] == [
        "b@markPrice@1s",
        "b@aggTrade",
        "b@kline_1m",
    ]


def test_what_is_missing_is_asked_for_before_what_is_too_much_is_let_go() -> None:
    assert next_step(["a", "b"], {"a": None, "c": None}) == Step("SUBSCRIBE", ("b",))
    assert next_step(["a"], {"a": None, "c": None}) == Step("UNSUBSCRIBE", ("c",))
    assert next_step(["a"], {"a": None}) is None
    step = next_step([str(n) for n in range(500)], {})
    assert step is not None
    assert len(step.names) == 200


def test_a_url_stays_short_and_ascii() -> None:
    names = first_names(f"币安人生{n}usdt@bookTicker" for n in range(100))
    assert 0 < len(names) < 100
    text = "/".join(map(escaped, names))
    assert text.isascii()
    assert len(text) <= 1500
    assert unquote(text).split("/") == list(names)

"""A WebSocket server of market frames: at the pace of each symbol, or, from "fire N" on, N of them as fast as they go.

A process of its own, for what is measured is the client: two sockets of one client, /public for quotes, /market for
trades and marks.  The first line of its standard input is a list of symbols (JSON); it prints its port, and obeys.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import time_ns
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TURN_S = 0.005
CHUNK = 256
MOST_WAITING = 65_536
BOOK, MARKET = "public", "market"


def framed(payload: str) -> bytes:
    """A text frame of between 126 and 65,535 bytes."""
    data = payload.encode()
    return bytes((0x81, 126)) + len(data).to_bytes(2, "big") + data


@dataclass
class Symbol:
    """One market: its price wanders by a tick each ten quotes, its quantities move with each."""

    name: str
    ticks: int
    price_places: int
    qty_places: int
    quotes: float
    trades: float
    number: int = 0
    traded: int = 0
    owed: dict[str, float] = field(default_factory=lambda: {"quotes": 0.0, "trades": 0.0, "marks": 0.0})

    def price(self, ticks: int) -> str:
        """As the exchange writes it."""
        return f"{ticks / 10**self.price_places:.{self.price_places}f}"

    def qty(self, lots: int) -> str:
        """As the exchange writes it."""
        return f"{lots / 10**self.qty_places:.{self.qty_places}f}"

    def quote(self, now: int) -> bytes:
        """bookTicker."""
        self.number = n = self.number + 1
        if n % 10 == 0:
            self.ticks += 1 if n * 7919 % 1000 < 500 else -1
        bid, ask = self.price(self.ticks), self.price(self.ticks + 1)
        sizes = f'"b":"{bid}","B":"{self.qty(n % 977 + 1)}","a":"{ask}","A":"{self.qty(n % 613 + 1)}"'
        return framed(
            f'{{"stream":"{self.name.lower()}@bookTicker","data":{{"e":"bookTicker","u":{n},"s":"{self.name}",'
            f'"ps":"{self.name}",{sizes},"T":{now},"E":{now},"st":1}}}}'
        )

    def trade(self, now: int) -> bytes:
        """aggTrade, of the one price or the other."""
        self.traded = n = self.traded + 1
        price, qty = self.price(self.ticks + n % 2), self.qty(n % 89 + 1)
        return framed(
            f'{{"stream":"{self.name.lower()}@aggTrade","data":{{"e":"aggTrade","E":{now},"a":{n},"s":"{self.name}",'
            f'"p":"{price}","q":"{qty}","nq":"{qty}","f":{n},"l":{n},"T":{now},"m":{str(not n % 2).lower()},"st":1}}}}'
        )

    def mark(self, now: int) -> bytes:
        """markPriceUpdate."""
        price = self.price(self.ticks)
        return framed(
            f'{{"stream":"{self.name.lower()}@markPrice@1s","data":{{"e":"markPriceUpdate","E":{now},'
            f'"s":"{self.name}","p":"{price}","ap":"{price}","P":"{price}","i":"{price}","r":"0.00005301",'
            f'"T":{now + 3_600_000},"st":1}}}}'
        )

    def due(self, kind: str, per_s: float, passed_s: float) -> int:
        """How many of a kind the passing of so much time brings."""
        self.owed[kind] += per_s * passed_s
        count = int(self.owed[kind])
        self.owed[kind] -= count
        return count


class Cannon:
    """Plays to the client that is there."""

    def __init__(self, symbols: list[Symbol]) -> None:
        self.symbols = symbols
        self.sockets: dict[str, ServerConnection] = {}
        self.left = 0
        quotes, trades = sum(s.quotes for s in symbols), sum(s.trades for s in symbols)
        self.every = max(1, round(quotes / trades)) if trades else CHUNK
        """So many quotes come with a trade."""

    async def serve(self, socket: ServerConnection) -> None:
        """One socket's life; whatever it asks for is granted."""
        path = socket.request.path if socket.request is not None else ""
        side = BOOK if path.startswith(f"/{BOOK}") else MARKET
        self.sockets[side] = socket
        try:
            async for asked in socket:
                await socket.send(json.dumps({"result": None, "id": json.loads(asked)["id"]}))
        except ConnectionClosed:
            return
        finally:
            if self.sockets.get(side) is socket:
                del self.sockets[side]

    async def play(self) -> None:
        """Without end."""
        loop, order = asyncio.get_running_loop(), itertools.cycle(self.symbols)
        before = loop.time()
        while True:
            now = loop.time()
            passed, before = now - before, now
            await (self.volley(order, passed) if self.left > 0 else self.paced(passed))

    async def paced(self, passed_s: float) -> None:
        """What has come due."""
        now = time_ns() // 1_000_000
        book = b"".join(one.quote(now) for one in self.symbols for _ in range(one.due("quotes", one.quotes, passed_s)))
        trades = [one.trade(now) for one in self.symbols for _ in range(one.due("trades", one.trades, passed_s))]
        self.send(book, b"".join([*trades, *self.marks(now, passed_s)]))
        await asyncio.sleep(TURN_S)

    async def volley(self, order: Iterator[Symbol], passed_s: float) -> None:
        """A chunk, one symbol after the other, as soon as the client has taken the one before."""
        now = time_ns() // 1_000_000
        quotes = [next(order).quote(now) for _ in range(CHUNK)]
        trades = [next(order).trade(now) for _ in range(CHUNK // self.every)]
        marks = self.marks(now, passed_s)
        self.left -= len(quotes) + len(trades) + len(marks)
        self.send(b"".join(quotes), b"".join([*trades, *marks]))
        await asyncio.sleep(0)
        while any(socket.transport.get_write_buffer_size() > MOST_WAITING for socket in self.sockets.values()):
            await asyncio.sleep(0.0005)

    def marks(self, now: int, passed_s: float) -> list[bytes]:
        """One a symbol and second."""
        return [one.mark(now) for one in self.symbols for _ in range(min(1, one.due("marks", 1.0, passed_s)))]

    def send(self, book: bytes, market: bytes) -> None:
        """To whoever is there."""
        for side, data in ((BOOK, book), (MARKET, market)):
            if data and side in self.sockets:
                self.sockets[side].transport.write(data)


async def obey(cannon: Cannon) -> None:
    """Commands, until the other end is closed."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        cannon.left = int(line.split()[1])


async def main(spec: list[dict[str, Any]]) -> None:
    """Serve until the other end of standard input is closed."""
    cannon = Cannon([Symbol(**one) for one in spec])
    async with serve(cannon.serve, "127.0.0.1", 0, compression=None, ping_interval=None, close_timeout=0.1) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        player = asyncio.create_task(cannon.play())
        await obey(cannon)
        player.cancel()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.stdin.buffer.readline())))

"""The public streams of the symbols that are followed: book data over one socket, trades and marks over another.

The market socket is always there, for news of contracts.  The book's is opened when a symbol is first followed; once
open it stays, with nothing on it if need be, so that a new position's quotes are one message away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vibe_quant.binance.abreast import abreast
from vibe_quant.binance.backoff import Backoff, Chance
from vibe_quant.binance.dial import SocketTimes
from vibe_quant.binance.link import Say
from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.market_names import book_names, known, market_names
from vibe_quant.binance.market_side import MarketSide
from vibe_quant.binance.remarks import remark
from vibe_quant.binance.silence import Silence
from vibe_quant.binance.stream_socket import StreamSocket
from vibe_quant.binance.subscriptions import MOST_STREAMS, Talk
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import Endpoints
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.market import Wants
from vibe_quant.domain.settings import WsSettings
from vibe_quant.ports import Clock, Sink


@dataclass(frozen=True, slots=True)
class MarketTimes:
    """The longest silences, ms (a followed symbol's mark comes every second, a book may rest), and the sockets' own."""

    market_silence_ms: int = 5_000
    book_silence_ms: int = 15_000
    book_silence_most_ms: int = 300_000
    socket: SocketTimes = field(default_factory=SocketTimes)


class MarketWSClient:
    """A MarketFeed.

    StreamUp says that a socket is open and carries what was wanted then; StreamDown, once, that it was lost.  With
    nothing followed yet the book has neither.  At most 1024 streams a socket (341 symbols with candles): what is beyond
    is left out, and said.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        names: SymbolNames,
        clock: Clock,
        sink: Sink,
        settings: WsSettings,
        random: Chance,
        *,
        say: Say | None = None,
        times: MarketTimes | None = None,
    ) -> None:
        """``say`` takes a line for the log where something went wrong; left out: the log itself."""
        times = times or MarketTimes()
        self._names = names
        self._say = say or remark
        self.codec = MarketCodec(names, server_ms=lambda recv_ms: recv_ms + clock.offset_ms, complain=self._say)
        talk = Talk(times.socket.ack_ms)
        self._book = MarketSide(Stream.BOOK, endpoints.ws_public, self.codec, talk, clock, sink)
        self._market = MarketSide(Stream.MARKET, endpoints.ws_market, self.codec, talk, clock, sink)
        self._book.silence = Silence(times.book_silence_ms, times.book_silence_most_ms, self._book.expects_data)
        self._market.silence = Silence(times.market_silence_ms, expected=self._market.expects_data)
        self._sockets = {
            f"{side.stream} socket": StreamSocket(
                str(side.stream), side, Backoff(settings.reconnect, random), random, self._say, times.socket
            )
            for side in (self._book, self._market)
        }
        self._left_out: list[str] = []
        self.follow({})

    def follow(self, wanted: Mapping[str, Wants]) -> None:
        """These symbols from now on, and no others; symbols whose name was not learnt are left out, and said once."""
        streams, unknown = known(self._names, wanted)
        left_out = [f"no market data for {symbol}: the exchange does not list it as a perpetual" for symbol in unknown]
        left_out += self._want(self._book, tuple(book_names(streams)))
        left_out += self._want(self._market, tuple(market_names(streams)))
        for line in left_out:
            if line not in self._left_out:
                self._say(line)
        self._left_out = left_out

    async def run(self) -> None:
        """Both sockets, until cancelled."""
        await abreast({name: socket.run() for name, socket in self._sockets.items()})

    def _want(self, side: MarketSide, names: tuple[str, ...]) -> list[str]:
        """What there is to say of it."""
        side.streams.want(names)
        if len(names) <= MOST_STREAMS:
            return []
        most = f"{len(names)} streams are wanted, a socket carries {MOST_STREAMS}"
        return [f"{side.stream} stream: {most}; without data stay {', '.join(names[MOST_STREAMS:])}"]

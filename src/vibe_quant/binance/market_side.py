"""One of the two market sockets: what it asks for, and where its frames go."""

from __future__ import annotations

from vibe_quant.binance.link import Address, Link
from vibe_quant.binance.market_codec import MarketCodec
from vibe_quant.binance.market_names import CONTRACT_NEWS
from vibe_quant.binance.silence import Silence
from vibe_quant.binance.subscriptions import Subscriptions, Talk, escaped, first_names
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import StreamDown, StreamUp
from vibe_quant.ports import Clock, Sink


class MarketSide:
    """A SocketOwner.  Its address is to be had when anything is wanted; what is wanted later is subscribed."""

    def __init__(self, stream: Stream, base: str, codec: MarketCodec, talk: Talk, clock: Clock, sink: Sink) -> None:
        """``base`` is the URL of its class of streams."""
        self.stream = stream
        self.streams = Subscriptions(talk)
        self.silence = Silence(5_000, expected=self.expects_data)
        self._base = base
        self._talk = talk
        self._codec = codec
        self._replies = codec.replies
        self._decode = codec.decode
        self._now = clock.now_ms
        self._sink = sink

    def expects_data(self) -> bool:
        """Whether anything is wanted that comes steadily."""
        return any(name != CONTRACT_NEWS for name in self.streams.wanted)

    async def address(self) -> Address:
        """In stream mode, with the first names in it."""
        await self.streams.some()
        names = first_names(self.streams.wanted)
        return Address(f"{self._base}/stream?streams={'/'.join(map(escaped, names))}", names=names)

    async def tend(self, link: Link) -> None:
        """Subscribe what is wanted, as it changes."""
        await self.streams.keep(link)

    def frame(self, frame: bytes) -> bool:
        """Its events go to the sink; answers to those who wait for them."""
        events = self._decode(frame, self._now())
        if events:
            sink = self._sink
            for event in events:
                sink(event)
            return True
        while self._replies:
            reply = self._replies.popleft()
            self._talk.answered(reply.id, "" if reply.code is None else f"refused with {reply.code} {reply.msg}")
        return False

    def up(self) -> None:
        """It carries what is wanted."""
        self._codec.reconnected()
        self._sink(StreamUp(self.stream, self._now()))

    def down(self, detail: str) -> None:
        """It was lost."""
        self._sink(StreamDown(self.stream, self._now(), detail))

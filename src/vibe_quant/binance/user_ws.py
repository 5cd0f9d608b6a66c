"""The account's own stream: its listen key made, kept alive and replaced (never deleted: others may share it)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from vibe_quant import ports
from vibe_quant.binance.abreast import abreast
from vibe_quant.binance.backoff import Backoff, Chance
from vibe_quant.binance.dial import NoConnection, SocketTimes
from vibe_quant.binance.link import Address, Link, Say
from vibe_quant.binance.owed import Owed
from vibe_quant.binance.remarks import remark
from vibe_quant.binance.silence import Silence
from vibe_quant.binance.stream_socket import StreamSocket
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.urls import Endpoints
from vibe_quant.binance.user_codec import KeyExpired, Remark, UserCodec
from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import StreamDown, StreamUp
from vibe_quant.domain.measures import Keys
from vibe_quant.domain.settings import WsSettings

NO_SUCH_KEY = -1125


class KeyCalls(Protocol):
    """What the exchange is asked about listen keys."""

    async def listen_key(self) -> ports.Outcome[str]:
        """POST: the live key, a new one where there is none."""
        ...

    async def keep_alive(self) -> ports.Outcome[None]:
        """PUT: the live key, whichever it is, for another hour; Rejected(-1125) where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class UserTimes:
    """ms: between two extensions of the key, after a failed one, for news of an accepted request; and the socket's."""

    keep_alive_ms: int = 20 * 60_000
    keep_alive_again_ms: int = 60_000
    news_ms: int = 5_000
    socket: SocketTimes = field(default_factory=SocketTimes)


class UserDataWSClient:
    """A UserFeed.

    The handshake succeeds with a dead key too, and silence is normal here: life is shown by pongs, by ``expect`` and by
    the key's being the live one each time it is extended.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        names: SymbolNames,
        clock: ports.Clock,
        sink: ports.Sink,
        settings: WsSettings,
        random: Chance,
        keys: KeyCalls,
        *,
        say: Say | None = None,
        times: UserTimes | None = None,
    ) -> None:
        """``say`` takes a line for the log where something went wrong; left out: the log itself."""
        self._times = times or UserTimes()
        self._base = endpoints.ws_private
        self._keys = keys
        self._sink = sink
        self._now = clock.now_ms
        self._say = say or remark
        self.codec = UserCodec(
            names, server_ms=lambda recv_ms: clock.server_ms() - clock.now_ms() + recv_ms, complain=self._say
        )
        self.silence = Silence(1_000, expected=lambda: False)
        self._key = ""
        self._extended = self._failed = self._replaced = 0
        self._is_up = False
        self._owed = Owed(self._times.news_ms, self._now, self._silent)
        backoff = Backoff(settings.reconnect, random)
        self._socket = StreamSocket(str(Stream.USER), self, backoff, random, self._say, self._times.socket)

    @property
    def counted(self) -> Keys:
        """What became of listen keys so far."""
        return Keys(self._extended, self._failed, self._replaced)

    def expect(self, now: int) -> None:
        """A request was accepted that the stream must tell of; ``now`` is when it left, or at most a second later."""
        if self._is_up:
            self._owed.expect(now)

    async def run(self) -> None:
        """Connect and stay connected until cancelled."""
        try:
            await abreast({"user socket": self._socket.run(), "listen key": self._extend()})
        finally:
            self._owed.forget()

    async def address(self) -> Address:
        """With the live key; one that has changed under an open connection ends that."""
        key = _value(await self._keys.listen_key())
        if key != self._key and self._is_up:
            self._socket.drop("the listen key was replaced")
        self._replaced += bool(self._key) and key != self._key
        self._key = key
        return Address(f"{self._base}/ws/{key}", secret=key)

    async def tend(self, link: Link) -> None:
        """Nothing is to be said on it."""
        link.flows()

    def frame(self, frame: bytes) -> bool:
        """Its events go to the sink."""
        self._owed.heard()
        for event in self.codec.decode(frame, self._now()):
            if isinstance(event, KeyExpired):
                self._socket.drop("the listen key expired")
            elif isinstance(event, Remark):
                self._say(event.text)
            else:
                self._sink(event)
        return True

    def up(self) -> None:
        """It is open."""
        self.codec.reconnected()
        self._is_up = True
        self._sink(StreamUp(Stream.USER, self._now()))

    def down(self, detail: str) -> None:
        """It was lost."""
        self._is_up = False
        self._owed.forget()
        self._sink(StreamDown(Stream.USER, self._now(), detail))

    def _silent(self) -> None:
        self._socket.drop("connected and silent: an accepted request was not told of")

    async def _extend(self) -> None:
        """Keep the key alive for ever, and see that it still is the live one."""
        wait_ms = self._times.keep_alive_ms
        while True:
            await asyncio.sleep(wait_ms / 1000)
            wait_ms = self._times.keep_alive_ms
            if not self._is_up:
                continue
            try:
                await self._extend_once()
            except NoConnection as failed:
                self._failed += 1
                wait_ms = max(self._times.keep_alive_again_ms, failed.wait_ms)
                self._say(f"user stream: the listen key was not extended: {failed.reason}; again in {wait_ms} ms")

    async def _extend_once(self) -> None:
        extended = await self._keys.keep_alive()
        if isinstance(extended, ports.Rejected) and extended.code == NO_SUCH_KEY:
            self._socket.drop("the listen key is gone")
            return
        _value(extended)
        self._extended += 1
        if _value(await self._keys.listen_key()) != self._key:
            self._socket.drop("the listen key was replaced")


def _value(outcome: ports.Outcome[ports.T_co]) -> ports.T_co:
    """What was answered; raises NoConnection for anything else."""
    match outcome:
        case ports.Accepted(value):
            return value
        case ports.Rejected(code) | ports.AuthLost(code):
            raise NoConnection(f"no listen key: refused with {code}")
        case ports.RateLimited(wait_ms) | ports.Banned(wait_ms):
            raise NoConnection(f"no listen key: the exchange wants no request for {wait_ms} ms", wait_ms)
        case ports.Unknown(detail) | ports.NotSent(detail):
            raise NoConnection(f"no listen key: {detail}")
        case _:
            assert_never(outcome)

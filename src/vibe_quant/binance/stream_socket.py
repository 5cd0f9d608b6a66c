"""One WebSocket that is there: reconnected when lost, given up when silent, renewed before the exchange ends it."""

from __future__ import annotations

import asyncio

from vibe_quant.binance.abreast import end
from vibe_quant.binance.backoff import Backoff, Chance
from vibe_quant.binance.dial import NoConnection, SocketTimes, dial
from vibe_quant.binance.link import Link, Say, SocketOwner

LIFE_SHARE = 0.04


class StreamSocket:
    """Connections of one owner, one after the other.

    The owner is told ``up`` when one is open and what is wanted flows, ``down`` once when it is lost.  A renewal opens
    a second connection beside the first and ends the first when the second has delivered; the frames of both go to the
    owner meanwhile, who is told neither.
    """

    def __init__(
        self, label: str, owner: SocketOwner, backoff: Backoff, random: Chance, say: Say, times: SocketTimes
    ) -> None:
        """``label`` names it in the lines for the log; there is one for every loss and failure."""
        self._label = label
        self._owner = owner
        self._backoff = backoff
        self._random = random
        self._tell = say
        self._times = times
        self._links: list[Link] = []

    def drop(self, detail: str) -> None:
        """Give up every connection and make another at once; nothing where there is none."""
        for link in self._links:
            link.drop(detail)

    async def run(self) -> None:
        """Connect and stay connected until cancelled; raises only what the owner's own calls raise."""
        try:
            while True:
                await asyncio.sleep(await self._once() / 1000)
        finally:
            for link in tuple(self._links):
                await self._leave(link)

    async def _once(self) -> int:
        """One connection's life, or a failure to get one; how long to wait before the next, ms."""
        try:
            link = await self._open()
        except NoConnection as failed:
            delay_ms = max(self._backoff.next_ms(), failed.wait_ms)
            self._say(f"not connected: {failed.reason}; tried again in {delay_ms} ms")
            return delay_ms
        self._owner.up()
        lost = await self._live(link)
        if lost.steady_ms >= self._times.steady_ms:
            self._backoff.reset()
        delay_ms = self._backoff.next_ms(at_once=lost.dropped)
        self._owner.down(lost.detail)
        self._say(f"lost: {lost.detail}; connected again in {delay_ms} ms")
        return delay_ms

    async def _open(self) -> Link:
        """A connection on which what is wanted flows."""
        address = await self._owner.address()
        link = Link(await dial(address.url, self._times), address, self._owner)
        self._links.append(link)
        await asyncio.wait({link.ready, link.over}, return_when=asyncio.FIRST_COMPLETED)
        if link.over.done():
            await self._leave(link)
            link.check()
            raise NoConnection(link.detail)
        return link

    async def _live(self, link: Link) -> Link:
        """Keep it, and those that renew it, until the last is lost; that one."""
        wait_ms = self._life_ms()
        while True:
            await asyncio.wait({link.over}, timeout=wait_ms / 1000)
            if link.over.done():
                break
            before, link = link, await self._renewed(link)
            wait_ms = self._times.renew_again_ms if link is before else self._life_ms()
        await self._leave(link)
        link.check()
        return link

    async def _renewed(self, old: Link) -> Link:
        """The one that stays: a second one that has delivered, or the old one where none could be had."""
        try:
            new = await self._second(old)
        except NoConnection as failed:
            self._say(f"not renewed: {failed.reason}; the old connection stays, tried again later")
            return old
        if new is None:
            return old
        await self._proof(new, old)
        stays, goes = (old, new) if new.over.done() else (new, old)
        await self._leave(goes)
        goes.check()
        if stays is old:
            self._say(f"not renewed: {new.detail}; the old connection stays, tried again later")
        return stays

    async def _second(self, old: Link) -> Link | None:
        """Another connection beside the old one; None where the old one ended before there was one."""
        opening = asyncio.create_task(self._open(), name=f"{self._label} renewal")
        try:
            await asyncio.wait({opening, old.over}, return_when=asyncio.FIRST_COMPLETED)
            return opening.result() if opening.done() else None
        finally:
            if not opening.done():
                await end([opening])
                await self._leave_all_but(old)

    async def _proof(self, new: Link, old: Link) -> None:
        """Until the new one has delivered, or has stood for a while where nothing is expected, or either has ended."""
        if self._owner.silence.limit_ms is None:
            ways, timeout = {new.over, old.over}, self._times.proof_ms / 1000
            await asyncio.wait(ways, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.wait({new.first, new.over, old.over}, return_when=asyncio.FIRST_COMPLETED)

    async def _leave_all_but(self, kept: Link) -> None:
        for link in tuple(self._links):
            if link is not kept:
                await self._leave(link)

    async def _leave(self, link: Link) -> None:
        try:
            await link.close()
        finally:
            self._links.remove(link)

    def _life_ms(self) -> float:
        return self._times.life_ms * (1 - LIFE_SHARE * self._random.random())

    def _say(self, text: str) -> None:
        self._tell(f"{self._label} stream {text}")

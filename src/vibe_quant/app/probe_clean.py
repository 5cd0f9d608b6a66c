"""Puts away whatever the probe may have left, and proves it by the exchange's own lists; names what is not proven."""

from __future__ import annotations

from vibe_quant.app.probe_desk import UNKNOWN_ORDER, ProbeDesk, Sent, Standing, standing
from vibe_quant.app.time_sync import TimeSync, why
from vibe_quant.binance.wire import RECV_WINDOW_MS
from vibe_quant.core.machine import SETTLE_MS
from vibe_quant.domain.codes import Reaction, reaction_of
from vibe_quant.ports import Accepted, Banned, Failure, RateLimited, Rejected

UNDER_WAY_MS = RECV_WINDOW_MS + SETTLE_MS
"""A request without an answer may be worked for so long after it left."""
MOST_MS = 600_000
"""However long the exchange wants to be left alone."""


class ProbeCleaner:
    """One probe's end; repeats until everything is proven gone or its time is over."""

    def __init__(self, desk: ProbeDesk, time: TimeSync) -> None:
        self._desk = desk
        self._time = time
        self._cancelled: set[str] = set()
        self._end = 0
        self.trouble = ""
        """What stood in the way last."""

    async def clean(self) -> tuple[str, ...]:
        """What could not be verified gone: client ids, and a countdown that may run; empty: the symbol is as it was."""
        desk, now = self._desk, self._desk.clock.now_ms()
        self._end = now + desk.times.clean_ms
        last = now + MOST_MS
        while left := await self._round():
            now = desk.clock.now_ms()
            if now >= min(self._end, last):
                return left
            await desk.pause()
        return ()

    async def _round(self) -> tuple[str, ...]:
        desk = self._desk
        await self._disarm()
        for one in desk.sent:
            if not one.gone and one.client_id not in self._cancelled:
                await self._cancel(one)
        if any(not one.gone for one in desk.sent):
            await self._verify()
        left = [one.client_id for one in desk.sent if not one.gone]
        return (*left, *([f"countdown of {desk.symbol}"] if self._armed else []))

    @property
    def _armed(self) -> bool:
        until = self._desk.armed_until_ms
        return until is not None and self._desk.clock.now_ms() < until

    async def _disarm(self) -> None:
        desk = self._desk
        if not self._armed:
            desk.armed_until_ms = None
            return
        answer = await desk.exchange.countdown(desk.symbol, 0)
        if isinstance(answer, Accepted):
            desk.armed_until_ms = None
        else:
            await self._heed(answer)

    async def _cancel(self, one: Sent) -> None:
        """Ask for its end; the answer counts where nothing of it can still be under way."""
        desk, now = self._desk, self._desk.clock.now_ms()
        answer = await desk.cancel(one)
        unknown = isinstance(answer, Rejected) and answer.code == UNKNOWN_ORDER
        settled = one.acked or now - one.at_ms > UNDER_WAY_MS
        if isinstance(answer, Accepted) or (unknown and settled):
            self._cancelled.add(one.client_id)
        elif not unknown:
            await self._heed(answer)

    async def _verify(self) -> None:
        """What was cancelled and is not listed is gone; what is listed is cancelled again."""
        found = await self._listed()
        if found is None:
            return
        for one in self._desk.sent:
            if one.client_id in found.all:
                self._cancelled.discard(one.client_id)
            elif one.client_id in self._cancelled:
                one.gone = True

    async def _listed(self) -> Standing | None:
        desk = self._desk
        orders = await desk.exchange.open_orders(desk.symbol)
        if not isinstance(orders, Accepted):
            await self._heed(orders)
            return None
        stops = await desk.exchange.open_stops(desk.symbol)
        if not isinstance(stops, Accepted):
            await self._heed(stops)
            return None
        return standing(orders.value, stops.value, {one.client_id for one in desk.sent})

    async def _heed(self, failure: Failure) -> None:
        """What the exchange wants before it is asked again."""
        self.trouble = why(failure)
        if isinstance(failure, RateLimited | Banned):
            self._end += failure.wait_ms
            await self._desk.sleep(min(failure.wait_ms, MOST_MS) / 1000)
        elif isinstance(failure, Rejected) and reaction_of(failure.code) is Reaction.RESYNC_CLOCK:
            await self._time.once()

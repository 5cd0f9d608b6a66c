"""Brings one chat its messages: at the pace it may be written to, risk first, and again after what did not arrive."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import assert_never

from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.ports import Clock
from vibe_quant.telegram.bare import bare
from vibe_quant.telegram.mailbox import Batch, Buttons, Mailbox, Ready
from vibe_quant.telegram.pace import Limits, Pace
from vibe_quant.telegram.splitting import split
from vibe_quant.telegram.tally import Tally
from vibe_quant.telegram.urgency import Urgency
from vibe_quant.telegram.wire import Done, Elsewhere, Later, Never, NoToken, Wait, Wire
from vibe_quant.telegram.wording import Html

FIRST_BACK_OFF_MS, MOST_BACK_OFF_MS = 1000, 60_000
UNTAKEN_MS = 600_000
"""A chat that takes nothing (the bot was put out of it) is tried again after this."""
_TAG = re.compile(r"<[^<>]*>")

Render = Callable[[Batch], Html]


@dataclass(slots=True)
class _Parcel:
    """One message on its way."""

    urgency: Urgency
    text: Html
    silent: bool
    buttons: Buttons | None
    plain: bool = False


@dataclass(slots=True)
class Sender:
    """One chat's.  ``chance`` gives 0 to 1, for the jitter of pauses."""

    chat: int
    wire: Wire
    clock: Clock
    limits: Limits
    render: Render
    tally: Tally
    chance: Callable[[], float]
    mailbox: Mailbox = field(default_factory=Mailbox)
    _parcels: list[_Parcel] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _pace: Pace = field(init=False)
    _not_before: int = 0
    _failures: int = 0
    _replied: bool = False

    def __post_init__(self) -> None:
        self._pace = Pace(self.limits)

    def wake(self) -> None:
        """Something was put into the mailbox."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.step()

    async def step(self) -> None:
        """Send one message, or wait for the moment or for the news that allows one."""
        self._news.clear()
        urgency = self._next()
        if urgency is None:
            await self._news.wait()
            return
        now = self.clock.now_ms()
        wait = max(self._not_before - now, self._pace.wait_ms(urgency, now))
        if wait <= 0:
            await self._send(self._parcel(urgency))
            return
        try:
            await asyncio.wait_for(self._news.wait(), wait / 1000)
        except TimeoutError:
            return

    async def last_words(self, most: int = 4) -> None:
        """What waits, the most urgent first, without regard to the pace: the program ends."""
        self._replied = True  # risk goes before replies now
        for _ in range(most):
            urgency = self._next()
            if urgency is None:
                return
            await self._send(self._parcel(urgency))

    @property
    def idle(self) -> bool:
        """True where nothing waits."""
        return self._next() is None

    def _next(self) -> Urgency | None:
        """What goes next: the most urgent, a reply and risk taking turns."""
        kinds = {parcel.urgency for parcel in self._parcels} | set(self.mailbox.waiting())
        if not kinds:
            return None
        if {Urgency.RISK, Urgency.REPLY} <= kinds:
            return Urgency.RISK if self._replied else Urgency.REPLY
        return min(kinds)

    def _parcel(self, urgency: Urgency) -> _Parcel:
        """The next message of a kind; what waits is written only now, so that as much as can be goes into it."""
        for parcel in self._parcels:
            if parcel.urgency is urgency:
                return parcel
        batch = self.mailbox.take(urgency)
        content = batch.items[0].content if len(batch.items) == 1 else None
        buttons = content.buttons if isinstance(content, Ready) else None
        parts = split(self._rendered(batch))
        made = [_Parcel(urgency, part, batch.silent, None) for part in parts]
        made[-1].buttons = buttons
        self._parcels += made
        return made[0]

    def _rendered(self, batch: Batch) -> Html:
        """Its text; the batch is taken already, and would be lost with the front for a minute by what fails here."""
        try:
            return self.render(batch)
        except Exception as defect:  # noqa: BLE001 - an alarm must arrive, in whatever words
            text = "a defect: a card could not be made; what it was to tell is told in bare words"
            log(le.TELEGRAM_FAILED, defect=defect, what="card", text=text)
            return bare(batch)

    async def _send(self, parcel: _Parcel) -> None:
        text = Html(unescape(_TAG.sub("", parcel.text))) if parcel.plain else parcel.text
        outcome = await self.wire.send(
            self.chat, text, silent=parcel.silent, buttons=parcel.buttons, plain=parcel.plain
        )
        now = self.clock.now_ms()
        self._pace.sent(now)
        match outcome:
            case Done():
                self.tally.sent += 1
                self._gone(parcel)
            case Wait(seconds):
                self.tally.held_back += 1
                self._not_before = now + int(seconds * 1000)
            case Never(why):
                self._refused(parcel, why, now)
            case Later(why) | Elsewhere(why) | NoToken(why):
                self._failed(why, now)
            case _:
                assert_never(outcome)

    def _gone(self, parcel: _Parcel) -> None:
        self._parcels.remove(parcel)
        self._replied = parcel.urgency is Urgency.REPLY
        if self._failures:
            self._failures = 0
            log(le.TELEGRAM_REACHED, chat=self.chat, text="messages leave again")

    def _refused(self, parcel: _Parcel, why: str, now: int) -> None:
        """Once more as bare text; after that it is the chat that takes nothing, or the text that is lost."""
        if not parcel.plain and "parse" in why:
            parcel.plain = True
            return
        self.tally.lost += 1
        self._parcels.remove(parcel)
        text = f"a message was not taken ({why}). See that the bot is in that chat and not blocked. Trading goes on"
        log(le.TELEGRAM_LOST, chat=self.chat, text=text)
        if "chat" in why or "blocked" in why or "kicked" in why or "deactivated" in why:
            self._not_before = now + UNTAKEN_MS

    def _failed(self, why: str, now: int) -> None:
        """Again later, a little later each time, and not all at the same moment."""
        self.tally.failures += 1
        pause = min(FIRST_BACK_OFF_MS << min(self._failures, 10), MOST_BACK_OFF_MS)
        self._not_before = now + int(pause * (0.5 + 0.5 * self.chance()))
        if not self._failures:
            text = f"no way to Telegram ({why}): messages wait and are tried again without end. Trading goes on"
            log(le.TELEGRAM_UNREACHED, chat=self.chat, text=text)
        self._failures += 1

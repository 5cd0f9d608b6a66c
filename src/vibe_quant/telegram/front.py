"""The way to the operator over Telegram (a front): what it is told it only puts down; the rest is in tasks."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.enums import NoticeKind, PositionSide
from vibe_quant.domain.intents import Intent, Notify, OrderIntent
from vibe_quant.domain.service_settings import Loudness, TelegramSettings
from vibe_quant.domain.settings import GlobalSettings
from vibe_quant.domain.status import ExitCost
from vibe_quant.log import log
from vibe_quant.operations import Notebook, Operations
from vibe_quant.ports import Clock
from vibe_quant.telegram.cards import Cards
from vibe_quant.telegram.commands import NAMES, Commands
from vibe_quant.telegram.confirmations import Confirmations
from vibe_quant.telegram.daily import Daily
from vibe_quant.telegram.doorkeeper import Doorkeeper
from vibe_quant.telegram.exits import Exits
from vibe_quant.telegram.incoming import Press
from vibe_quant.telegram.mailbox import Batch, Ready
from vibe_quant.telegram.pace import GROUP, PRIVATE, Limits
from vibe_quant.telegram.poller import LONG_POLL_S, Poller
from vibe_quant.telegram.reception import Held, Reception
from vibe_quant.telegram.seats import Seats, chats_of, pairs_of
from vibe_quant.telegram.sender import Sender
from vibe_quant.telegram.streams import with_stream
from vibe_quant.telegram.tally import Tally
from vibe_quant.telegram.urgency import Urgency, loudness_of, urgency_of
from vibe_quant.telegram.wire import Done, Later, Wait, Wire
from vibe_quant.telegram.wording import Html, Words

TICK_S = 1.0
LAST_WORDS_S = 0.8
"""The end of the process waits no longer."""
INTRODUCE_AGAIN_S = 30.0
PRESSES_KEPT = 50

Chance = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Tempo:
    """How fast all of it goes; tests are in more of a hurry."""

    private: Limits = PRIVATE
    group: Limits = GROUP
    long_poll_s: int = LONG_POLL_S
    tick_s: float = TICK_S


@dataclass(slots=True)
class _Presses:
    """Buttons that were pressed, to be answered."""

    waiting: deque[Press] = field(default_factory=lambda: deque(maxlen=PRESSES_KEPT))
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, press: Press) -> None:
        self.waiting.append(press)
        self.news.set()


class TelegramFront:
    """One bot, each chat of ``settings.allow``.  Trading does not notice whether Telegram is there."""

    name = "telegram"

    def __init__(
        self,
        settings: TelegramSettings,
        operations: Operations,
        notebook: Notebook,
        clock: Clock,
        wire: Wire,
        *,
        chance: Chance | None = None,
        tempo: Tempo | None = None,
        confirmations: Confirmations[Held] | None = None,
    ) -> None:
        self._tempo = tempo = tempo or Tempo()
        self._chance = chance = chance or random.SystemRandom().random
        self.tally = Tally()
        self._settings = settings
        self._operations = operations
        self._clock = clock
        self._wire = wire
        self._words = Words(settings.language)
        self._arrivals: dict[tuple[str, PositionSide], Decimal] = {}
        self._cards = Cards(self._words, self._arrival)
        self._exits = Exits()
        self._daily = Daily(settings.daily_report_hour, clock.server_ms())
        self._presses = _Presses()
        self._orders_seen = False
        self._began = False
        self._watch_failed = False
        self._seats = Seats(self._sender, chats_of(settings))
        self._senders = self._seats.senders
        self._door = Doorkeeper(pairs_of(settings), notebook, clock, self.tally)
        self._reception = self._receiving(confirmations)
        often = tempo.long_poll_s
        self._poller = Poller(wire, self._reception, clock, self.tally, self._polled_elsewhere, chance, often)

    def _receiving(self, confirmations: Confirmations[Held] | None) -> Reception:
        """Answers what is asked, and commands what may be."""
        return Reception(
            self._door,
            Commands(self._operations, self._words, self._cards, lambda: (self.tally.unauthorised, self._dropped())),
            self._operations,
            self._words,
            self._clock,
            self.tally,
            self._reply,
            self._presses.put,
            confirmations,
        )

    def retune(self, shared: GlobalSettings) -> None:
        """Who may command, what is told and how loudly, in which language, when the day's report comes."""
        before, self._settings = self._settings, shared.telegram
        self._door.allow(pairs_of(shared.telegram))
        self._seats.seat(chats_of(shared.telegram))
        self._words.speak(shared.telegram.language)
        if shared.telegram.daily_report_hour != before.daily_report_hour:
            self._daily = Daily(shared.telegram.daily_report_hour, self._clock.server_ms())

    def _sender(self, chat: int) -> Sender:
        limits = self._tempo.group if chat < 0 else self._tempo.private

        def cards(batch: Batch) -> Html:
            return self._cards.batch(batch, self._clock.server_ms())

        return Sender(chat, self._wire, self._clock, limits, cards, self.tally, self._chance)

    def counts(self) -> tuple[tuple[str, int], ...]:
        """(name, count) of everything that was counted since the start, for status and metrics."""
        self.tally.dropped = self._dropped()
        waiting = sum(len(sender.mailbox) for sender in self._senders.values())
        return (*self.tally.counts(), ("telegram_waiting", waiting))

    def see(self, now: int, event: ev.Event, intents: Sequence[Intent], quote: ev.Quote | None) -> None:  # noqa: ARG002
        """One call of the engine."""
        with ExitStack() as each:  # one that fails does not silence an alarm that came with it
            for intent in reversed(intents):
                each.callback(self._done, intent, event)

    def _done(self, intent: Intent, event: ev.Event) -> None:
        if isinstance(intent, Notify):
            self.notice(with_stream(intent, event))
        elif isinstance(intent, OrderIntent):
            self._orders_seen = True

    def notice(self, notice: Notify) -> None:
        """Put it down for each chat."""
        loudness = loudness_of(notice, self._settings.events)
        if loudness is Loudness.OFF:
            return
        if notice.kind is NoticeKind.EXIT_FINISHED:
            self._exits.heard(notice, self._clock.now_ms())
            return
        self._put(notice, loudness)

    def cost(self, cost: ExitCost) -> None:
        """The card of an exit that is over."""
        loudness = self._settings.events.on_exit_finished
        if not cost.finished or loudness is Loudness.OFF:
            return
        self._exits.priced(cost, self._clock.now_ms())
        if cost.arrival is not None:
            self._arrivals[cost.symbol, cost.side] = cost.arrival
        for sender in self._senders.values():
            self._give(sender, Urgency.EXIT, cost, silent=loudness is Loudness.SILENT)

    async def run(self) -> None:
        """Until cancelled; then a last word where Telegram takes one at once."""
        if not self._began:
            self._began = True
            self._say_start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._poller.run(), name="telegram poller")
                group.create_task(self._introduce(), name="telegram introduction")
                group.create_task(self._answer_presses(), name="telegram presses")
                group.create_task(self._watch(), name="telegram watch")
                group.create_task(self._seats.run(), name="telegram senders")
        except asyncio.CancelledError:
            await self._end()
            raise

    async def _end(self) -> None:
        await self._reception.close()
        self._say_stop()
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await asyncio.gather(*(sender.last_words() for sender in self._senders.values()))
        except TimeoutError:
            log(le.TELEGRAM_CUT, text="there was no time for the last message; nothing of trading is lost by it")
        finally:
            await self._wire.close()

    async def _introduce(self) -> None:
        """The bot's name, and what the phone offers when a slash is typed."""
        while not isinstance(me := await self._wire.me(), Done):
            await asyncio.sleep(me.seconds if isinstance(me, Wait) else INTRODUCE_AGAIN_S)
        self._reception.own_name = str(me.value) or None
        commands = [(name, self._words.say(f"command.{name}")) for name in NAMES]
        for chat in tuple(self._senders):
            while isinstance(named := await self._wire.name_commands(chat, commands), Wait | Later):
                await asyncio.sleep(named.seconds if isinstance(named, Wait) else INTRODUCE_AGAIN_S)

    async def _answer_presses(self) -> None:
        while True:
            await self._presses.news.wait()
            self._presses.news.clear()
            while self._presses.waiting:
                press = self._presses.waiting.popleft()
                await self._wire.answer(press.press_id)
                await self._wire.take_buttons(press.chat, press.message_id)

    async def _watch(self) -> None:
        """What comes with time: arrival prices, exits whose card did not come, the daily report."""
        while True:
            try:
                await self._tick()
            except Exception as defect:  # noqa: BLE001 - messages and commands must go on
                if not self._watch_failed:
                    self._watch_failed = True
                    text = "a defect: Telegram cannot look at the service; messages, commands and trading go on"
                    log(le.TELEGRAM_FAILED, defect=defect, what="look", text=text)
            await asyncio.sleep(self._tempo.tick_s)

    async def _tick(self) -> None:
        for notice in self._exits.due(self._clock.now_ms()):
            self._put(notice, loudness_of(notice, self._settings.events))
        if self._orders_seen:
            self._orders_seen = False
            for leg in (await self._operations.drawn()).legs:
                if leg.arrival is not None:
                    self._arrivals[leg.symbol, leg.side] = leg.arrival
        since_ms = self._daily.due(self._clock.server_ms())
        if since_ms is not None and self._settings.events.on_daily_report is not Loudness.OFF:
            report = await self._operations.report(since_ms)
            silent = self._settings.events.on_daily_report is Loudness.SILENT
            self._ready(self._cards.report(report, "report.daily"), Urgency.LIFECYCLE, silent=silent)

    def _put(self, notice: Notify, loudness: Loudness) -> None:
        urgency, at_ms, silent = urgency_of(notice), self._clock.server_ms(), loudness is Loudness.SILENT
        for sender in self._senders.values():
            if urgency is Urgency.FILL:
                sender.mailbox.put_fill(notice, silent=silent, at_ms=at_ms)
            else:
                sender.mailbox.put(urgency, notice, silent=silent, at_ms=at_ms)
            sender.wake()

    def _give(self, sender: Sender, urgency: Urgency, content: ExitCost | Ready, *, silent: bool) -> None:
        sender.mailbox.put(urgency, content, silent=silent, at_ms=self._clock.server_ms())
        sender.wake()

    def _reply(self, chat: int, ready: Ready) -> None:
        sender = self._senders.get(chat)
        if sender is not None:  # it may have been let go since it asked
            self._give(sender, Urgency.REPLY, ready, silent=False)

    def _ready(self, text: Html, urgency: Urgency, *, silent: bool) -> None:
        for sender in self._senders.values():
            self._give(sender, urgency, Ready(text), silent=silent)

    def _polled_elsewhere(self) -> None:
        self._ready(self._words.say("alarm.conflict"), Urgency.RISK, silent=False)

    def _say_start(self) -> None:
        """Which money it is about comes first."""
        status = self._operations.status()
        head = self._words.say("start.head", version=status.version, venue=self._words.named("venue", status.venue))
        body = self._words.say("start.body", configuration=status.configuration)
        self._lifecycle(Html(f"{head}\n{body}"))

    def _say_stop(self) -> None:
        """There is time for little more: it does not stand behind what waits."""
        self._lifecycle(Html(f"{self._words.say('stop.head')}\n{self._words.say('stop.body')}"), Urgency.RISK)

    def _lifecycle(self, text: Html, urgency: Urgency = Urgency.LIFECYCLE) -> None:
        loudness = self._settings.events.on_lifecycle
        if loudness is not Loudness.OFF:
            self._ready(text, urgency, silent=loudness is Loudness.SILENT)

    def _arrival(self, symbol: str, side: PositionSide) -> Decimal | None:
        return self._arrivals.get((symbol, side))

    def _dropped(self) -> int:
        return sum(sender.mailbox.dropped for sender in self._senders.values())

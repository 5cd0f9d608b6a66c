"""What becomes of what an admitted person says: answered, asked back, confirmed, done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.operations import Operations
from vibe_quant.ports import Clock
from vibe_quant.telegram.acts import Act, Pause, carry_out, described
from vibe_quant.telegram.asking import Asked, asked, typed_nonce
from vibe_quant.telegram.commands import Ask, Commands, Do, Show
from vibe_quant.telegram.confirmations import LASTS_MS, LOCK_MS, Confirmations, Miss, Missed, Who
from vibe_quant.telegram.doorkeeper import OLD_MS, Doorkeeper, TooMany
from vibe_quant.telegram.incoming import Heard, Press, Word
from vibe_quant.telegram.mailbox import Buttons, Ready
from vibe_quant.telegram.tally import Tally
from vibe_quant.telegram.wording import Html, Words

PATIENCE_S = 20.0
YES, NO = "yes", "no"

Reply = Callable[[int, Ready], None]
"""(chat, text): to be sent."""


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for a confirmation."""

    act: Act


class Reception:
    """``pressed`` is told of each press of a button, for the phone waits for an answer to it."""

    def __init__(
        self,
        door: Doorkeeper,
        commands: Commands,
        operations: Operations,
        words: Words,
        clock: Clock,
        tally: Tally,
        reply: Reply,
        pressed: Callable[[Press], None],
        confirmations: Confirmations[Held] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.own_name: str | None = None
        self._door = door
        self._commands = commands
        self._operations = operations
        self._words = words
        self._clock = clock
        self._tally = tally
        self._reply = reply
        self._pressed = pressed
        self._confirmations: Confirmations[Held] = confirmations or Confirmations()
        self._patience_s = patience_s
        self._left: set[asyncio.Task[None]] = set()

    async def take(self, heard: Heard) -> None:
        """One update, in order."""
        admitted = self._door.admit(heard)
        match admitted:
            case Word() | Press():
                who = (admitted.chat, admitted.user)
                await (self._word(admitted, who) if isinstance(admitted, Word) else self._press(admitted, who))
            case TooMany(chat, first):
                if first:
                    self._say(chat, self._words.say("error.many"))
            case None:
                return

    def end_of_batch(self) -> None:
        """Say what was too old to be done."""
        for chat, count in self._door.too_old().items():
            self._say(chat, self._words.say("error.old", count=count, seconds=OLD_MS // 1000))

    async def close(self) -> None:
        """Wait no longer for what was slow."""
        for task in self._left:
            task.cancel()
        await asyncio.gather(*self._left, return_exceptions=True)

    async def _word(self, word: Word, who: Who) -> None:
        nonce = typed_nonce(word.text)
        if nonce is not None:
            await self._confirm(word.update_id, who, nonce)
            return
        command = asked(word.text, self.own_name)
        if command is None:
            if word.chat == word.user and not word.text.strip().startswith(("/", "／")):
                self._say(word.chat, self._words.say("error.plain"))
            return
        self._tally.commands += 1
        await self._patiently(word.chat, Html(f"/{command.name}"), self._command(command, word.update_id, who))

    async def _press(self, press: Press, who: Who) -> None:
        self._pressed(press)
        choice, _, nonce = press.data.partition(":")
        if choice == YES:
            await self._confirm(press.update_id, who, nonce)
        elif choice == NO:
            self._withdraw(who, nonce)

    async def _command(self, command: Asked, update_id: int, who: Who) -> None:
        result = await self._commands.result(command, _by(who))
        match result:
            case Show(text):
                self._say(who[0], text)
            case Do(act):
                await self._do(act, update_id, who)
            case Ask(act, text):
                self._ask(act, text, who)

    def _ask(self, act: Act, text: Html, who: Who) -> None:
        now = self._clock.now_ms()
        if self._confirmations.locked(who, now):
            self._say(who[0], self._words.say("confirm.locked", minutes=LOCK_MS // 60_000))
            return
        nonce = self._confirmations.ask(who, Held(act), now)
        how = self._words.say("ask.how", seconds=LASTS_MS // 1000, nonce=nonce)
        row = ((self._words.say("ask.yes"), f"{YES}:{nonce}"), (self._words.say("ask.no"), f"{NO}:{nonce}"))
        self._reply(who[0], Ready(Html(f"{text}\n{how}"), Buttons(row)))

    async def _confirm(self, update_id: int, who: Who, nonce: str) -> None:
        found = self._answered(who, nonce)
        if found is not None:
            what = described(found.act, self._words)
            await self._patiently(who[0], what, self._do(found.act, update_id, who))

    def _withdraw(self, who: Who, nonce: str) -> None:
        found = self._answered(who, nonce)
        if found is not None:
            self._say(who[0], self._words.say("confirm.cancelled", what=described(found.act, self._words)))

    def _answered(self, who: Who, nonce: str) -> Held | None:
        """What the nonce confirms; else the person is told why nothing is done."""
        found = self._confirmations.answer(who, nonce, self._clock.now_ms())
        self._tally.wrong_confirmations = self._confirmations.wrong
        if not isinstance(found, Missed):
            return found
        match found.why:
            case Miss.LOCKED:
                self._say(who[0], self._words.say("confirm.locked", minutes=LOCK_MS // 60_000))
            case Miss.WRONG:
                self._say(who[0], self._words.say("confirm.wrong", left=found.left))
            case Miss.GONE:
                self._say(who[0], self._words.say("confirm.gone"))
        return None

    async def _do(self, act: Act, update_id: int, who: Who) -> None:
        """Noted before it is done: after a crash the same update must not do it a second time, but for a pause."""
        what = described(act, self._words)
        if not self._door.noted(update_id, who, repr(act)) and not isinstance(act, Pause):
            self._say(who[0], self._words.say("error.journal", what=what))
            return
        answer = await carry_out(act, self._operations, _by(who))
        text = self._words.phrase(answer.text)
        self._say(who[0], self._words.say("done.ok" if answer.ok else "done.refused", what=what, text=text))

    async def _patiently(self, chat: int, what: Html, work: Coroutine[Any, Any, None]) -> None:
        """Wait for it, but not for ever: other words must be heard meanwhile."""
        task = asyncio.create_task(work)
        self._left.add(task)
        task.add_done_callback(lambda done: self._over(chat, what, done))
        await asyncio.wait([task], timeout=self._patience_s)
        if not task.done():
            self._say(chat, self._words.say("done.slow", what=what, seconds=int(self._patience_s)))

    def _over(self, chat: int, what: Html, task: asyncio.Task[None]) -> None:
        self._left.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        text = "a defect: the command has failed, or its answer; trading goes on. See what it came to by /status"
        log(le.TELEGRAM_FAILED, defect=task.exception(), what=what, text=text)
        self._say(chat, self._words.say("done.failed", what=what))

    def _say(self, chat: int, text: Html) -> None:
        self._reply(chat, Ready(text))


def _by(who: Who) -> str:
    return f"telegram {who[1]}"

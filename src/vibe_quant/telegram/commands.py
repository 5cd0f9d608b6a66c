"""What each command does: pictures at once, pauses at once, and what needs a second word asks for it first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from vibe_quant.operations import Operations
from vibe_quant.ports import JournalBroken
from vibe_quant.telegram.acts import Act, ApplyReload, Flatten, Pause, Resume
from vibe_quant.telegram.asking import Asked
from vibe_quant.telegram.cards import Cards
from vibe_quant.telegram.pictures import Pictures
from vibe_quant.telegram.scopes import AskedWrongly, Scopes
from vibe_quant.telegram.wording import Html, Words

NAMES = (
    "status",
    "positions",
    "why",
    "pause",
    "resume",
    "flatten",
    "reload",
    "config",
    "report",
    "logs",
    "help",
    "version",
)
DAY_MS = 86_400_000
LINES, MOST_LINES = 20, 100


@dataclass(frozen=True, slots=True)
class Show:
    """A picture, or why there is none."""

    text: Html


@dataclass(frozen=True, slots=True)
class Do:
    """To be done without a second word."""

    act: Act


@dataclass(frozen=True, slots=True)
class Ask:
    """To be done once it is confirmed; ``text`` says what would be."""

    act: Act
    text: Html


Result = Show | Do | Ask


class Commands:
    """``counts`` gives (strangers ignored, messages dropped) for the status."""

    def __init__(
        self, operations: Operations, words: Words, cards: Cards, counts: Callable[[], tuple[int, int]]
    ) -> None:
        self._operations = operations
        self._words = words
        self._scopes = Scopes(operations, words)
        self._cards = cards
        self._pictures = Pictures(words)
        self._counts = counts
        self._table: Mapping[str, Callable[[tuple[str, ...], str], Awaitable[Result]]] = {
            "status": self._status,
            "positions": self._positions,
            "why": self._why,
            "pause": self._pause,
            "resume": self._resume,
            "flatten": self._flatten,
            "reload": self._reload,
            "config": self._config,
            "report": self._report,
            "logs": self._logs,
            "help": self._help,
            "version": self._version,
        }

    async def result(self, asked: Asked, by: str) -> Result:
        """What a command comes to; a wrong one to a sentence that helps."""
        command = self._table.get(asked.name)
        if command is None:
            return Show(self._words.say("error.unknown", name=f"/{asked.name}"))
        try:
            return await command(asked.words, by)
        except AskedWrongly as wrong:
            return Show(wrong.text)

    async def _status(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        return Show(self._pictures.status(await self._operations.drawn(), *self._counts()))

    async def _positions(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        return Show(self._pictures.positions(await self._operations.drawn()))

    async def _version(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        return Show(self._pictures.version(await self._operations.drawn()))

    async def _help(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        say = self._words.say
        lines = [say("help.head"), *(Html(f"/{name}: {say(f'command.{name}')}") for name in NAMES), say("help.foot")]
        return Show(Html("\n".join(lines)))

    async def _why(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        symbol, side = self._scopes.leg(words, "/why BTC long")
        why = self._operations.why(symbol, side)
        if why is None:
            return Show(self._words.say("error.not_managed", leg=self._words.leg(symbol, side)))
        return Show(self._pictures.why(why, (await self._operations.drawn()).now_ms))

    async def _config(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        symbol = self._scopes.symbol_or_all(words, "command.config")
        knobs = self._operations.config(symbol)
        scope = self._words.scope(symbol)
        if knobs is None:
            return Show(self._words.say("error.not_managed", leg=scope))
        return Show(self._pictures.config(scope, knobs))

    async def _report(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        span = self._scopes.span(words[0]) if words else DAY_MS
        try:
            report = await self._operations.report((await self._operations.drawn()).now_ms - span)
        except JournalBroken as broken:
            return Show(self._words.say("error.unread", text=self._words.phrase(str(broken))))
        return Show(self._cards.report(report))

    async def _logs(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        count = LINES
        if words:
            if not (words[0].isascii() and words[0].isdigit()):
                usage = self._words.say("command.logs")
                return Show(self._words.say("error.word", text=words[0], usage=usage))
            count = min(max(1, int(words[0][:6])), MOST_LINES)
        return Show(self._pictures.logs(self._operations.log_lines(count)))

    async def _pause(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        return Do(Pause(*self._scopes.pause(words)))

    async def _resume(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        """At once after a pause; what was halted for a reason is asked about."""
        symbol = self._scopes.symbol_or_all(words, "command.resume")
        act = Resume(symbol)
        halts = await self._halts(symbol)
        if not halts:
            return Do(act)
        head = self._words.say("ask.resume", what=self._words.scope(symbol))
        return Ask(act, Html("\n".join([head, *halts])))

    async def _flatten(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        symbol, side = self._scopes.flatten(words)
        status = await self._operations.drawn()
        legs = [leg for leg in status.legs if leg.qty]
        held = [leg for leg in legs if symbol in (None, leg.symbol) and side in (None, leg.side)]
        scope = self._words.scope(symbol, side)
        if not held and legs:
            return Show(self._words.say("error.nothing_held", what=scope))
        lines = [self._words.say("ask.flatten", what=scope)]
        lines += [
            self._words.say("ask.flatten_leg", leg=self._words.leg(leg.symbol, leg.side), qty=leg.qty) for leg in held
        ]
        lines += [
            self._words.say("ask.flatten_not", leg=self._words.leg(leg.symbol, leg.side), qty=leg.qty)
            for leg in status.unmanaged
            if symbol in (None, leg.symbol) and side in (None, leg.side)
        ]
        return Ask(Flatten(symbol, side), Html("\n".join(lines)))

    async def _reload(self, words: tuple[str, ...], by: str) -> Result:  # noqa: ARG002 - a command's shape
        plan = await self._operations.plan_reload(by)
        text = self._pictures.plan(plan)
        if plan.problems or not plan.changes:
            return Show(text)
        return Ask(ApplyReload(plan.token), Html(f"{text}\n{self._words.say('ask.reload')}"))

    async def _halts(self, symbol: str | None) -> list[Html]:
        """The reasons that a resume would put aside."""
        status = await self._operations.drawn()
        reasons = {} if symbol is not None or status.held is None else {self._words.phrase(status.held): None}
        for leg in status.legs:
            if leg.halted is not None and symbol in (None, leg.symbol):
                name = self._words.leg(leg.symbol, leg.side)
                reasons[Html(f"{name}: {self._words.phrase(leg.halted)}")] = None
        return list(reasons)

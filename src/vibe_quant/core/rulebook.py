"""A symbol's trading rules and margin brackets as they were last read, and when they are read again."""

from __future__ import annotations

from vibe_quant.domain.enums import Stream
from vibe_quant.domain.events import RulesLoaded
from vibe_quant.domain.intents import FetchRules, Intent
from vibe_quant.domain.rules import Brackets, SymbolRules

RULES_MS = 600_000
ANSWER_MS = 10_000
RETRY_MS = 2000
UNLISTED_MS = 60_000  # the list is a megabyte, and a delisted contract stays so for weeks


class Rulebook:
    """One a symbol; ``now`` is monotonic ms.  ``rules`` None and ``brackets`` empty until they were first read.

    ``awaited``: a market stream has come back, and the rules have not been read since.  ``doubted``: a refusal or the
    exchange's own news say that they may be others by now; nothing new is made by them, what rests was taken.
    """

    __slots__ = ("awaited", "brackets", "doubted", "due_ms", "rules", "since_ms", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.rules: SymbolRules | None = None
        self.brackets: Brackets = ()
        self.awaited = False
        self.doubted = False
        self.due_ms: int | None = None
        self.since_ms: int | None = None
        """What was read before says nothing of the rules now."""

    def ask(self, reason: str, now: int) -> list[Intent]:
        """Read the rules; asked again where no answer comes."""
        self.due_ms = now + ANSWER_MS
        return [FetchRules(self.symbol, reason, self.since_ms)]

    def doubt(self, reason: str, now: int) -> list[Intent]:
        """Read the rules, and make no new order until they were read."""
        self.doubted, self.since_ms = True, now
        return self.ask(reason, now)

    def loaded(self, loaded: RulesLoaded, now: int) -> bool:
        """Rules were read, and brackets where they came too; True where they put prices or sizes on another grid."""
        before, self.rules = self.rules, loaded.rules
        self.brackets = loaded.brackets or self.brackets
        self.due_ms = now + RULES_MS
        self.awaited = self.doubted = False
        self.since_ms = None
        return before is not None and (before.tick, before.step) != (loaded.rules.tick, loaded.rules.step)

    def failed(self, now: int, *, unlisted: bool = False) -> list[Intent]:
        """The rules could not be read: again in two seconds; ``unlisted``, for there is no such contract: in a minute.

        By rules of a contract that is not listed nothing new is made.
        """
        self.doubted |= unlisted
        self.due_ms = now + (UNLISTED_MS if unlisted else RETRY_MS)
        return []

    def stream_up(self, stream: Stream, now: int, *, again: bool) -> list[Intent]:
        """A stream is up; ``again``: it was before, and what the rules have become meanwhile nobody has told."""
        if again:
            self.awaited, self.since_ms = True, now
        return self.ask(f"the {stream} stream is up", now) if again or self.rules is None else []

    def tick(self, now: int) -> list[Intent]:
        """Time has passed."""
        if self.due_ms is None or now < self.due_ms:
            return []
        return self.ask("read again every ten minutes, sooner where that failed", now)

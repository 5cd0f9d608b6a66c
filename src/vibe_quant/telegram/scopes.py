"""Which symbol, side or span of time the words of a command mean; wrong ones become a sentence that helps."""

from __future__ import annotations

from vibe_quant.domain.enums import PositionSide
from vibe_quant.operations import Operations
from vibe_quant.telegram.asking import ALL, LEAST_SPAN_MS, MOST_SPAN_MS, looks_like_span, side_of, span_ms
from vibe_quant.telegram.wording import Html, Words

MOST_NAMED = 12


class AskedWrongly(Exception):  # noqa: N818 - an answer to the person, no failure
    """``text`` is that answer."""

    def __init__(self, text: Html) -> None:
        super().__init__(text)
        self.text = text


class Scopes:
    """By what is managed now.  Every method raises AskedWrongly where the words mean nothing, or several things."""

    def __init__(self, operations: Operations, words: Words) -> None:
        self._operations = operations
        self._words = words

    def pause(self, words: tuple[str, ...]) -> tuple[str | None, int | None]:
        """Symbol and span, in either order, one of each; None: everything, until resumed."""
        spans = [word for word in words if self._is_span(word)]
        names = [word for word in words if word not in spans]
        for more in (*names[1:], *spans[1:]):
            raise self._unfitting(more, "command.pause")
        symbol = None if not names or names[0].lower() in ALL else self.symbol(names[0])
        return symbol, self.span(spans[0]) if spans else None

    def flatten(self, words: tuple[str, ...]) -> tuple[str | None, PositionSide | None]:
        """All, both sides of a symbol, or one side; never more than was named."""
        if not words:
            raise self._which("/flatten BTC long, /flatten all")
        if len(words) == 1 and words[0].lower() in ALL:
            return None, None
        if len(words) == 2 and words[1].lower() in ALL:
            return self.symbol(words[0]), None
        return self.leg(words, "/flatten BTC long")

    def leg(self, words: tuple[str, ...], example: str) -> tuple[str, PositionSide]:
        """Symbol and side in either order; the side may be left out where only one is managed."""
        sides = [word for word in words if side_of(word) is not None]
        names = [word for word in words if side_of(word) is None]
        if len(names) != 1 or len(sides) > 1:
            raise self._which(example)
        symbol = self.symbol(names[0])
        side = side_of(sides[0]) if sides else self._only_side(symbol)
        if side is None:
            raise AskedWrongly(self._words.say("error.side", symbol=self._words.symbol(symbol), example=example))
        return symbol, side

    def symbol_or_all(self, words: tuple[str, ...], usage: str) -> str | None:
        """The symbol of the only word; None: all.  ``usage`` is the text that helps where there are more."""
        for more in words[1:]:
            raise self._unfitting(more, usage)
        return None if not words or words[0].lower() in ALL else self.symbol(words[0])

    def symbol(self, word: str) -> str:
        """The managed symbol that a word means."""
        symbol = self._operations.names(word)
        if symbol is None:
            raise AskedWrongly(self._words.say("error.symbol", text=word, known=self._known()))
        return symbol

    def span(self, word: str) -> int:
        """A length of time, ms, within the bounds."""
        span = span_ms(word)
        if span is None or not LEAST_SPAN_MS <= span <= MOST_SPAN_MS:
            raise AskedWrongly(self._words.say("error.span", text=word))
        return span

    def _is_span(self, word: str) -> bool:
        return span_ms(word) is not None or (looks_like_span(word) and self._operations.names(word) is None)

    def _unfitting(self, word: str, usage: str) -> AskedWrongly:
        """A word too many: a part of what was asked must not pass for all of it."""
        return AskedWrongly(self._words.say("error.word", text=word, usage=self._words.say(usage)))

    def _which(self, example: str) -> AskedWrongly:
        return AskedWrongly(self._words.say("error.which", example=example, known=self._known()))

    def _only_side(self, symbol: str) -> PositionSide | None:
        sides = {leg.side for leg in self._operations.status().legs if leg.symbol == symbol}
        return sides.pop() if len(sides) == 1 else None

    def _known(self) -> str:
        names = list(dict.fromkeys(leg.symbol for leg in self._operations.status().legs))
        shown = ", ".join(names[:MOST_NAMED])
        return f"{shown} …" if len(names) > MOST_NAMED else shown or "-"

"""Says things in the operator's language: the catalogue's texts with what is put into them escaped, figures, times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import escape

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.service_settings import Language
from vibe_quant.telegram import texts_en, texts_zh
from vibe_quant.telegram.fill_pile import number as figure
from vibe_quant.telegram.sentences import WORDY, translated

CATALOGUES = {Language.EN: texts_en.TEXTS, Language.ZH: texts_zh.TEXTS}
MOST_VALUE = 1500
"""Characters of one value that comes from outside."""
LISTED = re.compile(r"(?<=\)), ")
"""What parts the members of a list of which each ends in brackets."""
DEEPEST = 5
"""Sentences that one sentence holds, one in the other."""
LINE = re.compile(r"line (\d+): ")
"""Before what is wrong in a file."""
FAULTS = re.compile(r"; (?=line \d+: )")
"""Between what is wrong in a file, where one sentence holds all of it."""
BRIEF_MS = 10_000
SHOWN = Decimal("0.00000001")


class Html(str):
    """Text that is Telegram's HTML already: it is put in as it is."""

    __slots__ = ()


def safe(value: object) -> Html:
    """Anything, as it may stand in a message: on one line, escaped, of bounded length."""
    if isinstance(value, Html):
        return value
    text = value if isinstance(value, str) else plain(value) if isinstance(value, Decimal) else str(value)
    if len(text) > MOST_VALUE:
        text = text[:MOST_VALUE] + "…"
    return Html(escape("".join(c if c.isprintable() else " " for c in text), quote=False))


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros, at most eight places."""
    if not value.is_finite():
        return str(value)
    text = f"{value.quantize(SHOWN) if value != value.to_integral_value() else value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Words:
    """One language at a time."""

    def __init__(self, language: Language) -> None:
        self.speak(language)

    def speak(self, language: Language) -> None:
        """This one from now on."""
        self.language = language
        self._texts = CATALOGUES[language]

    def say(self, key: str, /, **values: object) -> Html:
        """The text of ``key`` with the values put in, each escaped unless it is Html."""
        return Html(self._texts[key].format(**{name: safe(value) for name, value in values.items()}))

    def named(self, group: str, value: str) -> Html:
        """The word for a member of a closed list ("mode", "MAKER_ONLY"); one that nobody translated as it is."""
        return self.say(f"{group}.{value}") if f"{group}.{value}" in self._texts else safe(value)

    def phrase(self, text: str, depth: int = 0) -> Html:
        """What the program says elsewhere in English: in Chinese where that is spoken and known.

        ``depth``: so many sentences hold it; of what is nested deeper than ours are nothing is translated.
        """
        if self.language is not Language.ZH or depth > DEEPEST:
            return safe(text)
        faults = FAULTS.split(text) if depth else [text]
        if len(faults) > 1:
            return Html("；".join(self.phrase(one, depth) for one in faults))
        line = LINE.match(text)
        if line is not None:
            return Html(f"第 {line[1]} 行 {self.phrase(text[line.end() :], depth + 1)}")
        known = translated(text, lambda name, value: self._put(name, value, depth + 1))
        return safe(text) if known is None else Html(known)

    def _put(self, name: str, value: str, depth: int) -> Html:
        """What stands in a hole of a sentence, by the hole's name."""
        match name:
            case "symbol":
                return self.symbol(value)
            case "side" | "stream":
                return self.named(name, value)
            case "dist" | "slice":
                ratio = figure(value)
                return safe(value) if ratio is None else self.percent(ratio)
            case "list":
                return Html("、".join(self.phrase(one, depth) for one in LISTED.split(value)))
            case _:
                return self.phrase(value, depth) if name in WORDY else safe(value)

    def symbol(self, symbol: str) -> Html:
        """A perpetual as people call it; one whose margin is of another asset keeps its whole name."""
        pair, _, settle = symbol.partition(":")
        return self.say("symbol", pair=pair) if settle and pair.endswith(f"/{settle}") else safe(symbol)

    def leg(self, symbol: str, side: PositionSide) -> Html:
        """Symbol and side."""
        return self.say("leg", symbol=self.symbol(symbol), side=self.named("side", side))

    def scope(self, symbol: str | None, side: PositionSide | None = None) -> Html:
        """What a command is about; symbol None: everything."""
        if symbol is None:
            return self.say("account")
        return self.symbol(symbol) if side is None else self.leg(symbol, side)

    def number(self, value: Decimal | None) -> Html:
        """A figure, or that it is not known."""
        return self.say("unknown") if value is None else safe(plain(value))

    def signed(self, value: Decimal | None, places: int = 2) -> Html:
        """A figure with its sign, rounded half to even; smaller ones than the places show are given whole."""
        if value is None:
            return self.say("unknown")
        rounded = round(value, places)
        shown = plain(value) if value and not rounded else f"{rounded:f}"
        return safe(f"+{shown}" if value > 0 else shown)

    def percent(self, ratio: Decimal | None) -> Html:
        """A ratio, as a percentage."""
        return self.say("none") if ratio is None else safe(f"{ratio * 100:.2f}%")

    def yes_no(self, value: bool) -> Html:
        """Yes or no."""
        return self.say("yes" if value else "no")

    def brief(self, ms: int) -> Html:
        """A length of time that may be short: below ten seconds with what is less than one."""
        return self.say("span.s", s=f"{max(0, ms) / 1000:g}") if ms < BRIEF_MS else self.span(ms)

    def span(self, ms: int) -> Html:
        """A length of time."""
        s = max(0, ms) // 1000
        if s >= 86_400:
            return self.say("span.d", d=s // 86_400, h=s % 86_400 // 3600)
        if s >= 3600:
            return self.say("span.h", h=s // 3600, m=s % 3600 // 60)
        return self.say("span.m", m=s // 60, s=s % 60) if s >= 60 else self.say("span.s", s=s)


def clock(ms: int) -> str:
    """Epoch ms as the time of day, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%H:%M:%S}"


def date_and_time(ms: int) -> str:
    """Epoch ms as date and time, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}"

"""A notice as a card: by its kind and facts where they say all, else by its own sentence, under a title."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.telegram.fill_pile import number
from vibe_quant.telegram.wording import Html, Words

MARKS = {Severity.INFO: "", Severity.WARNING: "⚠️ ", Severity.ALARM: "🚨 "}
Facts = dict[str, str]
SAYINGS: tuple[tuple[NoticeKind, frozenset[str], str], ...] = (
    (NoticeKind.OPEN_ALERT, frozenset({"before", "after"}), "notice.open"),
    (NoticeKind.EXIT_FINISHED, frozenset({"qty", "orders", "avg", "left"}), "exit.short"),
    (NoticeKind.RISK, frozenset({"tier", "dist", "qty", "bound_ms", "mark_age_ms"}), "notice.panic"),
    (NoticeKind.HALT, frozenset({"reason"}), "notice.halt"),
    (NoticeKind.DOUBT, frozenset({"client_id"}), "notice.doubt"),
    (NoticeKind.MISMATCH, frozenset({"counted", "read"}), "notice.counted"),
    (NoticeKind.MISMATCH, frozenset({"claimed", "qty"}), "notice.claimed"),
    (NoticeKind.MISMATCH, frozenset({"client_id", "qty", "price"}), "notice.foreign"),
)
"""(kind, the facts it needs, the text that says it)."""


class Notices:
    """In one language."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._figures: dict[str, Callable[[str], Html]] = {
            "dist": self._dist,
            "bound_ms": self._span,
            "mark_age_ms": self._span,
            "reason": words.phrase,
            "detail": words.phrase,
            "how": words.phrase,
            "stream": lambda name: words.named("stream", name),
            "avg": lambda text: words.number(number(text)),
        }

    def card(self, notice: Notify, count: int = 1) -> Html:
        """Title and sentence; ``count``: so often the same."""
        words = self._words
        title = f"{MARKS[notice.severity]}<b>{words.say(f'title.{notice.kind.value}')}</b>"
        if notice.symbol is not None:
            title += f" {words.scope(notice.symbol, notice.side)}"
        times = words.say("notice.times", count=count) if count > 1 else ""
        return Html(f"{title}{times}\n{self.sentence(notice)}")

    def sentence(self, notice: Notify) -> Html:
        """What happened."""
        facts = dict(notice.facts)
        values = {name: self._value(name, text) for name, text in facts.items()}
        values |= {"bound": values.get("bound_ms", ""), "age": values.get("mark_age_ms", "")}
        try:
            return self._words.say(self._saying(notice, facts), **values)
        except KeyError:  # no text for these facts: they are newer than this file
            return self._words.phrase(notice.text)

    def _saying(self, notice: Notify, facts: Facts) -> str:
        """The key of the text for these facts; what is not in the catalogue where there is none."""
        calm = notice.severity is Severity.INFO
        if notice.kind is NoticeKind.RISK and facts.keys() == {"dist", "liq"}:
            return "notice.far" if calm else "notice.near"
        if notice.kind is NoticeKind.RECONNECT and "stream" in facts:
            return "notice.stream_up" if calm else "notice.stream_down"
        if notice.kind is NoticeKind.STOP and "word" in facts:
            return f"notice.stop_{facts['word']}"
        for kind, needed, key in SAYINGS:
            if notice.kind is kind and needed <= facts.keys():
                return key
        return ""

    def _value(self, name: str, text: str) -> str:
        figure = self._figures.get(name)
        return text if figure is None else figure(text)

    def _dist(self, text: str) -> Html:
        ratio = number(text)
        return self._words.say("unknown") if ratio is None else self._words.percent(ratio)

    def _span(self, text: str) -> Html:
        ms = number(text)
        if ms is None:
            return self._words.say("unknown")
        return Html(f"{ms / Decimal(1000):.1f} s") if ms < Decimal(60_000) else self._words.span(int(ms))

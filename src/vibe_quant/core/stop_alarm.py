"""What the operator hears about a leg's protective stop: each thing once, a missing stop again and again."""

from __future__ import annotations

from decimal import Decimal

from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Intent, Notify

GRACE_MS = 5000
REPEAT_MS = 30_000


class StopAlarm:
    """Notices of one leg."""

    def __init__(self, symbol: str, side: PositionSide) -> None:
        self._symbol = symbol
        self._side = side
        self._pending_ms: int | None = None
        self._due_ms: int | None = None
        self._alarmed = False
        self._said: dict[str, str] = {}
        """topic -> what was last said of it"""
        self.cause = ""

    def judge(self, *, pending: bool, standing: bool, now: int) -> list[Intent]:
        """``pending``: what should stand does not yet.  An alarm after 5 s of it, repeated every 30 s until it does."""
        if not pending:
            self._pending_ms = self._due_ms = None
            self._alarmed = False
            self.cause = ""
            return []
        if self._pending_ms is None or self._due_ms is None:
            self._pending_ms, self._due_ms = now, now + GRACE_MS
        if now < self._due_ms:
            return []
        self._due_ms = now + REPEAT_MS
        self._alarmed = True
        state = "stands at an outdated price" if standing else "does not stand"
        why = f" ({self.cause})" if self.cause else ""
        seconds = (now - self._pending_ms) // 1000
        text = (
            f"The stop of {self._symbol} {self._side} {state} since {seconds} s{why}. "
            "Placing it is tried again without end; place one at the exchange by hand if this goes on."
        )
        self._said.pop("stands", None)
        return [self._say(Severity.ALARM, text, word="missing", seconds=str(seconds), how=self.cause or state)]

    def urge(self, cause: str, now: int) -> None:
        """A request was refused or failed: the first alarm need not wait for its grace."""
        self.cause = cause
        self._pending_ms = self._pending_ms if self._pending_ms is not None else now
        if self._due_ms is None or not self._alarmed:
            self._due_ms = now

    def once(self, topic: str, key: str, severity: Severity, text: str, **facts: str) -> list[Intent]:
        """Says it unless the last word on ``topic`` had the same ``key``."""
        if self._said.get(topic) == key:
            return []
        self._said[topic] = key
        return [self._say(severity, text, **facts)]

    def forget(self, topic: str) -> None:
        """What comes next on the topic is new."""
        self._said.pop(topic, None)

    def stands(self, price: Decimal) -> list[Intent]:
        """The stop was read back."""
        key = str(price)
        if self._said.get("stands") == key:
            return []
        text = f"{self._leg} has its protective stop at {price}."
        return self.once("stands", key, Severity.INFO, text, word="stands", price=key)

    def lost(self, price: Decimal, how: str) -> list[Intent]:
        """A stop that stood does not any more, and we did not ask for that."""
        self.forget("stands")
        text = f"{self._leg} has lost its protective stop at {price}: {how}. It is placed again if it is still needed."
        return [self._say(Severity.WARNING, text, word="lost", price=str(price), how=how)]

    def rejected(self, price: Decimal, how: str) -> list[Intent]:
        """The stop has fired, and its order was not taken."""
        self.forget("stands")
        why = how or "no reason was told"
        text = (
            f"{self._leg}: the protective stop at {price} was triggered and the exchange rejected its order ({why}). "
            "The leg is read; what is left is worked off as in the last panic tier, and a new stop is placed."
        )
        return [self._say(Severity.ALARM, text, word="rejected", price=str(price), how=why)]

    def halved(self, price: Decimal) -> list[Intent]:
        """The stop's place is beyond the mark."""
        text = (
            f"{self._leg} is nearer to liquidation than its stop should be: the stop goes to {price}, half the "
            "present distance, and to its place when the price allows."
        )
        return self.once("half", str(price), Severity.ALARM, text, word="halved", price=str(price))

    def through(self) -> list[Intent]:
        """The price is going through the stop's place."""
        text = (
            f"{self._leg}: the price is going through the place of its protective stop. The side exits at once by "
            "aggressive limits; a stop is tried again after each fill."
        )
        return self.once("through", "", Severity.ALARM, text, word="through")

    def remainder(self, qty: Decimal) -> list[Intent]:
        """The stop has done its part."""
        text = (
            f"{self._leg}: its protective stop has ended and left {qty}; that is worked off as in the last panic tier."
        )
        return [self._say(Severity.ALARM, text, word="remainder", qty=str(qty))]

    def deadline(self) -> int | None:
        """When the alarm is due."""
        return self._due_ms

    @property
    def _leg(self) -> str:
        return f"{self._symbol} {self._side}"

    def _say(self, severity: Severity, text: str, **facts: str) -> Notify:
        """``word`` of the facts names the sentence, for who tells it in another language."""
        return Notify(NoticeKind.STOP, severity, text, self._symbol, self._side, tuple(facts.items()))

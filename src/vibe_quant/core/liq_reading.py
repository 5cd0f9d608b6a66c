"""When a symbol's liquidation prices are to be read by REST, what was read, and which of read and computed rules."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import FetchSnapshot, Intent, Notify

AGREE = Decimal("0.001")
DEBOUNCE_MS = 1000
ANSWER_MS = 5000
ALARM_MS = 10_000


@dataclass(frozen=True, slots=True)
class Ruling:
    """The liquidation price that counts; ``price`` None: there is none."""

    price: Decimal | None


class LiqReading:
    """REST readings of one symbol; a read that left before the last change does not answer it."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._read: dict[PositionSide, tuple[Decimal | None, int]] = {}
        self._changed_ms: int | None = None
        self._unread_ms: int | None = None
        self._ask_ms: int | None = None
        self._blind_ms: int | None = None
        self._alarmed = False

    def changed(self, now: int) -> None:
        """Position, wallet or leverage has changed: read within a second, one read for all changes of it."""
        self._changed_ms = now
        if self._unread_ms is None:
            self._unread_ms = now
            self._ask_ms = now + DEBOUNCE_MS

    def forget(self, side: PositionSide) -> None:
        """The leg is flat: what was read of it is of another position."""
        self._read.pop(side, None)

    def rest(self) -> None:
        """No leg is open: nothing to read, nothing to be alarmed about."""
        self._unread_ms = self._ask_ms = self._blind_ms = None
        self._alarmed = False

    def read(self, side: PositionSide, price: Decimal | None, request_ms: int) -> None:
        """A leg's price as the exchange told it; an older read than the one that is known is dropped."""
        known = self._read.get(side)
        if known is None or request_ms >= known[1]:
            self._read[side] = (price, request_ms)

    def answered(self, request_ms: int, now: int) -> None:
        """A read has come back; where something changed since it left, another one is due."""
        if self._unread_ms is None or request_ms < self._unread_ms:
            return
        newer = self._changed_ms is not None and request_ms < self._changed_ms
        self._unread_ms = self._changed_ms if newer else None
        self._ask_ms = max(now, request_ms + DEBOUNCE_MS) if newer else None

    def failed(self, now: int) -> None:
        """The read failed: again in a second."""
        if self._unread_ms is not None:
            self._ask_ms = now + DEBOUNCE_MS

    def ruling(self, side: PositionSide, computed: Decimal | None, computable: bool) -> Ruling | None:
        """Read and computed where they agree: the read one; else the nearer; None: neither is known."""
        known = self._read.get(side)
        if known is None:
            return Ruling(computed) if computable else None
        if not computable or computed is None:
            return Ruling(known[0])
        if known[0] is None:
            return Ruling(computed)
        if abs(known[0] - computed) <= AGREE * computed:
            return Ruling(known[0])
        nearer = max if side is PositionSide.LONG else min
        return Ruling(nearer(known[0], computed))

    def due(self, now: int, *, blind: bool) -> list[Intent]:
        """The read that is due, and the alarm after 10 s without one; ``blind``: a leg's distance is not known."""
        self._blind_ms = (self._blind_ms if self._blind_ms is not None else now) if blind else None
        out = self._alarm(now)
        if self._ask_ms is not None and now >= self._ask_ms:
            self._ask_ms = now + ANSWER_MS
            out.append(FetchSnapshot(self._symbol, "liquidation price after a change"))
        return out

    def _alarm(self, now: int) -> list[Intent]:
        since = [t for t in (self._unread_ms, self._blind_ms) if t is not None]
        if not since and self._alarmed:
            self._alarmed = False
            return [self._say(Severity.INFO, f"The liquidation distance of {self._symbol} can be read again.")]
        if self._alarmed or not since or now - min(since) < ALARM_MS:
            return []
        self._alarmed = True
        text = (
            f"The liquidation price of {self._symbol} could not be read for {ALARM_MS // 1000} s. The last known "
            "distance rules meanwhile and reading goes on; look at the position's margin at the exchange."
        )
        return [self._say(Severity.ALARM, text)]

    def _say(self, severity: Severity, text: str) -> Notify:
        return Notify(NoticeKind.RISK, severity, text, self._symbol)

    def deadline(self) -> int | None:
        """The next read or alarm."""
        alarms = [] if self._alarmed else [t + ALARM_MS for t in (self._unread_ms, self._blind_ms) if t is not None]
        times = [t for t in (self._ask_ms, *alarms) if t is not None]
        return min(times, default=None)

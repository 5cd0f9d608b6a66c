"""What REST has told of a symbol's liquidation prices, which of read and computed rules, and the alarm without a read.

When they are read: core/position_reads.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.intents import Intent, Notify

AGREE = Decimal("0.001")
ALARM_MS = 10_000


@dataclass(frozen=True, slots=True)
class Ruling:
    """The liquidation price that counts; ``price`` None: there is none."""

    price: Decimal | None


class LiqReading:
    """REST readings of one symbol; a read that left before the last change does not answer it.

    ``ask`` is told when something has changed that a read has to follow.
    """

    def __init__(self, symbol: str, ask: Callable[[int], None]) -> None:
        self._symbol = symbol
        self._ask = ask
        self._read: dict[PositionSide, tuple[Decimal | None, int]] = {}
        self._changed_ms: int | None = None
        self._unread_ms: int | None = None
        self._asked_ms: int | None = None
        self._blind_ms: int | None = None
        self._alarmed = False

    def changed(self, now: int) -> None:
        """Position, wallet or leverage has changed: a read is needed while a leg is held."""
        self._changed_ms = now
        if self._unread_ms is None:
            self._unread_ms = now

    def forget(self, side: PositionSide) -> None:
        """The leg is flat: what was read of it is of another position."""
        self._read.pop(side, None)

    def rest(self) -> None:
        """No leg is open: nothing to read, nothing to be alarmed about."""
        self._unread_ms = self._blind_ms = None
        self._alarmed = False

    def read(self, side: PositionSide, price: Decimal | None, request_ms: int) -> None:
        """A leg's price as the exchange told it; an older read than the one that is known is dropped."""
        known = self._read.get(side)
        if known is None or request_ms >= known[1]:
            self._read[side] = (price, request_ms)

    def answered(self, request_ms: int) -> None:
        """A read has come back; what changed since it left is unread."""
        if self._unread_ms is None or request_ms < self._unread_ms:
            return
        newer = self._changed_ms is not None and request_ms < self._changed_ms
        self._unread_ms = self._changed_ms if newer else None

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
        """Asks for a read of what has changed; the alarm after 10 s without; ``blind``: a distance is not known."""
        self._blind_ms = (self._blind_ms if self._blind_ms is not None else now) if blind else None
        if self._unread_ms is not None and self._changed_ms is not None and self._changed_ms != self._asked_ms:
            self._asked_ms = self._changed_ms
            self._ask(self._changed_ms)
        return self._alarm(now)

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
        """The next alarm."""
        if self._alarmed:
            return None
        return min((t + ALARM_MS for t in (self._unread_ms, self._blind_ms) if t is not None), default=None)

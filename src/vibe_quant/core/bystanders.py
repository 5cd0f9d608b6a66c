"""Positions of symbols that the configuration does not name: remembered to be shown, each said once, never touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.account import Position
from vibe_quant.domain.enums import NoticeKind, PositionSide, Severity
from vibe_quant.domain.events import PositionUpdate
from vibe_quant.domain.intents import Intent, Notify
from vibe_quant.domain.status import UnmanagedLeg

LegKey = tuple[str, PositionSide]


@dataclass(frozen=True, slots=True)
class Held:
    """``exch_ms`` of the news that told it; ``heard_ms``: when the stream did (monotonic).  Nil is kept too."""

    qty: Decimal
    exch_ms: int
    heard_ms: int


class Bystanders:
    """One an account.  A leg of a symbol that is managed later is left out by whoever asks (``legs``)."""

    def __init__(self) -> None:
        self._held: dict[LegKey, Held] = {}
        self._said: set[str] = set()

    def on_row(self, update: PositionUpdate, now: int) -> list[Intent]:
        """A row of the user stream."""
        key = (update.symbol, update.side)
        known = self._held.get(key)
        if known is not None and update.exch_ms < known.exch_ms:
            return []
        self._held[key] = Held(update.qty, update.exch_ms, now)
        return self._say(*key, update.qty)

    def on_read(self, positions: Iterable[Position], symbol: str | None, request_ms: int) -> list[Intent]:
        """All that is held (of ``symbol``; None: of the account) but for managed symbols, as just read.

        What the stream has told since ``request_ms`` outlives it.
        """
        read = {(one.symbol, one.side): one for one in positions}
        of_it = [key for key, held in self._held.items() if symbol in (None, key[0]) and held.heard_ms < request_ms]
        for key in of_it:
            del self._held[key]
        for key, one in read.items():
            self._held.setdefault(key, Held(one.qty, one.exch_ms, -1))
        return [said for key, one in read.items() for said in self._say(*key, one.qty)]

    def legs(self) -> Iterator[UnmanagedLeg]:
        """Those that hold something."""
        return (UnmanagedLeg(*key, held.qty) for key, held in self._held.items() if held.qty > 0)

    def _say(self, symbol: str, side: PositionSide, qty: Decimal) -> list[Intent]:
        if qty <= 0 or symbol in self._said:
            return []
        self._said.add(symbol)
        text = (
            f"{symbol} {side} holds {qty} and is not managed by the configuration: it gets neither orders nor a "
            "protective stop. Name it under symbols: to have it worked."
        )
        return [Notify(NoticeKind.LIFECYCLE, Severity.WARNING, text, symbol, side)]

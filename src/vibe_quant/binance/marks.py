"""Marks by REST: a few symbol by symbol, many out of one read of all, which costs as much as ten."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

import msgspec

from vibe_quant.binance import venue_codec
from vibe_quant.binance.asking import UNREADABLE, Asker
from vibe_quant.binance.rest_codec import Row, Unreadable, decode
from vibe_quant.domain import events as ev
from vibe_quant.ports import Accepted, NotSent, Outcome, Rejected

PREMIUM = "fapiPublicGetPremiumIndex"
FEW = 10
"""So many within a second are read one by one; hundreds would spend the weight of all that protects in seconds."""
SECOND_MS = 1000
FRESH_MS = 900
"""A read of all serves those who ask within this of its departure: each symbol asks once a second."""


class Head(Row, frozen=True):
    """Whose row it is; what one of hundreds lacks must not hide the others."""

    symbol: str = ""


class Marks:
    """``of`` takes the unified name and the exchange's own."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._asked: deque[int] = deque(maxlen=FEW)
        self._lock = asyncio.Lock()
        self._left_ms: int | None = None
        self._all: Outcome[tuple[Mapping[str, str], int]] = NotSent("the marks were not read yet")

    async def of(self, symbol: str, raw: str) -> Outcome[ev.Mark]:
        """One symbol's; a read of all that fails has failed for each who waited for it."""
        now = self._asker.clock.now_ms()
        many = len(self._asked) == FEW and now - self._asked[0] < SECOND_MS
        self._asked.append(now)
        if many:
            return await self._out_of_all(symbol, raw)
        return await self._asker.read(
            PREMIUM, {"symbol": raw}, lambda text, recv: venue_codec.mark(text, symbol, raw, recv)
        )

    async def _out_of_all(self, symbol: str, raw: str) -> Outcome[ev.Mark]:
        sent = self._asker.clock.server_ms()
        async with self._lock:
            now = self._asker.clock.now_ms()
            if self._left_ms is None or now - self._left_ms >= FRESH_MS:
                self._left_ms = now
                self._all = await self._asker.read(PREMIUM, {}, lambda text, recv: (_rows(text), recv))
            read = self._all
        if not isinstance(read, Accepted):
            return read
        rows, recv_ms = read.value
        try:
            return Accepted(venue_codec.mark(rows.get(raw, "{}"), symbol, raw, recv_ms))
        except Unreadable as error:
            return Rejected(UNREADABLE, f"{PREMIUM} of all: no mark of {raw} in it: {error}", sent)


def _rows(text: str) -> Mapping[str, str]:
    """By the exchange's own name, each as it came."""
    raws = [bytes(raw).decode() for raw in decode(text, list[msgspec.Raw])]
    return {decode(raw, Head).symbol: raw for raw in raws}

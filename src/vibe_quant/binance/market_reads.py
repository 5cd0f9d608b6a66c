"""Reads of a symbol's market and rules."""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal

from vibe_quant.binance import margin_codec, venue_codec
from vibe_quant.binance.asking import UNREADABLE, Asker
from vibe_quant.binance.exchange_info import symbol_rules
from vibe_quant.binance.listing import INVALID_SYMBOL, Listing
from vibe_quant.binance.marks import Marks
from vibe_quant.binance.rest_codec import Unreadable
from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.log import log
from vibe_quant.ports import Accepted, Outcome, Rejected

FEES_A_MINUTE = 10
"""A read of fees costs 20 of the weight: of hundreds of symbols at once they would spend it all."""
MINUTE_MS = 60_000
ABREAST = 16
"""Symbols that are read of at a time: hundreds at once would wait for connections until their time stamps are old."""


class MarketReads:
    """Fees are read once a run and symbol; where that fails, or it is not their turn, they wait for the next read."""

    def __init__(self, asker: Asker, listing: Listing) -> None:
        self._asker = asker
        self._listing = listing
        self._fees: dict[str, tuple[Decimal, Decimal]] = {}
        self._fees_asked: deque[int] = deque(maxlen=FEES_A_MINUTE)
        self._gate = asyncio.Semaphore(ABREAST)
        self._marks = Marks(asker)

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        """GET premiumIndex, of all symbols where many are asked for."""
        raw = await self._listing.raw_of(symbol)
        return await self._marks.of(symbol, raw.value) if isinstance(raw, Accepted) else raw

    async def server_time(self) -> Outcome[int]:
        """GET time."""
        return await self._asker.read("fapiPublicGetTime", {}, lambda text, _: venue_codec.server_time(text))

    async def rules(self, symbol: str, since_ms: int | None = None) -> Outcome[ev.RulesLoaded]:
        """exchangeInfo, brackets and fees; without rules or brackets the whole read has failed."""
        raw = await self._listing.listed(symbol)
        if not isinstance(raw, Accepted):
            return raw
        async with self._gate:
            return await self._read_rules(symbol, raw.value, since_ms)

    async def _read_rules(self, symbol: str, name: str, since_ms: int | None) -> Outcome[ev.RulesLoaded]:
        rules, tiers, fees = await asyncio.gather(
            self._rules_of(symbol, name, since_ms),
            self._asker.read(
                "fapiPrivateGetLeverageBracket", {"symbol": name}, lambda text, _: margin_codec.brackets(text, name)
            ),
            self._fees_of(name),
        )
        if not isinstance(rules, Accepted):
            return rules
        if not isinstance(tiers, Accepted):
            return tiers
        maker, taker = fees or (None, None)
        return Accepted(ev.RulesLoaded(rules.value, self._asker.clock.now_ms(), tiers.value, maker, taker))

    async def listed_rules(self, symbol: str, since_ms: int | None = None) -> Outcome[SymbolRules]:
        """The rules alone, which need no key."""
        raw = await self._listing.listed(symbol)
        return await self._rules_of(symbol, raw.value, since_ms) if isinstance(raw, Accepted) else raw

    async def _rules_of(self, symbol: str, raw: str, since_ms: int | None) -> Outcome[SymbolRules]:
        sent = self._asker.clock.server_ms()
        listed = await self._listing.contracts(since_ms)
        if not isinstance(listed, Accepted):
            return listed
        row = listed.value.get(raw)
        if row is None:
            return Rejected(INVALID_SYMBOL, f"exchangeInfo does not list {raw} any more", sent)
        try:
            return Accepted(symbol_rules(row, symbol))
        except Unreadable as error:
            return Rejected(UNREADABLE, f"fapiPublicGetExchangeInfo: the rules cannot be read: {error}", sent)

    async def _fees_of(self, raw: str) -> tuple[Decimal, Decimal] | None:
        if raw in self._fees or not self._is_turn():
            return self._fees.get(raw)
        self._fees_asked.append(self._asker.clock.now_ms())
        read = await self._asker.read(
            "fapiPrivateGetCommissionRate", {"symbol": raw}, lambda text, _: margin_codec.fees(text)
        )
        if not isinstance(read, Accepted):
            text = f"The fees of {raw} could not be read and are not known until the next time: {read}"
            log(le.FEES_UNKNOWN, symbol=raw, text=text)
            return None
        self._fees[raw] = read.value
        return read.value

    def _is_turn(self) -> bool:
        asked = self._fees_asked
        return len(asked) < FEES_A_MINUTE or self._asker.clock.now_ms() - asked[0] >= MINUTE_MS

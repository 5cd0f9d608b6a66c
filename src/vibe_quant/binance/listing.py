"""The contracts that the exchange lists: read once for all who ask at the same time, and their names learnt from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from vibe_quant.binance.asking import Asker
from vibe_quant.binance.exchange_info import ContractRow, perpetuals
from vibe_quant.binance.symbols import SymbolNames, UnknownSymbol
from vibe_quant.domain import log_events as le
from vibe_quant.log import log
from vibe_quant.ports import Accepted, NotSent, Outcome, Rejected

INVALID_SYMBOL = -1121
"""What the exchange answers for a symbol that it does not know; here for one that its list does not have."""
SHARED_MS = 10_000
"""The list is a megabyte: the rules of many symbols are told from one read; who has met a change says since when."""
FRESH_MS = 100
"""Names that are met for the first time in one moment share a read too."""


class Listing:
    """exchangeInfo.  ``strangers``: contracts met in the account that are no listed perpetual, by their own names."""

    def __init__(self, asker: Asker, names: SymbolNames) -> None:
        self.names = names
        self.strangers: set[str] = set()
        self._asker = asker
        self._lock = asyncio.Lock()
        self._reads = 0
        self._left_ms = 0
        self._last: Outcome[Mapping[str, ContractRow]] = NotSent("exchangeInfo was not read yet")

    async def contracts(self, since_ms: int | None = None) -> Outcome[Mapping[str, ContractRow]]:
        """By the exchange's own name, by a read that left no earlier than ``since_ms`` (monotonic).

        None: ``SHARED_MS`` before now.  Those who wait for one read share how it ends.
        """
        seen, clock = self._reads, self._asker.clock
        since = clock.now_ms() - SHARED_MS if since_ms is None else since_ms
        async with self._lock:
            if not self._is_answer(since, seen):
                left = clock.now_ms()
                self._last = await self._asker.read("fapiPublicGetExchangeInfo", {}, lambda text, _: perpetuals(text))
                self._reads, self._left_ms = self._reads + 1, left
                self._learn()
            return self._last

    async def raw_of(self, symbol: str) -> Outcome[str]:
        """The exchange's own name; one that is not known is looked for in a new read, NotSent where it is not there."""
        if symbol in self.strangers:
            return NotSent(f"{symbol} is no perpetual that the exchange lists")
        try:
            return Accepted(self.names.raw(symbol))
        except UnknownSymbol as unknown:
            read = await self._anew()
            try:
                return Accepted(self.names.raw(symbol))
            except UnknownSymbol:
                return NotSent(str(unknown)) if isinstance(read, Accepted) else read

    async def listed(self, symbol: str) -> Outcome[str]:
        """As ``raw_of``; Rejected where the list was read and does not have it, which is an answer."""
        sent = self._asker.clock.server_ms()
        raw = await self.raw_of(symbol)
        return Rejected(INVALID_SYMBOL, raw.detail, sent) if isinstance(raw, NotSent) and self.lacks(symbol) else raw

    def lacks(self, symbol: str) -> bool:
        """Whether the list was read and does not have it: no read of it will ever be answered."""
        return isinstance(self._last, Accepted) and symbol not in self.names

    async def shown(self, symbol: str) -> Outcome[str]:
        """As ``raw_of``, and for a stranger its own name: for reading alone, since nothing may be done with one."""
        return Accepted(symbol) if symbol in self.strangers else await self.raw_of(symbol)

    async def unified_of(self, raws: Iterable[str]) -> Mapping[str, str]:
        """Unified names; what is no perpetual of the list keeps its own, under which nothing can be managed.

        The list is read anew once for each name that is met for the first time.
        """
        wanted = set(raws)
        unknown = {raw for raw in wanted if self.names.unified(raw) is None} - self.strangers
        if unknown and isinstance(await self._anew(), Accepted):
            for raw in sorted(unknown):
                self._meet(raw)
        return {raw: self.names.unified(raw) or raw for raw in wanted}

    def _meet(self, raw: str) -> None:
        if self.names.unified(raw) is None:
            self.strangers.add(raw)
            text = (
                f"{raw} stands in the account and is no perpetual that the exchange lists: it is shown under its own "
                "name and never worked; look after it by hand."
            )
            log(le.UNLISTED, symbol=raw, text=text)

    def _learn(self) -> None:
        if isinstance(self._last, Accepted):
            for raw, row in self._last.value.items():
                self.names.learn(row.unified, raw)
            self.strangers = {raw for raw in self.strangers if self.names.unified(raw) is None}

    async def _anew(self) -> Outcome[Mapping[str, ContractRow]]:
        """For a name that no list had yet."""
        return await self.contracts(self._asker.clock.now_ms() - FRESH_MS + 1)

    def _is_answer(self, since: int, seen: int) -> bool:
        """Whether the last read is one, good or come to its end while it was waited for."""
        if not self._reads or self._left_ms < since:
            return False
        return isinstance(self._last, Accepted) or self._reads != seen

"""The contracts that the exchange lists: read once for all who ask at the same time, and their names learnt from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from vibe_quant.binance.asking import Asker
from vibe_quant.binance.exchange_info import ContractRow, perpetuals
from vibe_quant.binance.symbols import SymbolNames, UnknownSymbol
from vibe_quant.ports import Accepted, NotSent, Outcome, Rejected

LOG = logging.getLogger(__name__)
INVALID_SYMBOL = -1121
"""What the exchange answers for a symbol that it does not know; here for one that its list does not have."""
FRESH_MS = 100
"""Many symbols ask for their rules in one moment, and the list is a megabyte; but where orders are refused for what has
changed, the old rules must not be told until their side has halted."""


class Listing:
    """exchangeInfo.  ``strangers``: contracts met in the account that are no listed perpetual, by their own names."""

    def __init__(self, asker: Asker, names: SymbolNames) -> None:
        self.names = names
        self.strangers: set[str] = set()
        self._asker = asker
        self._lock = asyncio.Lock()
        self._reads = 0
        self._read_ms = 0
        self._last: Outcome[Mapping[str, ContractRow]] = NotSent("exchangeInfo was not read yet")

    async def contracts(self) -> Outcome[Mapping[str, ContractRow]]:
        """By the exchange's own name, at most ``FRESH_MS`` old; those who wait for one read share how it ends."""
        seen = self._reads
        async with self._lock:
            if self._reads == seen and not self._is_fresh():
                self._last = await self._asker.read("fapiPublicGetExchangeInfo", {}, lambda text, _: perpetuals(text))
                self._reads += 1
                self._read_ms = self._asker.clock.now_ms()
                self._learn()
            return self._last

    async def raw_of(self, symbol: str) -> Outcome[str]:
        """The exchange's own name; one that is not known is looked for in a new read, NotSent where it is not there."""
        if symbol in self.strangers:
            return NotSent(f"{symbol} is no perpetual that the exchange lists")
        try:
            return Accepted(self.names.raw(symbol))
        except UnknownSymbol as unknown:
            read = await self.contracts()
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
        if unknown and isinstance(await self.contracts(), Accepted):
            for raw in sorted(unknown):
                self._meet(raw)
        return {raw: self.names.unified(raw) or raw for raw in wanted}

    def _meet(self, raw: str) -> None:
        if self.names.unified(raw) is None:
            self.strangers.add(raw)
            LOG.warning(
                "%s stands in the account and is no perpetual that the exchange lists: it is shown under its own "
                "name and never worked; look after it by hand.",
                raw,
            )

    def _learn(self) -> None:
        if isinstance(self._last, Accepted):
            for raw, row in self._last.value.items():
                self.names.learn(row.unified, raw)
            self.strangers = {raw for raw in self.strangers if self.names.unified(raw) is None}

    def _is_fresh(self) -> bool:
        at = self._asker.clock.now_ms()
        return self._reads > 0 and isinstance(self._last, Accepted) and at - self._read_ms < FRESH_MS

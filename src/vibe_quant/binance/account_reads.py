"""Reads of the account: its open orders and stops, mode, key, and the snapshot that they all are compared with.

A snapshot costs 15 of the IP weight and 2 for each symbol whose orders and stops are read one by one, or 80 for whole
lists of both: at start, when nobody knows where orders rest, and beyond ``BY_SYMBOL`` symbols.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from vibe_quant.binance import account_codec, order_codec, stop_codec
from vibe_quant.binance.account_codec import Legs, SymbolConfig
from vibe_quant.binance.asking import Asker, Reader
from vibe_quant.binance.listing import Listing
from vibe_quant.domain import events as ev
from vibe_quant.domain import log_events as le
from vibe_quant.domain.account import Balance
from vibe_quant.log import log
from vibe_quant.ports import Accepted, NotSent, Outcome

T = TypeVar("T")
LEGS = "fapiPrivateV3GetPositionRisk"
ORDERS, STOPS = "fapiPrivateGetOpenOrders", "fapiPrivateGetOpenAlgoOrders"
BY_SYMBOL = 20
"""Up to so many symbols are read one by one: half the weight of the lists, at two requests each."""
PARTS_WEIGHT, LISTS_WEIGHT = 15, 80
"""Of positions, wallets and configuration; of both lists.  What of a snapshot could be read alone would be wasted."""
ABREAST = 8
"""Requests of one snapshot that are under way at a time."""


@dataclass(slots=True)
class _Rest:
    """Open orders and stops under the exchange's names; None once a part of them could not be read."""

    orders: list[ev.OrderUpdate] | None
    stops: list[ev.StopReport] | None
    whole: bool = False


class _Round:
    """The requests of one snapshot, some at a time; ``failed`` says which did."""

    def __init__(self, asker: Asker) -> None:
        self.failed: list[str] = []
        self._asker = asker
        self._gate = asyncio.Semaphore(ABREAST)

    async def read(self, name: str, at: Mapping[str, str], reader: Reader[T]) -> Outcome[T]:
        async with self._gate:
            read = await self._asker.read(name, at, reader)
        if not isinstance(read, Accepted):
            self.failed.append(f"{name} of {at.get('symbol', 'the account')}: {read}")
        return read

    async def rest(self, raws: Sequence[str], *, whole: bool) -> _Rest:
        places: list[dict[str, str]] = [{}] if whole else [{"symbol": raw} for raw in raws]
        orders, stops = await asyncio.gather(
            asyncio.gather(*(self.read(ORDERS, at, order_codec.open_orders) for at in places)),
            asyncio.gather(*(self.read(STOPS, at, stop_codec.open_stops) for at in places)),
        )
        return _Rest(_joined(orders), _joined(stops), whole)


class AccountReads:
    """Names of symbols in what is returned are unified, or the exchange's own for what is no listed perpetual."""

    def __init__(self, asker: Asker, listing: Listing) -> None:
        self._asker = asker
        self._listing = listing

    async def open_orders(self, symbol: str) -> Outcome[ev.OpenOrdersRead]:
        """GET openOrders of a symbol, Rejected (-1121) without one; ``exch_ms``: server time when the request left."""
        sent, exch = self._asker.clock.now_ms(), self._asker.clock.server_ms()
        raw = await self._listing.listed(symbol)
        if not isinstance(raw, Accepted):
            return raw
        read = await self._asker.read(ORDERS, {"symbol": raw.value}, order_codec.open_orders)
        if not isinstance(read, Accepted):
            return read
        orders = tuple(replace(order, symbol=symbol) for order in read.value)
        return Accepted(ev.OpenOrdersRead(symbol, orders, sent, self._asker.clock.now_ms(), exch))

    async def open_stops(self, symbol: str) -> Outcome[ev.StopsRead]:
        """GET openAlgoOrders of a symbol; ``exch_ms`` is the server's time when the request left."""
        sent, exch = self._asker.clock.now_ms(), self._asker.clock.server_ms()
        read = await self._of_symbol(STOPS, symbol, stop_codec.open_stops)
        if not isinstance(read, Accepted):
            return read
        stops = tuple(replace(stop, symbol=symbol) for stop in read.value)
        return Accepted(ev.StopsRead(symbol, stops, sent, self._asker.clock.now_ms(), exch))

    async def snapshot(self, symbol: str | None, known: Sequence[str]) -> Outcome[ev.AccountSnapshot]:
        """Legs, wallets, orders and stops; without the legs the whole has failed, any other part is None then.

        For the whole account, orders and stops are read of ``known`` and of every symbol that has a leg or an order;
        with nothing known, of all.
        """
        if symbol is None:
            return await self._taken(None, {}, await self._known(known))
        raw = await self._listing.shown(symbol)
        if not isinstance(raw, Accepted):
            return raw
        return await self._taken(symbol, {"symbol": raw.value}, [raw.value])

    async def positions(self) -> Outcome[ev.PositionsRead]:
        """positionRisk of all symbols; ``exch_ms`` is the server's time when the request left."""
        sent, exch = self._asker.clock.now_ms(), self._asker.clock.server_ms()
        read = await self._asker.read(LEGS, {}, lambda text, _: account_codec.legs(text))
        if not isinstance(read, Accepted):
            return read
        legs = read.value.open
        names = await self._listing.unified_of(leg.symbol for leg in legs)
        found = tuple(account_codec.configured(leg, names[leg.symbol], None) for leg in legs)
        return Accepted(ev.PositionsRead(found, sent, self._asker.clock.now_ms(), exch))

    async def _taken(
        self, symbol: str | None, at: Mapping[str, str], raws: Sequence[str]
    ) -> Outcome[ev.AccountSnapshot]:
        sent, exch = self._asker.clock.now_ms(), self._asker.clock.server_ms()
        whole = not 0 < len(raws) <= BY_SYMBOL
        no_room = self._asker.no_room(PARTS_WEIGHT + (LISTS_WEIGHT if whole else 2 * len(raws)))
        if no_room is not None:
            return NotSent(f"a snapshot of {symbol or 'the account'}: {no_room}")
        one = _Round(self._asker)
        legs, wallets, configs, rest = await asyncio.gather(
            one.read(LEGS, at, lambda text, _: account_codec.legs(text)),
            one.read("fapiPrivateV3GetBalance", {}, lambda text, _: account_codec.balances(text)),
            one.read("fapiPrivateGetSymbolConfig", at, lambda text, _: account_codec.symbol_configs(text)),
            one.rest(raws, whole=whole),
        )
        if not isinstance(legs, Accepted):
            return legs
        if symbol is None and not whole:
            await _unforeseen(one, rest, sorted(legs.value.symbols - set(raws)))
        if one.failed:
            text = f"A snapshot lacks {len(one.failed)} of its reads; the first is {one.failed[0]}"
            log(le.SNAPSHOT_LACKS, lacking=len(one.failed), text=text)
        return Accepted(await self._put_together(symbol, legs.value, _part(wallets), _part(configs), rest, sent, exch))

    async def _put_together(
        self,
        symbol: str | None,
        legs: Legs,
        wallets: tuple[Balance, ...] | None,
        configs: Mapping[str, SymbolConfig] | None,
        rest: _Rest,
        sent: int,
        exch: int,
    ) -> ev.AccountSnapshot:
        met = {leg.symbol for leg in legs.open}
        met |= {order.symbol for order in rest.orders or ()} | {stop.symbol for stop in rest.stops or ()}
        names = await self._listing.unified_of(met)
        config = configs or {}
        return ev.AccountSnapshot(
            symbol,
            tuple(account_codec.configured(leg, names[leg.symbol], config.get(leg.symbol)) for leg in legs.open),
            wallets,
            None if rest.orders is None else tuple(replace(one, symbol=names[one.symbol]) for one in rest.orders),
            None if rest.stops is None else tuple(replace(one, symbol=names[one.symbol]) for one in rest.stops),
            sent,
            self._asker.clock.now_ms(),
            exch,
        )

    async def _known(self, symbols: Sequence[str]) -> list[str]:
        """The exchange's names; none at all, so that everything is read, where one of them cannot be told."""
        found: list[str] = []
        for symbol in dict.fromkeys(symbols):
            raw = await self._listing.shown(symbol)
            if not isinstance(raw, Accepted):
                return []
            found.append(raw.value)
        return found

    async def _of_symbol(self, name: str, symbol: str, reader: Reader[T]) -> Outcome[T]:
        raw = await self._listing.raw_of(symbol)
        if not isinstance(raw, Accepted):
            return raw
        return await self._asker.read(name, {"symbol": raw.value}, reader)


async def _unforeseen(one: _Round, rest: _Rest, raws: Sequence[str]) -> None:
    """Legs and orders where nobody expected any; many are read as whole lists, in place of what was read."""
    if not raws:
        return
    more = await one.rest(raws, whole=len(raws) > BY_SYMBOL)
    if more.whole:
        rest.orders, rest.stops = more.orders, more.stops
        return
    rest.orders = None if rest.orders is None or more.orders is None else rest.orders + more.orders
    rest.stops = None if rest.stops is None or more.stops is None else rest.stops + more.stops


def _part(read: Outcome[T]) -> T | None:
    return read.value if isinstance(read, Accepted) else None


def _joined(reads: Iterable[Outcome[tuple[T, ...]]]) -> list[T] | None:
    joined: list[T] = []
    for read in reads:
        if not isinstance(read, Accepted):
            return None
        joined += read.value
    return joined

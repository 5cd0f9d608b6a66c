"""The Exchange port of venue paper: what a key would sign is worked by the imagined exchange, after its way there.

Only what is public is asked of the real one: contracts, mark prices and the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from vibe_quant.app.paper_venue import PaperVenue
from vibe_quant.app.patience import Sleep
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import Source
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.ports import Accepted, AccountConfig, Clock, KeyRights, NotSent, Outcome, Rejected, UserTrade
from vibe_quant.sim import answers, records
from vibe_quant.sim.gateway import algo_request, amend_request, order_request

T = TypeVar("T")


class PublicReads(Protocol):
    """What of the real exchange is asked; no key signs any of it (``ExchangeAdapter``)."""

    async def load_names(self) -> Outcome[int]:
        """All contracts; how many there are."""
        ...

    async def listed_rules(self, symbol: str, since_ms: int | None = None) -> Outcome[SymbolRules]:
        """What exchangeInfo says of a symbol."""
        ...

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        """GET premiumIndex."""
        ...

    async def server_time(self) -> Outcome[int]:
        """GET time."""
        ...

    async def close(self) -> None:
        """End."""
        ...


@dataclass(frozen=True, slots=True)
class Journey:
    """``at``, ``signed``: when the request is worked and when it left, epoch ms; ``sent``, ``recv``: monotonic ms."""

    at: int
    signed: int
    sent: int
    recv: int


class PaperExchange:
    """Implements ``ports.Exchange``, whose docstrings hold here; nothing is ever sent to anybody.

    While no quote has come since the book stream was up, orders are NotSent: there is nothing to fill them against.
    """

    def __init__(self, venue: PaperVenue, public: PublicReads, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self.venue = venue
        self._sim = venue.exchange
        self._public = public
        self._clock = clock
        self._sleep = sleep

    async def load_names(self) -> Outcome[int]:
        """Read exchangeInfo and learn the names of all perpetuals; how many there are."""
        return await self._public.load_names()

    async def submit(self, order: OrderIntent) -> Outcome[ev.OrderUpdate]:
        """Enters the imagined book, which shows what the streams have told last."""
        if not self.venue.has_book(order.symbol):
            return _bookless(order.symbol)
        return await self._ask(lambda j: answers.order_ack(self._sim.place(order_request(order), j.at), j.recv))

    async def cancel(self, cancel: CancelOrder) -> Outcome[ev.OrderUpdate]:
        """One order by its client id."""
        return await self._ask(
            lambda j: answers.order_read(self._sim.cancel(cancel.symbol, cancel.client_id, j.at), j.recv, False)
        )

    async def amend(self, amend: AmendOrder) -> Outcome[ev.OrderUpdate]:
        """Price and total quantity."""
        if not self.venue.has_book(amend.symbol):
            return _bookless(amend.symbol)
        return await self._ask(
            lambda j: answers.order_read(self._sim.amend(amend_request(amend, j.signed), j.at), j.recv, False)
        )

    async def query(self, query: QueryOrder) -> Outcome[ev.OrderUpdate]:
        """One order by its client id."""
        return await self._ask(
            lambda j: answers.order_read(self._sim.query(query.symbol, query.client_id, j.at), j.recv)
        )

    async def open_orders(self, symbol: str) -> Outcome[ev.OpenOrdersRead]:
        """All of a symbol."""
        return await self._ask(lambda j: answers.open_orders(self._sim, symbol, j.sent, j.at, j.recv))

    async def place_stop(self, stop: PlaceStop) -> Outcome[ev.StopReport]:
        """Triggers by the real mark price."""
        return await self._ask(
            lambda j: answers.stop_report(
                self._sim.algos.place(algo_request(stop, j.signed), j.at), j.recv, Source.REST
            )
        )

    async def cancel_stop(self, cancel: CancelStop) -> Outcome[ev.StopReport]:
        """The report says more than that of the real one: all that the stop was."""
        return await self._ask(
            lambda j: answers.stop_report(self._sim.algos.cancel(cancel.client_id, j.at), j.recv, Source.REST)
        )

    async def open_stops(self, symbol: str) -> Outcome[ev.StopsRead]:
        """All of a symbol."""
        return await self._ask(lambda j: answers.stops(self._sim, symbol, j.sent, j.at, j.recv))

    async def countdown(self, symbol: str, countdown_ms: int) -> Outcome[ev.DeadManAck]:
        """Runs in this process, and ends with it."""
        return await self._ask(lambda j: self._armed(symbol, countdown_ms, j))

    def _armed(self, symbol: str, countdown_ms: int, journey: Journey) -> ev.DeadManAck:
        self._sim.countdowns.arm(symbol, countdown_ms, journey.at)
        return ev.DeadManAck(symbol, countdown_ms, journey.recv)

    async def snapshot(self, symbol: str | None, known: Sequence[str]) -> Outcome[ev.AccountSnapshot]:  # noqa: ARG002
        """The imagined account; whole, whatever is ``known``."""
        return await self._ask(lambda j: answers.snapshot(self._sim, symbol, j.sent, j.at, j.recv))

    async def positions(self) -> Outcome[ev.PositionsRead]:
        """The imagined account's."""
        return await self._ask(lambda j: answers.positions(self._sim, j.sent, j.at, j.recv))

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        """The real one, which the imagined exchange hears of too."""
        read = await self._public.mark(symbol)
        if isinstance(read, Accepted):
            self.venue.show(read.value)
        return read

    async def rules(self, symbol: str, since_ms: int | None = None) -> Outcome[ev.RulesLoaded]:
        """Those of the real exchangeInfo; default maintenance brackets, and the fees of an ordinary account."""
        read = await self._public.listed_rules(symbol, since_ms)
        if not isinstance(read, Accepted):
            return read
        self.venue.list_symbol(read.value)
        market, account = self._sim.venue.market(symbol), self._sim.account
        now = self._clock.now_ms()
        return Accepted(ev.RulesLoaded(read.value, now, market.brackets, account.maker_fee, account.taker_fee))

    async def server_time(self) -> Outcome[int]:
        """The real exchange's."""
        return await self._public.server_time()

    async def account_config(self) -> Outcome[AccountConfig]:
        """In hedge mode, single-asset, free to trade."""
        return Accepted(AccountConfig(hedge_mode=True, multi_assets=False, can_trade=True))

    async def key_rights(self) -> Outcome[KeyRights | None]:
        """There is no key."""
        return Accepted(None)

    async def user_trades(self, symbol: str, since_ms: int) -> Outcome[tuple[UserTrade, ...]]:
        """Of this run, the newest 20,000 of all symbols."""
        trades = self.venue.trades
        return await self._ask(lambda _: tuple(t for t in trades if t.symbol == symbol and t.exch_ms >= since_ms))

    async def close(self) -> None:
        """End; nothing may be asked after it."""
        await self._public.close()

    async def _ask(self, work: Callable[[Journey], T]) -> Outcome[T]:
        """There, be worked at the time of arrival, and back."""
        sent, signed = self._clock.now_ms(), self._clock.server_ms()
        latency = self.venue.latency
        await self._sleep(latency.entry() / 1000)
        back_ms = latency.response()
        journey = Journey(self.venue.time(), signed, sent, self._clock.now_ms() + back_ms)
        outcome: Outcome[T]
        try:
            outcome = Accepted(work(journey))
        except records.Rejected as refusal:
            outcome = Rejected(refusal.code, refusal.message, signed)
        self.venue.collect()
        await self._sleep(back_ms / 1000)
        return outcome


def _bookless(symbol: str) -> NotSent:
    return NotSent(f"no quote of {symbol} has come since the book stream was up: paper has nothing to fill it against")

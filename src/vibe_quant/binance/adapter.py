"""ExchangeAdapter: the Exchange port over Binance's REST interface; exceptions end here, outcomes leave."""

from __future__ import annotations

from collections.abc import Sequence

from vibe_quant.binance import account_codec, venue_codec
from vibe_quant.binance.account_reads import AccountReads
from vibe_quant.binance.actions import Actions
from vibe_quant.binance.asking import Asker, Caller
from vibe_quant.binance.listing import Listing
from vibe_quant.binance.market_reads import MarketReads
from vibe_quant.binance.symbols import SymbolNames
from vibe_quant.binance.trade_history import TradeHistory
from vibe_quant.domain import events as ev
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.domain.rules import SymbolRules
from vibe_quant.ports import Accepted, AccountConfig, Clock, KeyRights, Outcome, UserTrade


class ExchangeAdapter:
    """Implements ``ports.Exchange``, whose docstrings hold here; what is said beside them is about this venue.

    An answer that cannot be read is Rejected with code 200 for a read, Unknown for an action and for a query.
    A symbol that is not known is looked for in a new exchangeInfo; where that does not have it, NotSent.
    """

    def __init__(self, client: Caller, names: SymbolNames, clock: Clock) -> None:
        self._asker = Asker(client, clock)
        self._listing = Listing(self._asker, names)
        self._actions = Actions(self._asker, self._listing)
        self._account = AccountReads(self._asker, self._listing)
        self._market = MarketReads(self._asker, self._listing)
        self._history = TradeHistory(self._asker, self._listing)
        self._client = client

    @property
    def strangers(self) -> frozenset[str]:
        """Contracts met in the account that are no listed perpetual, by the exchange's own names."""
        return frozenset(self._listing.strangers)

    async def load_names(self) -> Outcome[int]:
        """Read exchangeInfo and learn the names of all perpetuals; how many there are."""
        read = await self._listing.contracts()
        return Accepted(len(read.value)) if isinstance(read, Accepted) else read

    async def submit(self, order: OrderIntent) -> Outcome[ev.OrderUpdate]:
        """Passes a back-off of 429 for panic and what is left of a stop."""
        return await self._actions.submit(order)

    async def cancel(self, cancel: CancelOrder) -> Outcome[ev.OrderUpdate]:
        """One order by its client id."""
        return await self._actions.cancel(cancel)

    async def amend(self, amend: AmendOrder) -> Outcome[ev.OrderUpdate]:
        """Price and total quantity."""
        return await self._actions.amend(amend)

    async def query(self, query: QueryOrder) -> Outcome[ev.OrderUpdate]:
        """The one answer about an order that has its average price."""
        return await self._actions.query(query)

    async def open_orders(self, symbol: str) -> Outcome[ev.OpenOrdersRead]:
        """Weight 1."""
        return await self._account.open_orders(symbol)

    async def place_stop(self, stop: PlaceStop) -> Outcome[ev.StopReport]:
        """Passes a back-off of 429."""
        return await self._actions.place_stop(stop)

    async def cancel_stop(self, cancel: CancelStop) -> Outcome[ev.StopReport]:
        """``exch_ms`` is the server's time when the request left: the answer has none."""
        return await self._actions.cancel_stop(cancel)

    async def open_stops(self, symbol: str) -> Outcome[ev.StopsRead]:
        """Weight 1."""
        return await self._account.open_stops(symbol)

    async def countdown(self, symbol: str, countdown_ms: int) -> Outcome[ev.DeadManAck]:
        """Weight 10."""
        return await self._actions.countdown(symbol, countdown_ms)

    async def cancel_all(self, symbol: str) -> Outcome[None]:
        """Whatever rests in a symbol, everybody's: no verb of the port, for nothing that trades may do that."""
        return await self._actions.cancel_all(symbol)

    async def snapshot(self, symbol: str | None, known: Sequence[str]) -> Outcome[ev.AccountSnapshot]:
        """See account_reads for what it costs; failed as a whole where the positions could not be read."""
        return await self._account.snapshot(symbol, known)

    async def positions(self) -> Outcome[ev.PositionsRead]:
        """Weight 5, for one symbol or all."""
        return await self._account.positions()

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        """Weight 1."""
        return await self._market.mark(symbol)

    async def rules(self, symbol: str, since_ms: int | None = None) -> Outcome[ev.RulesLoaded]:
        """Brackets must come too; fees, of which ten are read a minute, are None where they were not read yet."""
        return await self._market.rules(symbol, since_ms)

    async def listed_rules(self, symbol: str, since_ms: int | None = None) -> Outcome[SymbolRules]:
        """What exchangeInfo says of a symbol: for a venue that is only watched, where no key signs."""
        return await self._market.listed_rules(symbol, since_ms)

    async def server_time(self) -> Outcome[int]:
        """Weight 1, no key."""
        return await self._market.server_time()

    async def account_config(self) -> Outcome[AccountConfig]:
        """Weight 5."""
        return await self._asker.read(
            "fapiPrivateGetAccountConfig", {}, lambda text, _: account_codec.account_config(text)
        )

    async def key_rights(self) -> Outcome[KeyRights | None]:
        """Asked of the wallet service, at another host."""
        if not self._client.has_wallet:
            return Accepted(None)
        return await self._asker.read(
            "sapiGetAccountApiRestrictions", {}, lambda text, _: account_codec.key_rights(text)
        )

    async def user_trades(self, symbol: str, since_ms: int) -> Outcome[tuple[UserTrade, ...]]:
        """At most 89 days back; weight 5 a page and week."""
        return await self._history.since(symbol, since_ms)

    async def listen_key(self) -> Outcome[str]:
        """POST listenKey: the account's one key, prolonged by an hour; a secret.  Harmless twice."""
        return await self._asker.act("fapiPrivatePostListenKey", dict, lambda text, _: venue_codec.listen_key(text))

    async def keep_alive(self) -> Outcome[None]:
        """PUT listenKey: another hour; Rejected(-1125) where the key is gone."""
        return await self._asker.act("fapiPrivatePutListenKey", dict, lambda _text, _recv: None)

    async def close(self) -> None:
        """End; nothing may be asked after it."""
        await self._client.close()

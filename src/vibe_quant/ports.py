"""What the program needs of the world outside, as protocols; live, paper and tests each bring their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import OrderSide, PositionSide
from vibe_quant.domain.intents import AmendOrder, CancelOrder, CancelStop, OrderIntent, PlaceStop, QueryOrder
from vibe_quant.domain.market import Wants

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T_co]):
    """The exchange did what was asked; ``value`` is what it answered."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Rejected:
    """The exchange definitely did not do it.

    ``code`` is its own (negative), or the HTTP status where the body had none; ``exch_ms`` the server's time (epoch ms)
    when the request left, by the measured offset: a lower bound of when it was worked.
    """

    code: int
    message: str
    exch_ms: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether it was done; never to be repeated blindly."""

    detail: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left this host: a ban or back-off holds, the breaker is open, no connection could be made."""

    detail: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429: not done; nothing but risk for ``wait_ms``."""

    wait_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Banned:
    """418: not done; nothing at all for ``wait_ms``."""

    wait_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuthLost:
    """Not done, and nothing signed will be until key, address or permission are put right."""

    code: int
    message: str
    exch_ms: int


Failure = Rejected | Unknown | NotSent | RateLimited | Banned | AuthLost
Outcome = Accepted[T_co] | Failure
"""What may come of a request; exceptions carry no meaning past the adapter."""


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """What accountConfig says of the account as a whole."""

    hedge_mode: bool
    multi_assets: bool
    can_trade: bool


@dataclass(frozen=True, slots=True)
class KeyRights:
    """The rights of the API key, as apiRestrictions names them, and whether it is bound to addresses.

    ``created_ms``: when it was made, epoch ms; None where it is not told.
    """

    rights: Mapping[str, bool]
    ip_restricted: bool
    created_ms: int | None = None


@dataclass(frozen=True, slots=True)
class UserTrade:
    """One of the account's own trades, as userTrades has it; ``exch_ms`` epoch ms, quantities in the base asset."""

    symbol: str
    side: OrderSide
    position_side: PositionSide
    trade_id: int
    order_id: int
    price: Decimal
    qty: Decimal
    is_maker: bool
    fee: Decimal
    fee_asset: str
    realized_pnl: Decimal
    exch_ms: int


class Clock(Protocol):
    """Both clocks of the program."""

    def now_ms(self) -> int:
        """Monotonic milliseconds: ``now`` of ``Engine.handle`` and ``recv_ms`` of every event."""
        ...

    def server_ms(self) -> int:
        """The exchange's clock, epoch ms: now plus the measured offset (of the wall's clock before it is measured)."""
        ...

    @property
    def offset_ms(self) -> int:
        """The exchange's clock less the monotonic one: what turns a moment of one into a moment of the other.

        Two readings, one of each clock, would differ by this and by the time between them.
        """
        ...


class Ids(Protocol):
    """Tokens that are new at each start."""

    def run(self) -> str:
        """Letters and digits, at most 8; never the same twice on one account."""
        ...


class Exchange(Protocol):
    """The exchange as a REST venue.  Symbols are unified ("BTC/USDT:USDT"); every method may wait for the network.

    ``recv_ms`` of what comes back is ``Clock.now_ms`` when the answer was read.
    """

    async def submit(self, order: OrderIntent) -> Outcome[ev.OrderUpdate]:
        """POST order; the acknowledgement as a report."""
        ...

    async def cancel(self, cancel: CancelOrder) -> Outcome[ev.OrderUpdate]:
        """DELETE order."""
        ...

    async def amend(self, amend: AmendOrder) -> Outcome[ev.OrderUpdate]:
        """PUT order."""
        ...

    async def query(self, query: QueryOrder) -> Outcome[ev.OrderUpdate]:
        """GET order by client id; "does not exist" is Rejected(-2013)."""
        ...

    async def open_orders(self, symbol: str) -> Outcome[ev.OpenOrdersRead]:
        """GET openOrders of a symbol."""
        ...

    async def place_stop(self, stop: PlaceStop) -> Outcome[ev.StopReport]:
        """POST algoOrder."""
        ...

    async def cancel_stop(self, cancel: CancelStop) -> Outcome[ev.StopReport]:
        """DELETE algoOrder; the report says CANCELED and, as the answer does, nothing of price and quantity (zero)."""
        ...

    async def open_stops(self, symbol: str) -> Outcome[ev.StopsRead]:
        """GET openAlgoOrders of a symbol."""
        ...

    async def countdown(self, symbol: str, countdown_ms: int) -> Outcome[ev.DeadManAck]:
        """POST countdownCancelAll; zero switches it off."""
        ...

    async def snapshot(self, symbol: str | None, known: Sequence[str]) -> Outcome[ev.AccountSnapshot]:
        """Positions, wallets, open orders and open stops; a part that could not be read is None.

        ``symbol`` None: the whole account, of whose orders at least those of ``known`` are read.
        """
        ...

    async def positions(self) -> Outcome[ev.PositionsRead]:
        """The open legs of the whole account, and nothing beside."""
        ...

    async def mark(self, symbol: str) -> Outcome[ev.Mark]:
        """GET premiumIndex."""
        ...

    async def rules(self, symbol: str, since_ms: int | None = None) -> Outcome[ev.RulesLoaded]:
        """GET exchangeInfo, brackets and fees of a symbol.

        A list that was asked for before ``since_ms`` (monotonic) does not do; None: one of the last seconds does.
        """
        ...

    async def server_time(self) -> Outcome[int]:
        """GET time, epoch ms."""
        ...

    async def account_config(self) -> Outcome[AccountConfig]:
        """GET accountConfig."""
        ...

    async def key_rights(self) -> Outcome[KeyRights | None]:
        """GET apiRestrictions; None where the venue has none (demo)."""
        ...

    async def user_trades(self, symbol: str, since_ms: int) -> Outcome[tuple[UserTrade, ...]]:
        """All of the account's trades of a symbol since an exchange time (epoch ms), oldest first."""
        ...

    async def close(self) -> None:
        """End; nothing may be asked after it."""
        ...


Sink = Callable[[ev.Event], None]
"""Takes an event at once; never waits, never fails."""


class MarketFeed(Protocol):
    """The public market streams."""

    def follow(self, wanted: Mapping[str, Wants]) -> None:
        """These symbols from now on, and no others."""
        ...

    async def run(self) -> None:
        """Connect and stay connected until cancelled; news and the sockets' coming and going go to the sink."""
        ...


class UserFeed(Protocol):
    """The account's own stream."""

    def expect(self, now: int) -> None:
        """A request was accepted that the stream must tell of; a stream that stays silent after it is dead.

        ``now`` is when the request left: the news often comes before the answer.
        """
        ...

    async def run(self) -> None:
        """Connect and stay connected until cancelled."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the journal before it is chained.

    ``kind``: start, intent, report, fill, position, decision, mismatch, command, check, stop, exit, end, pruned, and
    what ``Notebook`` notes.  ``at_ms`` epoch ms, by the server's clock.
    ``body`` is plain data: str, int, bool, None, lists and dicts of those; Decimals as their exact text.
    """

    kind: str
    at_ms: int
    body: Mapping[str, Any] = field(default_factory=dict)
    symbol: str = ""
    side: str = ""
    client_id: str = ""


class JournalBroken(Exception):  # noqa: N818 - a state of the journal that callers go on from
    """Nothing more can be written; the message says why and where."""


class Journal(Protocol):
    """The durable record: what returned is on the disk."""

    @property
    def trouble(self) -> str:
        """Why discretion must wait ("": all is well); set too where rows can still be written, but not for long."""
        ...

    def write(self, entries: Sequence[Entry]) -> None:
        """Append in one transaction, all or nothing; none: see whether the trouble is over.

        Raises:
            JournalBroken: they are not on the disk.
        """
        ...

    def close(self) -> None:
        """End."""
        ...

"""The one door to the exchange's REST: asks, tells what the answer said of limits, and returns an outcome.

Nothing is repeated, nothing leaves during a ban or beyond the address's weight, and no exception of a library gets past
this file.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from ccxt.async_support.binanceusdm import binanceusdm
from ccxt.base.errors import BaseError
from ccxt.base.types import Entry

from vibe_quant.binance.credentials import Credentials
from vibe_quant.binance.holds import Hold, Holds
from vibe_quant.binance.outcome import (
    TOO_MANY_ORDERS,
    Answer,
    Asked,
    Lost,
    judge,
    of_lost,
    orders_wait_ms,
    retry_after_ms,
)
from vibe_quant.binance.transport import Flight
from vibe_quant.binance.urls import Endpoints
from vibe_quant.binance.weights import RESERVE, Ticket, Weights, limit_of, weight_of
from vibe_quant.binance.wire import RECV_WINDOW_MS, CcxtWire
from vibe_quant.domain import events as ev
from vibe_quant.ports import Banned, Clock, NotSent, Outcome, RateLimited, Rejected, Sink

__all__ = ["Hold", "RestClient"]

CONNECT_MS = 3000
TIMEOUT_MS = 10_000
OWN_ID = {"order": "newClientOrderId", "algoOrder": "clientAlgoId"}
"""POST to these must carry an own id, or ccxt adds one of its own."""
PLACING = frozenset({("POST", "order"), ("PUT", "order")})
"""What the exchange counts as an order."""
WALLET_CALLS = frozenset({"account/apiRestrictions"})
INFO = "exchangeInfo"
LISTEN_KEY = "listenKey"
"""Wants a key and no signature."""
BATCH = "batchOrders"
OK = 200
BANNED = 418
USAGE = ("X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1M")
"""In the order of RateUsage's fields."""
Params = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    method: str
    path: str
    keyed: bool

    @property
    def signed(self) -> bool:
        return self.keyed and self.path != LISTEN_KEY

    @property
    def acts(self) -> bool:
        return self.method != "GET"

    @property
    def places(self) -> bool:
        return (self.method, self.path) in PLACING


@dataclass(slots=True)
class _Trip:
    """One request, what it costs of the address's weight, and how far it has come."""

    call: _Call
    hold: Hold
    weight: int
    ticket: Ticket | None = None


class RestClient:
    """REST calls by the names of ccxt's implicit methods, such as "fapiPrivatePostOrder".

    ``timeout_ms`` is for the whole of a call, ``connect_ms`` for the making of a connection, which a call may need;
    ``reserve`` is the share of the address's weight of which reads leave a part (weights.py).
    Use within one event loop; ``close`` at the end.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials | None,
        clock: Clock,
        tell: Sink,
        timeout_ms: int = TIMEOUT_MS,
        connect_ms: int = CONNECT_MS,
        reserve: Decimal = RESERVE,
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._timeout_ms = timeout_ms
        self._scrub = str if credentials is None else credentials.scrub
        self._holds = Holds()
        self._weights = Weights(reserve)
        self._limit: int | None = None
        self._wire = CcxtWire(endpoints, credentials, connect_ms, timeout_ms)
        self._has_keys = credentials is not None
        self._has_wallet = endpoints.sapi is not None
        self._calls: dict[str, _Call] = {}

    def keep_back(self, reserve: Decimal) -> None:
        """Another share of the address's weight of which reads leave a part."""
        self._weights.reserve = reserve

    def __repr__(self) -> str:
        return "RestClient()"

    @property
    def has_wallet(self) -> bool:
        """Whether the venue has the wallet service, which alone tells of the key's rights."""
        return self._has_wallet

    def no_room(self, weight: int) -> str | None:
        """Why reads that cost so much together cannot leave in this minute; None: they can."""
        return self._weights.why_not(weight, self._clock.server_ms(), acts=False)

    async def call(self, name: str, params: Params, hold: Hold = Hold.ORDINARY) -> Outcome[str]:
        """Ask once; Accepted carries the body's text.

        Signed calls get ``timestamp`` (the clock's server time) and ``recvWindow`` (5000 ms) where ``params`` lack
        them; what is None is not sent.

        Raises:
            ValueError: a defect of the caller: no such call, or a new order without an own client id.
        """
        call = self._call(name)
        given: dict[str, str | int] = {key: value for key, value in params.items() if value is not None}
        _check_id(call, given)
        trip = _Trip(call, hold, 0 if call.path in WALLET_CALLS else weight_of(call.method, call.path, given))
        why_not = self._why_not(trip)
        if why_not is not None:
            return NotSent(f"{name}: {why_not}")
        asked = Asked(name, call.method, self._clock.server_ms())
        if call.signed:
            given = {"timestamp": asked.sent_ms, "recvWindow": RECV_WINDOW_MS, **given}
        try:
            got = await self._ask(trip, given)
        finally:
            if trip.ticket is not None:
                self._weights.end(trip.ticket, self._clock.server_ms())
        if isinstance(got, Lost):
            return of_lost(asked, got)
        if call.path == INFO and got.status == OK:
            self._limit = limit_of(got.body)
            self._weights.limit = self._limit or self._weights.limit
        return self._judged(asked, got)

    async def close(self) -> None:
        """Close the connections; what is asked after it is NotSent."""
        await self._wire.close()

    async def _ask(self, trip: _Trip, params: Mapping[str, str | int]) -> Answer | Lost:
        flight = Flight(partial(self._leaving, trip), partial(self._head, trip))
        try:
            return await self._wire.ask(trip.call.name, params, flight)
        except (BaseError, ValueError, TypeError) as error:
            return Lost(f"the request could not be signed ({type(error).__name__})", flight.sent)

    def _call(self, name: str) -> _Call:
        call = self._calls.get(name)
        if call is None:
            call = self._calls[name] = _call_of(name)
        return call

    def _why_not(self, trip: _Trip) -> str | None:
        call = trip.call
        if call.path in WALLET_CALLS and not self._has_wallet:
            return "not sent: this venue has no wallet service"
        if call.keyed and not self._has_keys:
            return "not sent: there is no API key"
        held = self._holds.why_not(trip.hold, call.places, self._clock.now_ms())
        if held is not None or call.path in WALLET_CALLS:
            return held
        return self._weights.why_not(trip.weight, self._clock.server_ms(), acts=call.acts)

    def _leaving(self, trip: _Trip) -> str | None:
        """Asked right before the first byte: None, and its weight is counted, where it leaves."""
        why_not = self._why_not(trip)
        if why_not is None and trip.call.path not in WALLET_CALLS:
            trip.ticket = self._weights.leave(trip.weight, self._clock.server_ms())
        return why_not

    def _head(self, trip: _Trip, status: int, headers: Mapping[str, str]) -> None:
        """Heed a status before its body is there: others may be about to leave."""
        now = self._clock.now_ms()
        if status == BANNED:
            self._holds.ban(now + (retry_after_ms(headers) or self._timeout_ms))
        weight, tens, minute = (_count(headers.get(name)) for name in USAGE)
        if trip.ticket is not None and weight is not None:
            self._weights.told(trip.ticket, weight, self._clock.server_ms())
        if (weight, tens, minute) != (None, None, None):
            self._tell(ev.RateUsage(now, weight, tens, minute, self._limit))

    def _judged(self, asked: Asked, answer: Answer) -> Outcome[str]:
        outcome = judge(asked, answer, self._clock.server_ms(), self._scrub)
        now = self._clock.now_ms()
        match outcome:
            case Banned(wait_ms):
                self._holds.ban(now + wait_ms)
                self._tell(ev.RateLimited(now + wait_ms, now, banned=True))
            case RateLimited(wait_ms):
                self._holds.limit(now + wait_ms)
                self._tell(ev.RateLimited(now + wait_ms, now))
            case Rejected(code) if code == TOO_MANY_ORDERS:
                self._holds.pause_orders(now + orders_wait_ms(answer.headers))
            case _:
                pass
        return outcome


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _call_of(name: str) -> _Call:
    entry = inspect.getattr_static(binanceusdm, name, None)
    if not isinstance(entry, Entry):
        raise ValueError(f"ccxt has no call {name!r}")
    (service,) = entry.api
    ours = service.startswith(("fapiPublic", "fapiPrivate")) or (service == "sapi" and entry.path in WALLET_CALLS)
    if not ours or entry.path == BATCH:
        raise ValueError(f"{name!r} is not among the calls that this program makes")
    return _Call(name, entry.method, entry.path, not service.startswith("fapiPublic"))


def _check_id(call: _Call, params: Mapping[str, str | int]) -> None:
    if call.method == "POST" and (own := OWN_ID.get(call.path)) is not None and not params.get(own):
        raise ValueError(f"{call.name} without an own {own}: the order could not be told from others")

"""Answers to requests that are not a report of what was asked for; a part of the closed union in domain/events.py."""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.domain.enums import RequestKind


@dataclass(frozen=True, slots=True)
class Refused:
    """The exchange definitely did not do what was asked; ``code`` is its own."""

    request: RequestKind
    symbol: str
    client_id: str
    code: int
    recv_ms: int
    exch_ms: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the request was executed (timeout, 5xx "unknown", -1007, dropped socket)."""

    request: RequestKind
    symbol: str
    client_id: str
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left this host (breaker open, budget spent, ban)."""

    request: RequestKind
    symbol: str
    client_id: str
    recv_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class OrderMissing:
    """A query by client id answered "does not exist" at server time ``exch_ms``."""

    symbol: str
    client_id: str
    exch_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class RateUsage:
    """What the exchange's headers say is used, and the weight that it allows a minute; None: it did not say."""

    recv_ms: int
    weight_1m: int | None = None
    orders_10s: int | None = None
    orders_1m: int | None = None
    weight_limit: int | None = None


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429 until ``until_ms`` (monotonic); ``banned`` for a 418."""

    until_ms: int
    recv_ms: int
    banned: bool = False


@dataclass(frozen=True, slots=True)
class DeadManAck:
    """The exchange confirmed a countdown; zero means that it is off."""

    symbol: str
    countdown_ms: int
    recv_ms: int

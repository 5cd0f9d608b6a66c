"""What a request costs of the address's weight, and whether this minute has room for it: 429 is never earned.

Weights are those of the exchange's documentation; what is used is what its headers say, and what has left since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from vibe_quant.binance.rest_codec import Row

WEIGHT_1M: Final = 2400
RESERVE: Final = Decimal("0.2")
MINUTE_MS: Final = 60_000
LATE_MS: Final = 1000
"""The server's minute is taken to turn so much later: its clock is known by measurement only."""
LISTS = {"openOrders": 40, "openAlgoOrders": 40, "premiumIndex": 10}
"""Dear without a symbol."""
FREE = frozenset({("POST", "order"), ("PUT", "order"), ("POST", "algoOrder")})
WEIGHTS = {
    "positionRisk": 5,
    "balance": 5,
    "symbolConfig": 5,
    "accountConfig": 5,
    "userTrades": 5,
    "countdownCancelAll": 10,
    "commissionRate": 20,
}
"""By path; what is not named costs 1."""


def weight_of(method: str, path: str, params: Mapping[str, object]) -> int:
    """What the exchange counts for a request."""
    if (method, path) in FREE:
        return 0
    if path in LISTS and method == "GET" and "symbol" not in params:
        return LISTS[path]
    return WEIGHTS.get(path, 1)


class _LimitRow(Row, frozen=True):
    rateLimitType: str = ""  # noqa: N815
    interval: str = ""
    intervalNum: int = 0  # noqa: N815
    limit: int = 0


class _Limits(Row, frozen=True):
    rateLimits: tuple[_LimitRow, ...] = ()  # noqa: N815


def limit_of(text: str) -> int | None:
    """The weight a minute that exchangeInfo allows; None where it does not say."""
    try:
        rows = msgspec.json.decode(text, type=_Limits).rateLimits
    except msgspec.DecodeError:
        return None
    told = [row.limit for row in rows if (row.rateLimitType, row.interval, row.intervalNum) == _WANTED]
    return next((limit for limit in told if limit > 0), None)


_WANTED = ("REQUEST_WEIGHT", "MINUTE", 1)


@dataclass(slots=True)
class Ticket:
    """A request under way; ``number`` counts those that left, ``minute`` is the server's when it did."""

    weight: int
    number: int
    minute: int
    heard: bool = False


class Weights:
    """One an address.  Times are the server's, epoch ms.

    Half of the reserve is kept back from reads, a quarter from those that cost 1 (queries and read-backs), and nothing
    from what acts: cancels, stops and orders.
    """

    def __init__(self, reserve: Decimal = RESERVE) -> None:
        self.limit = WEIGHT_1M
        self.reserve = reserve
        """May be set anew at any time."""
        self._used = 0
        self._minute = 0
        self._left = self._heard_at = 0
        """How many requests have left, and had when the headers told what is known."""
        self._flying = 0
        self._lost: list[tuple[int, int]] = []
        """(how many had left by then, weight) of requests that ended without headers: no answer told of them yet."""

    def why_not(self, weight: int, now: int, *, acts: bool) -> str | None:
        """None where a request may leave; ``acts``: it changes something at the exchange."""
        used = self._known(now)
        if acts and weight == 0:
            fits = used <= self.limit
        else:
            kept = Decimal(0) if acts else self.reserve / (4 if weight <= 1 else 2)
            fits = used + self._flying + weight <= self.limit * (1 - kept)
        if fits:
            return None
        left = -(-(MINUTE_MS - (now - LATE_MS) % MINUTE_MS) // 1000)
        said = f"{used + self._flying} of the {self.limit} that this address may ask for in a minute are used"
        return f"not sent: {said}, and what is left is kept for what is more urgent; the minute turns in {left} s"

    def leave(self, weight: int, now: int) -> Ticket:
        """A request leaves."""
        self._left += 1
        self._flying += weight
        return Ticket(weight, self._left, _minute(now))

    def told(self, ticket: Ticket, used: int, now: int) -> None:
        """The headers of its answer.

        Less than is known counts only of a request that left after that was heard: the exchange's minute has turned.
        """
        ticket.heard = True
        self._turn(now)
        if ticket.minute < self._minute:
            return
        self._lost = [(left, weight) for left, weight in self._lost if ticket.number <= left]
        if used >= self._used or ticket.number > self._heard_at:
            self._used, self._minute, self._heard_at = used, ticket.minute, self._left

    def end(self, ticket: Ticket, now: int) -> None:
        """It is over; without headers what it costs is taken as used."""
        self._flying -= ticket.weight
        if not ticket.heard and ticket.weight:
            self._turn(now)
            self._lost.append((self._left, ticket.weight))

    def _known(self, now: int) -> int:
        self._turn(now)
        return self._used + sum(weight for _, weight in self._lost)

    def _turn(self, now: int) -> None:
        if _minute(now) > self._minute:
            self._used, self._minute = 0, _minute(now)
            self._lost.clear()


def _minute(now: int) -> int:
    return (now - LATE_MS) // MINUTE_MS

"""What a start takes over from the runs before it, out of the journal: read once, before anything new is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.settings import Venue
from vibe_quant.journal.reader import LastStart, OpenOrder
from vibe_quant.journal.rows import Row
from vibe_quant.journal.standing import Standing, StandingFlatten
from vibe_quant.ports import Clock

DAY_MS = 86_400_000
KEPT_MS = 89 * DAY_MS
"""The exchange tells of trades and orders for three months."""
LEGS_MS = 7 * DAY_MS
OF_ANOTHER_VENUE = (
    "The journal was last written for venue {last}. Nothing of that is taken over, commands that stood there neither; "
    "the journal goes on. Give each venue a journal of its own: leave journal.path out."
)
OF_ANOTHER_KEY = (
    "The journal was last written with another API key. Its past is taken for this account's. If the key is of another "
    "account, stop now and give that account a state folder of its own (--state)."
)
Leg = tuple[str, PositionSide]


class Past(Protocol):
    """The journal's reader, as far as a restart asks it."""

    def unresolved_orders(self, since_ms: int = 0) -> Sequence[OpenOrder]:
        """Orders with an intent and without an end."""
        ...

    def fills_since(self, since_ms: int) -> Mapping[str, frozenset[int]]:
        """Journalled trade ids by symbol."""
        ...

    def last_exchange_ms(self, since_ms: int = 0) -> Mapping[str, int]:
        """Newest exchange time of a fill or report by symbol."""
        ...

    def standing(self) -> Standing:
        """The operator's commands that nothing has ended."""
        ...

    def rows(
        self, since_ms: int = 0, kinds: Iterable[str] = (), symbol: str | None = None, after: int = 0
    ) -> Iterator[Row]:
        """Rows, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class LegRow:
    """A position as it was journalled last."""

    qty: Decimal
    exch_ms: int


@dataclass(frozen=True, slots=True)
class Memory:
    """``newest_ms``: the newest exchange time that is journalled, by symbol."""

    open_orders: tuple[OpenOrder, ...] = ()
    standing: Standing = field(default_factory=Standing)
    newest_ms: Mapping[str, int] = field(default_factory=dict)
    legs: Mapping[Leg, LegRow] = field(default_factory=dict)


def heritage(last: LastStart | None, account: str, venue: Venue) -> tuple[bool, str]:
    """Whether the journal's past is this account's, and what the operator should know about it ("": nothing).

    That of another venue, or of another simulated exchange, is not; one key may have followed another on one account.
    """
    if last is None or last.account == account:
        return True, ""
    if last.venue == venue.value:
        return (False, "") if venue is Venue.SIM else (True, OF_ANOTHER_KEY)
    return False, OF_ANOTHER_VENUE.format(last=last.venue)


def remember(past: Past, server_ms: int) -> Memory:
    """All that a restart needs; of what is older than the exchange tells of, nothing.

    Raises:
        JournalBroken: it cannot be read.
    """
    since = server_ms - KEPT_MS
    legs = dict(_legs(past.rows(server_ms - LEGS_MS, ("position",))))
    newest = dict(past.last_exchange_ms(since))
    for (symbol, _), row in legs.items():
        newest[symbol] = max(row.exch_ms, newest.get(symbol, 0))
    return Memory(tuple(past.unresolved_orders(since)), past.standing(), newest, legs)


def _legs(rows: Iterable[Row]) -> Iterator[tuple[Leg, LegRow]]:
    for row in rows:
        body = row.data()
        yield (row.symbol, PositionSide(row.side)), LegRow(Decimal(body["qty"]), int(body["exch_ms"]))


def pauses(standing: Standing, clock: Clock) -> tuple[ev.Pause, ...]:
    """The pauses that still stand, for the engine before its first snapshot; their ends on the monotonic clock."""
    now, server = clock.now_ms(), clock.server_ms()
    standing_now = [p for p in standing.pauses if p.until_wall_ms is None or p.until_wall_ms > server]
    return tuple(
        ev.Pause(now, p.symbol, None if p.until_wall_ms is None else now + p.until_wall_ms - server, p.panic)
        for p in standing_now
    )


def flattens(standing: Standing, legs: Iterable[Leg], now: int) -> tuple[ev.Flatten, ...]:
    """The flattenings that still stand, leg by leg, of those that hold something.

    For the engine right after its first snapshot: a leg of which nothing is known yet cannot be flattened.
    """
    return tuple(
        ev.Flatten(now, symbol, side)
        for symbol, side in legs
        if any(_means(flatten, symbol, side) for flatten in standing.flattens)
    )


def _means(flatten: StandingFlatten, symbol: str, side: PositionSide) -> bool:
    named = flatten.symbol in (None, symbol) and flatten.side in (None, side)
    return named and (symbol, side) not in flatten.but

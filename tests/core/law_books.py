"""Books of their own for the law tests: what events and intents say of orders and legs, without the core's ledgers.

Where an event may be believed or not, these books take what gives the core most freedom: an order counts as live only
while nothing has said that it ended, a leg is as large as any row or read that was not replaced allows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import OrderUpdate
from vibe_quant.domain.intents import OrderIntent

ZERO = Decimal(0)
ANSWER_MS = 5000
BELIEVED_MS = 2000 + 2000  # recvWindow, and what "does not exist" waits on top of it


@dataclass
class Order:
    """One order that the core has sent."""

    intent: OrderIntent
    qty: Decimal
    asked_ms: int | None
    """When the request that is not answered yet left."""
    amend_qty: Decimal = ZERO
    filled: Decimal = ZERO
    told_ms: int | None = None
    ended: bool = False
    gone: bool = False
    missing: bool = False
    missing_ms: int = 0
    doubt: bool = False
    canceling: bool = False

    @property
    def lives(self) -> bool:
        return not (self.ended or self.gone) and self.remaining > 0

    @property
    def remaining(self) -> Decimal:
        return max(ZERO, self.qty - self.filled, self.amend_qty - self.filled)

    def in_doubt(self, now: int) -> bool:
        """Some answer about it is unknown, contradictory, or five seconds late."""
        return self.doubt or (self.asked_ms is not None and now - self.asked_ms >= ANSWER_MS)

    def report(self, update: OrderUpdate) -> Decimal:
        """Books a report; what it newly says was filled."""
        news = max(ZERO, update.filled_qty - self.filled)
        self.filled += news
        if update.status.is_final:
            self.ended = True
        if self.ended:
            return news
        self.doubt = self.missing = False
        if not self.canceling:
            self.asked_ms = None
        if self.told_ms is None or update.exch_ms >= self.told_ms:
            self.gone, self.told_ms = False, update.exch_ms
            self._resize(update)
        return news

    def _resize(self, update: OrderUpdate) -> None:
        if update.amended or update.qty == self.amend_qty:
            self.qty, self.amend_qty = update.qty, ZERO
        else:
            self.qty = max(self.qty, update.qty)

    def does_not_exist(self, server_ms: int, now: int) -> None:
        """A query's answer, believed late enough after the order left."""
        if server_ms > self.intent.timestamp_ms + BELIEVED_MS and not self.missing:
            self.missing, self.missing_ms = True, now

    def unlisted(self, request_ms: int) -> None:
        """A read of all open orders does not hold it: in doubt, or over if it does not exist either."""
        if self.missing and request_ms >= self.missing_ms:
            self.gone = True
        else:
            self.doubt = True


@dataclass
class Claim:
    """A row or read of a leg, and the own fills that it cannot contain."""

    qty: Decimal
    exch_ms: int
    read_ms: int | None = None
    """When a read arrived; None for a row of the stream."""
    fills: Decimal = ZERO


@dataclass
class LegBook:
    """The largest quantity that a leg may be taken for."""

    claims: list[Claim] = field(default_factory=list)
    fills: list[tuple[int, Decimal]] = field(default_factory=list)
    row: Claim | None = None
    flat_ms: int = 0
    zero_reads: list[tuple[int, int]] = field(default_factory=list)
    """Departure and arrival of reads that had the leg as zero or not at all, since it was last otherwise."""

    @property
    def most(self) -> Decimal:
        return max((claim.qty - claim.fills for claim in self.claims), default=ZERO)

    @property
    def may_be_flat(self) -> bool:
        """The stream said so, or two reads a second apart."""
        if self.row is not None and self.row.qty == 0:
            return True
        first = self.zero_reads[0] if self.zero_reads else None
        return first is not None and any(left - first[1] >= 1000 for left, _ in self.zero_reads)

    def on_row(self, qty: Decimal, exch_ms: int) -> None:
        if self.row is not None and exch_ms < self.row.exch_ms:
            return
        if exch_ms < self.flat_ms:  # older than the read by which the leg is flat
            return
        newer = sum((fill for ms, fill in self.fills if ms > exch_ms), ZERO)
        self.row = Claim(qty, exch_ms, fills=newer)
        kept = [claim for claim in self.claims if claim.read_ms is not None and claim.exch_ms > exch_ms]
        self.claims = [*kept, self.row]
        self.zero_reads.clear()

    def on_read(self, qty: Decimal, exch_ms: int | None, request_ms: int, now: int) -> None:
        """A read; ``exch_ms`` None: the leg was not in it."""
        if qty == 0:
            self.zero_reads.append((request_ms, now))
            self.flat_ms = exch_ms or 0 if self.may_be_flat else 0
        else:
            self.zero_reads.clear()
            self.flat_ms = 0
        newest = max([exch_ms or 0, *(ms for ms, _ in self.fills), *(claim.exch_ms for claim in self.claims)])
        self.claims.append(Claim(qty, newest, now))

    def on_fill(self, qty: Decimal, exch_ms: int) -> None:
        self.fills.append((exch_ms, qty))
        for claim in self.claims:
            if exch_ms > claim.exch_ms:
                claim.fills += qty


@dataclass
class Books:
    """All orders the core has sent, and all legs."""

    orders: dict[str, Order] = field(default_factory=dict)
    legs: dict[tuple[str, PositionSide], LegBook] = field(default_factory=dict)

    def leg(self, symbol: str, side: PositionSide) -> LegBook:
        return self.legs.setdefault((symbol, side), LegBook())

    def live(self, symbol: str, side: PositionSide) -> list[Order]:
        """Orders of a leg that may still fill."""
        return [
            order
            for order in self.orders.values()
            if order.lives and order.intent.symbol == symbol and order.intent.position_side is side
        ]

    def report(self, update: OrderUpdate) -> None:
        order = self.orders.get(update.client_id)
        if order is None:
            return
        news = order.report(update)
        if news > 0:
            self.leg(order.intent.symbol, order.intent.position_side).on_fill(news, update.exch_ms)

    def listed(self, symbol: str, listed: tuple[OrderUpdate, ...], request_ms: int) -> None:
        """A read of all open orders of a symbol."""
        for update in listed:
            self.report(update)
        ids = {update.client_id for update in listed}
        for client_id, order in self.orders.items():
            if order.lives and order.intent.symbol == symbol and client_id not in ids:
                order.unlisted(request_ms)

"""A symbol's public trades: the last ones, raw and aggregated, in one numbering each.

The aggregation rule: consecutive trades of the same price and the same taker's side within one window of 100 ms (of the
clock, not since the first) are one aggregate; a trade that differs begins the next.  So the ids of an aggregate's
trades are contiguous, aggregates are in order of trading, and their quantities add up to those of the trades.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from vibe_quant.domain.events import Trade

KEPT = 2_000
FIRST_TRADE, FIRST_AGGREGATE = 500_000_000, 300_000_000


@dataclass(frozen=True, slots=True)
class Print:
    """One trade under the exchange's own number."""

    trade_id: int
    price: Decimal
    qty: Decimal
    exch_ms: int
    buyer_is_maker: bool


@dataclass(slots=True, eq=False)
class Aggregate:
    """Trades ``first_id`` to ``last_id``; ``exch_ms`` is the time of the last."""

    agg_id: int
    price: Decimal
    qty: Decimal
    first_id: int
    last_id: int
    exch_ms: int
    buyer_is_maker: bool


class Prints:
    """The last ``KEPT`` trades and aggregates, oldest first."""

    def __init__(self) -> None:
        self.trades: deque[Print] = deque(maxlen=KEPT)
        self.aggregates: deque[Aggregate] = deque(maxlen=KEPT)
        self._open: list[Aggregate] = []
        self._trade_id = FIRST_TRADE
        self._agg_id = FIRST_AGGREGATE

    def add(self, trade: Trade) -> Print:
        """Number a trade and put it to the aggregate it belongs to."""
        self._trade_id += 1
        made = Print(self._trade_id, trade.price, trade.qty, trade.exch_ms, trade.buyer_is_maker)
        self.trades.append(made)
        last = self._open[-1] if self._open else None
        if last is not None and last.price == made.price and last.buyer_is_maker is made.buyer_is_maker:
            last.qty += made.qty
            last.last_id = made.trade_id
            last.exch_ms = made.exch_ms
        else:
            self._agg_id += 1
            one = made.trade_id
            self._open.append(
                Aggregate(self._agg_id, made.price, made.qty, one, one, made.exch_ms, made.buyer_is_maker)
            )
        return made

    def close_window(self) -> list[Aggregate]:
        """End the window of 100 ms; its aggregates, in order of trading."""
        closed = self._open
        if closed:
            self.aggregates.extend(closed)
            self._open = []
        return closed

"""What was known of a symbol's market at the moment of a decision, for the record."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class MarketState:
    """Top of book, last two trades and mark; None where not known; ``*_exch_ms`` None before the first of its kind."""

    symbol: str
    bid: Decimal | None
    bid_qty: Decimal | None
    ask: Decimal | None
    ask_qty: Decimal | None
    last: Decimal | None
    prev: Decimal | None
    mark: Decimal | None
    quote_exch_ms: int | None
    trade_exch_ms: int | None
    mark_exch_ms: int | None


@dataclass(frozen=True, slots=True)
class Wants:
    """What of a symbol's market somebody looks at, beside quotes, trades and marks; ``depth_levels`` zero: no depth."""

    depth_levels: int = 0
    candles: bool = False

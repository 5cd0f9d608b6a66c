"""Instrument rules: the price and quantity grids, the filters, and the maintenance brackets of a symbol."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

ZERO = Decimal(0)


def floor_to(value: Decimal, grid: Decimal) -> Decimal:
    """Largest multiple of ``grid`` (> 0) not above ``value``."""
    return (value / grid).to_integral_value(ROUND_FLOOR) * grid


def ceil_to(value: Decimal, grid: Decimal) -> Decimal:
    """Smallest multiple of ``grid`` (> 0) not below ``value``."""
    return (value / grid).to_integral_value(ROUND_CEILING) * grid


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """What the exchange accepts for one symbol (exchangeInfo filters).

    Prices are in the quote asset, quantities in the base asset, ``min_notional`` in the quote asset.
    ``percent_up`` and ``percent_down`` bound a BUY and a SELL price as multiples of the mark; None where the
    filter is absent.  ``market_max_qty`` is MARKET_LOT_SIZE's maximum.
    """

    symbol: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    min_notional: Decimal
    market_max_qty: Decimal
    min_price: Decimal = ZERO
    max_price: Decimal = ZERO  # zero: no bound
    percent_up: Decimal | None = None
    percent_down: Decimal | None = None
    liquidation_fee: Decimal = ZERO
    status: str = "TRADING"
    margin_asset: str = "USDT"
    inferred: bool = False

    def floor_price(self, price: Decimal) -> Decimal:
        """Price on the tick grid, not above ``price``."""
        return floor_to(price, self.tick)

    def ceil_price(self, price: Decimal) -> Decimal:
        """Price on the tick grid, not below ``price``."""
        return ceil_to(price, self.tick)

    def floor_qty(self, qty: Decimal) -> Decimal:
        """Quantity on the step grid, not above ``qty``."""
        return floor_to(qty, self.step)

    def lot(self, price: Decimal) -> Decimal:
        """Least tradable quantity at ``price`` (> 0): a step multiple >= min_qty whose notional is >= min_notional."""
        least = max(self.min_qty, self.step)
        if self.min_notional > 0:
            least = max(least, self.min_notional / price)
        return ceil_to(least, self.step)


@dataclass(frozen=True, slots=True)
class Bracket:
    """One maintenance-margin bracket: applies to notionals in (floor, cap]; margin = notional x ratio - cum."""

    floor: Decimal
    cap: Decimal
    ratio: Decimal
    cum: Decimal
    max_leverage: int


Brackets = tuple[Bracket, ...]


def bracket_for(brackets: Brackets, notional: Decimal) -> Bracket:
    """The bracket of a notional (>= 0, quote asset); above the last cap the last one holds.

    Raises:
        ValueError: no brackets were given.
    """
    if not brackets:
        raise ValueError("no maintenance brackets")
    for bracket in brackets:
        if notional <= bracket.cap:
            return bracket
    return brackets[-1]


def maintenance_margin(brackets: Brackets, notional: Decimal) -> Decimal:
    """Maintenance margin of a leg in the quote asset: notional x maintMarginRatio - cum, never below zero."""
    bracket = bracket_for(brackets, notional)
    return max(ZERO, notional * bracket.ratio - bracket.cum)

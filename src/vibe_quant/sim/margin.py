"""What positions and open orders bind: initial margin, the largest position that a leverage permits, what is free."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from vibe_quant.domain.enums import OrderSide
from vibe_quant.sim.account import MONEY, Account, LegKey, pnl
from vibe_quant.sim.records import ZERO


def mark_of(account: Account, key: LegKey) -> Decimal:
    """The symbol's mark; the leg's entry while none is known (zero when flat)."""
    mark = account.markets[key[0]].mark
    return account.leg(*key).entry if mark is None else mark


def notional(account: Account, key: LegKey) -> Decimal:
    """Absolute value of a leg at the mark, rounded down to 8 places as the exchange shows it."""
    return (account.leg(*key).qty * mark_of(account, key)).quantize(MONEY, ROUND_DOWN)


def unrealized(account: Account, key: LegKey) -> Decimal:
    """Unrealised PnL of a leg, 8 places."""
    return pnl(key[1], account.leg(*key), account.markets[key[0]].mark).quantize(MONEY)


def maintenance(account: Account, key: LegKey) -> Decimal:
    """Maintenance margin of a leg, 8 places."""
    return account.maintenance(key).quantize(MONEY, ROUND_HALF_UP)


def position_margin(account: Account, key: LegKey) -> Decimal:
    """Initial margin of a leg at the mark, 8 places."""
    value = account.leg(*key).qty * mark_of(account, key)
    return (value / account.leverage_of(key[0])).quantize(MONEY, ROUND_HALF_UP)


def order_notional(account: Account, key: LegKey, side: OrderSide) -> Decimal:
    """Value of the leg's resting orders of one side at their own prices, 8 places."""
    resting = account.markets[key[0]].resting
    mine = (order for order in resting if order.position_side is key[1] and order.side is side)
    return sum((order.remaining * order.price for order in mine), ZERO).quantize(MONEY)


def order_margin(account: Account, key: LegKey) -> Decimal:
    """Initial margin that the leg's resting openers bind; closers bind none."""
    opening = order_notional(account, key, key[1].opposite.exit_side)
    return (opening / account.leverage_of(key[0])).quantize(MONEY, ROUND_HALF_UP)


def bound_by_orders(account: Account, asset: str) -> Decimal:
    """Initial margin that the resting openers of all symbols of ``asset`` bind, not rounded."""
    return sum(
        (
            order.remaining * order.price / account.leverage_of(symbol)
            for symbol, market in account.markets.items()
            if account.asset_of(symbol) == asset
            for order in market.resting
            if not order.is_closer
        ),
        ZERO,
    )


def free(account: Account, asset: str) -> Decimal:
    """Available balance: crossed margin balance less what crossed legs and openers bind, never below zero."""
    return max(ZERO, account.available(asset) - bound_by_orders(account, asset)).quantize(MONEY, ROUND_DOWN)


def max_leverage(account: Account, symbol: str) -> int:
    """The largest leverage that the symbol's brackets know; 125 where it has none."""
    return max((bracket.max_leverage for bracket in account.markets[symbol].brackets), default=125)


def max_notional(account: Account, symbol: str, leverage: int) -> Decimal | None:
    """The largest position (quote asset) at a leverage: the cap of the last bracket that permits it; None: no bound."""
    brackets = account.markets[symbol].brackets
    return max((bracket.cap for bracket in brackets if bracket.max_leverage >= leverage), default=None)

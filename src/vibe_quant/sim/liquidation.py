"""Where margin balance meets maintenance margin: the exchange's liquidation price, and the bankruptcy price.

    LP = (WB - TMM1 + UPNL1 + cumL + cumS - PosL*EPL + PosS*EPS) / (PosL*MMRL + PosS*MMRS - PosL + PosS)

(the exchange's support FAQ on liquidation price).  The brackets are those of the legs' notionals at the price itself:
each pair of brackets is tried and kept where it is consistent; of several prices the one nearest to the mark is met
first.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.rules import Bracket, Brackets
from vibe_quant.sim.account import Account, Leg, pnl
from vibe_quant.sim.records import ZERO

NO_MARGIN = (Bracket(ZERO, Decimal("Infinity"), ZERO, ZERO, 1),)


def liquidation_price(cushion: Decimal, long: Leg, short: Leg, brackets: Brackets, mark: Decimal) -> Decimal | None:
    """Price at which wallet + PnL equals maintenance; None where no price above zero does.

    Args:
        cushion: wallet balance - maintenance + unrealised PnL of all other legs that share the wallet, quote asset.
        long: the LONG leg (quantity zero: none).
        short: the SHORT leg.
        brackets: the symbol's, ascending; empty means no maintenance margin, which gives the bankruptcy price.
        mark: the price from which "nearest" is measured.
    """
    found = [
        price
        for one, other in product(_candidates(long, brackets), _candidates(short, brackets))
        if (price := _solve(cushion, long, short, one, other)) is not None
        and _holds(one, long.qty * price, brackets)
        and _holds(other, short.qty * price, brackets)
    ]
    return min(found, key=lambda price: abs(price - mark), default=None)


def _candidates(leg: Leg, brackets: Brackets) -> Brackets:
    return brackets if leg.qty and brackets else NO_MARGIN


def _solve(cushion: Decimal, long: Leg, short: Leg, one: Bracket, other: Bracket) -> Decimal | None:
    below = long.qty * one.ratio + short.qty * other.ratio - long.qty + short.qty
    if below == 0:
        return None
    above = cushion + one.cum + other.cum - long.qty * long.entry + short.qty * short.entry
    price = above / below
    return price if price > 0 else None


def _holds(bracket: Bracket, notional: Decimal, brackets: Brackets) -> bool:
    if bracket is NO_MARGIN[0]:
        return True
    last = bracket is brackets[-1]
    return bracket.floor <= notional and (last or notional <= bracket.cap)


def of_symbol(account: Account, symbol: str, side: PositionSide, bankruptcy: bool = False) -> Decimal | None:
    """Liquidation price that the exchange shows for a leg; with ``bankruptcy`` the price that leaves nothing.

    Crossed: both legs of the symbol share the price and all other crossed legs lend their cushion.  Isolated: the leg
    alone with its own wallet.
    """
    market = account.markets[symbol]
    leg = account.leg(symbol, side)
    mark = market.mark if market.mark is not None else leg.entry
    if not leg.qty:
        return None
    brackets = () if bankruptcy else market.brackets
    empty = Leg()
    if symbol in account.isolated:
        pair = (leg, empty) if side is PositionSide.LONG else (empty, leg)
        return liquidation_price(leg.isolated_wallet, *pair, brackets, mark)
    cushion = account.cross_wallet(market.rules.margin_asset)
    for key, other in account.cross_legs(market.rules.margin_asset):
        if key[0] != symbol:
            cushion += pnl(key[1], other, account.markets[key[0]].mark)
            cushion -= ZERO if bankruptcy else account.maintenance(key)
    long, short = account.leg(symbol, PositionSide.LONG), account.leg(symbol, PositionSide.SHORT)
    return liquidation_price(cushion, long, short, brackets, mark)

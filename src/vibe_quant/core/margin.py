"""What backs a symbol's crossed positions: the wallet of its margin asset, less what the other symbols need of it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from vibe_quant.core.account import Account
from vibe_quant.core.market import MarketView
from vibe_quant.core.rulebook import Rulebook
from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import MarginType, PositionSide
from vibe_quant.domain.risk import Margin
from vibe_quant.domain.rules import maintenance_margin

ZERO = Decimal(0)


class Marked(Protocol):
    """A symbol whose mark and rules are followed."""

    symbol: str
    view: MarketView
    rulebook: Rulebook


def margin_of(symbol: str, asset: str, account: Account, desks: Iterable[Marked]) -> Margin | None:
    """Margin of a symbol's crossed legs, quote asset; None where the wallet is not known.

    A crossed leg of a symbol that is not followed has no mark here and is left out: the liquidation price that the
    exchange itself tells knows of it, and the nearer of both rules.
    """
    wallet = account.balances.get(asset)
    if wallet is None:
        return None
    maintenance = upnl = ZERO
    for desk in desks:
        mark, rules, brackets = desk.view.mark, desk.rulebook.rules, desk.rulebook.brackets
        if desk.symbol == symbol or mark is None or rules is None or rules.margin_asset != asset:
            continue
        for side in PositionSide:
            leg = account.leg(desk.symbol, side)
            if leg.qty > 0 and leg.margin_type is MarginType.CROSSED:
                upnl += unrealized_pnl(side, leg.qty, leg.entry_price, mark)
                if brackets:
                    maintenance += maintenance_margin(brackets, leg.qty * mark)
    return Margin(wallet.cross_wallet, maintenance, upnl)
